"""Every shipped pipeline on the samples of its formats, from the recordings."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import orjson
import polars as pl
import pytest

from kodata.building import Options, build, silent
from kodata.korean import languages
from kodata.pipeline import load_pipeline, shipped, shipped_pipelines
from kodata.published import Build
from kodata.sources import Source, read
from kodata.sources.opening import open_source
from kodata.workspace import Workspace
from tests.conftest import write_items

GOLDEN = Path(__file__).parent / "golden"
RECIPES = [name for name in shipped_pipelines() if name != "alpaca-ko"]  # which has tests/test_demo.py
EVALUATIONS = ("hellaswag-ko", "arc-ko", "mmlu-ko", "truthfulqa-ko")
SAMPLES = sorted(path for path in shipped("data", "sample").iterdir() if path.is_file())


@pytest.fixture(scope="module")
def demos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Build]:
    workspace = Workspace.of({"KODATA_HOME": str(tmp_path_factory.mktemp("home"))})
    return {name: build(name, Options(demo=True), workspace, {}, silent) for name in RECIPES}


def sample(use: str) -> pl.DataFrame:
    (path,) = [path for path in SAMPLES if path.stem == use]
    source = Source(use, use, path=str(path))
    return read(source, open_source(source)).frame


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("file", ["corpus.json", "dropped.jsonl"])
def test_a_sample_gives_the_golden_files(demos: dict[str, Build], name: str, file: str) -> None:
    """KODATA_GOLDEN=1 writes them anew: read the difference before you commit it."""
    written, golden = (demos[name].path / file).read_bytes(), GOLDEN / f"{name}-demo" / file
    if os.environ.get("KODATA_GOLDEN"):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_bytes(written)
    assert written == golden.read_bytes()


def test_the_samples_show_every_way_to_leave(demos: dict[str, Build]) -> None:
    assert {name: dict(sorted(Counter(demo.dropped["reason"]).items())) for name, demo in demos.items()} == {
        "arc-ko": {"mark-lost": 1, "no-choices": 1},
        "dolly-ko": {
            "duplicate": 1, "empty": 1, "foreign-language": 1, "length-ratio": 1, "loop": 1, "mark-lost": 1,
            "near-duplicate": 1, "no-instruction": 1, "not-an-object": 1, "not-json": 1, "not-korean": 1,
            "not-text": 1,
        },
        "gpt4all-ko": {
            "ai-disclaimer": 1, "duplicate": 1, "empty": 1, "foreign-language": 1, "mark-lost": 1,
            "no-instruction": 2, "not-an-object": 1, "not-korean": 1, "refusal": 2, "short-prompt": 1,
        },
        "hellaswag-ko": {"no-label": 1, "not-korean": 1},
        "kin-ko": {
            "copies-source": 1, "duplicate": 1, "empty-answer": 1, "malformed-answer": 1, "no-accepted-answer": 2,
            "no-question": 1, "not-an-object": 1, "not-json": 1, "refusal": 2, "truncated": 1,
        },
        "kullm-v1-ko": {
            "ai-disclaimer": 1, "duplicate": 1, "empty": 1, "foreign-language": 1, "mark-lost": 1,
            "no-instruction": 2, "not-an-object": 1, "not-korean": 1, "refusal": 2, "short-prompt": 1,
        },
        "kullm-v2-ko": {
            "ai-disclaimer": 1, "duplicate": 3, "empty": 2, "empty-message": 1, "foreign-language": 4,
            "length-ratio": 2, "loop": 2, "mark-lost": 3, "near-duplicate": 1, "no-conversation": 1,
            "no-instruction": 3, "no-turn": 1, "not-alternating": 1, "not-an-object": 3, "not-json": 1,
            "not-korean": 3, "not-text": 1, "refusal": 4, "repeated-first-pair": 3, "self-reference": 1,
            "short-prompt": 1, "truncated": 1, "unknown-role": 1,
        },
        "mmlu-ko": {"length-ratio": 1, "no-label": 1},
        "sharegpt-ko": {
            "duplicate": 1, "empty-message": 1, "foreign-language": 2, "length-ratio": 1, "loop": 1, "mark-lost": 1,
            "no-conversation": 1, "no-turn": 1, "not-alternating": 1, "not-an-object": 1, "not-korean": 1,
            "refusal": 2, "repeated-first-pair": 1, "self-reference": 1, "truncated": 1, "unknown-role": 1,
        },
        "truthfulqa-ko": {"choices-alike": 1, "no-label": 1},
    }  # fmt: skip


@pytest.mark.parametrize("name", RECIPES)
def test_a_demo_leaves_no_question_open_and_is_not_held_back(demos: dict[str, Build], name: str) -> None:
    manifest = demos[name].manifest
    assert [asked["unanswered"] for asked in manifest["asks"].values()] == [0]
    assert manifest["held_back_by"] == ""
    assert manifest["records"]["in"] >= (9 if name in EVALUATIONS else 30)


@pytest.mark.parametrize("name", RECIPES)
def test_what_a_demo_keeps_is_korean(demos: dict[str, Build], name: str) -> None:
    corpus = demos[name].corpus
    assert set(languages(corpus["instruction"])) <= {"ko", "ko-mixed"}
    answers = corpus["choices"].explode() if name in EVALUATIONS else corpus["output"]
    assert set(languages(answers.filter(~answers.str.starts_with("```")))) <= {"ko", "ko-mixed", "und"}


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_recording_holds_only_what_its_sample_asks(path: Path) -> None:
    """No line is left over from a record that is gone, and none is there twice."""
    recorded = (path.parent / "recordings" / f"{path.stem}.jsonl").read_bytes().splitlines()
    lines = [orjson.loads(line) for line in recorded]
    frame = sample(path.stem)
    texts = {text.strip() for name in ("system", "instruction", "input", "output") for text in frame[name].drop_nulls()}
    texts |= {*frame["choices"].explode().drop_nulls(), *frame["choices"].list.join("\n").drop_nulls()}
    keys = [line.get("text") or line["record"] for line in lines]
    assert {key for key in keys if key not in texts and key not in set(frame["id"])} == set()
    assert len(keys) == len(set(keys))
    assert {line["by"] for line in lines} == {"hand"}


def test_two_recordings_say_the_same_of_one_text() -> None:
    said: dict[str, set[str]] = {}
    for path in shipped("data", "sample", "recordings").glob("*.jsonl"):
        for line in map(orjson.loads, path.read_bytes().splitlines()):
            if "text" in line:
                said.setdefault(line["text"], set()).add(line["ko"])
    assert {text: ko for text, ko in said.items() if len(ko) > 1} == {}


@pytest.mark.parametrize("name", shipped_pipelines())
def test_a_pipeline_says_what_it_is_and_under_what_licence(name: str) -> None:
    pipeline = load_pipeline(name)
    assert pipeline.about
    assert pipeline.text.startswith("# ")
    assert all(source.licence for source in pipeline.sources)


def test_conversations_keep_all_their_turns(demos: dict[str, Build]) -> None:
    corpus = demos["sharegpt-ko"].corpus
    turns = corpus.group_by("id").len().join(sample("sharegpt").group_by("id").len(), on="id")
    assert turns.filter(pl.col("len") != pl.col("len_right")).is_empty()
    assert Counter(turns["len"])[1] < len(turns)


def test_a_korean_conversation_passes_translation_by(demos: dict[str, Build]) -> None:
    korean = demos["sharegpt-ko"].corpus.filter(pl.col("lang") == "ko")
    assert korean["instruction"].to_list() == ["김치찌개를 맛있게 끓이는 방법을 알려 줘.", "고기가 없으면?"]
    assert korean["translated_by"].to_list() == [None, None]


def test_twins_of_two_sources_are_one_record_of_kullm_v2(demos: dict[str, Build]) -> None:
    corpus = demos["kullm-v2-ko"].corpus
    question = corpus.filter(pl.col("instruction") == "고양이는 왜 가르랑거려?")
    assert len(question) == 1
    gone = demos["kullm-v2-ko"].dropped.filter(pl.col("stage") == "dedupe-sources")
    across = [(ident, twin) for ident, twin in gone.select("id", "evidence").iter_rows() if ident[:4] not in twin]
    assert len(across) >= 2


def test_every_record_of_kullm_v2_keeps_the_licence_of_its_source(tmp_path: Path) -> None:
    """From the samples as files of one's own; the echo answers."""
    named = {path.stem: path for path in SAMPLES if path.stem in ("gpt4all", "dolly", "sharegpt")}
    overrides = ('translate.with={use="echo"}', "verify.rules=['empty']")
    workspace = Workspace.of({"KODATA_HOME": str(tmp_path / "home")})
    b = build("kullm-v2-ko", Options(sources=named, overrides=overrides), workspace, {}, silent)
    assert set(b.corpus.select("source", "licence").iter_rows()) == {
        ("gpt4all", "Apache-2.0"), ("dolly", "CC-BY-SA-3.0"), ("sharegpt", "unknown"),
    }  # fmt: skip


def test_nothing_that_people_wrote_is_in_a_file_of_kin(demos: dict[str, Build]) -> None:
    published = [path for path in demos["kin-ko"].path.rglob("*") if path.is_file() and path.suffix != ".parquet"]
    parquet = demos["kin-ko"].corpus.write_json()
    everything = "\n".join(path.read_text(encoding="utf-8") for path in published) + parquet
    frame = sample("kin")
    said = {text for name in ("instruction", "input", "output") for text in frame[name] if len(text) > 10}
    assert len(said) > 60
    assert [text for text in said if text in everything or text[:20] in everything] == []


def test_what_is_composed_says_where_its_seed_stood(demos: dict[str, Build]) -> None:
    corpus = demos["kin-ko"].corpus
    urls = [orjson.loads(extra)["url"] for extra in corpus["extra"]]
    assert urls[0] == "https://example.com/qna/001"
    assert len(set(urls)) == len(corpus) == 20


def test_native_korean_data_is_filtered_and_deduplicated_with_the_rest(tmp_path: Path) -> None:
    """Its question in English letters would be taken for English, were it not declared to be Korean."""
    (tmp_path / "mixed-ko.toml").write_text(
        """
        [limits]
        dropped = 1.0
        [[source]]
        use = "alpaca"
        path = "english.json"
        [[source]]
        use = "alpaca"
        name = "native"
        path = "korean.json"
        lang = "ko"
        [[stage]]
        use = "filter"
        rules = [{ use = "empty", columns = ["output"] }, "foreign-language"]
        [[stage]]
        use = "translate"
        fields = ["instruction", "input", "output"]
        with = { use = "echo" }
        [[stage]]
        use = "dedupe"
        ngram = 3
        """,
        encoding="utf-8",
    )
    tea = {"instruction": "녹차를 우리는 방법을 알려 주세요.", "output": "물을 70도로 식혀 2분 동안 우립니다."}
    english = [{"instruction": "How do I brew green tea?", "output": "Steep it for two minutes."}]
    native = [tea, {**tea, "output": "물을 70도로 식혀 2분 동안 우립니다"}, {"instruction": "빈 답", "output": ""}]
    native.append({"instruction": "What is your name?", "output": "제 이름은 다온입니다."})
    write_items(tmp_path / "english.json", english)
    write_items(tmp_path / "korean.json", native)
    workspace = Workspace.of({"KODATA_HOME": str(tmp_path / "home")})
    b = build(str(tmp_path / "mixed-ko.toml"), Options(), workspace, {}, silent)
    assert b.corpus.select("source", "lang", "translated_by").rows() == [
        ("alpaca", "en", "echo"), ("native", "ko", None), ("native", "ko", None),
    ]  # fmt: skip
    assert b.dropped.select("stage", "reason").rows() == [("dedupe", "duplicate"), ("filter", "empty")]
    assert b.corpus["instruction"].to_list()[1:] == [tea["instruction"], "What is your name?"]
