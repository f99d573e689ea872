"""What can be asked of the English of a record, before it is translated and beside its translation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, get_args

import polars as pl

from kodata.rules.kinds import Example, Severity
from kodata.tasks import About, Tag, stems, tasks


@dataclass(frozen=True)
class AboutEnglish:
    """An instruction about English itself, or with a demand that translation voids; `tags` are those it is asked for.

    Fires on "Find a word that rhymes with cat", whose Korean is another task; does not fire on "Write a poem that
    rhymes", which is a demand on the Korean answer. 7.3 % of Alpaca's instructions have one of the tags it has by
    default; of 30 read of each, by lot, 0.93 to 1.0 were found rightly (tests/golden/tasks.json).
    """

    name: ClassVar[str] = "about-english"
    version: ClassVar[str] = "1"
    fires: ClassVar[Example] = {"instruction": "Find a word that rhymes with cat."}
    passes: ClassVar[Example] = {"instruction": "Write a poem that rhymes."}

    tags: tuple[Tag, ...] = get_args(About)
    severity: Severity = "review"

    def evidence(self) -> pl.Expr:
        instruction = pl.coalesce("instruction_source", "instruction")
        may_be = (pl.col("lang") != "ko") & instruction.str.contains_any(stems(self.tags), ascii_case_insensitive=True)
        row = pl.struct(
            pl.when(may_be).then(instruction).alias("asked"), pl.coalesce("input_source", "input").alias("given")
        )
        return row.map_batches(self._found, return_dtype=pl.String)

    def _found(self, rows: pl.Series) -> pl.Series:
        return pl.Series([self._clues(row["asked"], row["given"]) for row in rows], dtype=pl.String)

    def _clues(self, asked: str | None, given: str | None) -> str | None:
        found = tasks(asked, given or "") if asked is not None else ()
        return "; ".join(f"{task.tag}: {task.clue}" for task in found if task.tag in self.tags) or None
