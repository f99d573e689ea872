"""Finds texts that go round in circles, in time that grows with their length and no faster."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

_PERIODS = range(2, 61)  # characters of the repeated piece
_TIMES = 5
_SEED = 4  # characters that must be equal at a sampled place before it is looked at


def loops(texts: pl.Series) -> pl.Series:
    """String: the piece that a text repeats five times or more without a break; null elsewhere.

    Where a piece of p characters stands five times, each of 4p characters equals the one p places on. So it is
    enough to sample every (4p - 3)th place: one sample falls on four equal characters in each such stretch. Only where
    one does the whole text is looked at. A piece has two letters, and is not one character over and over.
    """
    full = texts.fill_null("")
    lengths = full.str.len_chars().to_numpy().astype(np.int64)
    ends = np.cumsum(lengths)
    points = np.frombuffer("".join(full).encode("utf-32-le"), dtype=np.uint32)
    found: list[str | None] = [None] * len(full)
    for period in _PERIODS:
        places = np.arange(0, len(points) - period - _SEED + 1, (_TIMES - 1) * period - _SEED + 1)
        for offset in range(_SEED):
            places = places[points[places + offset] == points[places + offset + period]]
        for row in np.unique(np.searchsorted(ends, places, side="right")).tolist():
            if found[row] is None:
                text = points[ends[row] - lengths[row] : ends[row]]
                found[row] = _piece(text, full[row], period)
    return pl.Series(texts.name, found, dtype=pl.String)


def _piece(points: npt.NDArray[np.uint32], text: str, period: int) -> str | None:
    """The first piece of so many characters that is repeated often enough and says something."""
    if len(points) < _TIMES * period:
        return None
    breaks = np.flatnonzero(points[:-period] != points[period:])
    edges = np.concatenate(([-1], breaks, [len(points) - period]))
    for start in (edges[:-1][np.diff(edges) > (_TIMES - 1) * period] + 1).tolist():
        piece = text[start : start + period]
        if len(set(piece)) > 1 and sum(map(str.isalpha, piece)) > 1:
            return piece
    return None
