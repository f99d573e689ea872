"""Compose and withhold: new records from what people wrote, none of whose words is published."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import orjson
import polars as pl
import pytest
from hypothesis import given, settings

from kodata.asks import Answer, Finish
from kodata.building import Options, build, silent
from kodata.corpus import COLUMNS, Record, Split, Turn, conserved, frame_of
from kodata.errors import PipelineError
from kodata.pipeline import load_pipeline
from kodata.providers.echo import EchoFace
from kodata.published import Build
from kodata.rules.copies import CopiesSource
from kodata.stages import Drop, RecordStage
from kodata.stages.compose import Compose
from kodata.stages.regenerate import Regenerate
from kodata.stages.withhold import Withhold
from kodata.workspace import Workspace
from tests.conftest import write_items
from tests.test_laws import frames

TURN = Turn("kin-1", 0, None, "손톱을 물어뜯어요", "고치고 싶어요.", "고무공을 쥐세요.", source="kin", lang="ko")
SEED = "제목: 손톱을 물어뜯어요\n\n질문: 고치고 싶어요.\n\n답변: 고무공을 쥐세요."


def told(stage: RecordStage, record: Record, *answers: Answer) -> tuple[list[list[dict[str, str]]], object]:
    """What the stage asks, and how the story ends when these answers come."""
    story = stage.story(record)
    asked, left = [], list(answers)
    asks = next(story)
    while True:
        asked += [orjson.loads(ask.content) for ask in asks]
        try:
            asks = story.send([left.pop(0) for _ in asks])
        except StopIteration as end:
            return asked, end.value


def written(text: object, finish: Finish = "stop") -> Answer:
    return Answer(text if isinstance(text, str) else json.dumps(text), "openai/m", finish)


COMPOSED = {"instruction": "버릇을 고치는 법을 알려 주세요. ", "output": "공을 쥡니다."}


def test_a_seed_is_title_question_and_answer() -> None:
    (messages,), _ = told(Compose(EchoFace(), "새로 쓰세요.\n"), Record((TURN,)), written(COMPOSED))
    assert messages == [{"role": "system", "content": "새로 쓰세요."}, {"role": "user", "content": SEED}]


def test_what_is_composed_takes_the_place_of_the_seed() -> None:
    _, end = told(Compose(EchoFace(), "p"), Record((TURN,)), written(COMPOSED))
    assert isinstance(end, Record)
    (turn,) = end.turns
    assert turn._replace(answer_key=None) == TURN._replace(
        instruction="버릇을 고치는 법을 알려 주세요.",
        input="",
        output="공을 쥡니다.",
        instruction_source=TURN.instruction,
        input_source=TURN.input,
        output_source=TURN.output,
        written_by="openai/m",
    )


def test_every_turn_is_a_seed_of_its_own() -> None:
    two = Record((TURN, TURN._replace(turn=1, instruction="또 물어요", input="")))
    asked, end = told(Compose(EchoFace(), "p"), two, written(COMPOSED), written(COMPOSED))
    assert [messages[1]["content"] for messages in asked] == [SEED, "제목: 또 물어요\n\n답변: 고무공을 쥐세요."]
    assert isinstance(end, Record)
    assert [turn.turn for turn in end.turns] == [0, 1]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (written("이것은 JSON이 아닙니다."), "malformed-answer"),
        (written(["instruction", "output"]), "malformed-answer"),
        (written({"instruction": "알려 주세요."}), "malformed-answer"),
        (written({"instruction": 1, "output": "하나"}), "malformed-answer"),
        (written({"instruction": " ", "output": "답"}), "empty-answer"),
        (written({"instruction": "질문", "output": ""}), "empty-answer"),
        (written(COMPOSED, "length"), "truncated"),
        (written("죄송합니다.", "refusal"), "refusal"),
    ],
)
def test_an_answer_out_of_shape_drops_the_record(answer: Answer, reason: str) -> None:
    _, end = told(Compose(EchoFace(), "p"), Record((TURN,)), answer)
    assert isinstance(end, Drop)
    assert end.reason == reason


# -- both sides


def rewritten(turn: Turn) -> Turn:
    _, end = told(Regenerate(EchoFace(), "p"), Record((turn,)), written("새로 쓴 답입니다."))
    assert isinstance(end, Record)
    return end.turns[0]


def test_a_translated_answer_stays_beside_the_rewritten_one() -> None:
    turn = rewritten(Turn("a", 0, instruction="질문", output="옮긴 답", output_source="An answer"))
    assert (turn.output, turn.output_translated, turn.output_source) == ("새로 쓴 답입니다.", "옮긴 답", "An answer")


def test_an_answer_that_was_not_translated_is_a_source() -> None:
    turn = rewritten(Turn("a", 0, instruction="질문", output="원래 답", lang="ko"))
    assert (turn.output, turn.output_translated, turn.output_source) == ("새로 쓴 답입니다.", None, "원래 답")


def test_one_setting_publishes_both_sides(run: Callable[..., Build]) -> None:
    rows = [{"instruction": "Why is the sea salty?", "input": "", "output": "Rivers carry salt into it."}]
    both = 'translate.fields=["instruction", "input", "output"]'
    (row,) = run(rows, overrides=(both,)).corpus.to_dicts()
    assert row["output_source"] == "Rivers carry salt into it."
    assert len({row["output"], row["output_translated"], row["output_source"], None}) == 4


def test_a_conversation_is_written_anew_with_its_korean_history() -> None:
    talk = Record(tuple(Turn("s", n, "짧게 답하세요." if n == 0 else None, f"질문 {n}", output="x") for n in range(3)))
    asked, end = told(Regenerate(EchoFace(), "한국어로"), talk, *(written(f"답 {n}") for n in range(3)))
    assert [[message["content"] for message in messages] for messages in asked] == [
        ["한국어로\n\n짧게 답하세요.", "질문 0"],
        ["한국어로\n\n짧게 답하세요.", "질문 0", "답 0", "질문 1"],
        ["한국어로\n\n짧게 답하세요.", "질문 0", "답 0", "질문 1", "답 1", "질문 2"],
    ]
    assert isinstance(end, Record)
    assert [(turn.output, turn.output_source) for turn in end.turns] == [(f"답 {n}", "x") for n in range(3)]


# -- withhold


@given(frame=frames())
@settings(max_examples=60, deadline=None)
def test_withholding_loses_no_record_and_leaves_no_source_text(frame: pl.DataFrame) -> None:
    split = conserved(frame, Withhold(("alpaca",)).run(frame), "withhold")
    assert split.kept.schema == pl.Schema(COLUMNS)
    for name in ("system_source", "instruction_source", "input_source", "output_source", "choices_source"):
        assert split.kept[name].null_count() == len(split.kept)


def test_records_of_other_sources_stay_as_they_are() -> None:
    other = Turn("a", 0, instruction="옮긴 질문", instruction_source="A question", source="alpaca", extra='{"x":1}')
    split = Withhold(("kin",)).run(frame_of([other]))
    assert split.kept.equals(frame_of([other]))


def test_a_record_that_still_speaks_its_source_leaves() -> None:
    own = TURN._replace(instruction_source="원래 제목", output_source="원래 답")
    split = Withhold(("kin",)).run(frame_of([own]))
    assert split.dropped.rows() == [("kin-1", "source-text", "input")]


def test_of_the_extra_fields_the_url_stays() -> None:
    new = {"instruction_source": "가", "input_source": "나", "output_source": "다"}
    rows = [
        TURN._replace(extra='{"author":"홍길동","url":"https://example.com/1"}', **new),
        TURN._replace(id="kin-2", extra='{"author":"홍길동"}', **new),
    ]
    assert Withhold(("kin",)).run(frame_of(rows)).kept["extra"].to_list() == ['{"url":"https://example.com/1"}', None]


# -- the whole way

QUESTIONS = [
    {
        "title": f"{what}에 대해 아시는 분 계신가요",
        "body": f"{what} 때문에 며칠째 고민이에요. 도와주세요.",
        "answer": f"{what} 걱정은 너무 하지 마세요. 시간이 지나면 나아집니다.",
    }
    for what in ("감기", "소음", "곰팡이", "결로", "두통", "불면", "이사", "습기")
]
PIPELINE = """
[[source]]
use = "kin"
lang = "ko"
publish_source = false

[[stage]]
name = "screen"
use = "filter"
rules = [{ use = "empty", columns = ["output"] }, { use = "same-as-question", severity = "drop" }]

[[stage]]
use = "compose"
prompt = "prompt.md"
with = { use = "echo" }

[[stage]]
name = "sieve"
use = "filter"
rules = [{ use = "copies-source", min_run = 20 }, { use = "refusal", severity = "review" }]
"""


def made(tmp_path: Path, questions: list[dict[str, str]], pipeline: str = PIPELINE) -> Build:
    (tmp_path / "prompt.md").write_text("새로 쓰세요.", encoding="utf-8")
    (tmp_path / "my-ko.toml").write_text(pipeline, encoding="utf-8")
    path = write_items(tmp_path / "kin.json", questions)
    workspace = Workspace.of({"KODATA_HOME": str(tmp_path / "home")})
    return build(str(tmp_path / "my-ko.toml"), Options(sources={"": path}), workspace, {}, silent)


def test_no_dropped_record_shows_what_its_source_said(tmp_path: Path) -> None:
    """The echo repeats the question, so that every record copies its source; one item cannot be read at all."""
    b = made(tmp_path, [*QUESTIONS, {"title": "답이 없는 질문입니다"}])
    assert b.dropped["reason"].unique().sort().to_list() == ["copies-source", "no-accepted-answer"]
    assert b.dropped["evidence"].to_list() == [None] * 9
    text = "".join(path.read_text(encoding="utf-8") for path in b.path.iterdir() if path.suffix not in (".parquet", ""))
    said = [*(value[:12] for question in QUESTIONS for value in question.values()), "답이 없는"]
    assert [words for words in said if words in text] == []


def test_a_source_that_may_be_published_shows_why_its_records_left(tmp_path: Path) -> None:
    b = made(tmp_path, QUESTIONS, PIPELINE.replace("publish_source = false", "publish_source = true"))
    assert b.dropped["evidence"].null_count() == 0


def test_a_source_that_nothing_was_made_of_is_not_published(tmp_path: Path) -> None:
    head, _, _ = PIPELINE.partition('[[stage]]\nuse = "compose"')
    b = made(tmp_path, QUESTIONS, head)
    assert b.held_back_by == "no record is left"
    assert set(b.dropped.select("stage", "reason").rows()) == {("withhold", "source-text")}


def test_a_source_without_a_place_is_asked_for(tmp_path: Path) -> None:
    workspace = Workspace.of({"KODATA_HOME": str(tmp_path)})
    expected = r'^kin-ko: source "kin" is yours to bring. Give --source kin=PATH, or try --demo$'
    with pytest.raises(PipelineError, match=expected):
        build("kin-ko", Options(), workspace, {}, silent)


def test_withholding_is_the_last_stage_of_such_a_pipeline() -> None:
    assert load_pipeline("kin-ko").steps[-1].stage == Withhold(("kin",))


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_long_text_is_searched_in_time(count: int) -> None:
    """Linear: 100,000 characters against as many."""
    rows = frame_of(
        Turn(f"a{n}", 0, instruction="가", output="가나다라" * 25_000, output_source="마바사아" * 25_000)
        for n in range(count)
    )
    assert rows.select(CopiesSource().evidence()).to_series().to_list() == [None] * count


def test_an_empty_split_stays_one() -> None:
    split = Withhold(("kin",)).run(frame_of([]))
    assert isinstance(split, Split)
    assert split.kept.schema == pl.Schema(COLUMNS)
