"""Texts of up to some hundred n-grams, looked up by their rarest ones: no pair is missed.

Two sets that share at least `min_share` must have one of their rarest n-grams in common, so only those are looked up
(prefix filter); an n-gram that occurs once in all texts is looked up by nobody. Lengths, places and a bitmap of 1,024
bits bound the overlap from above before anything is compared.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np
import numpy.typing as npt

from kodata.twins.grams import NO_GRAM, Codes, Ints, blocks, first_of_each, hashes, in_threads, lengths_of
from kodata.twins.join import EPSILON, PLACE_BITS, Chosen, Join, Tokens

MOST_GRAMS = (1 << PLACE_BITS) - 1  # of a text that is looked up: a place must fit its bits
_BITS = 1024  # of a bitmap
_HELD = 1 << 24  # n-grams that are hashed once, and held meanwhile; where there are more, twice
_RARITY = 59  # bits of a token below those that say how often it occurs, as a power of two


def prefix_join(texts: Sequence[str], ngram: int, min_share: float, apart: Codes | None = None) -> Join:
    """A join in which every pair with a Jaccard similarity of at least `min_share` is possible.

    `apart` has a number for each text; texts of different numbers are in no pair, nor is a text of more than
    `MOST_GRAMS` different n-grams.
    """
    lengths = lengths_of(texts)
    parts = list(blocks(lengths, ngram))
    grams = int(np.maximum(lengths - ngram + 1, 0).sum())

    def hashed(part: int) -> Codes:
        return _codes(texts, parts[part], ngram, apart)

    codes = in_threads(hashed, range(len(parts))).__getitem__ if grams <= _HELD else hashed
    often = _how_often(codes, len(parts), grams)
    heads = in_threads(lambda part: _heads(codes(part), often, min_share), range(len(parts)))
    size, bitmap = np.zeros(len(texts), dtype=np.int32), np.zeros((len(texts), _BITS // 64), dtype=np.uint64)
    for rows, head in zip(parts, heads, strict=True):
        size[rows], bitmap[rows] = head.size, head.bitmap
    tokens = np.concatenate([np.zeros(0, np.uint32), *(head.tokens for head in heads)])
    rows_of = (rows.astype(np.int32)[head.row] for rows, head in zip(parts, heads, strict=True))
    text = np.concatenate([np.zeros(0, np.int32), *rows_of])
    place = np.concatenate([np.zeros(0, np.int16), *(head.place for head in heads)])
    overlap = _overlap(min_share)
    return Join(size, (tokens, text, place), size - overlap[2 * size] + 1, _Bounds(size, bitmap, overlap), min_share)


@dataclass(frozen=True)
class _Heads:
    """Of some texts: their sizes and bitmaps, and the n-grams by which they are looked up."""

    size: Ints
    bitmap: Codes
    tokens: Tokens
    row: Ints
    place: Ints


@dataclass(frozen=True)
class _Bounds:
    """Upper bounds on an overlap. `overlap[k]` n-grams in common are needed of two texts that have k together."""

    size: npt.NDArray[np.int32]
    bitmap: Codes
    overlap: npt.NDArray[np.int32]

    def by_place(self, a: Ints, b: Ints, place_a: Ints, place_b: Ints) -> Chosen:
        """What comes behind the places at which they met must be enough."""
        size_a, size_b = self.size[a], self.size[b]
        enough: Chosen = np.minimum(size_a - place_a, size_b - place_b) >= self.overlap[size_a + size_b]
        return enough

    def by_sketch(self, a: Ints, b: Ints) -> Chosen:
        """An n-gram sets one bit at most, so every bit that differs is an n-gram not shared."""
        together = self.size[a] + self.size[b]
        bits = self.bitmap.take(a, axis=0) ^ self.bitmap.take(b, axis=0)  # `take` is four times faster than an index
        differ = np.bitwise_count(bits).sum(axis=1, dtype=np.int32)
        enough: Chosen = together - differ >= 2 * self.overlap[together]
        return enough


def _overlap(min_share: float) -> npt.NDArray[np.int32]:
    """How many n-grams in common two texts need, by the number of n-grams they have together."""
    together = np.arange(2 * MOST_GRAMS + 1)
    needed: npt.NDArray[np.int32] = np.ceil(together * (min_share / (1 + min_share)) - EPSILON).astype(np.int32)
    return needed


def _codes(texts: Sequence[str], rows: Ints, ngram: int, apart: Codes | None) -> Codes:
    codes = hashes(texts, rows, ngram)
    if apart is not None:
        none = codes == NO_GRAM
        codes ^= apart[rows][:, None]
        codes *= np.uint64(0xD6E8FEB86659FD93)
        codes[none] = NO_GRAM
    return codes


def _how_often(codes: Callable[[int], Codes], parts: int, grams: int) -> npt.NDArray[np.uint8]:
    """How often the n-grams of each hash bucket occur, as a power of two; 0 for once.

    Any order of n-grams would do that is the same for all texts; the rarer come first, the fewer texts meet.
    """
    bits = min(max(grams.bit_length() - 1, 16), 25)
    counts, adding = np.zeros(1 << bits, dtype=np.uint32), Lock()

    def count(part: int) -> None:
        buckets = (codes(part) >> np.uint64(64 - bits)).view(np.int64).ravel()
        with adding:
            np.add.at(counts, buckets, np.uint32(1))

    in_threads(count, range(parts))
    exponents = counts.astype(np.float32).view(np.uint32) >> np.uint32(23)  # of IEEE 754, 127 too high
    return exponents.astype(np.uint8) - np.uint8(127)


def _heads(codes: Codes, often: npt.NDArray[np.uint8], min_share: float) -> _Heads:
    """What a matrix of n-grams, one text a row, is looked up by; it is overwritten."""
    none = codes == NO_GRAM
    buckets = (codes >> np.uint64(64 - (len(often).bit_length() - 1))).view(np.int64)
    codes >>= np.uint64(64 - _RARITY)
    codes |= often.take(buckets).astype(np.uint64) << np.uint64(_RARITY)
    codes[none] = NO_GRAM
    codes.sort(axis=1)
    first = first_of_each(codes) & (codes != NO_GRAM)
    number = first.cumsum(axis=1, dtype=np.int32)
    size = np.where(number[:, -1] > MOST_GRAMS, 0, number[:, -1])
    prefix = np.where(size > 0, size - np.ceil(size * min_share - EPSILON) + 1, 0).astype(np.int32)
    head = np.flatnonzero(first & (number <= prefix[:, None]) & (codes >= np.uint64(1 << _RARITY)))
    bits = np.zeros(len(codes) * _BITS, dtype=np.uint8)
    bit = (codes & np.uint64(_BITS - 1)).view(np.int64) + np.arange(0, len(bits), _BITS)[:, None]
    bits[bit.ravel()] = 1
    bits[_BITS - 1 :: _BITS] = 0  # the bit of `NO_GRAM`
    return _Heads(
        size=size,
        bitmap=np.packbits(bits, bitorder="little").view(np.uint64).reshape(len(codes), -1),
        tokens=(codes.ravel()[head] >> np.uint64(32)).astype(np.uint32),
        row=(head // codes.shape[1]).astype(np.int32),
        place=(number.ravel()[head] - 1).astype(np.int16),
    )
