"""Withhold: the last stage of a pipeline with a source that may be read but not published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from kodata.corpus import COLUMNS, DROPPED_COLUMNS, Split, TextField, split_off

_FIELDS: tuple[TextField, ...] = ("system", "instruction", "input", "output")


@dataclass(frozen=True)
class Withhold:
    """Takes the words of the `sources` out of their records: source texts, and of the extra fields all but `url`.

    Drops a record of theirs in which a text still stands as in the source: no stage translated it or wrote it anew.
    """

    version: ClassVar[int] = 1

    sources: tuple[str, ...]

    def run(self, frame: pl.DataFrame) -> Split:
        own = pl.col("source").is_in(self.sources)
        untouched = pl.coalesce(
            pl.when((pl.col(name).fill_null("") != "") & pl.col(f"{name}_source").is_null()).then(pl.lit(name))
            for name in _FIELDS
        )
        has_choices = pl.col("choices").is_not_null() & pl.col("choices_source").is_null()
        untouched = pl.coalesce(untouched, pl.when(has_choices).then(pl.lit("choices")))
        left = frame.filter(own).select("id", evidence=untouched).drop_nulls().unique("id", keep="first")
        dropped = left.sort("id").select("id", reason=pl.lit("source-text"), evidence="evidence")
        url = pl.col("extra").str.json_path_match("$.url")
        blank = {name: pl.lit(None) for name in COLUMNS if name.endswith("_source")}
        blank["extra"] = pl.when(url.is_not_null()).then(pl.struct(url.alias("url")).struct.json_encode())
        cleared = frame.with_columns(pl.when(own).then(new).otherwise(pl.col(n)).alias(n) for n, new in blank.items())
        return split_off(cleared.cast(COLUMNS), dropped.cast(DROPPED_COLUMNS))  # type: ignore[arg-type]
