"""Whether each answer belongs to its own question: runs of answers that go with another question nearby.

Two things go wrong when many records are asked at once or matched by position. A call collapses: the model answers one
of its questions over and over. Or a run slips: each answer stands some rows from its question. Both show in the
likeness of answers to the questions around them; a single answer proves nothing, since a good answer may share no word
with its question.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from kodata.auditing.likeness import Floats, likeness

REACH = 10  # rows; KoAlpaca asked ten records a call
_MOST = 0.08  # what one answer can add: a run is many answers, not one that quotes its neighbour
_TOLL = 0.003  # what each row costs, so that a run does not go on where nothing speaks for it
_SPEAKS = 0.01  # an answer speaks for a run that is as much more like the other question than its own
# On the first 12,000 Alpaca records the highest run of four such answers has 0.10 (six tasks about one article); the
# collapsed calls of KoAlpaca v1.0 in 5,970 records have 0.31, 0.17 and 0.12 (calls 276, 7 and 517).
_MIN_ANSWERS, _MIN_SCORE = 4, 0.11


@dataclass(frozen=True)
class Run:
    """Rows `first` to `last` whose answers go with another question: with that of row `target`, or, when it is None,
    each with that `offset` rows on. `answers` of them say so; `score` is the sum of how clearly.
    """

    first: int
    last: int
    target: int | None
    offset: int
    answers: int
    score: float

    @property
    def rows(self) -> list[int]:
        """The rows whose answer is another's: all but the target."""
        return [row for row in range(self.first, self.last + 1) if row != self.target]


def runs(questions: pl.Series, answers: pl.Series) -> list[Run]:
    """The runs of answers that belong to other questions, clearest first; no row is in two of them.

    Rows stand in the order of the file. Conversations are fine: each turn is a row.
    """
    like = likeness(questions, answers, REACH)
    own = np.maximum(like[:, REACH], 0)
    gain = np.clip(like - own[:, None], -_MOST, _MOST)
    found = sorted([*_collapsed(gain), *_slipped(gain)], key=lambda run: (-run.answers, -run.score, run.first))
    taken: set[int] = set()
    clear = []
    for run in found:
        if taken.isdisjoint(run.rows):
            taken.update(run.rows)
            clear.append(run)
    return sorted(clear, key=lambda run: (-run.score, run.first))


def _collapsed(gain: Floats) -> Iterator[Run]:
    """Per target the best run of neighbouring answers that go with it."""
    rows, width = gain.shape
    places = np.arange(rows)[:, None] + np.arange(-REACH, REACH + 1)  # the answers around each target
    is_there = (places >= 0) & (places < rows)
    towards = np.where(is_there, gain[np.where(is_there, places, 0), np.arange(width)[::-1]], -_MOST)
    towards[:, REACH] = 0  # the target's own answer is right
    sums, starts = np.zeros(rows), np.zeros(rows, dtype=np.int64)
    best, firsts, lasts = np.zeros(rows), np.zeros(rows, dtype=np.int64), np.full(rows, -1)
    for column in range(width):  # Kadane's largest sum of neighbours, for all targets at once
        begins = sums <= 0
        sums = np.where(begins, 0, sums) + towards[:, column] - _TOLL
        starts = np.where(begins, column, starts)
        is_better = sums > best
        best, firsts, lasts = (np.where(is_better, a, b) for a, b in ((sums, best), (starts, firsts), (column, lasts)))
    speaking = np.cumsum(np.pad(towards > _SPEAKS, ((0, 0), (1, 0))), axis=1)
    number = np.arange(rows)
    answers = speaking[number, lasts + 1] - speaking[number, firsts]
    for t in np.flatnonzero((answers >= _MIN_ANSWERS) & (best >= _MIN_SCORE)).tolist():
        first, last = t - REACH + int(firsts[t]), t - REACH + int(lasts[t])
        yield Run(first, last, t, 0, int(answers[t]), round(float(best[t]), 6))


def _slipped(gain: Floats) -> Iterator[Run]:
    """Per offset the runs of answers that go with the question so many rows on."""
    for offset in (k for k in range(-REACH, REACH + 1) if k):
        towards = gain[:, REACH + offset]
        sums = np.concatenate(([0.0], np.cumsum(towards - _TOLL)))
        lows = np.minimum.accumulate(sums)
        rises = sums - lows
        edges = np.flatnonzero(rises == 0)  # between two of them stands one run
        for start, end in zip(edges, [*edges[1:], len(rises)], strict=True):
            last = start + int(np.argmax(rises[start:end]))
            answers = int((towards[start:last] > _SPEAKS).sum())
            if answers >= _MIN_ANSWERS and rises[last] >= _MIN_SCORE:
                yield Run(int(start), int(last) - 1, None, offset, answers, round(float(rises[last]), 6))
