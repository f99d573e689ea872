"""Numbers in figures and words, Korean and English, and whether a translation that names another is found out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kodata.corpus import Turn, frame_of
from kodata.korean import numbers, quantities
from kodata.rules import RULES
from kodata.rules.numbers import named
from tests.conftest import SHARED

SOURCE = SHARED / "koalpaca" / "koalpaca_aligned.jsonl"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("사과 세 개", {3}), ("네 번째 줄", {4}), ("첫째, 둘째", {1, 2}), ("스물다섯 살", {25}), ("열두 달", {12}),
        ("삼백 명", {300}), ("이십오", {25}), ("백만", {1_000_000}), ("육십만 원", {600_000}),
        ("오후 3시", {3, 15}), ("절반", {"0.5", 2}), ("1만 2,500원", {1, 10_000, 2_500, 12_500}),
        ("3억 5천만", {3, 300_000_000, 5, 50_000_000, 350_000_000, 10_000_000}), ("3.5미터", {"3.5"}),
        ("네트워크와 세계", set()), ("한국의 두부", set()), ("이 사람", set()),
    ],
)  # fmt: skip
def test_a_korean_text_names_numbers(text: str, values: set[object]) -> None:
    assert numbers(text) == {Decimal(str(value)) for value in values}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("three apples", {3}), ("twenty-five", {20, 5, 25}), ("half a million", {"0.5", 1, 2, 500_000}),
        ("$2.5 billion", {"2.5", 2_500_000_000}), ("10k", {10, 10_000}), ("May 5th", {5}), ("World War II", {2}),
        ("at 14:30", {14, 30, 2}), ("2 p.m.", {2, 14}), ("two decades", {2, 10, 20}),
    ],
)  # fmt: skip
def test_an_english_text_names_numbers(text: str, values: set[object]) -> None:
    wanted = {Decimal(str(value)) for value in values}
    assert wanted <= named(text)


def test_a_quantity_is_shown_with_its_unit() -> None:
    assert [shown for shown, _ in quantities("인구는 5천만 명, 면적은 10만 210㎢")] == ["5천만", "10만 210"]


@given(st.text(st.characters(codec="utf-8") | st.sampled_from("0123456789,.만억조 백이세"), max_size=40))
def test_any_text_names_numbers(text: str) -> None:
    assert isinstance(numbers(text) | named(text), frozenset)


@pytest.mark.parametrize("piece", ["1", "1,", "1만 ", "만", "세 ", "one ", "hundred ", "1 million "])
def test_a_text_of_100_000_characters_takes_no_time(piece: str) -> None:
    """It would take hours if a pattern were quadratic."""
    text = piece * (20_000 // len(piece))
    assert isinstance(numbers(text) | named(text), frozenset)


def _translations() -> Iterator[tuple[int, str, str]]:
    for item in map(orjson.loads, SOURCE.read_bytes().splitlines()):
        for name in ("instruction", "input"):
            yield item["en_index"], item["en"][name], item["ko"][name]


@pytest.mark.skipif(not SOURCE.exists(), reason=f"{SOURCE} is not there")
def test_another_figure_in_a_real_translation_is_found_out() -> None:
    """One figure of each translation, by the index, is raised by ten."""
    rule, changed = RULES["numbers-changed"](), []
    for n, english, korean in _translations():
        figures = list(re.finditer(r"(?<![A-Za-z\d.,])\d+(?![\d,.]*\d)", korean))
        if figures:
            one = figures[n % len(figures)]
            other = f"{korean[: one.start()]}{int(one.group()) + 10}{korean[one.end() :]}"
            changed.append(Turn(f"a-{len(changed)}", 0, instruction=other, instruction_source=english))
    found = frame_of(changed).select(rule.evidence().is_not_null().mean()).item()
    assert len(changed) > 1_000
    assert found >= 0.97
