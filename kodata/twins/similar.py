"""All pairs of texts whose n-grams have a Jaccard similarity of at least `min_share`: found, verified, with the share.

Texts of up to `LONG` n-grams by a join that misses no pair, longer ones by MinHash candidates; every pair is verified
on the n-grams themselves.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from kodata.twins.grams import Codes, Floats, Ints, shares
from kodata.twins.join import EPSILON, Chosen, Join, Pairs, each_once, paired, unpaired
from kodata.twins.minhash import PARTS, minhash_join
from kodata.twins.prefix import prefix_join

LONG = 500  # n-grams; a longer text is looked up by its signature
LEAST_SHARE = 0.5
MOST_PLAIN = int(LONG / LEAST_SHARE)  # n-grams; a longer text has no near twin that is not long, and is packed
Found = tuple[Ints, Ints, Floats]  # rows a < b and their share


@dataclass(frozen=True)
class Texts:
    """Texts by row, the longest of them packed (zlib): unpacked only when they are compared."""

    plain: Sequence[str | None]
    packed: pl.Series
    lengths: Ints

    def __len__(self) -> int:
        return len(self.plain)

    def __getitem__(self, row: int) -> str:
        text = self.plain[row]
        return text if text is not None else zlib.decompress(self.packed[row]).decode()


class Similar:
    """Texts ready to be compared with one another, by row.

    `apart` has a number for each; texts of different numbers are not compared. `grams` counts the n-grams of those that
    have a signature.
    """

    def __init__(self, texts: Texts, grams: Ints, signatures: pl.Series, apart: Codes, ngram: int, min_share: float):
        self.texts, self.ngram, self.min_share = texts, ngram, min_share
        most = int(LONG / min_share)  # n-grams that a twin of a text without signature can have
        plain = {row: text for row, text in enumerate(texts.plain) if text is not None and grams[row] <= most}
        short = np.fromiter(plain, dtype=np.int64, count=len(plain))
        long = (grams > LONG).nonzero()[0]
        found = np.frombuffer(b"".join(signatures.drop_nulls()), dtype=np.uint32).reshape(-1, PARTS)
        self._joins: tuple[tuple[Ints, Join], ...] = (
            (short, prefix_join(list(plain.values()), ngram, min_share, apart[short])),
            (long, minhash_join(found, grams[long], min_share, apart[long])),
        )

    def within(self, rows: Chosen) -> Found:
        """All pairs of these rows."""
        return self._verified([_at(join.within(rows[of]), of) for of, join in self._joins])

    def between(self, rows: Chosen, others: Chosen) -> Found:
        """All pairs of one of `rows` and one of `others`, which have none in common."""
        return self._verified([_at(join.between(rows[of], others[of]), of) for of, join in self._joins])

    def weight(self, rows: Chosen) -> int:
        """How many possible pairs `within` would look at."""
        return sum(join.weight(rows[of]) for of, join in self._joins)

    def _verified(self, pairs: list[Pairs]) -> Found:
        a, b = unpaired(each_once(np.concatenate([paired(*part) for part in pairs])))
        share = shares(self.texts, self.texts.lengths, a, b, self.ngram)
        near: npt.NDArray[np.bool_] = share >= self.min_share - EPSILON
        return a[near], b[near], share[near]


def _at(pairs: Pairs, rows: Ints) -> Pairs:
    return rows[pairs[0]], rows[pairs[1]]
