"""Character n-grams as 64-bit numbers, of many texts at once.

Texts of about equal length stand below one another in a matrix of code points, so that a column at a time is hashed and
a row at a time sorted, without a Python loop over texts, and for long enough at once that threads do not wait for one
another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

T = TypeVar("T")
R = TypeVar("R")
Ints: TypeAlias = npt.NDArray[np.signedinteger]
Codes: TypeAlias = npt.NDArray[np.uint64]
Floats: TypeAlias = npt.NDArray[np.float64]

_POINTS = 1 << 15  # code points hashed at once: stays in the cache of a core
_STEPS = 8  # lengths of texts that stand together are of one of so many steps of a doubling
_NO_POINT = 0xFFFFFFFF  # behind the end of a text
NO_GRAM = np.uint64(0xFFFFFFFFFFFFFFFF)  # beyond the last n-gram of a text; sorts to the end
_ODD = np.uint64(0x9E3779B97F4A7C15)
_OTHER_ODD = np.uint64(0xC2B2AE3D27D4EB4F)


class Lookup(Protocol):
    """Texts by row."""

    def __getitem__(self, row: int, /) -> str:
        """The text in that row."""


@dataclass(frozen=True)
class Sets:
    """Sets of n-grams, one after another: row r is `codes[start[r] : start[r] + size[r]]`, ascending."""

    codes: Codes
    start: Ints
    size: Ints


def in_threads(function: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """The results in the order of the items; as many threads as polars has (POLARS_MAX_THREADS)."""
    with ThreadPoolExecutor(pl.thread_pool_size()) as threads:
        return list(threads.map(function, items))


def lengths_of(texts: Sequence[str]) -> Ints:
    """The number of characters of each text."""
    return np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))


def blocks(lengths: Ints, ngram: int) -> Iterator[Ints]:
    """The places of the lengths that have room for an n-gram, cut into parts of about equal lengths, ascending."""
    order = np.argsort(lengths, kind="stable")
    order = order[np.searchsorted(lengths[order], ngram) :]
    step = (np.log2(lengths[order]) * _STEPS).astype(np.int64)
    for alike in np.split(order, np.flatnonzero(np.diff(step)) + 1):
        if len(alike):
            rows = max(1, _POINTS // int(lengths[alike[-1]]))
            yield from (alike[start : start + rows] for start in range(0, len(alike), rows))


def points(texts: Lookup, rows: Ints) -> npt.NDArray[np.uint32]:
    """Shape (rows, characters of the longest): the code points of texts, and `_NO_POINT` behind them."""
    chosen = list(map(texts.__getitem__, rows.tolist()))
    joined = np.frombuffer("".join(chosen).encode("utf-32-le"), dtype=np.uint32)
    lengths = lengths_of(chosen)
    found = np.full((len(rows), int(lengths.max())), _NO_POINT, dtype=np.uint32)
    found[np.arange(found.shape[1]) < lengths[:, None]] = joined
    return found


def hashes(texts: Lookup, rows: Ints, ngram: int) -> Codes:
    """A hash of the n-gram that begins at each character, shape (rows, n-grams of the longest), else `NO_GRAM`."""
    found = points(texts, rows)
    codes = found.astype(np.uint64)
    width = codes.shape[1] - ngram + 1
    hashed = codes[:, :width].copy()
    for n in range(1, ngram):
        hashed *= _ODD
        hashed += codes[:, n : n + width]
    hashed *= _OTHER_ODD
    hashed ^= hashed >> np.uint64(29)
    hashed *= _ODD
    hashed ^= hashed >> np.uint64(32)
    hashed[found[:, ngram - 1 :] == _NO_POINT] = NO_GRAM
    return hashed


def first_of_each(ordered: npt.NDArray[np.uint64] | npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
    """True where a value differs from the one before it, along the last axis. `np.unique` is many times slower."""
    first = np.ones(ordered.shape, dtype=bool)
    np.not_equal(ordered[..., 1:], ordered[..., :-1], out=first[..., 1:])
    return first


def sets(texts: Sequence[str], ngram: int) -> Sets:
    """The n-grams of each text; a text with fewer than `ngram` characters has none."""

    def of(rows: Ints) -> tuple[Codes, Ints]:
        ordered = hashes(texts, rows, ngram)
        ordered.sort(axis=1)
        first = first_of_each(ordered) & (ordered != NO_GRAM)
        return ordered[first], first.sum(axis=1)

    parts = list(blocks(lengths_of(texts), ngram))
    found = in_threads(of, parts)
    start, size = np.zeros(len(texts), dtype=np.int64), np.zeros(len(texts), dtype=np.int64)
    if parts:
        rows, sizes = np.concatenate(parts), np.concatenate([sizes for _, sizes in found])
        start[rows], size[rows] = np.cumsum(sizes) - sizes, sizes
    return Sets(np.concatenate([np.zeros(0, np.uint64), *(codes for codes, _ in found)]), start, size)


def spread(start: Ints, size: Ints) -> tuple[Ints, Ints]:
    """All numbers of the ranges `start .. start + size`, one after another, and which range each is of."""
    which = np.repeat(np.arange(len(size)), size)
    return np.arange(len(which)) + np.repeat(start - (np.cumsum(size) - size), size), which


def shares(texts: Lookup, lengths: Ints, a: Ints, b: Ints, ngram: int) -> Floats:
    """The Jaccard similarity of the n-grams of texts a[i] and b[i]; 0.0 where neither has any."""
    found = np.zeros(len(a))

    def compare(pairs: Ints) -> None:
        rows, at = np.unique(np.concatenate([a[pairs], b[pairs]]), return_inverse=True)
        codes = hashes(texts, rows, ngram)
        both = np.full((len(pairs), 2, codes.shape[1] + 1), NO_GRAM, dtype=np.uint64)
        both[:, 0, :-1], both[:, 1, :-1] = codes.take(at.reshape(2, -1), axis=0)
        both |= np.uint64(1)
        both[:, 0] ^= np.uint64(1)  # so that an n-gram of both stands once as an even number before an odd one
        ordered = both.reshape(len(pairs), -1)
        ordered.sort(axis=1)
        differ = ordered[:, 1:] ^ ordered[:, :-1]
        in_both = (differ == 1).sum(axis=1) - 1  # `NO_GRAM` is in both too
        found[pairs] = in_both / np.maximum((differ > 1).sum(axis=1), 1)

    in_threads(compare, blocks(np.maximum(lengths[a], lengths[b]), ngram))
    return found
