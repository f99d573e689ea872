"""A ledger on a machine that forgets: fetched before a run and brought back after it, through fsspec.

At the other end is one file of export lines, gzip: a bucket (`s3://...`), a private hub repository
(`hf://datasets/...`), a folder that outlives the machine.
"""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from kodata.errors import LedgerError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

    from kodata.ledger import Ledger

NAME = "ledger.jsonl.gz"


def pull(ledger: Ledger, url: str) -> tuple[int, int]:
    """Take in what is at the URL: how many answers were new, how many were known. Raises LedgerError."""
    with _place(url) as (files, path), TemporaryDirectory(prefix="kodata-") as folder:
        if not files.exists(path):
            raise LedgerError(f"{url} holds no ledger yet. `kodata ledger push {url}` puts one there")
        copy = Path(folder) / NAME
        files.get_file(path, str(copy))
        with gzip.open(copy) as lines:
            return ledger.take_in(lines, url)


def push(ledger: Ledger, url: str) -> int:
    """Put the ledger at the URL: how many answers are there now. Raises LedgerError.

    What is there is taken in first, so that nothing at the other end is ever lost; of two that push at the same
    moment the later one must push again.
    """
    with _place(url) as (files, path), TemporaryDirectory(prefix="kodata-") as folder:
        if files.exists(path):
            pull(ledger, url)
        copy = Path(folder) / NAME
        with gzip.GzipFile(copy, "wb", mtime=0) as lines:
            lines.writelines(ledger.export())
        files.makedirs(files._parent(path), exist_ok=True)
        with files.transaction, files.open(path, "wb") as there, copy.open("rb") as here:  # whole, or not at all
            shutil.copyfileobj(here, there)
        return len(ledger)


@contextmanager
def _place(url: str) -> Iterator[tuple[AbstractFileSystem, str]]:
    """The file system and the path of the file; what goes wrong there is an error of the ledger."""
    from fsspec.core import url_to_fs

    full = url if url.endswith(".gz") else f"{url.rstrip('/')}/{NAME}"
    try:
        yield url_to_fs(full)
    except gzip.BadGzipFile as error:
        raise LedgerError(f"{url} is no ledger that was pushed ({error})") from error
    except (OSError, EOFError, ValueError, ImportError) as error:
        raise LedgerError(f"{url} cannot be reached: {error}") from error
