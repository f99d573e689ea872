"""What can be asked of a translation, with the source text beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import polars as pl
from annotated_types import Ge

from kodata.corpus import ENGLISH_KEPT, TextField
from kodata.kinds import prose_of
from kodata.korean import LANGDETECT, by_letters, has_code, is_english_prose, languages
from kodata.rules.asked import where
from kodata.rules.kinds import Example, Severity, Side

KOREAN_ENOUGH = ("ko", "ko-mixed", "und")
_LATIN = "latin"  # neither Korean nor English by its letters and words

LABEL = "language label"


def by_label(column: str, others: tuple[str, ...], evidence: pl.Expr) -> pl.Expr:
    """String: an expression over the columns and the column's `LABEL`, which is computed once, however often used.

    Where it finds something it is asked again of the prose alone: code and tables may be in English.
    """

    def look(frame: pl.DataFrame) -> pl.Series:
        labels = by_letters(frame[column])
        found = labelled(frame, labels.fill_null(_LATIN))
        asked = (labels.is_null() & found.is_not_null()).arg_true()  # langdetect names what is found, and costs 5 ms
        if not len(asked):
            return found
        rows = frame[asked]
        return found.scatter(asked, labelled(rows, languages(rows[column])))

    def labelled(frame: pl.DataFrame, labels: pl.Series) -> pl.Series:
        return frame.with_columns(labels.alias(LABEL)).select(evidence.alias("evidence"))["evidence"]

    def judged(rows: pl.Series) -> pl.Series:
        frame = rows.struct.unnest()
        found = look(frame)
        doubtful = found.is_not_null()
        if not doubtful.any():
            return found
        of_prose = pl.Series(column, map(prose_of, frame[column].filter(doubtful)), dtype=pl.String)
        return found.scatter(doubtful.arg_true(), look(frame.filter(doubtful).with_columns(of_prose)))

    return pl.struct(column, *others).map_batches(judged, return_dtype=pl.String)


@dataclass(frozen=True)
class NotKorean:
    """A translated text that is not Korean.

    Fires on an instruction that came back in English; does not fire on one that mixes Korean with English
    words, nor on an input or output that is code, a name or a list of names, nor where a task is about the English that
    was kept. None of 5,970 translations by DeepL is one (KoAlpaca v1.0).
    """

    name: ClassVar[str] = "not-korean"
    version: ClassVar[str] = f"3, {LANGDETECT}"
    fires: ClassVar[Example] = {
        "instruction": "Give three tips for staying healthy and happy.",
        "instruction_source": "Give three tips for staying healthy and happy.",
    }
    passes: ClassVar[Example] = {
        "instruction": "Python의 list comprehension을 설명하세요.",
        "instruction_source": "Explain list comprehension in Python.",
    }

    columns: tuple[TextField, ...] = ("instruction", "input")
    severity: Severity = "drop"

    def evidence(self) -> pl.Expr:
        return pl.coalesce(self._of(column) for column in self.columns)

    def _of(self, column: str) -> pl.Expr:
        found = pl.col(LABEL)
        fine = found.is_in(KOREAN_ENOUGH)
        is_translated = pl.col(f"{column}_source").is_not_null()
        if column in ("input", "output", "choices"):
            doubtful = where(is_translated & ~fine, pl.col(column))
            fine |= ~((found == "cjk") | is_english_prose(doubtful)) | has_code(doubtful)
        is_foreign = is_translated & ~fine & ~pl.col("fixes").list.contains(ENGLISH_KEPT)
        found_as = pl.when(is_foreign).then(pl.format("{} is {}", pl.lit(column), found))
        return by_label(column, (f"{column}_source", "fixes"), found_as)


@dataclass(frozen=True)
class LengthRatio:
    """A translation much longer or shorter than its source, in characters.

    Fires on a translation that rambles or stops; does not fire on sources under `min_characters`, nor on a text
    that was left as it stands. Median of real translations 0.50, 1st percentile 0.33, 99th 0.77 (11,421 instructions
    of KoAlpaca v1.0).
    """

    name: ClassVar[str] = "length-ratio"
    version: ClassVar[str] = "1"
    fires: ClassVar[Example] = {
        "instruction": "세 가지",
        "instruction_source": "Give three tips for staying healthy.",
    }
    passes: ClassVar[Example] = {
        "instruction": "건강을 지키는 방법을 세 가지 알려 주세요.",
        "instruction_source": "Give three tips for staying healthy.",
    }

    columns: tuple[TextField, ...] = ("instruction", "input")
    min: Annotated[float, Ge(0)] = 0.15
    max: Annotated[float, Ge(0)] = 1.6
    min_characters: Annotated[int, Ge(0)] = 20
    severity: Severity = "drop"

    def evidence(self) -> pl.Expr:
        return pl.coalesce(self._of(column) for column in self.columns)

    def _of(self, column: str) -> pl.Expr:
        before, after = (pl.col(name).str.len_chars() for name in (f"{column}_source", column))
        said = pl.format("{}: {} -> {} characters", pl.lit(column), before, after)
        return pl.when(~self._share(column).is_between(self.min, self.max)).then(said)

    def _share(self, column: str) -> pl.Expr:
        """Float64: Korean by English characters; null where the text is not compared."""
        before, after = pl.col(f"{column}_source"), pl.col(column)
        is_compared = (before.str.len_chars() >= self.min_characters) & (before != after)
        return pl.when(is_compared).then(after.str.len_chars() / before.str.len_chars())

    def statistic(self, side: Side) -> pl.Expr:
        shares = [self._share(column) for column in self.columns]
        return pl.min_horizontal(shares) if side == "min" else pl.max_horizontal(shares)
