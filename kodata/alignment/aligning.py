"""The alignment of two files: pins first, then what was learned from them, then the best way between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from kodata.alignment.judge import Judge
from kodata.alignment.path import best_path
from kodata.alignment.pins import filled, pinned
from kodata.alignment.words import Bags, Ints, english_words, korean_words
from kodata.errors import SourceError

_ROUNDS = 2  # what the first round finds teaches the second
_SURE = 0.15  # likeness; a pair so alike between two such neighbours stays where it is
_MOST_CELLS = 50_000_000  # of a table between two sure pairs, 200 MB


class Pair(NamedTuple):
    """Two records that go together, by their numbers from 0; `score` (-1..1) is how alike their texts are.

    Where a score is low the pair stands between others that go together.
    """

    english: int
    korean: int
    score: float


@dataclass(frozen=True, slots=True)
class Gap:
    """`count` records of one file, from number `start`, that the other file does not have; there it is at `other`."""

    of: Literal["english", "korean"]
    start: int
    count: int
    other: int


@dataclass(frozen=True)
class Alignment:
    """The pairs, in order, and what each file has alone, in order of the English numbers, then the Korean ones."""

    pairs: tuple[Pair, ...]
    gaps: tuple[Gap, ...]


def align(english: Sequence[str], korean: Sequence[str]) -> Alignment:
    """Which Korean text is the translation of which English one, both files in the same order.

    Raises SourceError when there is too little in common to tell.
    """
    bags = Bags.of(map(english_words, english)), Bags.of(map(korean_words, korean))
    left, right = filled(*pinned(*bags))
    for _ in range(_ROUNDS):
        judge = Judge.of(*bags, left, right)
        left, right = _placed(judge, *_sure(judge, left, right))
    scores = judge.likeness(left, right)
    pairs = tuple(
        Pair(*pair)
        for pair in zip(left.tolist(), right.tolist(), scores.astype(np.float64).round(3).tolist(), strict=True)
    )
    return Alignment(pairs, tuple(_gaps(pairs, len(english), len(korean))))


def _sure(judge: Judge, left: Ints, right: Ints) -> tuple[Ints, Ints]:
    """The pairs that are alike, as both their neighbours are, which follow at once."""
    alike = judge.likeness(left, right) >= _SURE
    follows = (np.diff(left) == 1) & (np.diff(right) == 1) & alike[:-1] & alike[1:]
    sure = np.zeros(len(left), dtype=np.bool_)
    sure[1:-1] = follows[:-1] & follows[1:]
    return left[sure], right[sure]


def _placed(judge: Judge, left: Ints, right: Ints) -> tuple[Ints, Ints]:
    """All pairs: the sure ones, and the best way between each two of them."""
    end = len(judge.english), len(judge.korean)
    lefts, rights = [left], [right]
    befores = zip(np.concatenate(([-1], left)) + 1, np.concatenate(([-1], right)) + 1, strict=True)
    afters = zip(np.append(left, end[0]), np.append(right, end[1]), strict=True)
    for (top, first), (bottom, last) in zip(befores, afters, strict=True):
        if top == bottom or first == last:
            continue
        if (bottom - top) * (last - first) > _MOST_CELLS:
            raise SourceError(
                f"English records {top + 1:,} to {bottom:,} and Korean ones {first + 1:,} to {last:,} have too little "
                "in common to be paired. Is one a translation of the other, in the same order?"
            )
        rows, columns = best_path(judge.english[top:bottom] @ judge.korean[first:last].T)
        lefts.append(rows + top)
        rights.append(columns + first)
    all_left, all_right = np.concatenate(lefts), np.concatenate(rights)
    order = np.argsort(all_left, kind="stable")
    return all_left[order], all_right[order]


def _gaps(pairs: Sequence[Pair], english: int, korean: int) -> Iterator[Gap]:
    end = Pair(english, korean, 0.0)
    for before, after in zip((Pair(-1, -1, 0.0), *pairs), (*pairs, end), strict=True):
        if after.english - before.english > 1:
            yield Gap("english", before.english + 1, after.english - before.english - 1, before.korean + 1)
        if after.korean - before.korean > 1:
            yield Gap("korean", before.korean + 1, after.korean - before.korean - 1, before.english + 1)
