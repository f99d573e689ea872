"""Whether a translation names the numbers of its source, in figures or in words, and the same result."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

import polars as pl

from kodata.corpus import TextField
from kodata.korean import FIGURE, figure, has_code, numbers, quantities
from kodata.rules.kinds import Example, Severity

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen"
)
_ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth"
    " sixteenth seventeenth eighteenth nineteenth twentieth"
)
_MONTHS = "january february march april may june july august september october november december"
_SCALES = {"hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_SHORT = {"k": 10**3, "m": 10**6, "b": 10**9}
# What a word says of numbers; Korean likes figures where English has words: 10대, 1년, 16진수, 코로나19.
_WORDS: dict[str, tuple[str, ...]] = {
    "half": ("0.5", "2"), "halves": ("2",), "quarter": ("4", "0.25", "3"), "quarterly": ("4", "3"), "once": ("1",),
    "twice": ("2",), "thrice": ("3",), "double": ("2",), "doubled": ("2",), "triple": ("3",), "dozen": ("12",),
    "couple": ("2",), "pair": ("2",), "both": ("2",), "single": ("1",), "a": ("1",), "an": ("1",), "per": ("1",),
    "each": ("1",), "every": ("1",), "year": ("1",), "month": ("1",), "day": ("1",), "week": ("1", "7"),
    "annual": ("1",), "annually": ("1",), "yearly": ("1",), "monthly": ("1",), "weekly": ("1",), "daily": ("1",),
    "decade": ("10",), "century": ("100",), "fortnight": ("14",), "biweekly": ("2",), "teen": ("10",),
    "teenage": ("10",), "teenager": ("10",), "noon": ("12",), "midnight": ("12", "0"), "covid": ("19",),
    "coronavirus": ("19",), "binary": ("2",), "octal": ("8",), "decimal": ("10",), "hexadecimal": ("16",),
    "hex": ("16",), "bilingual": ("2",), "primary": ("1",), "secondary": ("2",), "tertiary": ("3",), "tri": ("3",),
    "quadratic": ("2",), "cubic": ("3",), "square": ("2",), "trio": ("3",), "duo": ("2",), "eve": ("24",),
    "christmas": ("12", "25"), "valentine": ("2", "14"), "halloween": ("10", "31"),
    "ii": ("2",), "iii": ("3",), "iv": ("4",), "v": ("5",), "vi": ("6",), "vii": ("7",), "viii": ("8",), "ix": ("9",),
    "x": ("10",), "xi": ("11",), "xii": ("12",), "xiv": ("14",), "xvi": ("16",),
}  # fmt: skip
_VALUES = {word: value for value, word in enumerate(_ONES.split())} | {
    word: value * 10
    for value, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)  # noqa: SIM905
}
_FIXED: dict[str, frozenset[Decimal]] = (
    {word: frozenset(map(Decimal, values)) for word, values in _WORDS.items()}
    | {word: frozenset({Decimal(value)}) for value, word in enumerate(_ORDINALS.split(), 1)}
    | {month[:n]: frozenset({Decimal(value)}) for n in (9, 3) for value, month in enumerate(_MONTHS.split(), 1)}
    | {"sept": frozenset({Decimal(9)})}
)
_QUANTITY = re.compile(
    rf"(?<![A-Za-z])({FIGURE})(?:[\s-]?(hundred|thousand|million|billion|trillion)s?\b|\s?([KkMmBb])(?![A-Za-z]))?"
)
_WORD = re.compile(r"[A-Za-z]+")
_GLUED = re.compile(r"(?<=[A-Za-z])\d+")  # WW2, Value1
_FIRST = re.compile(r"\b(?:War|Part|Chapter|Act|Phase|Type|Volume|Level|Section) I\b")
_AFTERNOON = re.compile(r"(\d{1,2})(?::\d\d)?\s?[pP]\.?\s?[mM]")
_CLOCK = re.compile(r"(?<!\d)(\d{1,2}):\d\d(?!\d)")
_NO_MINUTES = re.compile(r"(?<=\d):00(?!\d)")


def named(english: str) -> frozenset[Decimal]:
    """All that an English text may mean as a number; more rather than less."""
    found = {value for _, values in _stated(english) for value in values} | set(_in_words(_WORD.findall(english)))
    found |= {Decimal(digits) for digits in _GLUED.findall(english)} | {Decimal(1) for _ in _FIRST.findall(english)}
    found |= {Decimal(hour) + 12 for hour in _AFTERNOON.findall(english)}
    return frozenset(found | {Decimal(hour) - 12 for hour in _CLOCK.findall(english)})


def _stated(english: str) -> Iterator[tuple[str, frozenset[Decimal]]]:
    """Each number in figures, and what it may stand for: `2 million` is 2 and 2,000,000."""
    for match in _QUANTITY.finditer(_NO_MINUTES.sub("", english)):
        value, scale, short = figure(match[1]), match[2], match[3]
        larger = value * (_SCALES[scale.lower()] if scale else _SHORT[short.lower()] if short else 1)
        yield match.group().strip(), frozenset({value, larger})


def _in_words(words: list[str]) -> Iterator[Decimal]:
    """The values of number words, alone and as they add up: `two hundred and five`, `half a million`."""
    total = current = Decimal(0)
    for word in map(str.lower, words):
        bare = word.removesuffix("s")
        yield from _FIXED.get(word, ()) or _FIXED.get(bare, ())
        value = _VALUES.get(word, _VALUES.get(bare, _VALUES.get(word.removesuffix("ies") + "y")))
        if value is not None:
            yield Decimal(value)
            is_part = current and current % (10 if value < 10 else 100) == 0
            current = current + value if is_part else Decimal(value)
        elif bare in _SCALES:
            current = (current or Decimal(1)) * _SCALES[bare]
            total, current = (total, current) if bare == "hundred" else (total + current, Decimal(0))
        elif word in ("half", "decade", "decades", "dozen"):
            factor = {"half": Decimal("0.5"), "dozen": Decimal(12)}.get(word, Decimal(10))
            current = (current or Decimal(1)) * factor
        elif word not in ("and", "a", "th"):
            total = current = Decimal(0)
            continue
        yield from (current, total + current)


def _changes(english: str, korean: str) -> str | None:
    """The figures of one text for which the other has no number; None where there is none."""
    here, there = numbers(korean), named(english)
    lost = [shown for shown, values in _stated(english) if not values & here]
    new = [shown for shown, values in quantities(korean) if not values & there]
    parts = (f"{what} {', '.join(dict.fromkeys(shown))}" for what, shown in (("lost", lost), ("new", new)) if shown)
    return "; ".join(parts) or None


@dataclass(frozen=True)
class NumbersChanged:
    """Figures of the source that the translation does not have, or the other way round.

    Fires on 1,989 for 1,998; does not fire on 300만 for "3 million", 세 for "3", 3월 for "March", 오후 2시 for "14:00"
    or 16진수 for "hexadecimal". Of 1,258 translations with figures 248 differ in them, and nearly all of these only in
    how they write them (KoAlpaca v1.0).
    """

    name: ClassVar[str] = "numbers-changed"
    version: ClassVar[str] = "1"
    fires: ClassVar[Example] = {"instruction": "1989년의 일을 쓰세요.", "instruction_source": "Write about 1998."}
    passes: ClassVar[Example] = {
        "instruction": "인구가 300만 명인 도시 두 곳을 대세요.",
        "instruction_source": "Name 2 cities of 3 million people.",
    }

    columns: tuple[TextField, ...] = ("instruction", "input")
    severity: Severity = "review"

    def evidence(self) -> pl.Expr:
        return pl.coalesce(self._of(column) for column in self.columns)

    def _of(self, column: TextField) -> pl.Expr:
        source, text = pl.col(f"{column}_source"), pl.col(column)
        figures = [each.str.replace_all(",", "").str.extract_all(r"\d+").list.sort() for each in (source, text)]
        found = compared(figures[0] != figures[1], source, text, _changes)
        return pl.format("{}: {}", pl.lit(column), found)


def compared(may_differ: pl.Expr, source: pl.Expr, text: pl.Expr, compare: Callable[[str, str], str | None]) -> pl.Expr:
    """String: what `compare` says of a source and its translation, where they are there and may differ; else null."""

    def judged(rows: pl.Series) -> pl.Series:
        said = (compare(row["source"], row["text"]) if row is not None else None for row in rows)
        return pl.Series(list(said), dtype=pl.String)

    both = source.is_not_null() & text.is_not_null() & may_differ
    return pl.when(both).then(pl.struct(source=source, text=text)).map_batches(judged, return_dtype=pl.String)


_BOXED = re.compile(r"\\boxed\{([^{}\n]*(?:\{[^{}\n]*\}[^{}\n]*)*)\}")
_RESULT = re.compile(
    rf"(?:=|\b(?:is|are|was|equals?|be|total|answer|result|costs?|gives?|has|have)\b|:)\s*[^\d\n.!?]{{0,25}}?({FIGURE})"
    r"[^\d\n]{0,25}$"
)
_SOLUTION = r"(?i)=|\\boxed|\b(?:answer|total|result|equals?|sum|product|difference|average|therefore|thus|hence)\b"


@dataclass(frozen=True)
class FinalAnswerChanged:
    r"""A translated solution whose result does not stand in the translation.

    Fires where `\boxed{}` holds something else, or the number that an English solution ends in is nowhere in the
    Korean: its place in the sentence may be another. Does not fire on answers that were written anew, on code, nor
    on texts that are no solution.
    """

    name: ClassVar[str] = "final-answer-changed"
    version: ClassVar[str] = "1"
    fires: ClassVar[Example] = {"output": "3 + 4 = 8입니다.", "output_source": "3 + 4 = 7, so the answer is 7."}
    passes: ClassVar[Example] = {
        "output": "3 + 4 = 7이므로 답은 7개입니다.",
        "output_source": "3 + 4 = 7, so there are 7.",
    }

    severity: Severity = "review"

    def evidence(self) -> pl.Expr:
        source, text = pl.col("output_source"), pl.col("output")
        is_solution = pl.col("written_by").is_null() & source.str.contains(_SOLUTION) & ~has_code(source)
        return compared(is_solution, source, text, _other_result)


def _other_result(english: str, korean: str) -> str | None:
    boxed = [_BOXED.findall(text) for text in (english, korean)]
    if boxed[0] != boxed[1]:
        return f"boxed {', '.join(boxed[0])} became {', '.join(boxed[1])}"
    result = _RESULT.search(english.rstrip())
    if result is None or figure(result[1]) in numbers(korean):
        return None
    return f"{result[1]} is nowhere"
