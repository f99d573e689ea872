"""`kodata build` and `kodata plan`: one walk, with and without sending."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kodata.cli.ending import FAILED, GATED, HELD_BACK, OPEN, let_signals_interrupt
from kodata.cli.options import (
    AsJson,
    Demo,
    Limit,
    Offline,
    Overrides,
    PipelineName,
    Shown,
    Sources,
    Strict,
    Until,
    command_line,
    finite,
    needed,
    options_of,
    up_to_the_cent,
)
from kodata.cli.pilot import agreed, is_terminal, refuse_without_terminal
from kodata.cli.quote import between, fit_line, plan_json, plan_lines
from kodata.cli.report import build_report
from kodata.errors import OverBudget
from kodata.show import Progress
from kodata.show import show as shown
from kodata.show.lines import counted, dollars

if TYPE_CHECKING:
    from kodata.building import Options
    from kodata.planning import Fit as Bought
    from kodata.quote import Plan

Budget = Annotated[
    float | None,
    typer.Option("--budget", metavar="USD", min=0, help="Pay at most this. Without it a terminal asks first."),
]
Yes = Annotated[bool, typer.Option("--yes", help="On a terminal: pay up to the bound of the plan without asking.")]
Pilot = Annotated[
    int | None,
    typer.Option(
        "--pilot",
        metavar="N",
        min=0,
        help="On a terminal: build and show N records before asking for the rest. 20 the first time; 0 for none.",
    ),
]
Parallel = Annotated[int | None, typer.Option("--parallel", metavar="N", min=1, help="Requests on the way at a time.")]
Out = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Copy the build into this folder as well.")]
Fit = Annotated[
    float | None, typer.Option("--fit", metavar="USD", min=0, help="Say how many records that many dollars buy.")
]
Wait = Annotated[
    bool, typer.Option("--wait", help="Stay until batches are done, a day at most, rather than exit with 7.")
]
Redo = Annotated[
    list[str] | None,
    typer.Option("--redo", metavar="ID", help="Reject the answers of this record and ask anew. May be repeated."),
]
ExitCode = Annotated[bool, typer.Option("--exit-code", help="Exit with 5 when a build would ask or collect something.")]


def build(
    pipeline: PipelineName = None,
    *,
    source: Sources = None,
    limit: Limit = None,
    until: Until = None,
    demo: Demo = False,
    offline: Offline = False,
    strict: Strict = False,
    budget: Budget = None,
    yes: Yes = False,
    pilot: Pilot = None,
    parallel: Parallel = None,
    overrides: Overrides = None,
    progress: Shown = None,
    out: Out = None,
    redo: Redo = None,
    wait: Wait = False,
) -> None:
    """Build a corpus.

    Answers that were paid for before are not asked again. Without a terminal nothing is paid for unless --budget
    is given.
    """
    from kodata.building import build as run
    from kodata.workspace import Workspace, environment

    name, budget = needed(pipeline), finite(budget)
    options = options_of(source, limit, demo, offline, overrides, strict, parallel, out)
    options = replace(options, until=until, redo=tuple(redo or ()), wait=wait)
    refuse_without_terminal(pilot, options)
    let_signals_interrupt()
    quote, is_free = None, demo or offline
    if is_free:
        options = replace(options, pilot=pilot or None)
    elif is_terminal() and (budget is None or pilot):
        given = agreed(name, options, progress, budget=budget, yes=yes, pilot=pilot)
        if given is None:
            return
        budget, quote = given.budget_usd, given.quote
    env = environment()
    try:
        with shown(progress, sys.stderr) as tell:
            done = run(name, replace(options, budget_usd=budget or 0.0), Workspace.of(env), env, tell)
    except OverBudget as error:
        if not budget:
            raise
        raise _and_how_to_go_on(error, name, options) from error
    print("\n".join(build_report(done, quote)))
    if done.not_exported:
        raise typer.Exit(FAILED)
    if done.held_back_by:
        raise typer.Exit(GATED if done.gates else HELD_BACK)


def _and_how_to_go_on(error: OverBudget, name: str, options: Options) -> OverBudget:
    """The same, with what is left to pay for and the command that does."""
    rest = _plan(name, options, "none")
    again = command_line("build", name, options, "--budget", f"{up_to_the_cent(rest.usd_bound):.2f}")
    left = f"{counted(rest.to_ask, 'ask')} are left: {between(rest.usd_low, rest.usd_high)}"
    return type(error)(f"{error}. {left}. To go on: {again}")


def plan(
    pipeline: PipelineName = None,
    *,
    source: Sources = None,
    limit: Limit = None,
    until: Until = None,
    demo: Demo = False,
    offline: Offline = False,
    strict: Strict = False,
    budget: Budget = None,
    yes: Yes = False,
    pilot: Pilot = None,
    parallel: Parallel = None,
    overrides: Overrides = None,
    progress: Shown = None,
    out: Out = None,
    fit: Fit = None,
    exit_code: ExitCode = False,
    as_json: AsJson = False,
) -> None:
    """Show what a build would do and cost.

    Sends nothing that is billed and writes no build. Dollars marked `about` are estimates. Takes the flags of
    `build`, so that the same line can be planned first.
    """
    name, budget = needed(pipeline), finite(budget)
    options = replace(options_of(source, limit, demo, offline, overrides, strict, parallel, out), until=until)
    if fit is not None:
        fitted = _fit(name, options, progress, finite(fit, "--fit") or 0.0)
        quote, options = fitted.plan, replace(options, limit=fitted.limit if fitted.limit is not None else limit)
        budget = up_to_the_cent(fit) if budget is None else budget
    else:
        fitted, quote = None, _plan(name, options, progress)
    if as_json:
        print(plan_json(quote, fitted))
    else:
        print("\n".join(plan_lines(quote)))
        if fitted is not None:
            print(f"\n{fit_line(fitted)}")
            if fitted.limit == 0:
                return
        if budget is not None and fitted is None and quote.usd_bound > budget:
            print(f"\nThe budget of {dollars(budget)} may not be enough: up to {dollars(quote.usd_bound)}")
        enough = budget if budget is not None else up_to_the_cent(quote.usd_bound)
        piloted = ("--pilot", str(pilot)) if pilot is not None else ()
        flags = ("--budget", f"{enough:.2f}") if quote.usd_bound and not offline else ()
        print(f"\nNext: {command_line('build', name, options, *flags, *piloted, *(['--yes'] if yes else []))}")
    if exit_code and (quote.to_ask or quote.in_batches):
        raise typer.Exit(OPEN)


def _plan(name: str, options: Options, progress: Progress | None) -> Plan:
    from kodata.planning import plan as run
    from kodata.workspace import Workspace, environment

    env = environment()
    with shown(progress, sys.stderr) as tell:
        return run(name, options, Workspace.of(env), env, tell)


def _fit(name: str, options: Options, progress: Progress | None, usd: float) -> Bought:
    from kodata.planning import fit as run
    from kodata.workspace import Workspace, environment

    env = environment()
    with shown(progress, sys.stderr) as tell:
        return run(name, options, Workspace.of(env), env, tell, usd)
