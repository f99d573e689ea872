"""Filter: drops the records on which a rule fires, and says which rule and on what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from kodata.corpus import Split, split_off
from kodata.rules import Rule


@dataclass(frozen=True)
class Filter:
    """Drops a record when a rule fires on any of its turns.

    The first rule in `rules` that fires gives the reason; its evidence is kept with the turn.
    """

    version: ClassVar[int] = 1

    rules: tuple[Rule, ...]

    def run(self, frame: pl.DataFrame) -> Split:
        names = {str(n): rule.name for n, rule in enumerate(self.rules)}  # a rule may stand twice, set otherwise
        found = frame.select("id", "turn", *(rule.evidence().alias(str(n)) for n, rule in enumerate(self.rules)))
        hits = (
            found.unpivot(index=["id", "turn"], variable_name="reason", value_name="evidence")
            .with_columns(pl.col("reason").replace(names))
            .drop_nulls("evidence")
            .unique("id", keep="first", maintain_order=True)  # rows come rule by rule
        )
        with_turn = pl.format("turn {}: {}", "turn", "evidence")
        evidence = pl.when(pl.col("turn") > 0).then(with_turn).otherwise("evidence").alias("evidence")
        return split_off(frame, hits.select("id", "reason", evidence))
