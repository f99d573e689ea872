"""What can be asked of a text that was written with another as its seed: whether it is its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import polars as pl
from annotated_types import Ge

from kodata.rules.kinds import Example, Severity

_SEEDS = ("instruction_source", "input_source", "output_source")


@dataclass(frozen=True)
class CopiesSource:
    """A text that takes a passage over from what it was written from, word for word.

    Fires on a run of `min_run` characters, spaces not counted, that stands in a source text too; does not fire on
    shorter runs, which everybody writes, nor on what has no Hangul in it, such as code and addresses.
    """

    name: ClassVar[str] = "copies-source"
    version: ClassVar[str] = "1"
    fires: ClassVar[Example] = {
        "instruction": "이어폰 줄이 꼬이지 않게 하려면 어떻게 하나요?",
        "output": "8자로 감아서 집게로 집어 두면 주머니 속에서도 절대 꼬이지 않습니다.",
        "output_source": "저는 8자로 감아서 집게로 집어 두면 주머니 속에서도 절대 꼬이지 않더라고요.",
    }
    passes: ClassVar[Example] = {
        "instruction": "이어폰 줄이 꼬이지 않게 하려면 어떻게 하나요?",
        "output": "줄을 숫자 8 모양으로 감은 뒤 작은 집게로 고정하십시오.",
        "output_source": "저는 8자로 감아서 집게로 집어 두면 주머니 속에서도 절대 꼬이지 않더라고요.",
    }

    columns: tuple[str, ...] = ("instruction", "output")
    min_run: Annotated[int, Ge(5)] = 25
    severity: Severity = "drop"

    def evidence(self) -> pl.Expr:
        needed = list(dict.fromkeys((*self.columns, *_SEEDS)))
        is_korean = pl.any_horizontal(pl.col(name).str.contains(r"[가-힣]") for name in _SEEDS)
        row = pl.struct(is_korean.fill_null(value=False).alias("is_korean"), *needed)
        return row.map_batches(self._found, return_dtype=pl.String)

    def _found(self, rows: pl.Series) -> pl.Series:
        """What is copied in each row; from seeds without Hangul nothing can be."""
        korean = rows.struct.field("is_korean").arg_true()
        copied = pl.Series([self._copied(row) for row in rows.gather(korean)], dtype=pl.String)
        return pl.repeat(None, len(rows), dtype=pl.String, eager=True).scatter(korean, copied)

    def _copied(self, row: dict[str, str | None]) -> str | None:
        seeds = [seed for name in _SEEDS if (seed := "".join((row[name] or "").split()))]
        if not seeds:
            return None
        runs = {seed[n : n + self.min_run] for seed in seeds for n in range(len(seed) - self.min_run + 1)}
        for name in self.columns:
            text = "".join((row[name] or "").split())
            for n in range(len(text) - self.min_run + 1):
                run = text[n : n + self.min_run]
                if run in runs and any("가" <= character <= "힣" for character in run):
                    return f"{name}: {run}"
        return None
