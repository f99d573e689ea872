"""`kodata compare`: two translators on the same records, through the stages and checks of a pipeline."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from kodata.cli.ending import let_signals_interrupt
from kodata.cli.options import Limit, PipelineName, Shown, Sources, finite, needed, options_of, up_to_the_cent
from kodata.cli.pilot import agrees, is_terminal
from kodata.cli.quote import between, plan_lines
from kodata.cli.report import asked_lines, build_name, paid
from kodata.cli.table import screen_cells, table
from kodata.show import Progress
from kodata.show import show as shown
from kodata.show.lines import printable, printable_lines

if TYPE_CHECKING:
    from kodata.building import Options
    from kodata.comparing import Rendering
    from kodata.published import Build

Translators = Annotated[
    str, typer.Option("--translators", metavar="A,B", help="deepl, openai, openai/MODEL, or SERVER/MODEL.")
]
Budget = Annotated[
    float | None, typer.Option("--budget", metavar="USD", min=0, help="Pay both at most this. A terminal asks first.")
]
Yes = Annotated[bool, typer.Option("--yes", help="On a terminal: pay up to the bound of the plans without asking.")]
Records = Annotated[int, typer.Option("-n", metavar="N", min=0, help="How many records are shown side by side.")]


def compare(
    pipeline: PipelineName = None,
    *,
    translators: Translators = "deepl,openai",
    source: Sources = None,
    limit: Limit = 100,
    budget: Budget = None,
    yes: Yes = False,
    progress: Shown = None,
    n: Records = 10,
) -> None:
    """Translate the same records with two translators, and show what the checks say of each.

    Each goes through the stages of the pipeline up to the one that checks translations, as a build of its own; what
    is paid for is kept and found by later builds.
    """
    from kodata.building import build
    from kodata.comparing import renderings, runs_of
    from kodata.workspace import Workspace, environment

    name, budget, env = needed(pipeline), finite(budget), environment()
    names = [word.strip() for word in translators.split(",") if word.strip()]
    runs = runs_of(name, names, options_of(source, limit, False, False, None), env)
    let_signals_interrupt()
    left = _agreed(name, runs, progress, budget, yes)
    if left is None:
        print("Nothing was sent and nothing built.")
        return
    built: dict[str, Build] = {}
    for who, options in runs.items():
        with shown(progress, sys.stderr) as tell:
            built[who] = build(name, replace(options, budget_usd=left), Workspace.of(env), env, tell)
        left = max(left - paid(built[who]), 0.0)
    if pairs := list(renderings(list(built.values()), n)):
        _print(pairs, list(built))
    print("\n".join(_summary(built)))


def _agreed(
    name: str, runs: Mapping[str, Options], progress: Progress | None, budget: float | None, yes: bool
) -> float | None:
    """What both may cost, in dollars: the budget, or what the person at the terminal agrees to; None when nothing."""
    from kodata.planning import plan
    from kodata.workspace import Workspace, environment

    env, low, high, bound = environment(), 0.0, 0.0, 0.0
    for who, options in runs.items():
        with shown(progress, sys.stderr) as tell:
            quote = plan(name, options, Workspace.of(env), env, tell)
        print(f"{who}:", *plan_lines(quote), "", sep="\n", file=sys.stderr)
        low, high, bound = low + quote.usd_low, high + quote.usd_high, bound + quote.usd_bound
    if budget is not None or not is_terminal() or not bound:
        return budget or 0.0
    most = up_to_the_cent(bound)
    return most if yes or agrees(f"Pay up to ${most:,.2f} (estimate {between(low, high)})?") else None


def _print(pairs: list[Rendering], names: list[str]) -> None:
    """English beside what each made of it."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=screen_cells(), markup=False, emoji=False, highlight=False)
    side = Table(show_lines=True, expand=True)
    for title in ("English", *names):
        side.add_column(Text(printable(title)), ratio=1, overflow="fold")
    for pair in pairs:
        head = f"{pair.id}{f', turn {pair.turn}' if pair.turn else ''}, {pair.field}\n"
        texts = [korean or f"({why})" for korean, why in zip(pair.korean, pair.left, strict=True)]
        side.add_row(Text(head + _shown(pair.english)), *(Text(_shown(text)) for text in texts))
    console.print(side)


def _shown(text: str) -> str:
    return "\n".join(printable_lines(text))


def _summary(built: Mapping[str, Build]) -> Iterator[str]:
    """Records and checks by translator, then what each was asked and paid, and where its build is."""
    from kodata.comparing import checks_of

    checks = {who: checks_of(build) for who, build in built.items()}
    rows = [
        (what, "", *(f"{build.manifest['records'][key]:,}" for build in built.values()))
        for what, key in (("records", "in"), ("kept", "kept"))
    ]
    for what, rule in dict.fromkeys(key for found in checks.values() for key in found):
        rows.append((what, rule, *(f"{found[what, rule]:,}" for found in checks.values())))
    yield from table(("", "", *built), rows)
    yield ""
    for who, build in built.items():
        yield f"{printable(who)}: kodata show {build_name(build)}"
        yield from (f"  {line}" for line in asked_lines(build.manifest))
