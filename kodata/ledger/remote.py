"""A ledger on a machine that forgets: fetched before a run and brought back after it, through fsspec.

At the other end is one file of export lines, gzip: a bucket (`s3://...`), a private hub repository
(`hf://datasets/...`), a folder that outlives the machine.
"""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from kodata.errors import LedgerError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

    from kodata.ledger import Ledger

NAME = "ledger.jsonl.gz"


def pull(ledger: Ledger, url: str, token: str | None = None) -> tuple[int, int]:
    """Take in what is at the URL: how many answers were new, how many were known. Raises LedgerError.

    `token` is shown to the hub.
    """
    with _place(url, token) as (files, path), TemporaryDirectory(prefix="kodata-") as folder:
        if not files.exists(path):
            raise LedgerError(f"{url} holds no ledger yet. `kodata ledger push {url}` puts one there")
        copy = Path(folder) / NAME
        files.get_file(path, str(copy))
        with gzip.open(copy) as lines:
            return ledger.take_in(lines, url)


def push(ledger: Ledger, url: str, token: str | None = None) -> int:
    """Put the ledger at the URL: how many answers are there now. Raises LedgerError, as for a public repository.

    What is there is taken in first, so that nothing at the other end is ever lost; of two that push at the same
    moment the later one must push again.
    """
    with _place(url, token) as (files, path), TemporaryDirectory(prefix="kodata-") as folder:
        is_hub = files.protocol == "hf"
        if is_hub and not _is_private(files, path):
            raise LedgerError(
                f"{url} is public, and a ledger holds every question and answer, people's texts among them. "
                "Make the repository private, then push again"
            )
        if files.exists(path):
            pull(ledger, url, token)
        copy = Path(folder) / NAME
        with gzip.GzipFile(copy, "wb", mtime=0) as lines:
            lines.writelines(ledger.export())
        files.makedirs(files._parent(path), exist_ok=True)
        whole = nullcontext() if is_hub else files.transaction  # the hub takes a file as one commit
        with whole, files.open(path, "wb") as there, copy.open("rb") as here:
            shutil.copyfileobj(here, there)
        return len(ledger)


def _is_private(files: AbstractFileSystem, path: str) -> bool:
    """Whether the hub shows the repository or bucket to none but its owners."""
    from huggingface_hub import HfApi

    api, place = HfApi(endpoint=files.endpoint, token=files.token), files.resolve_path(path)
    if bucket := getattr(place, "bucket_id", None):
        return api.bucket_info(bucket).private is True
    return api.repo_info(place.repo_id, repo_type=place.repo_type).private is True


@contextmanager
def _place(url: str, token: str | None) -> Iterator[tuple[AbstractFileSystem, str]]:
    """The file system and the path of the file; what goes wrong there is an error of the ledger."""
    from fsspec.core import url_to_fs

    full = url if url.endswith(".gz") else f"{url.rstrip('/')}/{NAME}"
    try:
        yield url_to_fs(full, **({"token": token} if url.startswith("hf://") else {}))
    except gzip.BadGzipFile as error:
        raise LedgerError(f"{url} is no ledger that was pushed ({error})") from error
    except (OSError, EOFError, ValueError, ImportError) as error:
        raise LedgerError(f"{url} cannot be reached: {error}") from error
