"""Conversations through a whole build: all turns stay together, whoever drops, asks or repeats."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import orjson
import polars as pl
import pytest

from kodata.published import Build
from tests.conftest import SHARED, files_of
from tests.servers.openai import OpenAIServer

Run = Callable[..., Build]

PIPELINE = """
[limits]
dropped = 1.0

[[source]]
use = "sharegpt"
path = "talks.json"

[[stage]]
name = "screen"
use = "filter"
rules = [{ use = "empty", columns = ["instruction", "output"] }, "foreign-language"]

[[stage]]
name = "dedupe-english"
use = "dedupe"

[[stage]]
use = "translate"
fields = ["system", "instruction"]
with = { use = "deepl" }

[[stage]]
use = "regenerate"
prompt = "prompt.md"
with = { use = "openai", model = "gpt-6-luna" }

[[stage]]
use = "validate"
"""
TOPICS = ("tides", "bread", "maps", "clouds", "bridges", "clocks", "honey")


def question(n: int, turn: int) -> str:
    return f"Question {turn} of visitor {n}: what should I know of {TOPICS[n % 7]}?"


def talk(n: int, turns: int) -> dict[str, object]:
    """A conversation of that many turns; those of one number are alike, those of others are not."""
    said = [("system", f"You know all about {TOPICS[n % 7]}.")] if n % 3 == 0 else []
    for turn in range(turns):
        said.append(("human", question(n, turn)))
        said.append(("gpt", f"Answer {turn} for visitor {n} about {TOPICS[n % 7]}."))
    return {"id": f"talk-{n}", "conversations": [{"from": who, "value": text} for who, text in said]}


TALKS = [talk(n, 1 + n % 4) for n in range(20)]


@pytest.fixture
def pipeline(tmp_path: Path) -> str:
    (tmp_path / "prompt.md").write_text("한국어로 답하세요.", encoding="utf-8")
    (tmp_path / "talks-ko.toml").write_text(PIPELINE, encoding="utf-8")
    return str(tmp_path / "talks-ko.toml")


def rows_by_talk(b: Build) -> dict[str, list[tuple[object, ...]]]:
    frame = b.corpus.drop("source_file", "source_row")
    return {key: part.rows() for (key,), part in frame.group_by("upstream_key", maintain_order=True)}


def test_every_turn_is_translated_and_answered_in_its_order(run: Run, pipeline: str) -> None:
    corpus = run(TALKS, pipeline=pipeline).corpus
    assert corpus.group_by("upstream_key", maintain_order=True).agg(pl.col("turn")).rows() == [
        (f"talk-{n}", list(range(1 + n % 4))) for n in range(20)
    ]
    asked = corpus["instruction_source"].to_list()
    assert asked == [question(n, turn) for n in range(20) for turn in range(1 + n % 4)]
    assert corpus["output"].null_count() == 0
    assert corpus["system_source"].drop_nulls().len() == 7


def test_a_reordered_file_asks_nothing_and_gives_the_same_conversations(
    run: Run, pipeline: str, openai: OpenAIServer
) -> None:
    first = run(TALKS, pipeline=pipeline, parallel=7)
    sent = openai.counts()["requests"]
    second = run([talk(99, 1), *reversed(TALKS)], pipeline=pipeline, parallel=1)
    assert openai.counts()["requests"] == sent + 1  # the new one
    after = rows_by_talk(second)
    assert {key: after[key] for key in rows_by_talk(first)} == rows_by_talk(first)


def test_the_same_conversations_are_the_same_bytes(run: Run, pipeline: str) -> None:
    assert files_of(run(TALKS, pipeline=pipeline, parallel=5)) == files_of(run(TALKS, pipeline=pipeline, parallel=1))


@pytest.mark.parametrize(("word", "reason"), [("[[filter]]", "content-filter"), ("[[length]]", "truncated")])
def test_a_drop_on_any_turn_drops_the_conversation(run: Run, pipeline: str, word: str, reason: str) -> None:
    stopped = talk(5, 3)
    stopped["conversations"][-2]["value"] += f" `{word}`"  # type: ignore[index]
    b = run([talk(1, 2), stopped], pipeline=pipeline)
    assert b.dropped.select("stage", "reason").rows() == [("regenerate", reason)]
    assert len(b.dropped_record(b.dropped["id"][0])["record"]) == 3  # type: ignore[index]
    assert b.corpus["upstream_key"].to_list() == ["talk-1", "talk-1"]


def test_a_conversation_in_alpaca_form_has_its_history(run: Run, pipeline: str) -> None:
    b = run([talk(1, 2)], pipeline=pipeline)
    (item,) = orjson.loads((b.path / "corpus.json").read_bytes())
    first, last = b.corpus.select("instruction", "output").rows()
    assert (item["instruction"], item["output"], item["history"]) == (*last, [list(first)])


@pytest.mark.skipif(not SHARED.exists(), reason=f"no {SHARED}")
def test_real_conversations_keep_their_turns(run: Run, pipeline: str) -> None:
    items = json.loads((SHARED / "sharegpt" / "fastchat_dummy_conversation.json").read_text(encoding="utf-8"))[:120]
    b = run(items, pipeline=pipeline)
    records = b.manifest["records"]
    assert records["in"] == 120
    assert records["kept"] + records["dropped"] == 120
    assert set(b.dropped["reason"]) <= {"duplicate", "near-duplicate"}
    turns = {item["id"]: len(item["conversations"]) // 2 for item in items}
    kept = b.corpus.group_by("upstream_key").len().rows()
    assert dict(kept) == {key: turns[key] for key, _ in kept}
