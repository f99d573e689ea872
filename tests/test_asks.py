"""Questions: what makes two of them the same."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kodata.asks import Ask, canonical

ASK = Ask("deepl", '{"target_lang":"KO"}', 'Name <x id="0"/> fruits.', 0, "alpaca-40c69e5046a5c054#0/instruction")


def test_the_key_of_a_question_is_what_it_has_always_been() -> None:
    # Written down once: every ledger in the world would be paid for again if this changed.
    assert ASK.key.hex() == "f1029c2b81a5639eec6dfe8bcb1fde21"


@pytest.mark.parametrize(
    "change",
    [
        {"provider": "deepl@localhost:3000"},
        {"settings": '{"target_lang":"JA"}'},
        {"content": "Name some fruits."},
        {"sample": 1},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_key_depends_on(change: dict[str, str | int]) -> None:
    assert dataclasses.replace(ASK, **change).key != ASK.key  # type: ignore[arg-type]


def test_the_key_does_not_depend_on_the_record_that_asks() -> None:
    assert dataclasses.replace(ASK, about="dolly-1#3/input").key == ASK.key


def test_questions_that_differ_in_the_record_only_are_equal() -> None:
    assert dataclasses.replace(ASK, about="dolly-1#3/input") == ASK


def test_text_that_moves_from_one_part_to_the_next_changes_the_key() -> None:
    assert Ask("deepl", "ab", "c").key != Ask("deepl", "a", "bc").key


def test_a_korean_question_has_a_key() -> None:
    assert len(Ask("openai", "{}", "사과는 몇 개입니까? 🍎").key) == 16


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("가나다abc", max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text("가나다abc", max_size=3), plain, max_size=5))
def test_canonical_text_does_not_depend_on_the_order_of_keys(value: dict[str, object]) -> None:
    assert canonical(dict(reversed(value.items()))) == canonical(value)


def test_canonical_text_has_sorted_keys_and_no_blanks() -> None:
    assert canonical({"나": [1, True, None], "가": "값"}) == '{"가":"값","나":[1,true,null]}'
