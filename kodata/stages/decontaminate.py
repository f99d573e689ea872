"""Decontaminate: drops the records in which an item of a benchmark stands, and names item and coverage."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import polars as pl

from kodata.corpus import Split, split_off
from kodata.errors import PipelineError
from kodata.leaks.benchmark import Benchmark
from kodata.leaks.search import HITS, Search

_NAMED = 5  # items named in the evidence


@dataclass(frozen=True)
class Decontaminate:
    """Compares records with the items of benchmarks, Korean with Korean and English with English.

    English items are looked for in what is not translated yet and in the source texts beside a translation: before
    translation they cost nothing, and a translated benchmark cannot be seen by its Korean. See `kodata.leaks` for how.
    """

    version: ClassVar[int] = 1

    benchmarks: tuple[Benchmark, ...]

    def run(self, frame: pl.DataFrame) -> Split:
        return split_off(frame, dropped_by(self.hits(frame)))

    def hits(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Every item that stands in a record, with the columns of `kodata.leaks.search.HITS`.

        Raises PipelineError when a benchmark has not been loaded.
        """
        return self._search.hits(frame) if self.benchmarks else pl.DataFrame(schema=HITS)

    @cached_property
    def _search(self) -> Search:
        for benchmark in self.benchmarks:
            if not benchmark.digest:
                raise PipelineError(
                    f"benchmark {benchmark.name} has not been loaded, so nothing can be compared with it"
                )
        return Search(self.benchmarks)


def dropped_by(hits: pl.DataFrame) -> pl.DataFrame:
    """The records that hold an item, with `corpus.DROPPED_COLUMNS`; the evidence names items and coverage."""
    named = pl.format("{} {} ({})", "benchmark", "item", pl.col("coverage").round(2))
    more = pl.when(pl.len() > _NAMED).then(pl.format(" and {} more", pl.len() - _NAMED)).otherwise(pl.lit(""))
    evidence = named.head(_NAMED).str.join(", ") + more
    found = hits.group_by("id", maintain_order=True).agg(evidence=evidence)
    return found.select("id", pl.lit("benchmark").alias("reason"), "evidence")
