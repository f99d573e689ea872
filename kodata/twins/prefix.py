"""Texts of up to some hundred n-grams, looked up by their rarest ones: no pair is missed.

Two sets that share at least `min_share` must have one of their rarest n-grams in common, so only those are looked up
(prefix filter); an n-gram that occurs once in all texts is looked up by nobody. Lengths, places and a bitmap of 1,024
bits bound the overlap from above before anything is compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kodata.twins.grams import Codes, Ints, blocks, first_of_each, hashes, in_threads
from kodata.twins.join import EPSILON, PLACE_BITS, Chosen, Join, Tokens

MOST_GRAMS = (1 << PLACE_BITS) - 1  # of a text that is looked up: a place must fit its bits
_BITS = 1024  # of a bitmap
_RARITY = 59  # bits of a token below those that say how often it occurs, as a power of two


def prefix_join(texts: Sequence[str], ngram: int, min_share: float, apart: Codes | None = None) -> Join:
    """A join in which every pair with a Jaccard similarity of at least `min_share` is possible.

    `apart` has a number for each text; texts of different numbers are in no pair, nor is a text of more than
    `MOST_GRAMS` different n-grams.
    """
    parts = list(blocks(texts, ngram))
    often = _how_often(texts, parts, ngram, apart)
    heads = in_threads(lambda rows: _heads(_codes(texts, rows, ngram, apart), often, min_share), parts)
    size, bitmap = np.zeros(len(texts), dtype=np.int32), np.zeros((len(texts), _BITS // 64), dtype=np.uint64)
    for rows, head in zip(parts, heads, strict=True):
        size[rows], bitmap[rows] = head.size, head.bitmap
    tokens = np.concatenate([np.zeros(0, np.uint32), *(head.tokens for head in heads)])
    text = np.concatenate([np.zeros(0, np.int64), *(r[head.row] for r, head in zip(parts, heads, strict=True))])
    place = np.concatenate([np.zeros(0, np.int64), *(head.place for head in heads)])
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
        """Each n-gram sets one bit, so every bit that differs is an n-gram not shared."""
        together = self.size[a] + self.size[b]
        differ = np.bitwise_count(self.bitmap[a] ^ self.bitmap[b]).sum(axis=1, dtype=np.int32)
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
        codes ^= apart[rows][:, None]
        codes *= np.uint64(0xD6E8FEB86659FD93)
    return codes


def _how_often(texts: Sequence[str], parts: list[Ints], ngram: int, apart: Codes | None) -> npt.NDArray[np.uint8]:
    """How often the n-grams of each hash bucket occur, as a power of two; 0 for once.

    Any order of n-grams would do that is the same for all texts; the rarer come first, the fewer texts meet.
    """
    grams = sum(len(rows) * (len(texts[rows[0]]) - ngram + 1) for rows in parts)
    bits = min(max(grams.bit_length() - 1, 16), 25)
    counts = np.zeros(1 << bits, dtype=np.uint32)

    def count(rows: Ints) -> tuple[Tokens, Tokens]:
        buckets = (_codes(texts, rows, ngram, apart) >> np.uint64(64 - bits)).astype(np.uint32).ravel()
        buckets.sort()
        last = np.append(buckets[1:] != buckets[:-1], True).nonzero()[0]
        return buckets[last], np.diff(last, prepend=-1).astype(np.uint32)

    for buckets, times in in_threads(count, parts):
        counts[buckets] += times
    exponents = counts.astype(np.float32).view(np.uint32) >> np.uint32(23)  # of IEEE 754, 127 too high
    return exponents.astype(np.uint8) - np.uint8(127)


def _heads(codes: Codes, often: npt.NDArray[np.uint8], min_share: float) -> _Heads:
    """What a matrix of n-grams, one text a row, is looked up by; it is overwritten."""
    buckets = codes >> np.uint64(64 - (len(often).bit_length() - 1))
    codes >>= np.uint64(64 - _RARITY)
    codes |= often[buckets].astype(np.uint64) << np.uint64(_RARITY)
    codes.sort(axis=1)
    first = first_of_each(codes)
    number = first.cumsum(axis=1, dtype=np.int32)
    size = np.where(number[:, -1] > MOST_GRAMS, 0, number[:, -1])
    prefix = np.where(size > 0, size - np.ceil(size * min_share - EPSILON) + 1, 0).astype(np.int32)
    head = first & (number <= prefix[:, None]) & (codes >= np.uint64(1 << _RARITY))
    row, column = head.nonzero()
    bits = np.zeros((len(codes), _BITS), dtype=np.uint8)
    bits[np.arange(len(codes))[:, None], codes & np.uint64(_BITS - 1)] = 1
    return _Heads(
        size=size,
        bitmap=np.packbits(bits, axis=1, bitorder="little").view(np.uint64),
        tokens=(codes[head] >> np.uint64(32)).astype(np.uint32),
        row=row,
        place=number[row, column] - 1,
    )
