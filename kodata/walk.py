"""The way of the records through the stages, shard by shard, each that leaves with stage, reason and evidence."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from kodata.answering import Answering, Speed, Tally, Unanswered
from kodata.corpus import (
    COLUMNS,
    DROPPED_COLUMNS,
    Record,
    Split,
    Turn,
    conserved,
    fingerprints,
    frame_of,
    records_of,
    split_off,
)
from kodata.errors import PipelineError
from kodata.events import Every, StageEnded, StageMoved, StageStarted, Tell
from kodata.pipeline import Pipeline, Step, kind_of
from kodata.quote import Foresight
from kodata.shards import Shards
from kodata.snapshots import Snapshots
from kodata.stages import CorpusStage, Drop, FrameStage, RecordStage, stage_key

_ALIVE_S = 5.0


@dataclass
class Walk:
    """Takes the records of a build through its stages, shard by shard; all that comes of it is on disk.

    By stage: what left stands in `dropped` (rows, reason, evidence), counted in `reasons`; what was noticed of the
    others is counted in `noticed`, and stands in `remarks` where it asks for review or was mended.
    """

    pipeline: Pipeline
    answering: Answering
    snapshots: Snapshots
    folder: Path
    tell: Tell
    foresight: Foresight | None = None  # in a plan
    dropped: dict[str, Shards] = field(default_factory=dict)
    remarks: dict[str, Shards] = field(default_factory=dict)
    reasons: dict[str, Counter[str]] = field(default_factory=dict)
    noticed: dict[str, Counter[str]] = field(default_factory=dict)
    _prints: dict[int, pl.DataFrame] = field(default_factory=dict)  # of shards, while no stage has touched a row
    _done: int = 0  # records of the present stage, in the shards before
    _before: Tally = field(default_factory=Tally)  # what was asked before the present stage
    _speed: Speed = field(default_factory=Speed)
    _is_due: Every = field(default_factory=Every)

    def through(self, shards: Shards) -> Shards:
        """The shards that the last stage leaves."""
        for number, step in enumerate(self.pipeline.steps, 1):
            self.tell(StageStarted(step.name, number, len(self.pipeline.steps), shards.records))
            after = Shards(self.folder / f"{number:02d}")
            self.dropped[step.name] = Shards(self.folder / f"{number:02d}-dropped")
            self.remarks[step.name] = Shards(self.folder / f"{number:02d}-remarks")
            self._done, self._before, self._speed = 0, self._spent(), Speed()
            before, reused = self._before, 0
            if self.foresight:
                self.foresight.begin(step)
            reasons = self.reasons[step.name] = Counter[str]()
            noticed = self.noticed[step.name] = Counter[str](getattr(step.stage, "remarks", {}))
            for frame, split, remembered in self._splits(step, shards):
                conserved(frame, split, step.name)
                after.add(split.kept)
                reasons.update(split.dropped["reason"])
                noticed.update(split.remarks["rule"])
                if len(split.dropped):
                    gone = frame.join(split.dropped, on="id", how="inner", maintain_order="left")
                    self.dropped[step.name].add(gone, len(split.dropped))
                self.remarks[step.name].add(split.remarks.filter(pl.col("severity") != "info"))
                reused += remembered
                self._done += frame["id"].n_unique()
                self._moved(step.name, self._done, shards.records)
            spent = self._spent()
            if self.foresight:
                self._foresee(step, self.foresight)
                self.foresight.end(step, shards.records, after.records, reused, spent.known - before.known)
            known, sent, usd = spent.known - before.known, spent.sent - before.sent, round(spent.usd - before.usd, 6)
            why, remarks = dict(sorted(reasons.items())), dict(sorted(noticed.items()))
            self.tell(StageEnded(step.name, shards.records, after.records, why, reused, known, sent, usd, remarks))
            if self.answering.sends:
                self.answering.later.stop_if_waiting()
            if not isinstance(step.stage, CorpusStage):
                self._prints.clear()
            shards.delete()
            shards = after
        return shards

    @property
    def left(self) -> int:
        """How many records left on the way."""
        return sum(shards.records for shards in self.dropped.values())

    def _splits(self, step: Step, shards: Shards) -> Iterator[tuple[pl.DataFrame, Split, int]]:
        """Each shard, what the stage made of it, and how many of its records were remembered."""
        stage = step.stage
        if isinstance(stage, CorpusStage):
            dropped, remembered = self._decision(step.name, stage, shards)
            for frame in shards:
                here = dropped.join(frame.select("id").unique(), on="id", how="semi")
                yield frame, split_off(frame, here), frame["id"].n_unique() if remembered else 0
        elif isinstance(stage, RecordStage):
            for number, frame in enumerate(shards):
                yield frame, *self._told(step, stage, frame, self._prints_of(number, frame), shards.records)
        elif isinstance(stage, FrameStage):
            for frame in shards:
                split = stage.run(frame)
                if not isinstance(split, Split):
                    raise PipelineError(f"stage {step.name}: run gave {type(split).__name__}, not a kodata.Split")
                yield frame, split, 0
        else:
            kind_of(stage)

    def _decision(self, name: str, stage: CorpusStage, shards: Shards) -> tuple[pl.DataFrame, bool]:
        """Who leaves, and whether that is remembered. Sketching is what moves; the decision is one step."""
        key, parts = stage_key(stage), []
        for number, frame in enumerate(shards):
            parts.append(self._prints_of(number, frame))
            self._moved(name, 0, shards.records)  # a sign of life
        prints = pl.concat(parts)
        known = self.snapshots.recall_decision(key, prints)
        if known is not None:
            return known, True
        sketches = Shards(self.folder / "sketches")
        for frame in shards:
            sketches.add(stage.sketch(frame), frame["id"].n_unique())
            self._moved(name, sketches.records, shards.records)
        with self._alive(name, sketches.records, shards.records):
            dropped = stage.decide(sketches.mapped())
        sketches.delete()
        if not self.foresight:
            self.snapshots.remember_decision(key, prints, dropped)
        return dropped, False

    @contextmanager
    def _alive(self, name: str, done: int, records: int) -> Iterator[None]:
        """Say now and then that a step is at work that can say nothing itself."""
        is_over = threading.Event()

        def say() -> None:
            while not is_over.wait(_ALIVE_S):
                self._moved(name, done, records)

        saying = threading.Thread(target=say, daemon=True)
        saying.start()
        try:
            yield
        finally:
            is_over.set()
            saying.join()

    def _prints_of(self, number: int, frame: pl.DataFrame) -> pl.DataFrame:
        """The fingerprints of a shard's records: those of before, where none but whole records left since."""
        before = self._prints.get(number)
        if before is None:
            here = fingerprints(frame)
        else:
            here = before.join(frame.select("id").unique(), on="id", how="semi", maintain_order="left")
        self._prints[number] = here
        return here

    def _told(
        self, step: Step, stage: RecordStage, frame: pl.DataFrame, prints: pl.DataFrame, records: int
    ) -> tuple[Split, int]:
        """Remembered records as they were, the others told anew; all in the order of the frame.

        What was remembered before an answer of the stage's provider was rejected or redacted does not count any more.
        """
        withdrawn = self.answering.ledger.withdrawn(step.face.provider) if step.face else ""
        key = "-".join(filter(None, (stage_key(stage), withdrawn)))
        recalled = self.snapshots.recall(key, prints)
        seen = pl.concat([recalled.kept.select("id"), recalled.dropped.select("id")]).unique()
        todo = frame.join(seen, on="id", how="anti", maintain_order="left")

        def moved(done: int) -> None:
            self._moved(step.name, self._done + len(seen) + done, records)

        new, unanswered = tell_stories(stage, todo, self.answering, moved)
        if self.foresight:
            new, unanswered = self.foresight.set_apart(todo, new, unanswered)
        else:
            self.snapshots.remember(key, prints, new)
        order = prints.select("id").with_row_index("place")
        kept = pl.concat([recalled.kept, new.kept]).join(order, on="id").sort("place", "turn").select(list(COLUMNS))
        return Split(kept, pl.concat([recalled.dropped, new.dropped, unanswered])), len(seen)

    def _foresee(self, step: Step, foresight: Foresight) -> None:
        """Take the records that wait for a stage before through this one, with imagined texts."""
        if isinstance(step.stage, RecordStage):
            for frame in foresight.behind():
                foresight.set_apart(frame, *tell_stories(step.stage, frame, self.answering, lambda _: None))

    def _moved(self, name: str, done: int, records: int) -> None:
        if self._is_due():
            spent = self._spent()
            sent, usd = spent.sent - self._before.sent, spent.usd - self._before.usd
            rate, left_s = self._speed.at(time.monotonic(), sent, done, records)
            self.tell(StageMoved(name, done, records, sent, round(usd, 4), rate, left_s))

    def _spent(self) -> Tally:
        """All providers' tallies in one, as they stand."""
        total = Tally()
        for tally in list(self.answering.tallies.values()):
            for name, value in vars(tally).items():
                setattr(total, name, getattr(total, name) + value)
        return total


def tell_stories(
    stage: RecordStage, todo: pl.DataFrame, answering: Answering, moved: Callable[[int], None]
) -> tuple[Split, pl.DataFrame]:
    """How the records ended: kept or dropped, in their order, and apart from them those that nobody answered."""
    endings = answering.run(((record.id, stage.story(record)) for record in records_of(todo)), moved)
    kept: list[Turn] = []
    dropped, unanswered = [], []
    for ident in todo["id"].unique(maintain_order=True):
        match endings[ident]:
            case Record(turns):
                kept += turns
            case Drop(reason, evidence):
                dropped.append((ident, reason, evidence))
            case Unanswered(why, reason):
                unanswered.append((ident, reason, why))
    as_frame = {"schema": DROPPED_COLUMNS, "orient": "row"}
    split = Split(frame_of(kept), pl.DataFrame(dropped, **as_frame))  # type: ignore[arg-type]
    return split, pl.DataFrame(unanswered, **as_frame)  # type: ignore[arg-type]
