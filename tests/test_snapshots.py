"""Snapshots: what a stage made of a record comes back whole, and losing them loses nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest

from kodata.corpus import DROPPED_COLUMNS, Split, Turn, fingerprints, frame_of
from kodata.snapshots import Snapshots

TEA = Turn("alpaca-1", 0, instruction="Name a tea.", output="Green tea.", choices=("a", "b"), label=1)
TALK = (Turn("sharegpt-1", 0, instruction="Hello"), Turn("sharegpt-1", 1, instruction="Bye"))
BAD = Turn("alpaca-2", 0, instruction="Say ___.")
BEFORE = frame_of([TEA, *TALK, BAD])
PRINTS = fingerprints(BEFORE)
KOREAN = frame_of(
    [
        TEA.translated({"instruction": "차 하나를 말하세요."}, "deepl/KO"),
        *(turn.translated({"instruction": "안녕"}, "deepl/KO") for turn in TALK),
    ]
)
DROPPED = pl.DataFrame([("alpaca-2", "mark-lost", "turn 0: ___")], schema=DROPPED_COLUMNS, orient="row")


def filled(folder: Path) -> Snapshots:
    """What a stage called `s` made of all records, in two parts."""
    snapshots = Snapshots(folder)
    is_first = pl.col("id") == "alpaca-1"
    snapshots.remember("s", PRINTS, Split(KOREAN.filter(is_first)))
    snapshots.remember("s", PRINTS, Split(KOREAN.filter(~is_first), DROPPED))
    return snapshots


def rows(split: Split) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    return split.kept.sort("id", "turn").rows(), split.dropped.sort("id").rows()


NOTHING = rows(Split(frame_of([])))


def test_what_was_remembered_is_recalled_whole(tmp_path: Path) -> None:
    assert rows(filled(tmp_path).recall("s", PRINTS)) == rows(Split(KOREAN, DROPPED))


def test_what_is_recalled_has_the_types_of_the_corpus(tmp_path: Path) -> None:
    recalled = filled(tmp_path).recall("s", PRINTS)
    assert (recalled.kept.schema, recalled.dropped.schema) == (KOREAN.schema, DROPPED.schema)


def test_what_was_remembered_twice_is_recalled_once(tmp_path: Path) -> None:
    filled(tmp_path)
    assert rows(filled(tmp_path).recall("s", PRINTS)) == rows(Split(KOREAN, DROPPED))


def test_only_the_records_asked_for_are_recalled(tmp_path: Path) -> None:
    some = PRINTS.filter(pl.col("id") == "sharegpt-1")
    assert rows(filled(tmp_path).recall("s", some)) == rows(Split(KOREAN.filter(pl.col("id") == "sharegpt-1")))


def test_a_record_whose_text_has_changed_is_not_recalled(tmp_path: Path) -> None:
    changed = fingerprints(frame_of([TEA._replace(instruction="Name a coffee.")]))
    assert rows(filled(tmp_path).recall("s", changed)) == NOTHING


def test_another_stage_recalls_nothing(tmp_path: Path) -> None:
    assert rows(filled(tmp_path).recall("t", PRINTS)) == NOTHING


def test_a_record_in_neither_part_is_not_recalled(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path)
    snapshots.remember("s", PRINTS, Split(KOREAN))  # alpaca-2 went unanswered
    assert rows(snapshots.recall("s", PRINTS)) == rows(Split(KOREAN))


def test_deleted_snapshots_are_only_forgotten(tmp_path: Path) -> None:
    snapshots = filled(tmp_path / "snapshots")
    shutil.rmtree(tmp_path / "snapshots")
    assert rows(snapshots.recall("s", PRINTS)) == NOTHING


def test_snapshots_are_written_again_after_they_were_deleted(tmp_path: Path) -> None:
    filled(tmp_path / "snapshots")
    shutil.rmtree(tmp_path / "snapshots")
    assert rows(filled(tmp_path / "snapshots").recall("s", PRINTS)) == rows(Split(KOREAN, DROPPED))


def home(folder: Path) -> Path:
    """The folder of the one stage that was remembered."""
    (only,) = folder.iterdir()
    return only


def test_a_part_torn_by_a_power_cut_is_as_good_as_deleted(tmp_path: Path) -> None:
    snapshots = filled(tmp_path)
    for part in home(tmp_path).glob("*.parquet"):
        part.write_bytes(part.read_bytes()[: part.stat().st_size // 2])
    assert rows(snapshots.recall("s", PRINTS)) == NOTHING


def test_two_memories_of_one_record_do_not_mix(tmp_path: Path) -> None:
    snapshots = filled(tmp_path)
    others = pl.DataFrame({"id": KOREAN["id"].unique(), "reason": "x", "evidence": "y"})
    snapshots.remember("s", PRINTS, Split(KOREAN.clear(), others))
    recalled = snapshots.recall("s", PRINTS)
    assert set(recalled.kept["id"]) & set(recalled.dropped["id"]) == set()


def test_a_part_that_was_only_half_written_is_ignored(tmp_path: Path) -> None:
    snapshots = filled(tmp_path)
    whole = next(home(tmp_path).glob("*.parquet")).read_bytes()
    (home(tmp_path) / ".0123456789abcdef").write_bytes(whole[: len(whole) // 2])
    assert rows(snapshots.recall("s", PRINTS)) == rows(Split(KOREAN, DROPPED))


def test_what_was_written_and_not_renamed_is_no_part(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path)
    snapshots.remember_decision("s", PRINTS, DROPPED)
    (decision,) = home(tmp_path).iterdir()
    decision.unlink()
    decision.mkdir()  # so that the renaming fails
    with pytest.raises(IsADirectoryError):
        snapshots.remember_decision("s", PRINTS, DROPPED)
    assert list(home(tmp_path).glob("*.parquet")) == [decision]


def test_nothing_half_written_is_left_behind(tmp_path: Path) -> None:
    filled(tmp_path)
    assert {path.suffix for path in home(tmp_path).iterdir()} == {".parquet"}


def test_without_a_folder_nothing_is_remembered() -> None:
    snapshots = Snapshots(None)
    snapshots.remember("s", PRINTS, Split(KOREAN, DROPPED))
    assert rows(snapshots.recall("s", PRINTS)) == NOTHING


def test_a_decision_over_all_records_is_recalled_whatever_their_order(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path)
    snapshots.remember_decision("dedupe", PRINTS, DROPPED)
    recalled = snapshots.recall_decision("dedupe", PRINTS.reverse())
    assert recalled is not None
    assert recalled.rows() == DROPPED.rows()


def test_a_decision_that_dropped_nothing_is_a_decision(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path)
    snapshots.remember_decision("dedupe", PRINTS, DROPPED.clear())
    recalled = snapshots.recall_decision("dedupe", PRINTS)
    assert recalled is not None
    assert recalled.rows() == []


def test_a_decision_over_one_record_more_is_another(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path)
    snapshots.remember_decision("dedupe", PRINTS, DROPPED)
    more = fingerprints(pl.concat([BEFORE, frame_of([Turn("alpaca-3", 0)])]))
    assert snapshots.recall_decision("dedupe", more) is None
