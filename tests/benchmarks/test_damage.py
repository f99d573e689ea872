"""All of Alpaca and its programs through a DeepL that damages what it can; and what shield and checks cost a record."""

from __future__ import annotations

import time
from pathlib import Path

import orjson
import pytest

from kodata.asks import Answer
from kodata.corpus import Record, Turn, frame_of
from kodata.pipeline import load_pipeline
from kodata.shield import by_hand
from kodata.stages import Drop, Story
from kodata.stages.filter import Filter
from kodata.stages.translate import Translate
from tests.cases.damage import not_prose
from tests.conftest import SHARED
from tests.test_damage import through

pytestmark = pytest.mark.bench
SOURCE = SHARED / "koalpaca" / "koalpaca_aligned.jsonl"


@pytest.mark.parametrize("name", ["alpaca/alpaca_data.json", "code/code_alpaca_2k.json"])
def test_nothing_damaged_is_published(name: str, tmp_path: Path) -> None:
    run = through(name, tmp_path)
    spoiled, reasons = run.counts["faulted"], dict(run.build.dropped["reason"].value_counts().iter_rows())
    texts, quoted = run.distinct, run.plan.stages[0].characters
    characters, other = sum(map(len, texts)), sum(map(not_prose, texts))
    print(
        f"\n{len(run.items):,} records; marks spoiled in {sum(spoiled.values()):,} texts: {spoiled}; dropped: {reasons}"
    )
    print(f"lost {run.lost / len(run.items):.2%}; damaged pieces published: {len(run.damages)}")
    print(f"characters: {characters:,} distinct, {other:,} surely no prose, {quoted:,} billed without faults, "
          f"{run.counts['billed']:,} with what was asked again", end="")  # fmt: skip
    assert run.damages == []
    assert run.lost < len(run.items) / 100
    assert quoted <= characters - other


@pytest.mark.skipif(not SOURCE.exists(), reason=f"{SOURCE} is not there")
def test_shield_and_checks_cost_under_half_a_millisecond_a_record() -> None:
    """The whole stage `translate` with the answers at hand, and all rules of `verify`."""
    records, answers = [], {}
    for n, line in enumerate(SOURCE.read_bytes().splitlines()):
        item = orjson.loads(line)
        records.append(Record((Turn(f"alpaca-{n}", 0, source="alpaca", **item["en"]),)))
        for name in ("instruction", "input"):
            answers |= by_hand(item["en"][name], item["ko"][name])
    steps = {step.name: step.stage for step in load_pipeline("alpaca-ko").steps}
    translate, verify = steps["translate"], steps["verify"]
    assert isinstance(translate, Translate)
    assert isinstance(verify, Filter)
    frame = frame_of(turn for record in records[:100] for turn in record.turns)
    verify.run(frame.with_columns(instruction_source="instruction", input_source="input"))  # what is loaded once
    began = time.process_time()
    ends = [_end(translate.story(record), answers) for record in records]
    told = time.process_time()
    frame = frame_of(turn for end in ends if isinstance(end, Record) for turn in end.turns)
    kept = verify.run(frame).kept
    checked = time.process_time()
    shield_ms, checks_ms = ((b - a) * 1000 / len(records) for a, b in ((began, told), (told, checked)))
    print(
        f"\n{len(records):,} records, {len(kept):,} kept: shield {shield_ms:.3f} ms, checks {checks_ms:.3f} ms", end=""
    )
    assert shield_ms + checks_ms < 0.5


def _end(story: Story, answers: dict[str, str]) -> Record | Drop:
    """How the story ends when what is not at hand is answered with nothing."""
    try:
        asks = next(story)
        while True:
            asks = story.send([Answer(answers.get(ask.content, ""), "deepl/KO") for ask in asks])
    except StopIteration as end:
        ended: Record | Drop = end.value
        return ended
