"""Corrections by hand: applied by id, turn and field, counted, and never passed over in silence."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import orjson
import polars as pl
import pytest

from kodata.building import Options, build, silent
from kodata.corpus import Turn, frame_of
from kodata.errors import PipelineError
from kodata.events import Event, Finding
from kodata.pipeline import load_pipeline, shipped
from kodata.published import Build
from kodata.stages.correct import Correct
from kodata.workspace import Workspace

FIRST = "alpaca-0000000000000001"


def line(**correction: object) -> str:
    return orjson.dumps(correction).decode() + "\n"


def test_a_correction_takes_the_place_of_the_text_and_is_noted() -> None:
    frame = frame_of([Turn("a", 0, instruction="하늘이 파래다."), Turn("a", 1, instruction="왜?"), Turn("b", 0)])
    split = Correct(line(id="a", turn=0, field="instruction", text="하늘이 파랗다.")).run(frame)
    wanted = [
        Turn("a", 0, instruction="하늘이 파랗다.", fixes=("corrected",)),
        Turn("a", 1, instruction="왜?"),
        Turn("b", 0),
    ]
    assert split.kept.rows() == frame_of(wanted).rows()
    assert split.remarks.rows() == [("a", 0, "corrected", "fix", "instruction was: 하늘이 파래다.")]


def test_two_fields_of_a_turn_are_corrected_together() -> None:
    frame = frame_of([Turn("a", 0, instruction="하나", output=None)])
    file = line(id="a", field="instruction", text="둘") + line(id="a", field="output", text="셋")
    kept = Correct(file).run(frame).kept
    assert kept.select("instruction", "output", "fixes").rows() == [("둘", "셋", ["corrected"])]


def test_a_stage_corrects_only_its_columns() -> None:
    file = line(id="a", field="instruction", text="둘") + line(id="a", field="output", text="셋")
    kept = Correct(file, columns=("output",)).run(frame_of([Turn("a", 0, instruction="하나")])).kept
    assert kept.select("instruction", "output").rows() == [("하나", "셋")]


def test_a_correction_is_clean_text() -> None:
    one = Correct(line(id="a", field="input", text="하나\r\n둘\x00")).corrections[0]
    assert (one.turn, one.text) == (0, "하나\n둘")


def test_a_line_of_the_file_ends_at_a_line_feed_only() -> None:
    assert Correct(line(id="a", field="input", text="하나\u2028둘")).corrections[0].text == "하나\n둘"


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("\n{]", "line 2 is no JSON"),
        ("[1]", "line 1 is no JSON object"),
        (line(id="a", field="instructions", text="가"), 'line 1: no field "instructions" - did you mean "instruction"'),
        (line(id="a", field="input", txt="가"), 'line 1: no key "txt" - did you mean "text"'),
        (line(id="a", text="가"), 'line 1: no field ""'),
        (line(field="input", text="가"), "line 1: id is the id of a record"),
        (line(id="a", field="input", text=" "), "line 1: text is what the field is to say"),
        (line(id="a", turn=-1, field="input", text="가"), "line 1: turn is a number from 0 on"),
        (line(id="a", turn=70_000, field="input", text="가"), "line 1: turn is a number from 0 on"),
        (
            line(id="a", field="input", text="가") + line(id="a", turn=0, field="input", text="나"),
            "line 2 corrects what line 1",
        ),
    ],
)
def test_a_wrong_line_is_named(file: str, message: str) -> None:
    with pytest.raises(PipelineError, match=message.replace("(", r"\(")):
        Correct(file)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder with the shipped pipeline in it, as somebody has it who corrects."""
    folder = tmp_path / "pipelines"
    shutil.copytree(shipped("pipelines"), folder)
    return folder


def demo(folder: Path, tmp_path: Path, tell: Callable[[Event], None] = silent) -> Build:
    workspace = Workspace.of({"KODATA_HOME": str(tmp_path / "home")})
    return build(str(folder / "alpaca-ko.toml"), Options(demo=True), workspace, {}, tell)


def test_a_file_beside_the_pipeline_file_is_found(own: Path) -> None:
    before = load_pipeline(str(own / "alpaca-ko.toml")).identity
    (own / "corrections.jsonl").write_text(line(id=FIRST, field="input", text="가"), encoding="utf-8")
    pipeline = load_pipeline(str(own / "alpaca-ko.toml"))
    stages = {step.name: step.stage for step in pipeline.steps}
    assert [len(stages[name].corrections) for name in ("correct", "correct-answers")] == [1, 0]  # type: ignore[attr-defined]
    assert pipeline.identity != before


def test_a_file_that_is_named_must_be_there(own: Path) -> None:
    with pytest.raises(PipelineError, match=r"stage \d+ \(correct\): file = 'gone.jsonl' cannot be read"):
        load_pipeline(str(own / "alpaca-ko.toml"), ["correct.file=gone.jsonl"])


def test_the_message_about_a_wrong_line_names_pipeline_and_stage(own: Path) -> None:
    (own / "corrections.jsonl").write_text("no\n", encoding="utf-8")
    with pytest.raises(PipelineError, match=r"alpaca-ko.toml, stage \d+ \(correct\): line 1 is no JSON"):
        load_pipeline(str(own / "alpaca-ko.toml"))


def test_a_correction_survives_every_rebuild_and_is_counted(own: Path, tmp_path: Path) -> None:
    plain = demo(own, tmp_path)
    kept = plain.corpus.filter(plain.corpus["output"].is_not_null()).row(0, named=True)
    answer = "사람이 고친 답입니다."
    (own / "corrections.jsonl").write_text(line(id=kept["id"], field="output", text=answer), encoding="utf-8")
    first, second = demo(own, tmp_path), demo(own, tmp_path)
    assert first.manifest["remarks"]["correct-answers"] == {"corrected": 1}
    assert (first.path / "corpus.jsonl").read_bytes() == (second.path / "corpus.jsonl").read_bytes()
    row = second.corpus.row(by_predicate=pl.col("id") == kept["id"], named=True)
    assert (row["output"], row["fixes"]) == (answer, ["corrected"])
    mended = [orjson.loads(text) for text in (second.path / "mended.jsonl").read_bytes().splitlines()]
    wanted = {"id": kept["id"], "turn": 0, "stage": "correct-answers", "rule": "corrected"}
    assert {**wanted, "evidence": f"output was: {kept['output']}"} in mended


def test_corrections_that_cannot_be_applied_are_told(own: Path, tmp_path: Path) -> None:
    plain = demo(own, tmp_path)
    there = plain.corpus["id"][0]
    gone = plain.dropped.filter(plain.dropped["stage"] == "screen").row(0, named=True)
    file = (
        line(id="alpaca-none", field="input", text="가")
        + line(id=there, turn=3, field="instruction", text="나")
        + line(id=gone["id"], field="instruction", text="다")
    )
    (own / "corrections.jsonl").write_text(file, encoding="utf-8")
    told: list[Event] = []
    findings = demo(own, tmp_path, told.append).manifest["findings"]
    assert findings == [
        "correction of alpaca-none, turn 0, input: there is no such record",
        f"correction of {there}, turn 3, instruction: the record has 1 turn, the first is turn 0",
        f"correction of {gone['id']}, turn 0, instruction: the record left at screen (empty)",
    ]
    assert [event for event in told if isinstance(event, Finding)] == [Finding("correct", what) for what in findings]
