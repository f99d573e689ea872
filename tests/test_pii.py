"""Data of a person: found by kind on a labelled set, shown masked, and never mistaken for what stands for nobody."""

from __future__ import annotations

import re

import pytest

from kodata.corpus import Turn, frame_of
from kodata.rules.pii import PII, masked
from tests.cases.pii import LABELLED

RULES = [rule() for rule in PII]


def finds(text: str) -> dict[str, str]:
    """By rule, what it says of a text."""
    found = frame_of([Turn("a", 0, output=text)]).select(*(rule.evidence().alias(rule.name) for rule in RULES))
    return {name: evidence for name, evidence in found.row(0, named=True).items() if evidence is not None}


@pytest.mark.parametrize(("text", "kinds"), LABELLED)
def test_each_labelled_text_has_its_kinds_and_no_others(text: str, kinds: set[str]) -> None:
    assert set(finds(text)) == kinds


def test_the_labelled_set_has_each_kind_and_as_many_texts_without() -> None:
    assert set().union(*(kinds for _, kinds in LABELLED)) == {rule.name for rule in RULES}
    assert sum(not kinds for _, kinds in LABELLED) >= sum(bool(kinds) for _, kinds in LABELLED)


@pytest.mark.parametrize("text", [text for text, kinds in LABELLED if kinds])
def test_evidence_repeats_no_more_than_two_characters_in_a_row(text: str) -> None:
    for evidence in finds(text).values():
        shown = evidence.removeprefix("output: ")
        assert len(re.sub(r"[^0-9A-Za-z]", "", shown)) <= 2


@pytest.mark.parametrize(
    ("find", "mask"),
    [("010-0482-7731", "01*-****-****"), ("(415) 482-7731", "(41*) ***-****"), ("a@b.co", "a@b.**"), ("", "")],
)
def test_a_find_is_masked_but_for_two_characters(find: str, mask: str) -> None:
    assert masked(find) == mask


@pytest.mark.parametrize("char", ["1", "0", "-", "1-", "@", "a@", "a.", "010-", "900101-1", "계좌 ", "1 "])
def test_a_long_row_of_digits_or_signs_takes_no_time(char: str) -> None:
    text = (char * 100_000)[:100_000]
    assert set(finds(text)) == set()
