"""The laws, over every registered stage: a new stage is covered the day it is registered."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kodata.answering import Answering, Purse
from kodata.asks import Answer, Ask
from kodata.building import silent
from kodata.corpus import COLUMNS, Record, Split, Turn, conserved, frame_of
from kodata.errors import LawBroken
from kodata.leaks.benchmark import Benchmark
from kodata.ledger import Ledger
from kodata.pipeline import STAGES, schema
from kodata.providers.echo import Echo, EchoFace
from kodata.rules import RULES
from kodata.stages import CorpusStage, FrameStage, RecordStage, Stage
from kodata.walk import tell_stories

TEXTS = st.one_of(
    st.sampled_from(
        [
            "", " ", "한국어 문장입니다.", "Explain `x` at https://example.com/a now.", "<b>a</b>", "\\frac{1}{2}", "7",
            "The cat is on the mat and it is happy.", "```py\nx = 1", "$x^2$", "___ {name}", "ㄱ½㈜",
            "죄송하지만 AI 언어 모델로서 답할 수 없습니다.",
        ]
    ),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=60),
)  # fmt: skip


@st.composite
def frames(draw: st.DrawFn) -> pl.DataFrame:
    """Corpora of up to eight records with one to three turns, some of them equal but for the id."""
    turns = []
    for n in range(draw(st.integers(0, 8))):
        for turn in range(draw(st.integers(1, 3))):
            texts = {name: draw(TEXTS) for name in ("instruction", "input", "output")}
            source = draw(st.none() | TEXTS)
            where = {"id": f"alpaca-{n:016x}", "turn": turn, "source": "alpaca", "upstream_key": "k"}
            turns.append(Turn(instruction_source=source, **where, **texts))
    return frame_of(turns)


LEAKED = ("한국어 문장입니다. 이어지는 문장입니다.", "The cat is on the mat and it is happy.", "7")
EXAMPLES: dict[str, Stage] = {
    "translate": STAGES["translate"](by=EchoFace(), fields=("instruction", "input", "output")),  # type: ignore[call-arg]
    "regenerate": STAGES["regenerate"](by=EchoFace(), prompt="한국어로 답하세요."),  # type: ignore[call-arg]
    "compose": STAGES["compose"](by=EchoFace(), prompt="새로 쓰세요."),  # type: ignore[call-arg]
    "filter": STAGES["filter"](rules=tuple(rule() for rule in RULES.values())),  # type: ignore[call-arg]
    "sample": STAGES["sample"](n=3, by="category"),  # type: ignore[call-arg]
    "correct": STAGES["correct"](
        file='{"id": "alpaca-0000000000000001", "turn": 1, "field": "output", "text": "고친 답입니다."}'
    ),  # type: ignore[call-arg]
    "distinct": STAGES["distinct"](),
    "dedupe": STAGES["dedupe"](),
    "decontaminate": STAGES["decontaminate"](  # type: ignore[call-arg]
        benchmarks=(Benchmark("mine").loaded((str(n), text) for n, text in enumerate(LEAKED)),)
    ),
    "validate": STAGES["validate"](schema=schema()),  # type: ignore[call-arg]
}


def run(stage: Stage, frame: pl.DataFrame) -> Split:
    if isinstance(stage, FrameStage):
        return stage.run(frame)
    if isinstance(stage, CorpusStage):
        dropped = stage.decide(stage.sketch(frame))
        return Split(frame.join(dropped, on="id", how="anti", maintain_order="left"), dropped)
    assert isinstance(stage, RecordStage)
    with Ledger.in_memory() as ledger:
        answering = Answering(ledger, {"echo": Echo()}, Purse(0.0), silent)
        split, unanswered = tell_stories(stage, frame, answering, lambda _: None)
    return Split(split.kept, pl.concat([split.dropped, unanswered]))


def test_every_stage_has_an_example() -> None:
    assert set(EXAMPLES) == set(STAGES)


@pytest.mark.parametrize("name", STAGES)
@given(frame=frames())
@settings(max_examples=40, deadline=None)
def test_no_stage_loses_or_invents_a_record(name: str, frame: pl.DataFrame) -> None:
    split = conserved(frame, run(EXAMPLES[name], frame), name)
    assert split.kept.schema == pl.Schema(COLUMNS)


@pytest.mark.parametrize("name", STAGES)
@given(frame=frames())
@settings(max_examples=25, deadline=None)
def test_no_stage_minds_the_order_of_the_records(name: str, frame: pl.DataFrame) -> None:
    backwards = frame.sort("id", "turn", descending=[True, False])
    there, back = run(EXAMPLES[name], frame), run(EXAMPLES[name], backwards)
    assert there.kept.sort("id", "turn").equals(back.kept.sort("id", "turn"))
    assert there.dropped.sort("id").equals(back.dropped.sort("id"))


@pytest.mark.parametrize("name", [name for name, stage in EXAMPLES.items() if not isinstance(stage, CorpusStage)])
@given(frame=frames())
@settings(max_examples=20, deadline=None)
def test_no_record_minds_its_neighbours(name: str, frame: pl.DataFrame) -> None:
    together = run(EXAMPLES[name], frame)
    alone = [run(EXAMPLES[name], part) for part in frame.partition_by("id", maintain_order=True)]
    assert together.kept.rows() == [row for split in alone for row in split.kept.rows()]


def _lossy(answer: Callable[[Ask], str]) -> Callable[[Sequence[Ask]], list[Answer]]:
    return lambda asks: [Answer(answer(ask), "hand") for ask in asks]


def told(stage: RecordStage, record: Record, answer: Callable[[Ask], str]) -> object:
    """How a story ends when every ask is answered by hand."""
    story: Generator[Sequence[Ask], Sequence[Answer], object] = stage.story(record)  # type: ignore[assignment]
    try:
        asks = next(story)
        while True:
            asks = story.send(_lossy(answer)(asks))
    except StopIteration as end:
        return end.value


@given(text=TEXTS, lost=st.booleans())
@settings(max_examples=100, deadline=None)
def test_a_translation_keeps_every_piece_or_drops_the_record(text: str, lost: bool) -> None:
    turn = Turn(id="a", turn=0, instruction=text, source="alpaca")
    stage = EXAMPLES["translate"]
    assert isinstance(stage, RecordStage)
    end = told(stage, Record((turn,)), lambda ask: ask.content.replace('<x id="0"/>', "") if lost else ask.content)
    if isinstance(end, Record):
        assert end.turns[0].instruction == text


def test_a_stage_that_loses_a_record_is_found_out() -> None:
    frame = frame_of([Turn(id=f"a{n}", turn=0, source="alpaca") for n in range(3)])
    with pytest.raises(LawBroken, match="stage x: 1 records lost: a2"):
        conserved(frame, Split(frame.head(2)), "x")
