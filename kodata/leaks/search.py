"""The items of some benchmarks, ready to be looked for in any number of frames."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from rapidfuzz import fuzz
from rapidfuzz.distance import LCSseq

from kodata.leaks.benchmark import ITEMS, Benchmark
from kodata.leaks.lookup import Lookup
from kodata.twins.grams import Sets, first_of_each, sets

HITS: dict[str, pl.DataType] = {
    "id": pl.String(), "benchmark": pl.String(), "item": pl.String(), "coverage": pl.Float64(),
}  # fmt: skip
_TEXTS = ("system", "instruction", "input", "output")
_ASKED = ("instruction", "input")
# On KoBEST, KLUE NLI and KULLM's tasks, and 28,000 Korean texts that do not hold them: texts cover at most 0.62 of an
# item of 20 letters and more, and 0.80 of one of 10 to 19; of the longer items, with every fifth word gone, 99.8 %
# are still covered by 0.7.
_COVERED, _COVERED_IF_SHORT, _COVERED_IN_WORDS = 0.7, 0.85, 0.5
_SHORT, _LEAST_LETTERS, _LEAST_WORDS = 20, 10, 8
_LETTERS, _FOUND = 4, 0.3  # sequences of so many letters; the share of an item's rarer half that must be found


class Search:
    """Finds the items of benchmarks in the records of a corpus, whether translated or still in English."""

    def __init__(self, benchmarks: Sequence[Benchmark]) -> None:
        named = [b.items.select("item", "text", benchmark=pl.lit(b.name)) for b in benchmarks]
        empty = pl.DataFrame(schema={**ITEMS, "benchmark": pl.String()})
        items = pl.concat([empty, *named]).with_columns(letters=_letters(pl.col("text")))
        is_korean = pl.col("text").str.contains(r"\p{Hangul}")
        in_letters = is_korean & (pl.col("letters").str.len_chars() >= _LEAST_LETTERS)
        in_words = ~is_korean & (_words(pl.col("text")).list.len() >= _LEAST_WORDS)
        self._korean, self._english = items.filter(in_letters), items.filter(in_words)
        self._whole = items.filter(~in_letters & ~in_words, pl.col("letters") != "")
        self._by_letters = Lookup.of_rarer_half(sets(self._korean["letters"].to_list(), _LETTERS))
        self._by_words = Lookup.of(_word_sets(self._english["text"]))

    def hits(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The items that stand in the records of a corpus frame, with the columns of `HITS`, by id and coverage.

        `coverage` is the share (0..1) of the item that stands there. Texts and the source texts beside them count.
        """
        texts = [name for name in frame.columns if name.removesuffix("_source") in _TEXTS]
        whole = pl.concat_str(pl.col(texts), separator="\n", ignore_nulls=True).str.join("\n")
        records = frame.group_by("id", maintain_order=True).agg(text=whole)
        found = [self._in_letters(records), self._in_words(records), self._as_a_whole(frame)]
        return pl.concat(found).sort("id", "coverage", "benchmark", "item", descending=[False, True, False, False])

    def _in_letters(self, records: pl.DataFrame) -> pl.DataFrame:
        texts, items = records.select(_letters(pl.col("text"))).to_series().to_list(), self._korean["letters"].to_list()
        rows, numbers, _ = self._by_letters.shares(sets(texts, _LETTERS), _FOUND)
        share = [covered(items[n], texts[row]) for row, n in zip(rows.tolist(), numbers.tolist(), strict=True)]
        length = self._korean["letters"].str.len_chars().gather(numbers)
        least = pl.DataFrame({"length": length}).select(
            pl.when(pl.col("length") < _SHORT).then(_COVERED_IF_SHORT).otherwise(_COVERED)
        )
        found = _hits(records["id"].gather(rows), self._korean[numbers], pl.Series(share, dtype=pl.Float64))
        return found.filter(found["coverage"] >= least.to_series())

    def _in_words(self, records: pl.DataFrame) -> pl.DataFrame:
        rows, numbers, share = self._by_words.shares(_word_sets(records["text"]), _COVERED_IN_WORDS)
        return _hits(records["id"].gather(rows), self._english[numbers], pl.Series(share))

    def _as_a_whole(self, frame: pl.DataFrame) -> pl.DataFrame:
        sides = [side for side in ("", "_source") if {f"{name}{side}" for name in _ASKED} <= set(frame.columns)]
        asked = [
            frame.select("id", letters=_letters(pl.concat_str(names, separator="\n", ignore_nulls=True)))
            for side in sides
            for names in (["instruction" + side], ["input" + side], ["instruction" + side, "input" + side])
        ]
        found = pl.concat(asked).unique().join(self._whole, on="letters")
        return _hits(found["id"], found, pl.Series([1.0] * len(found), dtype=pl.Float64))


def _hits(ids: pl.Series, items: pl.DataFrame, coverage: pl.Series) -> pl.DataFrame:
    return items.select(ids.alias("id"), "benchmark", "item", coverage.alias("coverage"))


def covered(item: str, text: str) -> float:
    """The share (0..1) of the item's letters that stand in one passage of the text of its length, in their order."""
    found = fuzz.partial_ratio_alignment(item, text) if len(text) > len(item) else None
    if found is not None:
        text = text[found.dest_start : found.dest_end]
    return LCSseq.similarity(item, text) / len(item)


def _letters(text: pl.Expr) -> pl.Expr:
    return text.str.normalize("NFKC").str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]+", "")


def _words(text: pl.Expr) -> pl.Expr:
    return text.str.normalize("NFKC").str.to_lowercase().str.extract_all(r"[\p{L}\p{N}]+")


def _word_sets(texts: pl.Series) -> Sets:
    """The sequences of eight words of each text, as numbers."""
    words = pl.DataFrame({"text": texts}).select(_words(pl.col("text"))).to_series()
    row = np.repeat(np.arange(len(texts)), words.list.len().to_numpy().astype(np.int64))
    hashed = words.explode().drop_nulls().hash().to_numpy()
    width = max(len(hashed) - _LEAST_WORDS + 1, 0)
    codes = np.zeros(width, dtype=np.uint64)
    for n in range(_LEAST_WORDS):
        codes = codes * np.uint64(0x9E3779B97F4A7C15) + hashed[n : n + width]
    inside = row[:width] == row[_LEAST_WORDS - 1 :][:width]
    codes, row = codes[inside], row[:width][inside]
    order = np.lexsort((codes, row))
    codes, row = codes[order], row[order]
    first = first_of_each(codes) | first_of_each(row.astype(np.uint64))
    size = np.bincount(row[first], minlength=len(texts))
    return Sets(codes[first], np.cumsum(size) - size, size)
