"""Tokens are counted with OpenAI's own vocabulary, and estimated near it where that is not known."""

from __future__ import annotations

import pytest

from kodata.tokens import is_counted, tokens_of

KOREAN = "대한민국의 수도는 서울이며, 한강을 끼고 있습니다. 인구는 약 940만 명입니다."
ENGLISH = "Give three tips for staying healthy, and explain each of them in one sentence."


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("hello world", 2),  # the example of tiktoken's README
        ("안녕하세요", 2),
        (KOREAN, 26),
        (ENGLISH, 16),
    ],
)
def test_a_text_has_the_tokens_of_the_vocabulary(text: str, tokens: int) -> None:
    assert tokens_of(text, "o200k_base") == tokens


@pytest.mark.parametrize(("text", "tokens"), [("hello ", 1), ("가나다라 ", 2), ("𓀀", 4)])
def test_a_long_text_is_counted_in_parts(text: str, tokens: int) -> None:
    assert tokens_of(text * 400_000, "o200k_base") == pytest.approx(tokens * 400_000, rel=2e-4)


def test_a_vocabulary_that_is_not_there_is_estimated() -> None:
    assert [is_counted("o200k_base"), is_counted("x300k"), is_counted("")] == [True, False, False]


@pytest.mark.parametrize("text", [KOREAN * 3, ENGLISH * 3])
def test_an_estimate_is_near_the_count(text: str) -> None:
    assert tokens_of(text, "") == pytest.approx(tokens_of(text, "o200k_base"), rel=0.25)
