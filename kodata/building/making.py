"""A build: sources through stages to published files."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from kodata.accounts import save_accounts
from kodata.answering import PATIENT, Answering, Day, Patience, Purse
from kodata.building.folders import beside, locked, may_write
from kodata.building.options import Options
from kodata.building.publishing import publish_build
from kodata.building.run import Run, ledger_of, run_of, shards_of, where
from kodata.corpus import COLUMNS
from kodata.errors import LedgerError, OverBudget, SourceError, WaitingForBatch
from kodata.events import BuildStarted, Event, Tell, Told
from kodata.history import History
from kodata.ledger import Ledger
from kodata.prices import load_prices
from kodata.providers import Provider
from kodata.published import HELD, Build, builds_in
from kodata.redo import reject_answers_of
from kodata.snapshots import Snapshots
from kodata.sources import Reading
from kodata.walk import Walk
from kodata.workspace import Workspace

LOOK_EVERY_S = 60.0  # at batches that are out


def build(
    name: str,
    options: Options,
    workspace: Workspace,
    env: Mapping[str, str],
    tell: Tell,
    patience: Patience = PATIENT,
    purse: Purse | None = None,
) -> Build:
    """Walk the records through the stages, publish what is left, and say where.

    What is paid comes out of the `purse`, where several builds share one, else out of a budget of its own.

    Raises KodataError: see the tree in `kodata.errors`; nothing is published then. A build that passes a limit is
    published aside: its `held_back_by` says which, and `latest` stays where it was.
    """
    run, purse = run_of(name, options, workspace, env), purse or Purse(options.budget_usd)
    while True:
        try:
            return _built(run, purse, tell, patience)
        except WaitingForBatch:
            if not options.wait:
                raise
        run = replace(run, options=replace(run.options, redo=()))  # they are rejected already
        _wait_for_batches(run, purse, tell, patience)


def _wait_for_batches(run: Run, purse: Purse, tell: Tell, patience: Patience) -> None:
    """Stay until a batch of the run's providers is over."""
    providers = run.providers(load_prices(run.workspace.prices), sends=True)
    with ledger_of(run, writes=True) as ledger:
        later = Answering(ledger, providers, purse, tell, patience=patience).later
        while not later.is_any_over():
            time.sleep(LOOK_EVERY_S)


def _built(run: Run, purse: Purse, tell: Tell, patience: Patience) -> Build:
    options, workspace = run.options, run.workspace
    variant = f"{run.pipeline.name}@{options.variant}" if options.variant else run.pipeline.name
    home = workspace.builds / variant
    may_write(options.out)
    told = Told(tell)
    with locked(home), ledger_of(run, writes=True) as ledger:
        _settled(run, home)
        told(BuildStarted(run.pipeline.name, options.mode, where(ledger), str(home)))
        prices = load_prices(workspace.prices)
        providers = run.providers(prices, sends=not options.offline)
        purse.day = _day(run, ledger)
        answering = Answering(ledger, providers, purse, told, not options.offline, options.parallel, patience)
        if not options.offline:
            _refuse_empty(ledger, workspace.builds, run.pipeline.name, providers)
            answering.later.collect()
        with beside(home) as folder:
            readings = run.read(folder / "sources", told)
            _refuse_shrunk(run, readings, home)
            if options.redo:
                reject_answers_of(options.redo, shards_of(readings), run.pipeline, ledger, providers, folder / "redo")
            snapshots = Snapshots(None if options.demo else workspace.snapshots)
            walk = Walk(run.pipeline, answering, snapshots, folder / "walk", told)
            try:
                kept = walk.through(shards_of(readings))
            except OverBudget as error:
                raise _with_summary(error, answering) from error
            finally:
                save_accounts(workspace.accounts, answering.desk.accounts)
            return publish_build(run, readings, kept, walk, home, folder, told)


def _day(run: Run, ledger: Ledger) -> Day | None:
    """What may be spent today, where the pipeline file has a limit."""
    limit = run.pipeline.limits.usd_per_day
    return None if limit is None else Day(limit, ledger)


def _with_summary(error: OverBudget, answering: Answering) -> OverBudget:
    """The same, with what was paid for until then."""
    tallies = answering.tallies.values()
    sent, usd = sum(tally.sent for tally in tallies), sum(tally.usd for tally in tallies)
    return type(error)(f"{sent:,} asks were answered for ${usd:.4f}; {error}") if sent else error


def _settled(run: Run, home: Path) -> None:
    """Raises BuildError when the build that a full one is to be compared with cannot be read."""
    History(home).settle()
    standing = None if run.options.variant else History(home).standing()
    if standing is not None:
        next(standing.frames(list(COLUMNS)), None)


def _refuse_shrunk(run: Run, readings: list[Reading], home: Path) -> None:
    """Raises SourceError when much of a source is gone since the build that stands: it may be cut off."""
    standing = None if run.options.variant else History(home).standing()
    if standing is None:
        return
    gate, unread = run.pipeline.gates.shrunk, standing.unreadable()
    before = {one["name"]: one["records"] - unread[one["name"]] for one in standing.manifest["sources"]}
    for source, reading in zip(run.sources, readings, strict=True):
        was, now = before.get(source.name, 0), len(reading.rows) - reading.unreadable.records
        if was and 1 - now / was > gate:
            raise SourceError(
                f"source {source.name} has {now:,} records that can be read, {was:,} in the build that stands: more "
                f"than {gate:.0%} are gone. If that is meant, give [gates] shrunk = 1 in the pipeline file"
            )


def _refuse_empty(ledger: Ledger, builds: Path, name: str, providers: Mapping[str, Provider]) -> None:
    """Raises LedgerError when a ledger without an answer would pay again for what builds that are here rest on."""
    if len(ledger) or all(provider.is_pretend for provider in providers.values()):
        return
    for home in (builds / name, *builds.glob(f"{name}@*")):
        for one in (*builds_in(home), *builds_in(home / HELD)):
            if any(asked["usd"] or asked["known"] for asked in one.manifest["asks"].values()):
                raise LedgerError(
                    f"the ledger {where(ledger)} is empty, but {one.path} was paid for with another one. Bring it "
                    "back with `kodata ledger pull`, `import` or `merge` or by KODATA_HOME; to pay for everything "
                    "again move that folder away"
                )


def silent(event: Event) -> None:
    """Tells nobody."""
