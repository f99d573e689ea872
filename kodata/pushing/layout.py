"""What a repository is to hold: the `hf` export of a build, its card, and what was asked for beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b, sha1, sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from kodata.errors import BuildError, LedgerError, PipelineError
from kodata.exports import Corpus, write_export
from kodata.exports.hub import configs_of, hf
from kodata.exports.opened import Files
from kodata.ledger import Ledger
from kodata.licences import Use, licence_of
from kodata.publish.card import Config, Extra
from kodata.published import Build
from kodata.pushing.beside import pipeline_texts, write_dropped, write_excerpt
from kodata.pushing.screening import Screen, screen_of

_PIECE = 1 << 20  # bytes read at once


@dataclass(frozen=True)
class Wanted:
    """What is pushed of a build, and who may read it."""

    use: Use = "any"
    is_private: bool = False
    with_dropped: bool = False
    with_ledger: bool = False


@dataclass(frozen=True)
class Digests:
    """A file as the hub tells it from others: git's name for a small one, the hash of a large one."""

    size: int
    blob: str  # SHA-1 of git, hex digits
    sha256: str


@dataclass(frozen=True)
class Layout:
    """The files of a repository in a folder, by name, and what they hold. Equal files have an equal `tag`."""

    folder: Path
    corpus: Corpus
    configs: tuple[Config, ...]
    extras: tuple[Extra, ...]
    files: Mapping[str, Digests]

    @property
    def tag(self) -> str:
        """`v` and the day of the build, and eight hex digits for the files."""
        day = str(self.corpus.build.manifest["built_at"])[:10].replace("-", "")
        content = "".join(f"{name}\0{self.files[name].sha256}\n" for name in sorted(self.files))
        return f"v{day}-{blake2b(content.encode(), digest_size=4).hexdigest()}"


def lay_out(
    build: Build, repository: str, wanted: Wanted, folder: Path, ledger: Ledger | None, token: str | None
) -> Layout:
    """Write everything that the repository is to hold into the folder, which is empty.

    Raises BuildError for a build that a limit holds back, or of which the use allows nothing; PipelineError where an
    unknown licence would be published; LedgerError where an excerpt is wanted and there is no ledger.
    """
    if build.held_back_by:
        raise BuildError(f"{build.path.name} is held back: {build.held_back_by}. It is not published")
    corpus = Corpus(build, use=wanted.use)
    if not wanted.is_private:
        refuse_unlicensed(corpus)
    screen = screen_of(build, wanted.use, token) if wanted.with_dropped or wanted.with_ledger else None
    with TemporaryDirectory(prefix="kodata-") as beside:
        extras = tuple(_extras(build, wanted, screen, Path(beside), ledger)) if screen else ()
        texts = pipeline_texts(build, screen) if screen and wanted.with_ledger else {}
        names = write_export(corpus, "hf", _files(corpus, repository, extras, Path(beside), texts), folder)
    return Layout(folder, corpus, tuple(configs_of(corpus)), extras, {name: digests(folder / name) for name in names})


def refuse_unlicensed(corpus: Corpus) -> None:
    """Raises PipelineError, naming source and licence, for records that nobody may be shown, as far as is known."""
    unknown = [s for s in corpus.shares if s.licence in corpus.licences and licence_of(s.licence) is None]
    if unknown:
        named = ", ".join(f'{s.source} ("{s.licence}", {s.records:,})' for s in unknown)
        raise PipelineError(
            f"{corpus.name}: records of an unknown licence are pushed only --private: {named}. Say the licence in the "
            "pipeline file and build again, or leave them out with --use research"
        )


def _extras(build: Build, wanted: Wanted, screen: Screen, folder: Path, ledger: Ledger | None) -> Iterator[Extra]:
    if wanted.with_dropped:
        yield write_dropped(build, screen, folder)
    if wanted.with_ledger:
        if ledger is None:
            raise LedgerError("there is no ledger here, so there are no answers to push. Leave --with-ledger out")
        yield write_excerpt(build, screen, ledger, folder)


def _files(corpus: Corpus, repository: str, extras: Sequence[Extra], beside: Path, texts: Mapping[str, bytes]) -> Files:
    """All files but the receipt; the extra ones are in their folder already."""
    yield from hf(corpus, repository, extras)
    for extra in extras:
        yield extra.path, _pieces(beside / extra.path)
    for name, content in texts.items():
        yield name, [content]


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def digests(path: Path) -> Digests:
    """Size and hashes of a file, read once."""
    size = path.stat().st_size
    blob, whole = sha1(b"blob %d\0" % size), sha256()
    for piece in _pieces(path):
        blob.update(piece)
        whole.update(piece)
    return Digests(size, blob.hexdigest(), whole.hexdigest())
