"""The end of a build: what is left is counted, published, and put where readers look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import starmap
from pathlib import Path

import orjson
import polars as pl

from kodata.building.folders import copy_over, free
from kodata.building.options import short
from kodata.building.run import Run
from kodata.errors import BuildError, LawBroken, PipelineError
from kodata.events import BuildEnded, Every, Finding, PublishMoved, Told
from kodata.exports import export
from kodata.files import write_whole
from kodata.findings import unknown_licences, unused_corrections
from kodata.gates import FEW_ASKS, NEEDED, Measured, Passed, passed
from kodata.history import History
from kodata.pipeline import Publish
from kodata.publish import Facts, publish
from kodata.published import GATES, HELD, REJECT, Build
from kodata.shards import Shards
from kodata.sources import Reading, digest_of
from kodata.stages.sample import NOT_SAMPLED
from kodata.walk import Walk


def publish_build(
    run: Run, readings: list[Reading], kept: Shards, walk: Walk, home: Path, folder: Path, told: Told
) -> Build:
    unread = sum(reading.unreadable.records for reading in readings)
    records, dropped = sum(len(reading.rows) for reading in readings), walk.left + unread
    if records != kept.records + dropped:
        raise LawBroken(f"{records:,} records came in, {kept.records:,} are kept and {dropped:,} dropped")
    barred = _gates(run, readings, walk, kept, home)
    findings = [
        *starmap(Finding, unknown_licences(run.sources, readings)),
        *starmap(Finding, unused_corrections(run.pipeline.steps, kept, walk.dropped)),
    ]
    for finding in findings:
        told(finding)
    facts = Facts(
        pipeline=run.pipeline,
        sources=run.sources,
        readings=readings,
        variant=run.options.variant,
        flags=run.options.flags,
        tallies=dict(walk.answering.tallies),
        reasons={"source": sum((Counter(reading.reasons) for reading in readings), Counter()), **walk.reasons},
        noticed=walk.noticed,
        findings=[finding.what for finding in findings],
        held_back_by="; ".join(filter(None, [_held_back_by(run, walk, records, unread), *map(str, barred)])),
        held_out=_held_out(run, kept, folder),
        at=datetime.now(UTC),
    )
    name = free(home, f"{facts.at:%Y%m%dT%H%M%SZ}-{short(f'{run.pipeline.identity} {digest_of(readings)}')}")
    final = home / HELD / name if facts.held_back_by else home / name
    usd = round(sum(tally.usd for tally in walk.answering.tallies.values()), 6)
    is_latest = not run.options.variant and not facts.held_back_by
    ended = BuildEnded(str(final), records, kept.records, dropped, usd, is_latest, facts.held_back_by)
    told.end(ended)
    is_due = Every()

    def moved(done: int) -> None:
        if is_due():
            told(PublishMoved(done, kept.records))

    publish(facts, kept, walk.dropped, walk.remarks, told.lines, folder / "build", moved)
    _export(Build(folder / "build"), run.pipeline.publish)
    if barred:
        (folder / "build" / GATES).write_bytes(orjson.dumps([gate.as_dict() for gate in barred]))
        names = dict.fromkeys(name for gate in barred for name in gate.reject)
        (folder / "build" / REJECT).write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    final.parent.mkdir(exist_ok=True)
    (folder / "build").replace(final)
    if is_latest:
        History(home).publish(Build(final))
    if run.options.out is not None and not facts.held_back_by:
        copy_over(final, run.options.out)
    told.show(ended)
    return Build(final)


def _export(build: Build, forms: Iterable[Publish]) -> None:
    """Put the build into each form; where it has none, the manifest says why, and the build stands: it is paid for."""
    refused = {}
    for form in forms:
        try:
            export(build, form.to, build.path / "exports" / form.to, form.template, form.use)
        except (BuildError, PipelineError) as error:
            refused[form.to] = str(error)
    if refused:
        manifest = orjson.dumps(build.manifest | {"not_exported": refused}, option=orjson.OPT_INDENT_2)
        write_whole(build.path / "manifest.json", manifest + b"\n")


def _held_out(run: Run, kept: Shards, folder: Path) -> frozenset[str] | None:
    """The ids of the split `test`; None where there is no split."""
    if run.pipeline.split is None or not kept.records:
        return None
    sketches = Shards(folder / "sketches")
    held_out = run.pipeline.split.chosen(kept, sketches)
    sketches.delete()
    return held_out


def _gates(run: Run, readings: list[Reading], walk: Walk, kept: Shards, home: Path) -> list[Passed]:
    """The gates that a full build does not get through, compared with the one that stands."""
    standing = None if run.options.variant else History(home).standing()
    if standing is None:
        return []
    tallies = walk.answering.tallies.items()
    means = {name: tally.usd / tally.sent for name, tally in tallies if tally.sent >= FEW_ASKS and tally.usd}
    unknown = {name: pl.lit(None, pl.String) for name in ("answer_key", "translated_by")}  # or never asked
    left = standing.dropped.with_columns(**unknown)
    good = Measured.of(standing.frames(NEEDED), [left], History(home).usd_per_ask(FEW_ASKS))
    gone = [
        *(frame.with_columns(**unknown) for reading in readings for frame in reading.unreadable),
        *(frame for shards in walk.dropped.values() for frame in shards),
    ]
    return passed(run.pipeline.gates, good, Measured.of(kept, gone, means))


def _held_back_by(run: Run, walk: Walk, records: int, unread: int) -> str:
    """Which limit the build passes, with its figure; empty when none. What a sample leaves out counts nowhere.

    A demo is there to show every way to leave, so that no share is too large for it.
    """
    limits = run.pipeline.limits
    if records == walk.left + unread:
        return "no record is left"
    if run.options.pilot is not None:  # what left before the sample was drawn is not of it
        return ""
    reasons = sum(walk.reasons.values(), Counter[str]())
    unanswered, not_sampled = reasons["unanswered"] + reasons["waiting"], reasons[NOT_SAMPLED]
    dropped, records = unread + walk.left - unanswered - not_sampled, records - not_sampled
    if dropped > limits.dropped * records and not run.options.demo:
        return f"{dropped / records:.1%} of the records were dropped, the limit is {limits.dropped:.1%}"
    if unanswered > limits.unanswered * records and not run.options.offline:
        return f"{unanswered:,} records got no answer, the limit is {limits.unanswered:.1%}; run again to ask for them"
    return ""
