"""`kodata ledger`: what was paid, what is not to be used any more, and answers carried between machines."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kodata.cli.table import table
from kodata.errors import LedgerError, did_you_mean
from kodata.show.lines import counted, dollars, printable

if TYPE_CHECKING:
    from kodata.ledger import Found, Ledger

_GZIP = b"\x1f\x8b"

Names = Annotated[list[str], typer.Argument(metavar="ID...", help="Ids of records, or keys of answers.")]
Why = Annotated[str, typer.Option("--why", metavar="TEXT", help="The reason, kept with the rejection.")]
Drop = Annotated[
    list[str] | None, typer.Option("--drop", metavar="NAME", help="Give a batch up, by its name. May be repeated.")
]
Url = Annotated[str, typer.Argument(metavar="URL", help="s3://..., hf://datasets/..., or a folder (fsspec).")]
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
    """Take in the answers of an export, as it is or in gzip.

    It is a union by key: answers that are known stay as they are.
    """
    if file == "-":
        with _ledger() as ledger:
            _say_taken(ledger.take_in(sys.stdin.buffer, "standard input"))
        return
    with Path(file).open("rb") as lines:  # a missing file makes no ledger
        is_packed = lines.peek(2)[:2] == _GZIP
        with gzip.GzipFile(fileobj=lines) if is_packed else lines as content, _ledger() as ledger:
            _say_taken(ledger.take_in(content, file))


def merge(other: Other) -> None:
    """Take in the answers of another ledger, by key."""
    from kodata.ledger import copy_of

    with copy_of(other) as theirs, _ledger() as ours:
        _say_taken(ours.take_in(theirs.export(), str(other)))


def verify() -> None:
    """Prove that nothing was altered.

    The file, each answer's checksum, and that its key is the hash of its question. Ends with 1 when something is wrong.
    """
    with _ledger(must_exist=True) as ledger:
        wrong = 0
        for fault in ledger.faults():
            print(printable(fault))
            wrong += 1
        if wrong:
            print(f"\n{ledger.path}: {counted(wrong, 'fault')}. Import an export or merge a copy into a new ledger")
            raise typer.Exit(1)
        print(f"{ledger.path}: {counted(len(ledger), 'answer')}, all as they were written")


def reject(names: Names, why: Why = "rejected by hand") -> None:
    """Use poisoned answers no more: the next build asks anew.

    The answers stay in the ledger. A record's id means all answers it was asked for; a key, as in `answer_key`, one.
    """
    with _ledger(must_exist=True) as ledger:
        found = _found(ledger, names)
        new = ledger.reject([answer.key for answer in found], why)
        print(f"{counted(new, 'answer')} rejected, {len(found) - new:,} before")


def redact(names: Names) -> None:
    """Blank a person's texts for good; key and price stay.

    They are never asked again: records that need them are dropped as redacted. Snapshots, builds and backups of an
    older ledger may still hold them.
    """
    with _ledger(must_exist=True) as ledger:
        found = _found(ledger, names)
        new = ledger.redact([answer.key for answer in found])
        print(f"{counted(new, 'answer')} redacted, {len(found) - new:,} before")
        print("Snapshots, builds, exports and ledger backups may still hold the texts: delete those, then build again")


def pending(drop: Drop = None) -> None:
    """List batches that are out.

    The next build collects them. A batch that is dropped is not collected any more: its questions are asked anew.
    """
    with _ledger(must_exist=True) as ledger:
        names = [batch.name for batch in ledger.batches.out()]
        for name in drop or ():
            if name not in names:
                raise LedgerError(f'no batch "{printable(name)}" is out{did_you_mean(name, names)}')
            ledger.batches.end(name, "dropped")
        rows = [
            (b.at[:16].replace("T", " "), b.provider, b.name, b.id or "not seen yet", f"{b.asks:,}", dollars(b.usd))
            for b in ledger.batches.out()
        ]
        head = ("submitted (UTC)", "provider", "name", "id", "questions", "at most")
        print("\n".join(table(head, rows)) if rows else "No batch is out")


def pull(url: Url) -> None:
    """Take in the ledger that was pushed to a bucket, a private hub repository or a folder."""
    from kodata.ledger.remote import pull as run
    from kodata.workspace import environment

    with _ledger() as ledger:
        _say_taken(run(ledger, url, environment().get("HF_TOKEN")))


def push(url: Url) -> None:
    """Put the ledger into a bucket, a private hub repository or a folder.

    What is there already is taken in first. It holds every question and answer: keep the place private. A hub
    repository that is public is refused.
    """
    from kodata.ledger.remote import push as run
    from kodata.workspace import environment

    with _ledger(must_exist=True) as ledger:
        print(f"{url}: {counted(run(ledger, url, environment().get('HF_TOKEN')), 'answer')}")


def _found(ledger: Ledger, names: list[str]) -> list[Found]:
    """The answers of those records and keys. Raises LedgerError when one has none."""
    found = []
    for name in names:
        answers = ledger.find(name)
        if not answers:
            raise LedgerError(f'no answer was asked for "{printable(name)}". Give the id of a record or an answer_key')
        found += answers
    return found


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
