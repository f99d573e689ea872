"""What is known of a build beside its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import orjson
import polars as pl

from kodata.answering import Tally
from kodata.pipeline import Pipeline
from kodata.sources import Reading, Source


@dataclass(frozen=True)
class Facts:
    """How a build was made. `reasons` and `noticed` count by stage, "source" the first, then by reason or rule.

    `findings` are what a person should look at.
    """

    pipeline: Pipeline
    sources: tuple[Source, ...]
    readings: list[Reading]
    variant: str
    flags: list[str]
    tallies: Mapping[str, Tally]
    reasons: Mapping[str, Mapping[str, int]]
    noticed: Mapping[str, Mapping[str, int]]
    findings: list[str]
    held_back_by: str
    held_out: frozenset[str] | None  # ids of the records in the split `test`; None where there is no split
    at: datetime

    @property
    def private(self) -> list[str]:
        """The names of the sources of which nothing that they say themselves is published."""
        return [source.name for source in self.sources if not source.publish_source]

    @cached_property
    def rows(self) -> pl.DataFrame:
        """id, source_file, source_row and place (position among all items), in the order of the sources."""
        return pl.concat([reading.rows for reading in self.readings]).with_row_index("place")

    def placed(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows with place, source_file and source_row of their records behind."""
        return frame.join(self.rows, on="id", how="left", maintain_order="left")


def line(item: object) -> bytes:
    """The item as one line of JSON."""
    return orjson.dumps(item, option=orjson.OPT_APPEND_NEWLINE)
