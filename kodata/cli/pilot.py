"""What a person at a terminal agrees to before anything is paid: the quote, and a few records to read first."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import typer

from kodata.cli.options import up_to_the_cent
from kodata.cli.quote import plan_lines
from kodata.cli.report import asked_lines, build_name
from kodata.show import Progress
from kodata.show import show as shown
from kodata.show.lines import counted, dollars, printable_lines

if TYPE_CHECKING:
    from kodata.building import Options
    from kodata.published import Build
    from kodata.quote import Plan

RECORDS = 20  # of a pilot, unless another number is given
_LONG = 400  # characters of a text that are shown


@dataclass(frozen=True)
class Agreed:
    """What may be paid, in dollars, and for what quote."""

    budget_usd: float
    quote: Plan


def is_terminal() -> bool:
    """Whether somebody is there to be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def agreed(
    name: str, options: Options, progress: Progress | None, *, budget: float | None, yes: bool, pilot: int | None
) -> Agreed | None:
    """What the person at the terminal agrees to pay; None when nothing.

    The first time that a pipeline would be paid for, or with `pilot`, that many records are built first, within what
    is agreed for them, and shown; then the whole is quoted anew. `yes` agrees to everything and skips the pilot.
    """
    quote = _quoted(name, options, progress)
    if not quote.usd_bound or yes:
        return Agreed(_most(quote, budget), quote)
    records = pilot if pilot is not None else RECORDS if is_first(quote) else 0
    built = None
    if 0 < records < quote.records:
        built = _piloted(name, replace(options, pilot=records, out=None, redo=()), progress, budget)
    if built is not None:
        quote = _quoted(name, options, progress)
    most = _most(quote, budget)
    if agrees(f"Pay up to ${most:,.2f} (estimate {dollars(quote.usd)})?"):
        return Agreed(most, quote)
    more = f"Nothing more was sent.\nNext: kodata show {build_name(built)}" if built is not None else ""
    print(more or "Nothing was sent and nothing built.")
    return None


def is_first(quote: Plan) -> bool:
    """Whether none of what the pipeline asks has ever been answered."""
    return not any(stage.known or stage.reuse for stage in quote.stages if stage.kind == "record")


def _most(quote: Plan, budget: float | None) -> float:
    return up_to_the_cent(quote.usd_bound) if budget is None else budget


def _quoted(name: str, options: Options, progress: Progress | None) -> Plan:
    from kodata.planning import plan
    from kodata.workspace import Workspace, environment

    env = environment()
    with shown(progress, sys.stderr) as tell:
        quote = plan(name, options, Workspace.of(env), env, tell)
    print(*plan_lines(quote), "", sep="\n", file=sys.stderr)
    return quote


def _piloted(name: str, options: Options, progress: Progress | None, budget: float | None) -> Build | None:
    """The build of a few records, shown, when the person agrees to what they cost."""
    from kodata.building import build
    from kodata.planning import plan
    from kodata.workspace import Workspace, environment

    env = environment()
    workspace = Workspace.of(env)
    with shown("none", sys.stderr) as tell:
        bound = up_to_the_cent(plan(name, options, workspace, env, tell).usd_bound)
    most = bound if budget is None else min(bound, budget)
    few = counted(options.pilot or 0, "record")
    if not agrees(f"First a pilot of {few}, to read and to judge the price by, for up to ${most:,.2f}?"):
        return None
    with shown(progress, sys.stderr) as tell:
        built = build(name, replace(options, budget_usd=most), workspace, env, tell)
    _show(built)
    return built


def _show(built: Build) -> None:
    """Each record of the pilot, source beside Korean; then those that left, and what was asked."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(stderr=True, markup=False, emoji=False, highlight=False)
    for row in built.corpus.iter_rows(named=True):
        pairs = Table(
            title=Text(f"{row['id']}, turn {row['turn']}"), title_justify="left", show_header=False, expand=True
        )
        pairs.add_column(ratio=1, overflow="fold")
        pairs.add_column(ratio=1, overflow="fold")
        for source, korean in _pairs(row):
            pairs.add_row(Text(source), Text(korean), end_section=True)
        console.print(pairs)
    gone = [row for row in built.dropped.iter_rows(named=True) if row["stage"] != "pilot"]
    lines = [f"{row['id']} left at {row['stage']}: {row['reason']}" for row in gone]
    console.print(Text("\n".join([*lines, *asked_lines(built.manifest), ""])))


def _pairs(row: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """The texts of a turn: what stood there before, and what stands there now."""
    for name in ("system", "instruction", "input", "output"):
        source, korean = row[f"{name}_source"], row[name]
        if source or korean:
            yield _cut(source), _cut(korean)


def _cut(text: object) -> str:
    shown_text = "\n".join(printable_lines(str(text or "")[:_LONG]))
    return f"{shown_text} … ({len(str(text)):,} characters)" if text and len(str(text)) > _LONG else shown_text


def agrees(question: str) -> bool:
    """Whether the answer, typed at the terminal, is a yes. The end of input is a no."""
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().casefold() in ("y", "yes", "예", "네")


def refuse_without_terminal(pilot: int | None, options: Options) -> None:
    """Raises BadParameter for a pilot that nobody could read."""
    if pilot and not options.offline and not options.demo and not is_terminal():
        raise typer.BadParameter("shows records and asks, so it needs a terminal; use --limit", param_hint="--pilot")
