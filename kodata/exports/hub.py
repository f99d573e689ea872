"""A data set repository as the Hugging Face hub shows and loads it: a card, and Parquet files by licence and split."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import count, islice
from typing import TYPE_CHECKING, Any

from kodata.exports.opened import Corpus, Files, Talk
from kodata.licences import licence_of, terms_of
from kodata.publish.card import Config, Extra, Publication, card

if TYPE_CHECKING:
    import pyarrow as pa

ITEM = ("choices", "choices_source", "label")
ROW_GROUP = 10_000  # fixed, or the bytes would depend on the machine
TEXTS = ("system", "instruction", "input", "output", "instruction_source", "input_source", "output_source",
          "output_translated", "lang", "category", "source", "licence", "translated_by", "written_by")  # fmt: skip


def hf(corpus: Corpus, repository: str = "", extras: Sequence[Extra] = ()) -> Files:
    """One row a record, the chat in `messages`; a corpus of several licences has one configuration each.

    Columns: id, messages, system, the last turn's texts and their sources, provenance, `licence`, `terms` (of who
    translated and wrote), flags, fixes. Items of an evaluation have `choices`, `choices_source` and `label` in place of
    the chat. `README.md` is the card; it names the repository and the extra files, where there are such.
    """
    configs = configs_of(corpus)
    for config in configs:
        for split, path in config.files.items():
            talks = (t for t in corpus.talks(split) if t.item["licence"] in config.licences)
            yield path, _parquet(talks, _schema(is_evaluation=corpus.is_evaluation))
    publication = Publication(repository, corpus.use, corpus.left_out, extras)
    yield "README.md", [card(corpus.build.manifest, configs, publication).encode()]


def configs_of(corpus: Corpus) -> list[Config]:
    """One configuration a licence, as no licence covers the records of another; `default` where there is one."""
    licences = corpus.licences
    names = ["default"] if len(licences) == 1 else _each_once(map(_slug, licences))
    return [
        Config(name, {licence: n}, {split: f"data/{name}/{split}.parquet" for split in corpus.splits})
        for name, (licence, n) in zip(names, licences.items(), strict=True)
    ]


def _slug(licence: str) -> str:
    """The name of a licence as that of a configuration and of a folder, whatever a source put into it."""
    known = licence_of(licence)
    plain = "".join(char if char.isascii() and char.isalnum() else "-" for char in licence.lower())
    return known.hub if known else plain.strip("-")[:60] or "other"


def _each_once(names: Iterable[str]) -> list[str]:
    """The names; one that was there before gets `-2`, or its files would take the place of the others."""
    found: list[str] = []
    for name in names:
        forms = (name if n == 1 else f"{name}-{n}" for n in count(1))
        found.append(next(form for form in forms if form not in found))
    return found


def _parquet(talks: Iterable[Talk], schema: pa.Schema) -> Iterator[bytes]:
    """A Parquet file in pieces, a row group each."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = _Sink()
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        rows = map(_row, talks)
        while group := list(islice(rows, ROW_GROUP)):
            writer.write_batch(pa.RecordBatch.from_pylist(group, schema=schema), row_group_size=ROW_GROUP)
            yield sink.taken()
    yield sink.taken()


def _schema(*, is_evaluation: bool) -> pa.Schema:
    import pyarrow as pa

    text, texts = pa.string(), pa.list_(pa.string())
    chat = [("messages", pa.list_(pa.struct([("role", text), ("content", text)])))]
    item = [("choices", texts), ("choices_source", texts), ("label", pa.int32())]
    lists = [("terms", texts), ("flags", texts), ("fixes", texts)]
    own = item if is_evaluation else chat
    return pa.schema([("id", text), *own, *((name, text) for name in TEXTS), *lists])


def _row(talk: Talk) -> dict[str, Any]:
    rows = [talk.item] if talk.is_item else talk.rows
    terms = {term for row in rows for term in terms_of(row["translated_by"], row["written_by"])}
    noted = {name: list(dict.fromkeys(n for row in rows for n in row[name])) for name in ("flags", "fixes")}
    texts = {name: talk.item[name] for name in TEXTS}
    own = {name: talk.item[name] for name in ITEM} if talk.is_item else {"messages": talk.messages}
    return {"id": talk.id, **own, **texts, "terms": sorted(terms), **noted}


class _Sink:
    """A file that gives away what was written to it."""

    closed = False

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        self.closed = True

    def taken(self) -> bytes:
        whole, self._pieces = b"".join(self._pieces), []
        return whole
