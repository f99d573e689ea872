"""What can happen to a record: three kinds of stage, each a frozen dataclass whose fields are its settings.

A stage does no I/O. A frame stage sees rows, a record stage tells the story of one record and may ask, a corpus
stage must see all records before it can decide.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from hashlib import blake2b
from typing import ClassVar, Protocol, TypeAlias, runtime_checkable

import polars as pl

from kodata.asks import Answer, Ask, canonical
from kodata.corpus import Record, Split


@dataclass(frozen=True, slots=True)
class Drop:
    """A record leaves: a reason from a closed list per stage, and what shows it."""

    reason: str
    evidence: str


Outcome: TypeAlias = Record | Drop
Story: TypeAlias = Generator[Sequence[Ask], Sequence[Answer], Outcome]


class Stage(Protocol):
    """Anything that can stand in `[[stage]]`. `version` is raised by hand when equal settings give other rows."""

    version: ClassVar[int]


@runtime_checkable
class FrameStage(Stage, Protocol):
    """Pure and vectorised: filter, validate."""

    def run(self, frame: pl.DataFrame) -> Split:
        """The frame's rows, kept or dropped; a drop on any turn drops the record."""


@runtime_checkable
class RecordStage(Stage, Protocol):
    """Paid: translate, regenerate. The story of one record: yields questions, is sent the answers."""

    def story(self, record: Record) -> Story:
        """Returns the record's new rows or the reason it leaves. Answers come in the order of the asks."""


@runtime_checkable
class CorpusStage(Stage, Protocol):
    """Must see all: dedupe."""

    def sketch(self, frame: pl.DataFrame) -> pl.DataFrame:
        """One row a record: `id` and what the decision needs to know of it."""

    def decide(self, sketches: pl.DataFrame) -> pl.DataFrame:
        """The records that leave, with `corpus.DROPPED_COLUMNS`, whatever the order of the sketches."""


def identity(value: object) -> object:
    """A stage, rule or provider face as plain data: class, version and settings, for keys and manifests.

    What is loaded stands in it as its digest: a field that takes no part in comparisons is no setting.
    """
    if is_dataclass(value) and not isinstance(value, type):
        settings = {f.name: identity(getattr(value, f.name)) for f in fields(value) if f.compare}
        kind = type(value)
        own = "" if kind.__module__.startswith("kodata.") else f"{kind.__module__}:"
        return {"use": f"{own}{kind.__qualname__}", "version": getattr(value, "version", 1), **settings}
    if isinstance(value, (tuple, list)):
        return [identity(item) for item in value]
    return value


def stage_key(stage: object) -> str:
    """16 hex digits for a stage's class, version and settings: equal keys make equal rows of equal records."""
    return blake2b(canonical(identity(stage)).encode(), digest_size=8).hexdigest()
