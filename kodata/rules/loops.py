"""Finds texts that go round in circles, in time that grows with their length and no faster."""

from __future__ import annotations

import numpy as np
import polars as pl

_PERIODS = range(2, 61)  # characters of the repeated piece
_TIMES = 5
_SEED = 4  # characters that must be equal at a sampled place before it is looked at


def loops(texts: pl.Series) -> pl.Series:
    """String: the piece that a text repeats five times or more without a break; null elsewhere.

    Where a piece of p characters stands five times, each of 4p characters equals the one p places on. So it is
    enough to sample every (4p - 3)th place: one sample falls on four equal characters in each such stretch. Of the few
    places found the whole stretch is measured. A piece has two letters, and is not one character over and over.
    """
    full = texts.fill_null("")
    lengths = full.str.len_chars().to_numpy().astype(np.int64)
    ends = np.cumsum(lengths)
    points = np.frombuffer("".join(full).encode("utf-32-le"), dtype=np.uint32)
    found: list[str | None] = [None] * len(full)
    for period in _PERIODS:
        stretch, behind = (_TIMES - 1) * period, 0
        places = np.arange(0, len(points) - period - _SEED + 1, stretch - _SEED + 1)
        for offset in range(_SEED):
            places = places[points[places + offset] == points[places + offset + period]]
        for place in places.tolist():
            row = int(np.searchsorted(ends, place, side="right"))
            start = int(ends[row] - lengths[row])
            if place >= behind and place - start + period < lengths[row] and found[row] is None:
                first, last = _stretch(full[row], place - start, period)
                piece, behind = full[row][first : first + period], start + last
                if last - first >= stretch and len(set(piece)) > 1 and sum(map(str.isalpha, piece)) > 1:
                    found[row] = piece
    return pl.Series(texts.name, found, dtype=pl.String)


def _stretch(text: str, place: int, period: int) -> tuple[int, int]:
    """From where to where each character equals the one a period on."""
    first = last = place
    while first > 0 and text[first - 1] == text[first - 1 + period]:
        first -= 1
    while last + period < len(text) and text[last] == text[last + period]:
        last += 1
    return first, last
