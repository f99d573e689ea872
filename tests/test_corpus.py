"""The table: rows and records are the same thing twice, and no record is lost on the way."""

from __future__ import annotations

import re

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kodata.corpus import (
    COLUMNS,
    DROPPED_COLUMNS,
    Record,
    Split,
    Turn,
    conserved,
    fingerprints,
    frame_of,
    records_of,
    split_off,
)
from kodata.errors import LawBroken

FULL = Turn(
    id="alpaca-00000000000000aa",
    turn=1,
    system="친절하게 답하세요.",
    instruction="건강을 유지하는 세 가지 방법을 알려 주세요.",
    input="대상: 직장인",
    output="충분히 자고, 고르게 먹고, 걷습니다.",
    system_source="Be kind.",
    instruction_source="Give three tips for staying healthy.",
    input_source="For: office workers",
    output_source="Sleep, eat, walk.",
    output_translated="자고, 먹고, 걸으세요.",
    choices=("걷기", "달리기"),
    choices_source=("walking", "running"),
    label=1,
    flags=("about-english",),
    fixes=("imperative",),
    lang="en",
    source="alpaca",
    licence="CC-BY-NC-4.0",
    category="건강",
    extra='{"url":"https://example.com"}',
    upstream_key="7f",
    translated_by="deepl/KO/quality_optimized",
    written_by="openai/gpt-6-luna",
    answer_key="00" * 16,
)

texts = st.text(max_size=8)
maybe = st.none() | texts
lists = st.none() | st.lists(texts, max_size=3).map(tuple)
turns = st.builds(
    Turn,
    id=st.just("x-1"),
    turn=st.just(0),
    system=maybe,
    instruction=texts,
    input=texts,
    output=maybe,
    choices=lists,
    label=st.none() | st.integers(-(2**31), 2**31 - 1),
    flags=st.lists(texts, max_size=2).map(tuple),
    extra=maybe,
)


def frame(*idents: str) -> pl.DataFrame:
    """One row for each id."""
    return frame_of(Turn(ident, 0, instruction=f"지시 {ident}") for ident in idents)


def dropped(*rows: tuple[str, str | None]) -> pl.DataFrame:
    """Ids and reasons as a frame of dropped records."""
    return pl.DataFrame([(*row, "") for row in rows], schema=DROPPED_COLUMNS, orient="row")


def test_the_fields_of_a_turn_are_the_columns() -> None:
    assert Turn._fields == tuple(COLUMNS)


@given(st.lists(turns, max_size=4))
def test_records_come_back_from_a_frame_as_they_went_in(some: list[Turn]) -> None:
    records = [Record((turn._replace(id=f"x-{n}"), turn._replace(id=f"x-{n}", turn=1))) for n, turn in enumerate(some)]
    assert list(records_of(frame_of(turn for record in records for turn in record.turns))) == records


def test_every_column_comes_back_from_a_frame() -> None:
    assert list(records_of(frame_of([FULL]))) == [Record((FULL,))]


def test_a_frame_without_rows_has_the_columns_all_the_same() -> None:
    assert dict(frame_of([]).schema) == COLUMNS


def test_rows_of_a_record_that_stand_apart_are_refused() -> None:
    with pytest.raises(LawBroken, match="rows of record a do not stand together"):
        list(records_of(frame("a", "b", "a")))


def test_a_translation_moves_the_source_texts_aside() -> None:
    turn = Turn("a", 0, instruction="Name a fruit.", output="An apple.")
    assert turn.translated({"instruction": "과일 하나를 말하세요."}, "memory/hand") == Turn(
        "a",
        0,
        instruction="과일 하나를 말하세요.",
        instruction_source="Name a fruit.",
        output="An apple.",
        translated_by="memory/hand",
    )


def test_a_record_dropped_on_one_turn_leaves_with_all() -> None:
    rows = frame_of([Turn("a", 0), Turn("a", 1), Turn("b", 0)])
    assert split_off(rows, dropped(("a", "empty"))).kept["id"].to_list() == ["b"]


def test_a_split_without_loss_passes() -> None:
    split = Split(frame("a", "c"), dropped(("b", "empty")))
    assert conserved(frame("a", "b", "c"), split, "screen") is split


@pytest.mark.parametrize(
    ("kept", "gone", "what"),
    [
        (("a",), (("b", "empty"),), "1 records lost: c"),
        (("a", "b", "c", "x"), (), "1 records invented: x"),
        (("a", "b", "x"), (), "1 records lost: c|1 records invented: x"),
        (("a", "b"), (("b", "empty"), ("c", "empty")), "1 records both kept and dropped: b"),
        (("a", "b"), (("c", "empty"), ("c", "refusal")), "1 records dropped twice: c"),
        (("a", "b", "c"), (("x", "empty"),), "1 records dropped but not there: x"),
        (("a", "b"), (("c", ""),), "1 records dropped without a reason: c"),
        (("a", "b"), (("c", None),), "1 records dropped without a reason: c"),
    ],
    ids=["lost", "invented", "exchanged", "kept and dropped", "dropped twice", "not there", "no reason", "null reason"],
)
def test_a_split_that_breaks_the_law_names_the_ids(
    kept: tuple[str, ...], gone: tuple[tuple[str, str | None], ...], what: str
) -> None:
    with pytest.raises(LawBroken, match=f"^stage screen: (?:{what})$"):
        conserved(frame("a", "b", "c"), Split(frame(*kept), dropped(*gone)), "screen")


def test_at_most_five_ids_are_named() -> None:
    with pytest.raises(LawBroken, match=re.escape("stage s: 7 records lost: 0, 1, 2, 3, 4") + "$"):
        conserved(frame(*"0123456"), Split(frame()), "s")


@pytest.mark.parametrize("column", [name for name in COLUMNS if name != "id"])
def test_a_fingerprint_changes_with_any_column(column: str) -> None:
    value = getattr(FULL, column)
    other = value[1:] if isinstance(value, str | tuple) else value + 1
    changed = FULL._replace(**{column: other})
    assert fingerprints(frame_of([FULL])).rows() != fingerprints(frame_of([changed])).rows()


@pytest.mark.parametrize("column", ["system", "output", "choices", "label", "extra"])
def test_a_fingerprint_tells_null_from_empty(column: str) -> None:
    empty = {"choices": (), "label": 0}.get(column, "")
    prints = [fingerprints(frame_of([FULL._replace(**{column: value})])).rows() for value in (None, empty)]
    assert prints[0] != prints[1]


def test_fingerprints_do_not_change_with_the_order_of_other_records() -> None:
    there = dict(fingerprints(frame("a", "b", "c")).iter_rows())
    assert dict(fingerprints(frame("c", "a", "d", "b")).iter_rows()).items() >= there.items()


def test_fingerprints_stand_in_order_of_first_appearance() -> None:
    assert fingerprints(frame("b", "a", "c"))["id"].to_list() == ["b", "a", "c"]


def test_a_fingerprint_changes_with_the_order_of_turns() -> None:
    first, second = Turn("a", 0, instruction="안녕"), Turn("a", 1, instruction="잘 가")
    one, other = (fingerprints(frame_of(pair)).rows() for pair in ((first, second), (second, first)))
    assert one != other


def test_a_frame_without_rows_has_no_fingerprints() -> None:
    assert fingerprints(frame()).rows() == []
