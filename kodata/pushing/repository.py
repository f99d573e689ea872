"""A data set repository of the Hugging Face hub: what it holds, how that differs from a layout, and one commit to it.

No message holds the token, or what the hub says in its own words: that may name signed addresses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import orjson

from kodata.errors import BuildError, KodataError, Misconfigured, PipelineError, Unreachable
from kodata.exports import RECEIPT
from kodata.pushing.layout import Digests, Layout

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?")
_TYPE = "dataset"


@dataclass(frozen=True)
class Held:
    """A repository as it stands: its files by name, those of them that an earlier push wrote, and its tags."""

    commit: str
    is_private: bool
    files: Mapping[str, str]  # SHA-256 of a large file, git's name for a small one
    ours: frozenset[str]
    tags: frozenset[str]


@dataclass(frozen=True)
class Difference:
    """What a push would change, names in their order. What no push wrote is not touched, unless it has such a name."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    is_tagged: bool

    @property
    def is_none(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.added or self.changed or self.removed) and self.is_tagged


def compared(layout: Layout, held: Held | None) -> Difference:
    """How the layout differs from what the repository holds; None is one that is not there, or was not asked."""
    there: Mapping[str, str] = held.files if held else {}
    ours = held.ours if held else frozenset()
    return Difference(
        added=tuple(sorted(name for name in layout.files if name not in there)),
        changed=tuple(sorted(n for n, file in layout.files.items() if n in there and not _is_same(file, there[n]))),
        removed=tuple(sorted(name for name in there if name in ours and name not in layout.files)),
        is_tagged=held is not None and layout.tag in held.tags,
    )


def _is_same(file: Digests, digest: str) -> bool:
    return digest in (file.sha256, file.blob)


def may_be_private(held: Held | None, repository: str, *, is_private: bool) -> None:
    """Raises PipelineError where a repository that anybody may read would have to hold what is meant to be private."""
    if is_private and held is not None and not held.is_private:
        raise PipelineError(
            f"{repository} is public and --private does not hide it: a push changes files, not who may read them, and "
            "what it held stays in its history. Make it private in its settings on the hub, or name a new one"
        )


class Hub:
    """The hub as somebody with this token sees it; without a token, as anybody does.

    `endpoint` is where it is, empty for huggingface.co. Every method raises Misconfigured where the token is missing or
    not accepted, and Unreachable where the hub fails or cannot be reached.
    """

    def __init__(self, repository: str, token: str = "", endpoint: str = "") -> None:
        """Raises PipelineError for a name that no repository has."""
        owner, slash, name = repository.partition("/")
        if not (slash and all(_NAME.fullmatch(part) and len(part) <= 96 for part in (owner, name))) or (
            ".." in repository or "--" in repository or name.endswith(".git")
        ):
            raise PipelineError(f'"{repository}" is no repository of the hub: give it as user/name')
        if not (token.isascii() and token.isprintable()):
            raise Misconfigured("HF_TOKEN holds characters that no token has. Copy it again")
        self.repository = repository
        self._token, self._endpoint = token, endpoint.rstrip("/")

    @property
    def url(self) -> str:
        return f"{self._api.endpoint}/datasets/{self.repository}"

    @property
    def _api(self) -> HfApi:
        from huggingface_hub import HfApi
        from huggingface_hub.utils import disable_progress_bars

        disable_progress_bars()
        return HfApi(endpoint=self._endpoint or None, token=self._token or False)

    def refuse_stranger(self) -> None:
        """Raises Misconfigured without a token that the hub knows."""
        if not self._token:
            raise Misconfigured(
                "HF_TOKEN is not set, so nothing can be pushed. Set it in the environment or in .env. --dry-run "
                "needs none"
            )
        with self._answering("who HF_TOKEN belongs to was asked"):
            self._api.whoami()

    def held(self) -> Held | None:
        """What the repository holds, None when there is none that this token may see."""
        from huggingface_hub import RepoFile
        from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

        api, of = self._api, {"repo_id": self.repository, "repo_type": _TYPE}
        with self._answering("the repository was looked at"):
            try:
                info = api.dataset_info(self.repository)
            except GatedRepoError:
                raise
            except RepositoryNotFoundError:
                return None
            tree = api.list_repo_tree(**of, revision=info.sha, recursive=True)
            files = {f.path: f.lfs.sha256 if f.lfs else f.blob_id for f in tree if isinstance(f, RepoFile)}
            tags = frozenset(tag.name for tag in api.list_repo_refs(**of).tags)
            ours = self._ours(api, info.sha) if RECEIPT in files else frozenset()
        return Held(info.sha or "", info.private is True, files, ours, tags)

    def _ours(self, api: HfApi, commit: str | None) -> frozenset[str]:
        """The files that the last push wrote, as its receipt says."""
        with TemporaryDirectory(prefix="kodata-") as folder:
            path = api.hf_hub_download(
                self.repository, RECEIPT, repo_type=_TYPE, revision=commit, local_dir=folder, token=self._token or False
            )
            try:
                return frozenset(orjson.loads(Path(path).read_bytes())["files"])
            except (orjson.JSONDecodeError, KeyError, TypeError):
                return frozenset()

    def send(self, layout: Layout, difference: Difference, held: Held | None, *, is_private: bool) -> None:
        """Make the repository where there is none, change what differs in one commit, and tag that.

        Until the commit nothing of it can be seen. It is refused where the repository was changed since it was read.
        """
        from huggingface_hub import CommitOperationAdd, CommitOperationDelete

        api, of = self._api, {"repo_id": self.repository, "repo_type": _TYPE}
        commit = held.commit if held else ""
        with self._answering("files were sent", "A push is one commit, so none of it is to be seen there by half. "):
            if held is None:
                api.create_repo(**of, private=is_private)
            if difference.added or difference.changed or difference.removed:
                operations = [
                    *(CommitOperationAdd(n, str(layout.folder / n)) for n in (*difference.added, *difference.changed)),
                    *(CommitOperationDelete(name, is_folder=False) for name in difference.removed),
                ]
                message = f"{layout.corpus.name} {layout.tag}"
                commit = api.create_commit(
                    **of, operations=operations, commit_message=message, parent_commit=commit or None
                ).oid
        with self._answering("the commit was tagged"):
            api.create_tag(**of, tag=layout.tag, revision=commit, exist_ok=True)

    @contextmanager
    def _answering(self, doing: str, and_so: str = "") -> Iterator[None]:
        """What goes wrong with the hub as an error of ours; `and_so` is what that means."""
        import httpx2
        from huggingface_hub.errors import HfHubHTTPError

        try:
            yield
        except KodataError:
            raise
        except (HfHubHTTPError, httpx2.HTTPError, OSError, RuntimeError, ValueError) as error:
            raise self._error(
                f"{doing} ({_what(error)}). {and_so}", _status(error)
            ) from None  # its words may name signed addresses

    def _error(self, what: str, status: int) -> KodataError:
        if status == 401:
            return Misconfigured("the hub does not accept HF_TOKEN. Make a new one with write access and set it")
        if status in (403, 404):
            return Misconfigured(f"HF_TOKEN may not write to {self.repository}. It needs write access to it")
        if status in (409, 412):
            return BuildError(f"{self.repository} was changed meanwhile. Nothing was pushed; run again to compare anew")
        return Unreachable(f"the hub failed while {what}Run again to go on")


def _what(error: Exception) -> str:
    status = _status(error)
    return f"it answered {status}" if status else type(error).__name__


def _status(error: BaseException | None) -> int:
    """The status of the answer that is behind an error, 0 where there was none."""
    while error is not None:
        if (response := getattr(error, "response", None)) is not None:
            return int(response.status_code)
        error = error.__cause__
    return 0
