"""Sample: keeps some of the records, the same ones whoever asks, before anything is paid for them."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Annotated, ClassVar, Final, Literal

import polars as pl
from annotated_types import Ge, Gt, Le

from kodata.corpus import DROPPED_COLUMNS
from kodata.errors import PipelineError

NOT_SAMPLED: Final = "not-sampled"  # no fault of a record's, so no limit counts it


@dataclass(frozen=True)
class Sample:
    """Keeps `n` records, or a `share` of them, chosen by the hash of `seed` and id, whatever their order.

    With `by` each value of that column (of no value too) has its share of the sample. A larger sample with the same
    seed holds the smaller one whole, so that what was paid for serves again.
    """

    version: ClassVar[int] = 1

    n: Annotated[int, Ge(1)] | None = None
    share: Annotated[float, Gt(0), Le(1)] | None = None
    seed: int = 0
    by: Literal["", "source", "category", "lang", "licence"] = ""

    def __post_init__(self) -> None:
        if (self.n is None) == (self.share is None):
            raise PipelineError("give one of `n` and `share`")

    def sketch(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Columns id, group (str) and lot (u64): one row a record."""
        group = pl.col(self.by).fill_null("") if self.by else pl.lit("")
        records = frame.select("id", group=group).unique("id", keep="first", maintain_order=True)
        return records.with_columns(lot=pl.Series([self._lot(ident) for ident in records["id"]], dtype=pl.UInt64))

    def decide(self, sketches: pl.DataFrame) -> pl.DataFrame:
        sizes = pl.len().over("group")
        drawn = sketches.sort("lot", "id").with_columns(place=pl.int_range(1, pl.len() + 1).over("group"), size=sizes)
        # Who comes first in its group by half a place of it: Webster's method, which never takes back a seat.
        queue = drawn.sort((pl.col("place") - 0.5) / pl.col("size"), "lot", "id")
        evidence = pl.format("place {} of {}{}", "place", "size", pl.lit(f" in {self.by} " if self.by else ""))
        left = queue.slice(self._wanted(len(queue)))
        return left.select("id", reason=pl.lit(NOT_SAMPLED), evidence=pl.concat_str(evidence, "group")).cast(
            DROPPED_COLUMNS  # type: ignore[arg-type]
        )

    def _lot(self, ident: str) -> int:
        return int.from_bytes(blake2b(f"{self.seed} {ident}".encode(), digest_size=8).digest(), "little")

    def _wanted(self, records: int) -> int:
        return self.n if self.n is not None else int((self.share or 0.0) * records + 0.5)
