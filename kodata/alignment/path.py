"""The best way through a table of likenesses: which row goes with which column, both in order, gaps allowed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kodata.alignment.judge import Floats
from kodata.alignment.words import Ints

Scores = npt.NDArray[np.float64]

_MIN_LIKE = 0.08  # a pair less alike speaks against itself; nine of ten wrong pairs are
_GAP_COST = 0.4  # what leaving out any number of rows or columns costs: about two pairs that are sure

_PAIR, _ROW_LEFT_OUT, _COLUMN_LEFT_OUT = 0, 1, 2


def best_path(like: Floats) -> tuple[Ints, Ints]:
    """Rows and columns that go together, both rising. `like` has the shape (rows, columns).

    Gotoh's alignment (1982) with a cost for opening a gap and none for its length.
    """
    if like.shape[0] > like.shape[1]:
        columns, rows = best_path(like.T)
        return rows, columns
    rows, columns = like.shape
    came_from = np.zeros((3, rows + 1, columns + 1), dtype=np.int8)
    score = np.full((3, columns + 1), -np.inf)
    score[_PAIR, 0] = 0.0
    score[_COLUMN_LEFT_OUT, 1:] = -_GAP_COST
    came_from[_COLUMN_LEFT_OUT, 0, 2:] = _COLUMN_LEFT_OUT
    for row in range(1, rows + 1):
        score = _next_row(score, like[row - 1], came_from[:, row])
    return _walked_back(came_from, int(score[:, -1].argmax()))


def _next_row(before: Scores, like: Floats, came_from: npt.NDArray[np.int8]) -> Scores:
    """The scores of the three ways to stand at each column; `came_from` is told which way was before."""
    score = np.full_like(before, -np.inf)
    came_from[_PAIR, 1:] = before[:, :-1].argmax(axis=0)
    score[_PAIR, 1:] = before[:, :-1].max(axis=0) + like - _MIN_LIKE
    opened = before - np.array([[_GAP_COST], [0.0], [_GAP_COST]])
    came_from[_ROW_LEFT_OUT] = opened.argmax(axis=0)
    score[_ROW_LEFT_OUT] = opened.max(axis=0)
    opens = score[:_COLUMN_LEFT_OUT].max(axis=0) - _GAP_COST
    best = np.maximum.accumulate(opens)  # to leave out more columns costs nothing more
    score[_COLUMN_LEFT_OUT, 1:] = best[:-1]
    opened_here = opens[:-1] >= best[:-1]
    came_from[_COLUMN_LEFT_OUT, 1:] = np.where(
        opened_here, score[:_COLUMN_LEFT_OUT, :-1].argmax(axis=0), _COLUMN_LEFT_OUT
    )
    return score


def _walked_back(came_from: npt.NDArray[np.int8], way: int) -> tuple[Ints, Ints]:
    row, column = came_from.shape[1] - 1, came_from.shape[2] - 1
    pairs = []
    while row or column:
        before = int(came_from[way, row, column])
        if way == _PAIR:
            pairs.append((row - 1, column - 1))
        row, column = row - (way != _COLUMN_LEFT_OUT), column - (way != _ROW_LEFT_OUT)
        way = before
    found = np.array(pairs[::-1], dtype=np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1]
