"""What a walk shows that a person should look at, and that no stage can see of a shard."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import polars as pl

from kodata.pipeline import Step
from kodata.shards import Shards
from kodata.sources import LicenceColumn, Reading, Source
from kodata.stages.correct import Correct, Correction, corrections_of

_VALUES = 5  # named of those that a map has not


def unknown_licences(sources: Sequence[Source], readings: Sequence[Reading]) -> Iterator[tuple[str, str]]:
    """Source and count of the records whose licence its column does not give; what they say, unless that is private."""
    for source, reading in zip(sources, readings, strict=True):
        if not reading.unlicensed or not isinstance(source.licence, LicenceColumn):
            continue
        counts = sorted(reading.unlicensed.items(), key=lambda pair: (-pair[1], pair[0]))
        said = ", ".join(f"{value or 'nothing'} {n:,}" for value, n in counts[:_VALUES])
        more = f" and {len(counts) - _VALUES:,} more" if len(counts) > _VALUES else ""
        records = sum(reading.unlicensed.values())
        yield (
            source.name,
            (
                f"{records:,} record{'s have' if records > 1 else ' has'} no licence in the map of the column "
                f"{source.licence.column}" + (f": {said}{more}" if source.publish_source else "")
            ),
        )


def unused_corrections(steps: Sequence[Step], kept: Shards, dropped: Mapping[str, Shards]) -> Iterator[tuple[str, str]]:
    """Stage and reason of each correction that no stage could apply, in the order of the file."""
    order = {step.name: n for n, step in enumerate(steps)}
    correcting = {step.name: step.stage for step in steps if isinstance(step.stage, Correct)}
    turns, left = _where({one.id for one in _all(correcting.values())}, kept, dropped)
    for one in _all(correcting.values()):
        stage = next((name for name, stage in correcting.items() if one in stage.corrections), "")
        if why := _why(one, stage, turns, left, order):
            yield stage or next(iter(correcting)), f"correction of {one.id}, turn {one.turn}, {one.field}: {why}"


def _all(stages: Iterable[Correct]) -> tuple[Correction, ...]:
    """The corrections of all files, each once."""
    return tuple(dict.fromkeys(one for stage in stages for one in corrections_of(stage.file)))


def _where(
    ids: set[str], kept: Shards, dropped: Mapping[str, Shards]
) -> tuple[dict[str, int], dict[str, tuple[str, str]]]:
    """By id, how many turns the record has; and of those that left, at which stage and why."""
    turns: dict[str, int] = {}
    left: dict[str, tuple[str, str]] = {}
    if not ids:
        return turns, left
    wanted = pl.Series("id", sorted(ids), dtype=pl.String).implode()
    for frame in kept:
        turns |= dict(frame.filter(pl.col("id").is_in(wanted)).group_by("id").len().iter_rows())
    for stage, shards in dropped.items():
        for frame in shards:
            gone = frame.filter(pl.col("id").is_in(wanted))
            turns |= dict(gone.group_by("id").len().iter_rows())
            left |= {ident: (stage, reason) for ident, reason in gone.select("id", "reason").iter_rows()}
    return turns, left


def _why(
    one: Correction, stage: str, turns: Mapping[str, int], left: Mapping[str, tuple[str, str]], order: Mapping[str, int]
) -> str:
    if not stage:
        return "no stage corrects this field"
    if one.id not in turns:
        return "there is no such record"
    if one.turn >= turns[one.id]:
        return f"the record has {turns[one.id]} turn{'s' if turns[one.id] > 1 else ''}, the first is turn 0"
    if one.id in left and order[left[one.id][0]] < order[stage]:
        return "the record left at {} ({})".format(*left[one.id])
    return ""
