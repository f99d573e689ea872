"""`kodata ledger`: what was paid, and answers carried from one machine to another."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kodata.cli.table import table
from kodata.errors import LedgerError
from kodata.show.lines import counted, dollars

if TYPE_CHECKING:
    from kodata.ledger import Ledger

File = Annotated[str, typer.Argument(metavar="FILE", help="A file of JSON lines; - for standard input or output.")]
Other = Annotated[Path, typer.Argument(metavar="OTHER.sqlite", help="Another ledger; it is only read.")]


def summary() -> None:
    """Show what was paid, by month and writer."""
    with _ledger(must_exist=True) as ledger:
        rows = [
            (
                s.month,
                s.written_by,
                *(f"{n:,}" for n in (s.answers, s.characters, s.tokens_in, s.tokens_out)),
                dollars(s.usd),
            )
            for s in ledger.sums()
        ]
        print(f"{ledger.path}: {counted(len(ledger), 'answer')}")
        head = ("month", "written by", "answers", "characters", "tokens in", "tokens out", "dollars")
        if rows:
            print("", *table(head, rows), sep="\n")
        lost, usd = ledger.lost()
        if lost:
            print(f"\n{counted(lost, 'answer')} lost on the wire, billed at most {dollars(usd)}")


def export(file: File) -> None:
    """Write every answer as a line of JSON."""
    with _ledger(must_exist=True) as ledger:
        if file == "-":
            sys.stdout.buffer.writelines(ledger.export())
            sys.stdout.buffer.flush()
            return
        path = Path(file)
        beside = path.with_name(f"{path.name}.unfinished")
        try:
            with beside.open("wb") as lines:
                lines.writelines(ledger.export())
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
        print(f"{file}: {counted(len(ledger), 'answer')}. Take them in elsewhere with `kodata ledger import`")


def import_(file: File) -> None:
    """Take in the answers of an export.

    It is a union by key: answers that are known stay as they are.
    """
    if file == "-":
        with _ledger() as ledger:
            _say_taken(ledger.take_in(sys.stdin.buffer, "standard input"))
        return
    with Path(file).open("rb") as lines, _ledger() as ledger:  # a missing file makes no ledger
        _say_taken(ledger.take_in(lines, file))


def merge(other: Other) -> None:
    """Take in the answers of another ledger, by key."""
    from kodata.ledger import copy_of

    with copy_of(other) as theirs, _ledger() as ours:
        _say_taken(ours.take_in(theirs.export(), str(other)))


def _say_taken(counts: tuple[int, int]) -> None:
    new, known = counts
    print(f"{new:,} new, {known:,} known already")


@contextmanager
def _ledger(*, must_exist: bool = False) -> Iterator[Ledger]:
    from kodata.ledger import Ledger
    from kodata.workspace import Workspace, environment

    path = Workspace.of(environment()).ledger
    if must_exist and not path.exists():
        raise LedgerError(f"no ledger at {path} yet. The first build that asks a service makes it")
    with Ledger(path) as ledger:
        yield ledger
