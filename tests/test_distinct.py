"""Conversations that are one conversation: which is kept, and why the others leave."""

from __future__ import annotations

import polars as pl
import pytest

from kodata.corpus import Turn, first_key, frame_of
from kodata.stages.distinct import Distinct, Key

ALL: tuple[Key, ...] = ("id", "first-pair")


def talk(ident: str, *pairs: tuple[str, str], key: str = "", source: str = "s") -> list[Turn]:
    """A conversation; without a key its source gives it none."""
    upstream = key or first_key(pairs[0][0], "")
    return [
        Turn(ident, n, instruction=question, output=answer, source=source, upstream_key=upstream)
        for n, (question, answer) in enumerate(pairs)
    ]


def dropped(*talks: list[Turn], by: tuple[Key, ...] = ALL) -> list[tuple[str, str, str]]:
    stage = Distinct(by)
    frames = [frame_of(turns) for turns in talks]
    return sorted(stage.decide(pl.concat([stage.sketch(frame) for frame in frames])).iter_rows())


TEA, RAIN, SEA = ("차?", "녹차입니다."), ("비?", "구름 때문입니다."), ("바다?", "짭니다.")


def test_the_longest_of_conversations_with_one_id_is_kept() -> None:
    short, long = talk("s-1", TEA, key="k"), talk("s-2", RAIN, SEA, key="k")
    assert dropped(short, long) == [("s-1", "repeated-id", "as in s-2")]


def test_the_longest_of_conversations_that_begin_alike_is_kept() -> None:
    short, long = talk("s-1", TEA), talk("s-2", TEA, RAIN)
    assert dropped(short, long) == [("s-1", "repeated-first-pair", "as in s-2")]


def test_of_equal_ones_the_one_with_more_text_is_kept_then_the_one_with_the_lowest_id() -> None:
    a, b, c = talk("s-3", TEA, RAIN), talk("s-1", TEA, RAIN), talk("s-2", TEA, SEA)
    assert dropped(a, b, c) == [
        ("s-2", "repeated-first-pair", "as in s-1"), ("s-3", "repeated-first-pair", "as in s-1"),
    ]  # fmt: skip


def test_white_space_makes_no_pair_another() -> None:
    assert len(dropped(talk("s-1", TEA), talk("s-2", (" 차?\n", "녹차입니다. ")))) == 1


@pytest.mark.parametrize(
    "other",
    [talk("s-2", ("차?", "홍차입니다.")), talk("s-2", RAIN, TEA), talk("s-2", ("차?", ""))],
    ids=["another answer", "the same pair later", "no answer"],
)
def test_conversations_that_begin_otherwise_are_kept(other: list[Turn]) -> None:
    assert dropped(talk("s-1", TEA), other) == []


def test_two_without_an_answer_are_no_pair() -> None:
    assert dropped(talk("s-1", ("차?", "")), talk("s-2", ("차?", ""))) == []


def test_an_id_counts_within_its_source() -> None:
    assert dropped(talk("s-1", TEA, key="0"), talk("t-1", RAIN, key="0", source="t")) == []


def test_records_without_an_id_of_their_own_are_no_repeats() -> None:
    assert dropped(talk("s-1", TEA), talk("s-2", ("차?", "홍차입니다."))) == []


def test_a_record_is_dropped_only_for_one_that_is_kept() -> None:
    long, middle = talk("s-1", TEA, RAIN, SEA, key="a"), talk("s-2", TEA, RAIN, key="b")
    short = talk("s-3", SEA, key="b")  # its only twin is dropped itself
    assert dropped(long, middle, short) == [("s-2", "repeated-first-pair", "as in s-1")]


@pytest.mark.parametrize(("by", "reason"), [(("id",), "repeated-id"), (("first-pair",), "repeated-first-pair")])
def test_a_pipeline_chooses_what_counts(by: tuple[Key, ...], reason: str) -> None:
    talks = talk("s-1", TEA, key="k"), talk("s-2", TEA, RAIN, key="k")
    assert dropped(*talks, by=by) == [("s-1", reason, "as in s-2")]
    assert dropped(talk("s-1", TEA, key="k"), talk("s-2", TEA, key="l"), by=("id",)) == []


def test_after_translation_the_source_texts_count() -> None:
    turns = [
        Turn(f"s-{n}", 0, instruction=f"번역 {n}", instruction_source="Tea?", output_source="Green.", upstream_key="k")
        for n in (1, 2)
    ]  # fmt: skip
    assert dropped([turns[0]], [turns[1]], by=("first-pair",)) == [("s-2", "repeated-first-pair", "as in s-1")]


def test_nothing_is_dropped_of_nothing() -> None:
    assert dropped([]) == []
