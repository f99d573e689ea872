"""The measures of a corpus: how much, how long, in which language, under what licence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from kodata.korean import LEVELS, by_letters, languages, speech_levels
from kodata.tokens import is_counted, tokens_of

_MOST_ASKED = 1_000  # times langdetect is asked, 2 to 3 ms each: a Korean corpus of 50,000 records stays below
_VOCABULARY = "o200k_base"  # of the models that people fine-tune and ask today


@dataclass(frozen=True)
class Lengths:
    """Characters of texts that are not empty."""

    texts: int
    characters: int
    median: int
    p95: int
    longest: int


@dataclass(frozen=True)
class Figures:
    """Counts are of turns, of licences and sources of records; `languages` are labels of `kodata.korean.languages`,
    `latin` where a corpus has too many texts in Latin letters to ask of each. `speech` is of answers: the level of all
    sentences that have one (`kodata.korean.LEVELS`), `mixed`, or `none`.

    `tokens` are those of instructions, inputs and outputs, counted with the vocabulary that `tokens_by` names where it
    is installed, else estimated from their letters.
    """

    lengths: Mapping[str, Lengths]
    tokens: int
    tokens_by: str
    languages: Mapping[str, Mapping[str, int]]
    speech: Mapping[str, int]
    licences: Mapping[str, int]
    sources: Mapping[str, int]
    most_turns: int
    with_english: int

    @classmethod
    def of(cls, frame: pl.DataFrame) -> Figures:
        lengths = {name: _lengths(frame[name]) for name in ("instruction", "input", "output")}
        texts = (text for name in lengths for text in frame[name].drop_nulls())
        firsts = frame.filter(pl.col("turn") == 0)
        return cls(
            lengths,
            sum(tokens_of(text, _VOCABULARY) for text in texts),
            _VOCABULARY if is_counted(_VOCABULARY) else "an estimate",
            {name: _counts(_languages(frame[name].drop_nulls())) for name in ("instruction", "output")},
            _counts(_speech(frame["output"].drop_nulls())),
            _counts(firsts["licence"]),
            _counts(firsts["source"]),
            int(frame["turn"].max() or 0) + 1 if len(frame) else 0,  # type: ignore[arg-type]  # numbers
            frame["instruction_source"].count(),
        )


def _languages(texts: pl.Series) -> pl.Series:
    """The labels of texts; where langdetect would have to be asked too often, `latin` stands for what it would say."""
    labels = by_letters(texts)
    doubtful = labels.is_null()
    rows = doubtful.arg_true()
    return labels.scatter(rows, languages(texts.filter(doubtful)) if len(rows) <= _MOST_ASKED else "latin")


def _speech(texts: pl.Series) -> pl.Series:
    """The level of each text."""
    has = [pl.col(level) > 0 for level in LEVELS]
    levels = pl.sum_horizontal(has)
    only = pl.coalesce(pl.when(one).then(pl.lit(level)) for level, one in zip(LEVELS, has, strict=True))
    label = pl.when(levels > 1).then(pl.lit("mixed")).otherwise(only).fill_null("none").alias("speech")
    return speech_levels(texts).select(label).to_series()


def _lengths(texts: pl.Series) -> Lengths:
    characters = texts.drop_nulls().str.len_chars()
    characters = characters.filter(characters > 0)
    if not len(characters):
        return Lengths(0, 0, 0, 0, 0)
    parts = pl.select(
        pl.lit(characters).sum().alias("sum"),
        pl.lit(characters).quantile(0.5, "nearest").alias("median"),
        pl.lit(characters).quantile(0.95, "nearest").alias("p95"),
        pl.lit(characters).max().alias("most"),
    ).row(0)
    return Lengths(len(characters), *map(int, parts))


def _counts(values: pl.Series) -> dict[str, int]:
    """How often each value occurs, most often first, then by name."""
    counted = values.fill_null("unknown").alias("value").value_counts().sort("count", "value", descending=[True, False])
    return dict(counted.iter_rows())
