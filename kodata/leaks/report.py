"""What was found of benchmarks, in both directions: records that hold items, and the share of each benchmark seen."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from kodata.leaks.benchmark import Benchmark
from kodata.leaks.known import KNOWN


def report(benchmarks: Sequence[Benchmark], hits: pl.DataFrame) -> pl.DataFrame:
    """One row a benchmark, in order: benchmark, items (how many it has), seen (how many stand in a record), share
    (of its items seen, 0..1) and records (that hold one); `hits` has the columns of `kodata.leaks.search.HITS`.
    """
    found = hits.group_by("benchmark").agg(seen=pl.col("item").n_unique(), records=pl.col("id").n_unique())
    rows = [(benchmark.name, len(benchmark.items)) for benchmark in benchmarks]
    items = pl.DataFrame(rows, schema={"benchmark": pl.String(), "items": pl.Int64()}, orient="row")
    joined = items.join(found, on="benchmark", how="left", maintain_order="left").with_columns(
        pl.col("seen", "records").fill_null(0).cast(pl.Int64)
    )
    return joined.select("benchmark", "items", "seen", (pl.col("seen") / pl.col("items")).alias("share"), "records")


def unchecked(benchmarks: Sequence[Benchmark]) -> list[str]:
    """The known benchmarks that are not among these."""
    names = {benchmark.name for benchmark in benchmarks}
    return [name for name in KNOWN if name not in names]
