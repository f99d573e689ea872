"""Dedupe: keeps one of the records that say the same, and names the twin that was kept.

Exact means equal after NFKC and without case, spaces and the punctuation of sentences. Near means a Jaccard
similarity of character n-grams (spaces kept, hashed to 64 bits) of at least `min_share`: candidates come from a
prefix-filtered join (Bayardo et al. 2007, "Scaling up all pairs similarity search"), which misses none, and each is
verified. Word n-grams and `rouge_score` do not see Korean endings and spacing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import numpy.typing as npt
import polars as pl
from annotated_types import Ge, Le

from kodata.corpus import DROPPED_COLUMNS

NUMBER = r"\d+(?:[.,]\d+)*"
_CHUNK = 10_000  # records whose candidates are joined at once; bounds memory only


@dataclass(frozen=True)
class Dedupe:
    """Drops a record only for a verified twin that is kept.

    Records stand in a fixed order of merit, longest output first, then lowest id, never order of arrival.
    Texts that differ in a number, or Korean texts that differ in a Latin word, are no near twins: of the pairs at 0.8
    in real data, 29 % are such ("653에 5를 곱합니다", "3에 5를 곱합니다"). `ngram` is 5 for English; a Korean syllable
    says more than a letter, 3 is right for Korean.
    """

    version: ClassVar[int] = 1

    columns: tuple[str, ...] = ("instruction", "input", "output")
    ngram: Annotated[int, Ge(1), Le(20)] = 5
    min_share: Annotated[float, Ge(0.1), Le(1)] = 0.8

    def sketch(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Columns id, merit (i64), text (normalised), exact and guard (str): one row a record."""
        whole = pl.concat_str(pl.col(self.columns).fill_null(""), separator="\n").str.join("\n")
        folded = whole.str.normalize("NFKC").str.to_lowercase().str.replace_all(r"\s+", " ")
        merit = pl.col("output").str.len_chars().sum().cast(pl.Int64)
        records = frame.group_by("id", maintain_order=True).agg(merit.alias("merit"), folded.alias("text"))
        text = pl.col("text")
        numbers, words = text.str.extract_all(NUMBER), text.str.extract_all(rf"{NUMBER}|[a-z]+")
        guard = pl.when(text.str.contains(r"\p{Hangul}")).then(words.list.sort()).otherwise(numbers.list.sort())
        letters = text.str.replace_all(r"[\s.,!?;:'\"“”‘’…。、]", "")  # not all signs: "C#" is not "C", "-5" not "5"
        return records.with_columns(
            exact=pl.concat_str(letters, numbers.list.join(" "), separator="\n"), guard=guard.list.join(" ")
        )

    def decide(self, sketches: pl.DataFrame) -> pl.DataFrame:
        ranked = sketches.sort(["merit", "id"], descending=[True, False])
        exact = ranked.select("id", pl.col("id").first().over("exact").alias("twin")).filter(
            pl.col("id") != pl.col("twin")
        )
        rest = ranked.join(exact, on="id", how="anti", maintain_order="left")
        near = {ident: f"share {share:.3f} of {twin}" for ident, twin, share in _greedy(self._twins(rest), rest["id"])}
        rows = [(ident, "near-duplicate", evidence) for ident, evidence in near.items()]
        for ident, twin in exact.iter_rows():
            gone = near.get(twin)  # then its own twin is the one that is kept
            rows.append(
                (ident, "near-duplicate", f"{gone}, as {twin}") if gone else (ident, "duplicate", f"equal to {twin}")
            )
        return pl.DataFrame(rows, schema=DROPPED_COLUMNS, orient="row")

    def _twins(self, ranked: pl.DataFrame) -> pl.DataFrame:
        """Verified pairs a, b (row numbers, a better in merit) and share, ordered by b, then a."""
        grams = _by_rarity(ranked["text"], self.ngram)
        sizes = pl.col("grams").list.len().cast(pl.Int32)
        prefix = sizes - (sizes * self.min_share - 1e-9).ceil().cast(pl.Int32) + 1
        heads = (
            grams.select("row", size=sizes, gram=pl.col("grams").list.head(prefix))
            .with_columns(place=pl.int_ranges(pl.col("gram").list.len(), dtype=pl.Int32))
            .explode("gram", "place")
            .join(ranked.select("guard", row=pl.int_range(pl.len(), dtype=pl.UInt32)), on="row")
        )
        bitmaps = _bitmaps(grams, len(ranked))
        starts = range(0, max(len(ranked), 1), _CHUNK)
        chunks = (heads.filter(pl.col("row").is_between(start, start + _CHUNK - 1)) for start in starts)
        pairs = pl.concat(self._candidates(chunk, heads, bitmaps) for chunk in chunks)
        common = pl.col("grams").list.set_intersection("grams_b").list.len()
        return (
            pairs.join(grams, on="row")
            .join(grams, left_on="row_b", right_on="row", suffix="_b")
            .select(a="row", b="row_b", share=common / (pl.col("size") + pl.col("size_b") - common))
            .filter(pl.col("share") >= self.min_share - 1e-9)
            .sort("b", "a")
        )

    def _candidates(self, part: pl.DataFrame, heads: pl.DataFrame, bitmaps: npt.NDArray[np.uint64]) -> pl.DataFrame:
        """Pairs row < row_b with sizes that pass the length, positional and bitmap bounds on their overlap."""
        needed = (pl.col("size") + pl.col("size_b")) * (self.min_share / (1 + self.min_share)) - 1e-9
        behind = pl.min_horizontal(pl.col("size") - pl.col("place"), pl.col("size_b") - pl.col("place_b"))
        pairs = (
            part.lazy()
            .join(heads.lazy(), on=["gram", "guard"], suffix="_b")
            .filter(pl.col("row") < pl.col("row_b"), behind >= needed)
            .select("row", "row_b", "size", "size_b")
            .unique()
            .collect()
        )
        differ = np.bitwise_count(bitmaps[pairs["row"].to_numpy()] ^ bitmaps[pairs["row_b"].to_numpy()]).sum(axis=1)
        most = (pl.col("size") + pl.col("size_b") - pl.Series(differ, dtype=pl.Int32)) / 2
        return pairs.filter(most >= needed)


def _by_rarity(texts: pl.Series, ngram: int) -> pl.DataFrame:
    """Columns row (u32), grams (list[u64]): the distinct n-grams of each text that has any, rarest first.

    A gram is 20 bits of how often it occurs (counted in 2**22 buckets: any fixed order will do, a rarer first is
    faster), then 44 bits of its hash.
    """
    codes = _hashes(np.frombuffer("".join(texts).encode("utf-32-le"), dtype=np.uint32), ngram)
    buckets = (codes >> np.uint64(42)).astype(np.uint32)
    often = np.minimum(np.bincount(buckets, minlength=1 << 22), (1 << 20) - 1).astype(np.uint32)[buckets]
    codes = (often.astype(np.uint64) << np.uint64(44)) | (codes & np.uint64((1 << 44) - 1))
    rows, grams, start = [], [], 0
    for row, length in enumerate(texts.str.len_chars()):
        if length >= ngram:
            rows.append(row)
            grams.append(_sorted_unique(codes[start : start + length - ngram + 1]))
        start += length
    return pl.DataFrame({"row": rows, "grams": grams}, schema={"row": pl.UInt32, "grams": pl.List(pl.UInt64)})


def _sorted_unique(numbers: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    numbers = np.sort(numbers)
    return numbers[np.concatenate(([True], numbers[1:] != numbers[:-1]))]  # np.unique is many times slower


def _bitmaps(grams: pl.DataFrame, rows: int) -> npt.NDArray[np.uint64]:
    """Shape (rows, 16): each n-gram sets one of 1,024 bits, so differing bits bound the n-grams not shared."""
    flat = grams.explode("grams")
    row, bit = flat["row"].to_numpy(), flat["grams"].to_numpy() % np.uint64(1024)
    bitmaps = np.zeros((rows, 16), dtype=np.uint64)
    np.bitwise_or.at(bitmaps, (row, (bit // np.uint64(64)).astype(np.int64)), np.uint64(1) << (bit % np.uint64(64)))
    return bitmaps


def _hashes(points: npt.NDArray[np.uint32], ngram: int) -> npt.NDArray[np.uint64]:
    """A 64-bit polynomial hash of the n code points that begin at each place."""
    end = max(len(points) - ngram + 1, 0)
    hashes = np.zeros(end, dtype=np.uint64)
    for n in range(ngram):
        hashes = hashes * np.uint64(0x9E3779B97F4A7C15) + points[n : end + n]
    return hashes


def _greedy(twins: pl.DataFrame, ids: pl.Series) -> Iterator[tuple[str, str, float]]:
    """Record, kept twin, share: a record leaves for its most similar twin among those kept."""
    gone: set[int] = set()
    for (b,), group in twins.group_by("b", maintain_order=True):
        kept = [(share, -a) for a, share in group.select("a", "share").iter_rows() if a not in gone]
        if kept:
            share, minus_a = max(kept)
            gone.add(int(b))
            yield ids[int(b)], ids[-minus_a], share
