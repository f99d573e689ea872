"""Character n-grams as 64-bit numbers, of many texts at once.

Texts of equal length stand below one another in a matrix of code points, so that a column at a time is hashed and a row
at a time sorted, without a Python loop over texts.
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

_POINTS = 1 << 17  # code points hashed at once: stays in the cache of a core
_AT_ONCE = 1 << 24  # characters compared at once: bounds memory
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


def blocks(texts: Sequence[str], ngram: int) -> Iterator[Ints]:
    """The places of the texts that have an n-gram, cut so that the texts of each part are equally long."""
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    order = np.argsort(lengths, kind="stable")
    order = order[np.searchsorted(lengths[order], ngram) :]
    for same in np.split(order, np.flatnonzero(np.diff(lengths[order])) + 1):
        if len(same):
            rows = max(1, _POINTS // int(lengths[same[0]]))
            yield from (same[start : start + rows] for start in range(0, len(same), rows))


def points(texts: Sequence[str], rows: Ints) -> npt.NDArray[np.uint32]:
    """Shape (rows, characters): the code points of texts that are equally long."""
    joined = "".join([texts[row] for row in rows.tolist()]).encode("utf-32-le")
    return np.frombuffer(joined, dtype=np.uint32).reshape(len(rows), -1)


def hashes(texts: Sequence[str], rows: Ints, ngram: int) -> Codes:
    """Shape (rows, characters - ngram + 1): a hash of the n-gram that begins at each character."""
    codes = points(texts, rows).astype(np.uint64)
    width = codes.shape[1] - ngram + 1
    hashed = codes[:, :width].copy()
    for n in range(1, ngram):
        hashed *= _ODD
        hashed += codes[:, n : n + width]
    hashed *= _OTHER_ODD
    hashed ^= hashed >> np.uint64(29)
    hashed *= _ODD
    hashed ^= hashed >> np.uint64(32)
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
        first = first_of_each(ordered)
        return ordered[first], first.sum(axis=1)

    parts = list(blocks(texts, ngram))
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


def common(of: Sets, a: Ints, b: Ints) -> Ints:
    """How many n-grams the sets in rows a[i] and b[i] have in common."""
    in_both = np.zeros(len(a), dtype=np.int64)
    order = np.argsort(of.size[a] + of.size[b], kind="stable")
    ends = np.cumsum((of.size[a] + of.size[b])[order])

    def count(pairs: Ints) -> None:
        x, y = a[pairs], b[pairs]
        both = np.full((len(pairs), int((of.size[x] + of.size[y]).max())), np.iinfo(np.uint64).max, dtype=np.uint64)
        for rows, offset in ((x, np.zeros_like(x)), (y, of.size[x])):
            places, which = spread(of.start[rows], of.size[rows])
            column = places - of.start[rows][which] + offset[which]
            both[which, column] = of.codes[places]
        both.sort(axis=1)
        # What fills a row up equals itself too, but is no n-gram.
        same = (both[:, 1:] == both[:, :-1]) & (both[:, 1:] != np.iinfo(np.uint64).max)
        in_both[pairs] = same.sum(axis=1)

    if len(a):
        cuts = np.searchsorted(ends, np.arange(_POINTS * 4, int(ends[-1]), _POINTS * 4))
        in_threads(count, [pairs for pairs in np.split(order, cuts) if len(pairs)])
    return in_both


def shares(texts: Lookup, lengths: Ints, a: Ints, b: Ints, ngram: int) -> Floats:
    """The Jaccard similarity of the n-grams of texts a[i] and b[i]; 0.0 where neither has any."""
    ends = np.cumsum(lengths[a] + lengths[b])
    cuts = np.searchsorted(ends, np.arange(_AT_ONCE, int(ends[-1]) if len(a) else 0, _AT_ONCE))
    parts = [_shares(texts, x, y, ngram) for x, y in zip(np.split(a, cuts), np.split(b, cuts), strict=True)]
    return np.concatenate(parts)


def _shares(texts: Lookup, a: Ints, b: Ints, ngram: int) -> Floats:
    rows = np.union1d(a, b)
    of = sets([texts[row] for row in rows.tolist()], ngram)
    x, y = np.searchsorted(rows, a), np.searchsorted(rows, b)
    in_both = common(of, x, y)
    result: Floats = in_both / np.maximum(of.size[x] + of.size[y] - in_both, 1)
    return result
