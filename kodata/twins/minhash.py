"""Long texts, looked up by a MinHash signature of 512 bytes: candidates to verify, one in a thousand missed.

One-permutation hashing (Li, Owen and Zhang 2012, "One permutation hashing"): the smallest hash in each of 128 equal
parts of the range of hashes. It wants many more n-grams than parts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kodata.twins.grams import Codes, Ints, Sets
from kodata.twins.join import Chosen, Join, Tokens

PARTS = 128
_AT_ONCE = 1 << 14  # texts whose bands are hashed: bounds memory
_MISSED = 1e-3  # of the pairs at exactly `min_share`, by the bands; of those above it, fewer

Signatures = npt.NDArray[np.uint32]  # shape (texts, PARTS)


def signatures(of: Sets) -> Signatures:
    """The signature of each set."""
    starts = np.arange(PARTS, dtype=np.uint64) << np.uint64(57)
    found = np.full((len(of.size), PARTS), np.iinfo(np.uint32).max, dtype=np.uint32)
    for row, (start, size) in enumerate(zip(of.start.tolist(), of.size.tolist(), strict=True)):
        codes = of.codes[start : start + size]
        first = np.searchsorted(codes, starts)
        filled = np.diff(first, append=size) > 0
        found[row, filled] = codes[first[filled]] >> np.uint64(25)  # the 32 bits below those that name the part
    return found


def minhash_join(found: Signatures, size: Ints, min_share: float, apart: Codes) -> Join:
    """A join in which nearly every pair with a Jaccard similarity of at least `min_share` is possible.

    `size` has the number of n-grams of each text; texts with different numbers in `apart` are in no pair.
    """
    rows = _rows_of_a_band(min_share)
    bands = PARTS // rows
    text = np.repeat(np.arange(len(found), dtype=np.int32), bands)
    tokens = np.zeros((len(found), bands), dtype=np.uint32)
    for start in range(0, len(found), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        tokens[some] = _band_tokens(found[some, : bands * rows].reshape(-1, bands, rows), apart[some])
    postings = tokens.ravel(), text, np.zeros(len(text), dtype=np.int16)
    return Join(size, postings, np.ones_like(size), _Estimate(found, min_share), min_share)


@dataclass(frozen=True)
class _Estimate:
    """The share of equal parts estimates the similarity."""

    found: Signatures
    min_share: float

    def by_place(self, a: Ints, b: Ints, place_a: Ints, place_b: Ints) -> Chosen:
        """All: a band has no place."""
        return np.ones(len(a), dtype=bool)

    def by_sketch(self, a: Ints, b: Ints) -> Chosen:
        """Four standard deviations below what is wanted still pass."""
        deviation = (self.min_share * (1 - self.min_share) / PARTS) ** 0.5
        equal = (self.found[a] == self.found[b]).sum(axis=1, dtype=np.int32)
        enough: Chosen = equal >= (self.min_share - 4 * deviation) * PARTS
        return enough


def _rows_of_a_band(min_share: float) -> int:
    """As many as still find nearly every pair: the fewer rows, the more texts meet by chance."""
    return max((r for r in range(1, 9) if (1 - min_share**r) ** (PARTS // r) <= _MISSED), default=1)


def _band_tokens(banded: npt.NDArray[np.uint32], apart: Codes) -> Tokens:
    """One hash for each band of each text."""
    token = apart[:, None] ^ (np.arange(banded.shape[1], dtype=np.uint64) << np.uint64(40))
    for row in range(banded.shape[2]):
        token *= np.uint64(0x9E3779B97F4A7C15)
        token ^= token >> np.uint64(32)
        token += banded[:, :, row]
    token *= np.uint64(0xC2B2AE3D27D4EB4F)
    return (token >> np.uint64(32)).astype(np.uint32)
