"""Answers that were paid for when the ledger could not be written any more, kept in a file beside it or elsewhere."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

from kodata.asks import Answer, Ask
from kodata.errors import LedgerError
from kodata.ledger.archive import line_of
from kodata.ledger.entries import now


def rescued(failed: LedgerError, answers: Sequence[tuple[Ask, Answer]], ledger: Path | None) -> LedgerError:
    """The error that says how many answers were paid for and not kept, and which file has them, if any could."""
    count = "1 answer was" if len(answers) == 1 else f"{len(answers):,} answers were"
    folders = dict.fromkeys((ledger.parent if ledger is not None else Path(), Path(), Path(tempfile.gettempdir())))
    file = _written(b"".join(line_of(ask, answer, now()) for ask, answer in answers), folders)
    if file is None:
        return LedgerError(f"{failed}. In all {count} paid for and could be kept nowhere")
    return LedgerError(
        f"{failed}. In all {count} paid for and could not be kept; nothing is lost: make room, take in {file} with "
        "`kodata ledger import`, then run again"
    )


def _written(content: bytes, folders: Iterable[Path]) -> Path | None:
    """A new file in the first of the folders that takes it."""
    for folder in folders:
        file = folder.absolute() / f"rescued-{token_hex(4)}.jsonl"
        try:
            file.write_bytes(content)
        except OSError:
            with suppress(OSError):
                file.unlink(missing_ok=True)
        else:
            return file
    return None
