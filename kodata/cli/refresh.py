"""`kodata refresh`: what a scheduler calls, for one corpus or for several."""

from __future__ import annotations

import shlex
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from kodata.cli.build import Budget, Parallel, Yes
from kodata.cli.ending import let_signals_interrupt, say
from kodata.cli.options import AsJson, Shown, finite
from kodata.cli.pilot import agreed, is_terminal
from kodata.cli.quote import plan_json, plan_lines
from kodata.cli.report import responsible_lines
from kodata.errors import OverBudget
from kodata.show import Progress
from kodata.show import show as shown
from kodata.show.lines import counted, dollars, printable

if TYPE_CHECKING:
    from kodata.answering import Purse
    from kodata.building import Options
    from kodata.pipeline import Notify
    from kodata.refreshing import Look, Outcome
    from kodata.workspace import Workspace

Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="NAME|FILE", help="Pipelines. Without any: those that were refreshed before."),
]
PlanOnly = Annotated[bool, typer.Option("--plan", help="Only say what has changed and what it would cost.")]
Keep = Annotated[int | None, typer.Option("--keep", metavar="N", min=1, help="Delete builds but the newest N of each.")]
Timeout = Annotated[
    float | None, typer.Option("--timeout", metavar="MINUTES", min=0.01, help="Stop after that long, as Ctrl-C does.")
]


def refresh(
    names: Names = None,
    *,
    plan: PlanOnly = False,
    budget: Budget = None,
    yes: Yes = False,
    parallel: Parallel = None,
    keep: Keep = None,
    timeout: Timeout = None,
    progress: Shown = None,
    as_json: AsJson = False,
) -> None:
    """Bring corpora up to date with their sources.

    Pays only for what is new, within one budget for all, and never puts a worse corpus in the place of a good one:
    see `[gates]`. One that fails does not stop the others; the exit code is the worst.
    """
    import orjson

    from kodata.answering import Purse
    from kodata.building import Options
    from kodata.refreshing import known_corpora, one_at_a_time, worst
    from kodata.workspace import Workspace, environment

    env = environment()
    workspace, options, usd = Workspace.of(env), Options(parallel=parallel), finite(budget)
    known = known_corpora(workspace)
    corpora = {name: known.get(name, name) for name in names or known}
    if not corpora:
        raise typer.BadParameter(f"nothing was refreshed in {workspace.builds} before: name a pipeline")
    let_signals_interrupt()
    if plan:
        told = [_foretell(name, options, workspace, env, progress, is_said=not as_json) for name in corpora.values()]
        if as_json:
            print(orjson.dumps([found for _, found in told], option=orjson.OPT_INDENT_2).decode())
        raise typer.Exit(worst([code for code, _ in told]))
    ends_at = None if timeout is None else time.monotonic() + 60 * timeout
    asks = usd is None and is_terminal()
    night = _Night(options, workspace, env, progress, Purse(usd or 0.0), keep, ends_at, asks=asks, yes=yes)
    with one_at_a_time(workspace):
        outcomes = [night.outcome_of(*corpus, is_said=not as_json) for corpus in corpora.items()]
    if as_json:
        print(orjson.dumps([outcome.public() for outcome in outcomes], option=orjson.OPT_INDENT_2).decode())
    elif len(outcomes) > 1:
        bad = sum(outcome.exit_code != 0 for outcome in outcomes)
        print(f"\n{counted(len(outcomes), 'corpus', 'corpora')}, {bad} not up to date")
    raise typer.Exit(worst([outcome.exit_code for outcome in outcomes]))


class _Declined(OverBudget):
    """Whoever sits at the terminal said no; nobody else need be told."""


@dataclass(frozen=True)
class _Night:
    """One run over several corpora, out of one purse and within one time (`ends_at`, of the monotonic clock)."""

    options: Options
    workspace: Workspace
    env: Mapping[str, str]
    progress: Progress | None
    purse: Purse
    keep: int | None
    ends_at: float | None
    asks: bool
    yes: bool

    def outcome_of(self, corpus: str, name: str, *, is_said: bool) -> Outcome:
        """What became of a corpus, said and told; an error of whatever kind is an outcome."""
        from kodata.errors import KodataError
        from kodata.refreshing import Look, Outcome, TimeIsUp, tell_webhook

        look, is_told = None, True
        try:
            with _until(self.ends_at):
                look = Look.at(name, self.options, self.workspace, self.env)
                outcome = self._refreshed(look)
        except _Declined as error:
            outcome, is_told = look.failed(error) if look else Outcome.of_error(corpus, error), False
        except (KodataError, OSError, TimeIsUp) as error:
            outcome = look.failed(error) if look else Outcome.of_error(corpus, error)
        except Exception as error:  # noqa: BLE001  # a stage of one's own: the other corpora go on
            traceback.print_exc()
            outcome = look.failed(error) if look else Outcome.of_error(corpus, error)
        if is_said:
            print("\n".join(_said(outcome)), flush=True)
        notify = look.run.pipeline.notify if look else _notify_of(name, self.env)
        if is_told and notify is not None and (wrong := tell_webhook(notify, outcome, self.env)):
            say(wrong)
        return outcome

    def _refreshed(self, look: Look) -> Outcome:
        from kodata.refreshing import refresh as run

        purse = self._purse(look)
        with shown(self.progress, sys.stderr) as tell:
            return run(look, self.workspace, self.env, tell, purse, self.keep)

    def _purse(self, look: Look) -> Purse:
        """What is shared by all, or what the person at the terminal agrees to for this one.

        Raises _Declined when that is nothing.
        """
        from kodata.answering import Purse

        if not (self.asks and look.because):
            return self.purse
        print(_why(look), file=sys.stderr)
        given = agreed(look.pipeline, self.options, self.progress, budget=None, yes=self.yes, pilot=0)
        if given is None:
            raise _Declined("it was not agreed to pay for what is new")
        return Purse(given.budget_usd)


def _notify_of(name: str, env: Mapping[str, str]) -> Notify | None:
    """Whom a pipeline file wants told, where nothing else of it could be loaded."""
    from kodata.errors import KodataError
    from kodata.pipeline import load_pipeline

    try:
        return load_pipeline(name, (), env).notify
    except (KodataError, OSError):
        return None


def _foretell(
    name: str, options: Options, workspace: Workspace, env: Mapping[str, str], progress: Progress | None, is_said: bool
) -> tuple[int, dict[str, object]]:
    """Say what has changed and what it would cost; the exit code, and the same as plain data."""
    import orjson

    from kodata.errors import KodataError
    from kodata.planning import plan as run
    from kodata.refreshing import Look

    found: dict[str, object] = {"pipeline": name, "because": [], "plan": None}
    try:
        look = Look.at(name, options, workspace, env)
        look.refuse_wrong()
        lines = [_why(look), ""] if look.because else [printable(look.untouched().said)]
        if look.because:
            with shown(progress, sys.stderr) as tell:
                quote = run(look.pipeline, options, workspace, env, tell)
            lines += plan_lines(quote)
            found |= {"because": look.because, "plan": orjson.loads(plan_json(quote))}
    except (KodataError, OSError) as error:
        say(str(error))
        return getattr(error, "exit_code", 1), found
    if is_said:
        print("\n".join(lines))
    return 0, found


def _why(look: Look) -> str:
    return printable(f"{look.run.pipeline.name}: to be refreshed, because: {'; '.join(look.because)}")


def _said(outcome: Outcome) -> Iterator[str]:
    """What became of a corpus, why, what it cost, and what to do next."""
    from pathlib import Path

    from kodata.published import Build

    yield printable(outcome.said)
    if outcome.because:
        yield f"  because: {printable('; '.join(outcome.because))}"
    for what, sources in outcome.changes.items():
        for source, whys in sources.items():
            yield from (f"  {printable(source)}: {n:,} {what} ({printable(why)})" for why, n in whys.items())
    if outcome.usd:
        yield f"  paid {dollars(outcome.usd)}"
    if outcome.deleted:
        yield f"  {counted(outcome.deleted, 'old build')} deleted"
    if outcome.end == "held":
        yield from responsible_lines(Build(Path(outcome.held)))
        yield f"To look into it: {shlex.join(['kodata', 'show', outcome.held])}"


@contextmanager
def _until(ends_at: float | None) -> Iterator[None]:
    """Interrupt what is done in here when its time is up. Raises TimeIsUp."""
    from kodata.refreshing import TimeIsUp

    if ends_at is None:
        yield
        return
    left_s = ends_at - time.monotonic()
    if left_s <= 0:
        raise TimeIsUp("no time was left")

    def ring(number: int, frame: FrameType | None) -> None:
        raise TimeIsUp("its time was up; what was answered is in the ledger, and the next run goes on")

    signal.signal(signal.SIGALRM, ring)
    signal.siginterrupt(signal.SIGALRM, True)
    signal.setitimer(signal.ITIMER_REAL, left_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
