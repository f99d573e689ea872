"""All pairs of texts whose n-grams have a Jaccard similarity of at least `min_share`: found, verified, with the share.

Texts of up to `LONG` n-grams by a join that misses no pair, longer ones by MinHash candidates; every pair is verified
on the n-grams themselves.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from kodata.twins.grams import Codes, Floats, Ints, shares
from kodata.twins.join import EPSILON, Chosen, Join, Pairs
from kodata.twins.minhash import PARTS, minhash_join
from kodata.twins.prefix import prefix_join

LONG = 500  # n-grams; a longer text is looked up by its signature
LEAST_SHARE = 0.5
MOST_PLAIN = int(LONG / LEAST_SHARE)  # n-grams; a longer text has no near twin that is not long, and is packed
_AT_ONCE = 1 << 14  # signatures that are unpacked at once: bounds memory
Found = tuple[Ints, Ints, Floats]  # rows a < b and their share


@dataclass(frozen=True)
class Texts:
    """Texts by row, the longest of them packed (zlib); row r stands at `places[r]` of both series.

    What is on disk is read when it is compared, and not held.
    """

    plain: pl.Series
    packed: pl.Series
    places: Ints
    lengths: Ints

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, row: int) -> str:
        place = int(self.places[row])
        text: str | None = self.plain[place]
        return text if text is not None else zlib.decompress(self.packed[place]).decode()

    def of(self, rows: Ints) -> list[str]:
        """The texts in these rows, none of them packed."""
        return self.plain.gather(self.places[rows]).to_list()


class Similar:
    """Texts ready to be compared with one another, by row; those where `compared` is false are in no pair.

    `apart` has a number for each; texts of different numbers are not compared. `grams` counts the n-grams of those that
    have a signature.
    """

    def __init__(
        self,
        texts: Texts,
        compared: Chosen,
        grams: Ints,
        signatures: pl.Series,
        apart: Codes,
        ngram: int,
        min_share: float,
    ) -> None:
        self.texts, self.ngram, self.min_share = texts, ngram, min_share
        most = int(LONG / min_share)  # n-grams that a twin of a text without signature can have
        short, long = (compared & (grams <= most)).nonzero()[0], (compared & (grams > LONG)).nonzero()[0]
        found = np.empty((len(long), PARTS), dtype=np.uint32)
        for start in range(0, len(long), _AT_ONCE):
            some = signatures.gather(texts.places[long[start : start + _AT_ONCE]])
            found[start : start + _AT_ONCE] = np.frombuffer(b"".join(some), dtype=np.uint32).reshape(-1, PARTS)
        self._short = short, prefix_join(texts.of(short), ngram, min_share, apart[short])
        self._long = long, minhash_join(found, grams[long], min_share, apart[long])
        self._is_short = compared & (grams <= most)

    def within(self, rows: Chosen) -> Iterator[Found]:
        """All pairs of these rows, in pieces."""
        return self._verified(lambda of, join: join.within(rows[of]))

    def between(self, rows: Chosen, others: Chosen) -> Iterator[Found]:
        """All pairs of one of `rows` and one of `others`, which have none in common, in pieces."""
        return self._verified(lambda of, join: join.between(rows[of], others[of]))

    def weight(self, rows: Chosen) -> int:
        """How many possible pairs `within` would look at."""
        return sum(join.weight(rows[of]) for of, join in (self._short, self._long))

    def _verified(self, possible: Callable[[Ints, Join], Iterator[Pairs]]) -> Iterator[Found]:
        for rows, join in (self._short, self._long):
            for a, b in possible(rows, join):
                yield self._near(rows[a], rows[b], join is self._long[1])

    def _near(self, a: Ints, b: Ints, is_long: bool) -> Found:
        if is_long:  # pairs of which both are short as well were found among the short
            new = ~(self._is_short[a] & self._is_short[b])
            a, b = a[new], b[new]
        share = shares(self.texts, self.texts.lengths, a, b, self.ngram)
        near: npt.NDArray[np.bool_] = share >= self.min_share - EPSILON
        return a[near], b[near], share[near]


def together(pieces: Iterable[Found]) -> Found:
    """All pairs in order."""
    none = np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
    a, b, share = (np.concatenate(parts) for parts in zip(none, *pieces, strict=True))
    order = np.lexsort((b, a))
    return a[order], b[order], share[order]
