"""Loops: what is found is what a search of every place and period finds."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from kodata.rules.loops import loops


def goes_round(text: str) -> bool:
    """Whether some piece of 2 to 60 characters, two of them letters and not all equal, stands five times in a row."""
    for period in range(2, 61):
        for start in range(len(text) - 5 * period + 1):
            piece = text[start : start + period]
            if (
                text[start : start + 5 * period] == piece * 5
                and len(set(piece)) > 1
                and sum(map(str.isalpha, piece)) > 1
            ):
                return True
    return False


pieces = st.text("가나다a1 .", min_size=1, max_size=14)
texts = st.builds(
    lambda before, piece, times, after: before + piece * times + after, pieces, pieces, st.integers(1, 7), pieces
)


@given(st.lists(texts, max_size=6))
def test_a_loop_is_found_exactly_where_there_is_one(several: list[str]) -> None:
    found = loops(pl.Series(several, dtype=pl.String)).to_list()
    assert [piece is not None for piece in found] == [goes_round(text) for text in several]


@given(texts)
def test_the_piece_that_is_found_is_repeated(text: str) -> None:
    piece = loops(pl.Series([text]))[0]
    assert piece is None or piece * 5 in text


def test_no_texts_have_no_loops() -> None:
    assert loops(pl.Series([], dtype=pl.String)).to_list() == []
