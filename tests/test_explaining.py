"""What is said to have happened to a record is what the build did to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl

from kodata.explaining import Happened, story_of
from kodata.published import Build
from tests.conftest import items, own_pipeline

Run = Callable[..., Build]
LENGTHS = '{ use = "length-ratio", min = 0.15, max = 1.6 }'
FLAGGED = '{ use = "length-ratio", max = 0.65, severity = "review" }'
WHY = "A translation much longer or shorter than its source, in characters."
STAGES = ("screen", "dedupe-english", "decontaminate-english", "translate", "verify")


def flagging(folder: Path, *more: tuple[str, str]) -> str:
    return str(own_pipeline(folder, (LENGTHS, FLAGGED), *more))


def story(build: Build, ident: str) -> list[Happened]:
    gone = build.dropped_record(ident)
    return story_of(build, ident, gone["record"] if gone else build.corpus.filter(pl.col("id") == ident).to_dicts())


def test_a_record_is_followed_through_all_stages(run: Run, tmp_path: Path) -> None:
    b = run(items(40), pipeline=flagging(tmp_path))
    row = b.corpus.filter(pl.col("flags").list.contains("length-ratio")).row(0, named=True)
    (line,) = b.remarks_of(row["id"], "review.jsonl")
    why = f"{WHY} (min = 0.15, max = 0.65, min_characters = 20)"
    assert story(b, row["id"]) == [
        Happened("screen", "passed"),
        Happened("dedupe-english", "passed"),
        Happened("decontaminate-english", "passed"),
        Happened("translate", "translated", evidence=row["translated_by"]),
        Happened("verify", "flagged", "length-ratio", line["evidence"], why),
        Happened("correct", "passed"),
        Happened("regenerate", "written", evidence=row["written_by"]),
        *(
            Happened(s, "passed")
            for s in ("sieve", "correct-answers", "dedupe-korean", "decontaminate-korean", "validate")
        ),
    ]


def test_a_dropped_record_is_followed_to_where_it_left_with_what_was_flagged_before(run: Run, tmp_path: Path) -> None:
    late = '[[stage]]\nname = "late"\nuse = "filter"\nrules = [{ use = "length-ratio", max = 0.65 }]\n\n'
    validate = '[[stage]]\nuse = "validate"'
    b = run(items(40), pipeline=flagging(tmp_path, (validate, late + validate)))
    gone = b.dropped.row(0, named=True)
    told = story(b, gone["id"])
    assert [one.stage for one in told if one.what == "flagged"] == ["verify"]
    flagged = next(one for one in told if one.what == "flagged")
    assert (flagged.evidence, told[-1].why) == (gone["evidence"], flagged.why)
    assert (told[-1].stage, told[-1].what, told[-1].rule, told[-1].evidence) == (
        "late", "dropped", "length-ratio", gone["evidence"],
    )  # fmt: skip


def test_what_a_person_mended_is_told(run: Run, tmp_path: Path) -> None:
    path = own_pipeline(tmp_path)
    ident, before = run(items(3), pipeline=str(path)).corpus.select("id", "instruction").row(0)
    line = {"id": ident, "turn": 0, "field": "instruction", "text": "자전거가 쓰러지지 않는 까닭을 설명하세요."}
    (tmp_path / "corrections.jsonl").write_text(json.dumps(line), encoding="utf-8")
    b = run(items(3), pipeline=str(path))
    mended = [one for one in story(b, ident) if one.what == "mended"]
    assert mended == [Happened("correct", "mended", "corrected", f"instruction was: {before}")]


def test_an_item_that_could_not_be_read_left_at_the_source(run: Run) -> None:
    b = run([*items(3), {"input": "no instruction"}])
    ident = b.dropped["id"][0]
    assert [(one.stage, one.what, one.rule) for one in story_of(b, ident, [])] == [
        ("source", "dropped", "no-instruction")
    ]
