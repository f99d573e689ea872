"""The shipped sample, from the recording: what everybody sees first."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import orjson
import polars as pl
import pytest

from kodata.building import Options, build, silent
from kodata.events import BuildStarted, Event
from kodata.korean import languages
from kodata.pipeline import shipped
from kodata.planning import plan
from kodata.published import Build
from kodata.workspace import Workspace

GOLDEN = Path(__file__).parent / "golden" / "alpaca-ko-demo"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.of({"KODATA_HOME": str(tmp_path / "home")})


def demo(workspace: Workspace, **options: object) -> Build:
    return build("alpaca-ko", Options(demo=True, **options), workspace, {}, silent)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["corpus.jsonl", "corpus.json", "dropped.jsonl"])
def test_the_sample_gives_the_golden_files(workspace: Workspace, name: str) -> None:
    """KODATA_GOLDEN=1 writes them anew: read the difference before you commit it."""
    written = (demo(workspace).path / name).read_bytes()
    if os.environ.get("KODATA_GOLDEN"):
        GOLDEN.mkdir(parents=True, exist_ok=True)
        (GOLDEN / name).write_bytes(written)
    assert written == (GOLDEN / name).read_bytes()


def test_the_sample_shows_each_way_to_leave(workspace: Workspace) -> None:
    reasons = Counter(demo(workspace).dropped["reason"])
    assert reasons == {
        "not-an-object": 1, "no-instruction": 1, "empty": 1, "duplicate": 1, "near-duplicate": 3, "not-korean": 1,
        "length-ratio": 1, "truncated": 1, "refusal": 2, "answer-not-korean": 2,
    }  # fmt: skip


def test_the_sample_has_at_least_120_records_and_no_open_question(workspace: Workspace) -> None:
    manifest = demo(workspace).manifest
    assert manifest["records"]["in"] >= 120
    assert [asked["unanswered"] for asked in manifest["asks"].values()] == [0]


def test_every_kept_instruction_of_the_sample_is_korean(workspace: Workspace) -> None:
    corpus = demo(workspace).corpus
    assert set(languages(corpus["instruction"])) <= {"ko", "ko-mixed"}


def test_two_demo_builds_are_equal_byte_for_byte(workspace: Workspace) -> None:
    one, two = demo(workspace), demo(workspace)
    names = ("corpus.jsonl", "corpus.json", "corpus.parquet", "dropped.jsonl")
    assert one.path != two.path
    assert [(one.path / n).read_bytes() for n in names] == [(two.path / n).read_bytes() for n in names]


def test_a_demo_leaves_no_ledger_and_no_snapshot(workspace: Workspace) -> None:
    demo(workspace)
    assert (workspace.ledger.exists(), workspace.snapshots.exists()) == (False, False)


def test_a_demo_says_that_it_answers_from_the_recording(workspace: Workspace) -> None:
    told: list[Event] = []
    build("alpaca-ko", Options(demo=True), workspace, {}, told.append)
    assert isinstance(told[0], BuildStarted)
    assert (told[0].mode, told[0].ledger) == ("demo", "none")


def test_everything_a_demo_publishes_is_marked_as_written_by_hand(workspace: Workspace) -> None:
    corpus = demo(workspace).corpus
    assert corpus["written_by"].unique().to_list() == ["recording/hand"]
    assert corpus["translated_by"].drop_nulls().unique().to_list() == ["recording/hand"]


def test_a_demo_is_never_the_latest(workspace: Workspace) -> None:
    assert demo(workspace).path.parent.name == "alpaca-ko@demo"
    assert not (workspace.builds / "alpaca-ko").exists()


def test_a_limited_demo_takes_the_first_items(workspace: Workspace) -> None:
    assert demo(workspace, limit=10).manifest["records"]["in"] == 10


def test_a_plan_of_the_demo_costs_nothing(workspace: Workspace) -> None:
    quote = plan("alpaca-ko", Options(demo=True), workspace, {}, silent)
    assert (quote.usd, quote.to_ask) == (0.0, 0)


def test_the_sample_holds_only_its_own_answers() -> None:
    """No line of the recording is left over from a record that is gone."""
    sample = orjson.loads(shipped("data", "sample", "alpaca.json").read_bytes())
    records = [item for item in sample if isinstance(item, dict)]
    texts = {str(item.get(name, "")).strip() for item in records for name in ("instruction", "input")}
    recorded = shipped("data", "sample", "recordings", "alpaca.jsonl").read_bytes().splitlines()
    lines = [orjson.loads(line) for line in recorded]
    assert [line["text"] for line in lines if "text" in line and line["text"].strip() not in texts] == []
    assert {line["by"] for line in lines} == {"hand"}


def test_a_build_shows_itself_in_a_notebook_without_script(workspace: Workspace) -> None:
    b = demo(workspace)
    b.__dict__["corpus"] = b.corpus.with_columns(instruction=pl.lit("<script>alert(1)</script>"))
    html = b._repr_html_()
    assert "<script" not in html
    assert "&lt;script&gt;" in html
