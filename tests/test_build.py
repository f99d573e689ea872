"""A whole build through the real clients, against servers that speak the real protocols and fail in every way."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from kodata.building import Options, build, silent
from kodata.corpus import Turn, frame_of
from kodata.differences import difference
from kodata.errors import (
    BuildError,
    Misconfigured,
    OverBudget,
    PipelineError,
    QuotaUsedUp,
    SourceError,
    Unreachable,
)
from kodata.events import Event, StageMoved, Waiting
from kodata.korean import languages
from kodata.ledger import Ledger
from kodata.pipeline import shipped
from kodata.planning import plan
from kodata.publish.corpus_files import alpaca_of, items_of
from kodata.published import Build
from kodata.workspace import Workspace
from tests.conftest import HASTY, files_of, items, own_pipeline, stage_of, write_items
from tests.servers.deepl import DeepLServer
from tests.servers.openai import OpenAIServer, tag_for

Run = Callable[..., Build]
FAULTS = ["429", "429-retry-after", "500", "503", "cut", "short", "html"]


def test_every_record_is_kept_or_dropped_with_a_reason(run: Run) -> None:
    b = run([*items(40), {"instruction": " ", "input": "", "output": "x"}, {"input": "no instruction"}])
    assert b.manifest["records"] == {"in": 42, "kept": 40, "dropped": 2}
    assert b.dropped.select("stage", "reason").rows() == [("screen", "empty"), ("source", "no-instruction")]


def test_every_text_and_every_prompt_is_asked_once(run: Run, deepl: DeepLServer, openai: OpenAIServer) -> None:
    rows = items(300)
    b = run(rows)
    texts = {row[name] for row in rows for name in ("instruction", "input") if row[name]}
    assert (deepl.counts()["texts"], deepl.counts()["repeated"]) == (len(texts), 0)
    assert (openai.counts()["ok"], openai.counts()["repeated"]) == (300, 0)
    assert [asked["sent"] for asked in b.manifest["asks"].values()] == [len(texts), 300]


def test_deepl_requests_are_full(run: Run, deepl: DeepLServer) -> None:
    run(items(300))
    counts = deepl.counts()
    assert counts["requests"] == -(-counts["texts"] // 50)


def test_each_answer_belongs_to_its_question(run: Run) -> None:
    b = run(items(60), parallel=8)
    for instruction, context, output in b.corpus.select("instruction", "input", "output").iter_rows():
        assert tag_for(f"{instruction}\n\n{context}" if context else instruction) in output


def test_protected_pieces_survive(run: Run) -> None:
    b = run(items(80))
    for before, after in b.corpus.select("instruction_source", "instruction").iter_rows():
        for piece in ("`print(n)`", "https://example.com/page", "___", "{name}"):
            assert before.count(piece) == after.count(piece)


def test_a_second_build_asks_nothing_and_has_the_same_bytes(run: Run, deepl: DeepLServer, openai: OpenAIServer) -> None:
    rows = items(50)
    first = run(rows)
    deepl.reset()
    openai.reset()
    second = run(rows)
    assert files_of(second) == files_of(first)
    assert (deepl.counts()["requests"], openai.counts()["requests"]) == (0, 0)


def test_without_snapshots_the_ledger_answers_everything(
    run: Run, deepl: DeepLServer, openai: OpenAIServer, env: dict[str, str]
) -> None:
    rows = items(50)
    first = run(rows)
    for part in Workspace.of(env).snapshots.rglob("*.parquet"):
        part.unlink()
    deepl.reset()
    openai.reset()
    assert files_of(run(rows)) == files_of(first)
    assert (deepl.counts()["requests"], openai.counts()["requests"]) == (0, 0)


def test_records_in_front_cost_only_themselves(run: Run, openai: OpenAIServer) -> None:
    run(items(40))
    openai.reset()
    run(list(reversed(items(45))))
    assert openai.counts()["ok"] == 5


@pytest.mark.parametrize("parallel", [1, 8])
def test_a_shuffled_source_gives_the_same_records(run: Run, parallel: int) -> None:
    rows = items(60)
    first = run(rows, parallel=8)
    random.Random(5).shuffle(rows)
    again = run(rows, parallel=parallel)
    assert difference(first, again) == difference(first, first)
    columns = ["id", "stage", "reason", "evidence"]
    assert first.dropped.select(columns).sort("id").equals(again.dropped.select(columns).sort("id"))


def test_shards_decide_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [*items(50), *items(3)]  # three verbatim repeats
    whole = run(rows)
    monkeypatch.setattr("kodata.shards.SHARD_RECORDS", 7)
    assert files_of(run(rows)) == files_of(whole)


def test_one_request_in_ten_failing_leaves_nothing_undone(run: Run, deepl: DeepLServer, openai: OpenAIServer) -> None:
    calm = run(items(200))
    deepl.faults(share=0.1, kinds=FAULTS, retry_after=0.02, seed=3)
    openai.faults(share=0.1, kinds=FAULTS, retry_after=0.02, seed=4)
    rough = run([{**row, "instruction": row["instruction"].replace("case", "event")} for row in items(200)])
    assert rough.manifest["records"] == calm.manifest["records"]
    assert not rough.dropped.height
    assert set(languages(rough.corpus["output"])) == {"ko"}
    assert set(languages(rough.corpus["instruction"])) <= {"ko", "ko-mixed"}
    assert openai.counts()["faulted"]


def test_answers_lost_on_the_wire_are_counted(run: Run, openai: OpenAIServer, env: dict[str, str]) -> None:
    openai.faults(share=1.0, kinds=["cut"], times=3)
    b = run(items(20))
    assert b.manifest["asks"][f"openai@{env['OPENAI_BASE_URL'].split('/')[2]}"]["lost"] == 3
    with Ledger(Workspace.of(env).ledger) as ledger:
        assert ledger.lost()[0] == 3


def test_a_used_up_quota_stops_the_build_and_the_next_one_goes_on(
    run: Run, env: dict[str, str], tmp_path: Path
) -> None:
    stopped = answered = 0
    with DeepLServer(quota=3_000) as small:
        env["DEEPL_SERVER_URL"] = small.url
        while True:
            try:
                b = run(items(150), parallel=1)
                break
            except QuotaUsedUp:
                stopped += 1
                answered += small.counts()["texts"]
                small.reset()  # a new billing period
        answered += small.counts()["texts"]
    assert stopped >= 2
    assert b.manifest["records"]["kept"] == 150
    assert answered == len({row[name] for row in items(150) for name in ("instruction", "input") if row[name]})


@pytest.mark.parametrize("name", ["DEEPL_AUTH_KEY", "OPENAI_API_KEY"])
def test_a_wrong_key_stops_at_once(
    run: Run, env: dict[str, str], deepl: DeepLServer, openai: OpenAIServer, name: str
) -> None:
    env[name] = "wrong-key"
    with pytest.raises(Misconfigured, match=name):
        run(items(400), parallel=4)
    server = deepl if name.startswith("DEEPL") else openai
    assert server.counts()["ok"] == 0
    assert server.counts()["requests"] <= 4


def test_no_key_appears_in_an_error(run: Run, env: dict[str, str]) -> None:
    env["OPENAI_API_KEY"] = "sk-this-is-a-secret"
    with pytest.raises(Misconfigured) as caught:
        run(items(5))
    assert "sk-this" not in str(caught.value)


def test_an_unknown_model_is_named_as_such(run: Run) -> None:
    with pytest.raises(Misconfigured, match="model"):
        run(items(5), overrides=("regenerate.model=gpt-5.6-luna",))


def test_a_model_without_a_price_is_not_asked(run: Run, openai: OpenAIServer) -> None:
    with pytest.raises(Misconfigured, match="no price for model"):
        run(items(5), overrides=("regenerate.model=my-own",))
    assert openai.counts()["requests"] == 0


def test_a_service_that_is_down_is_unreachable_not_thousands_of_tries(run: Run, openai: OpenAIServer) -> None:
    openai.faults(share=1.0, kinds=["503"])
    with pytest.raises(Unreachable, match="run again to go on"):
        run(items(200), parallel=2)
    assert openai.counts()["requests"] <= 2 * HASTY.attempts * HASTY.failures_in_a_row


def test_a_budget_is_never_passed_and_nothing_is_published(run: Run, env: dict[str, str], openai: OpenAIServer) -> None:
    with pytest.raises(OverBudget, match="go on"):
        run(items(300), budget_usd=0.01, overrides=('translate.with={use="echo"}',))
    paid = openai.counts()["tokens_in"] * 0.10e-6 + openai.counts()["tokens_out"] * 0.50e-6
    assert 0 < paid <= 0.01
    assert not list(Workspace.of(env).builds.rglob("manifest.json"))


def test_without_a_budget_nothing_is_asked(run: Run, deepl: DeepLServer, openai: OpenAIServer) -> None:
    with pytest.raises(OverBudget, match="--budget"):
        run(items(3), budget_usd=0.0)
    assert (deepl.counts()["requests"], openai.counts()["requests"]) == (0, 0)


def test_an_exact_quote_is_the_bill(run: Run, env: dict[str, str], deepl: DeepLServer, tmp_path: Path) -> None:
    path = write_items(tmp_path / "items.json", items(100))
    quote = plan("alpaca-ko", Options(sources={"": path}), Workspace.of(env), env, silent)
    assert deepl.counts()["requests"] == 0
    translate = next(stage for stage in quote.stages if stage.stage == "translate")
    run(path)
    assert translate.characters == deepl.counts()["characters"]
    assert translate.usd == pytest.approx(deepl.counts()["characters"] * 25e-6)


def test_a_plan_of_a_known_build_has_nothing_to_ask_and_writes_nothing(
    run: Run, env: dict[str, str], tmp_path: Path
) -> None:
    path = write_items(tmp_path / "items.json", items(30))
    run(path)
    before = _files_below(env["KODATA_HOME"])
    quote = plan("alpaca-ko", Options(sources={"": path}), Workspace.of(env), env, silent)
    assert (quote.to_ask, quote.usd, stage_of(quote, "translate").reuse) == (0, 0.0, 30)
    assert _files_below(env["KODATA_HOME"]) == before


def _files_below(folder: str) -> list[Path]:
    return sorted(path for path in Path(folder).rglob("*") if not path.name.endswith(("-wal", "-shm")))


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("[[length]]", "truncated"),
        ("[[filter]]", "content-filter"),
        ("[[refusal]]", "refusal"),
        ("[[empty]]", "empty-answer"),
        ("[[english]]", "answer-not-korean"),
    ],
)
def test_an_answer_that_is_none_drops_the_record(run: Run, word: str, reason: str) -> None:
    b = run([{"instruction": "7", "input": word, "output": ""}, *items(9)], pipeline=_untranslated())
    assert b.dropped["reason"].to_list() == [reason]


def _untranslated() -> str:
    """A pipeline of one's own, by path: nothing is translated, so that a word meant for the server reaches it."""
    path = Path("plain.toml")
    path.write_text(
        """
        [[source]]
        use = "alpaca"
        path = "items.json"
        lang = "ko"
        [[stage]]
        use = "regenerate"
        prompt = "prompt.md"
        with = { use = "openai", model = "gpt-6-luna" }
        [[stage]]
        use = "filter"
        rules = [{ use = "answer-not-korean", severity = "drop" }]
        """
    )
    Path("prompt.md").write_text("한국어로 답하세요.", encoding="utf-8")
    return str(path.absolute())


def test_a_refused_answer_is_not_asked_again(run: Run, openai: OpenAIServer) -> None:
    rows = [{"instruction": "7", "input": "[[refusal]]", "output": ""}, *items(9)]
    run(rows, pipeline=_untranslated())
    openai.reset()
    run(rows, pipeline=_untranslated())
    assert openai.counts()["requests"] == 0


def test_a_lost_mark_is_asked_again_in_pieces_and_then_dropped(run: Run, deepl: DeepLServer) -> None:
    deepl.faults(drop_marks=1.0)
    b = run(items(40))
    reasons = b.manifest["dropped"]["translate"]
    assert reasons == {"mark-lost": 30}
    assert not b.corpus["instruction_source"].str.contains("`|https|___").any()
    assert b.held_back_by.startswith("75.0% of the records were dropped")


def test_a_build_past_its_limits_leaves_latest_where_it_was(
    run: Run, env: dict[str, str], deepl: DeepLServer, tmp_path: Path
) -> None:
    pipeline = _full_pipeline(tmp_path)
    write_items(tmp_path / "items.json", items(20))
    workspace = Workspace.of(env)
    good = build(pipeline, Options(budget_usd=9), workspace, env, silent, HASTY)
    write_items(tmp_path / "items.json", [{"instruction": " ", "input": "", "output": ""}] * 15 + items(20))
    held = build(pipeline, Options(budget_usd=9), workspace, env, silent, HASTY)
    latest = workspace.builds / "own" / "latest"
    assert held.held_back_by.startswith("42.9% of the records were dropped")
    assert (held.path != good.path, latest.resolve()) == (True, good.path.resolve())


def _full_pipeline(folder: Path) -> str:
    source = tomllib.loads(shipped("pipelines", "alpaca-ko.toml").read_text(encoding="utf-8"))["source"][0]
    hub = f'hub = "{source["hub"]}"\nrevision = "{source["revision"]}"'
    return str(own_pipeline(folder, (hub, 'path = "items.json"')))


def test_offline_drops_what_the_ledger_does_not_know(run: Run, deepl: DeepLServer) -> None:
    run(items(10))
    deepl.reset()
    b = run(items(14), offline=True)
    assert (b.manifest["records"]["kept"], b.manifest["dropped"]) == (10, {"translate": {"unanswered": 4}})
    assert deepl.counts()["requests"] == 0


def test_a_build_without_a_key_names_the_variable_and_the_demo(run: Run, env: dict[str, str]) -> None:
    del env["OPENAI_API_KEY"]
    with pytest.raises(Misconfigured, match=r"OPENAI_API_KEY is not set.*--demo"):
        run(items(1))


def test_a_second_build_of_a_pipeline_waits_for_nobody(run: Run, env: dict[str, str], tmp_path: Path) -> None:
    from filelock import FileLock

    first = run(items(5))
    home = first.path.parent
    with FileLock(home.with_name(f".{home.name}.lock")), pytest.raises(BuildError, match="running"):
        run(items(5))


def test_an_empty_source_is_an_error_not_an_empty_corpus(run: Run, tmp_path: Path) -> None:
    (tmp_path / "none.json").write_text("[]")
    with pytest.raises(SourceError, match=r"none\.json"):
        run(tmp_path / "none.json")


def test_published_lines_hold_the_triple_then_provenance(run: Run) -> None:
    b = run(items(3))
    line = json.loads((b.path / "corpus.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert list(line)[:5] == ["id", "instruction", "input", "output", "history"]
    assert line["instruction_source"] == items(3)[0]["instruction"]
    assert (line["source_file"], line["source_row"], line["translated_by"][:6]) == ("items.json", 1, "deepl@")


def test_the_published_files_load_with_datasets(run: Run, tmp_path: Path) -> None:
    import datasets

    b = run(items(6))
    files = str(b.path / "corpus.jsonl")
    lines = datasets.load_dataset("json", data_files=files, split="train", cache_dir=str(tmp_path))
    assert (lines.num_rows, b.to_datasets().num_rows, pl.read_json(b.path / "corpus.json").height) == (6, 6, 6)


def test_deepl_is_asked_again_when_it_said_and_not_before(run: Run, deepl: DeepLServer) -> None:
    told: list[Event] = []
    deepl.faults(share=1.0, kinds=["429-retry-after"], retry_after=0.7, times=1)
    run(items(5), told.append)
    assert [event.wait_s for event in told if isinstance(event, Waiting)] == [0.7]


def test_builds_side_by_side_on_one_ledger_send_each_question_once(
    env: dict[str, str], tmp_path: Path, deepl: DeepLServer, openai: OpenAIServer
) -> None:
    path = write_items(tmp_path / "items.json", items(120))
    commands = [
        [sys.executable, "-m", "kodata", "build", "alpaca-ko", "--source", str(path), "--budget", "9", *flags]
        for flags in ((), ("--limit", "120"), ("--limit", "110"))
    ]
    builds = [subprocess.Popen(command, env={**os.environ, **env}, stdout=subprocess.DEVNULL) for command in commands]
    assert [build.wait(120) for build in builds] == [0, 0, 0]
    assert (deepl.counts()["repeated"], openai.counts()["repeated"]) == (0, 0)
    assert openai.counts()["ok"] == 120


def test_a_service_that_takes_nothing_is_not_asked_a_thousand_times(run: Run, deepl: DeepLServer) -> None:
    too_long = json.dumps({"use": "deepl", "custom_instructions": ["x" * 301]}).replace('":', '"=')
    with pytest.raises(Misconfigured, match="whatever is asked"):
        run(items(400), overrides=(f"translate.with={too_long}",))
    assert deepl.counts()["requests"] < 60


def test_a_text_that_is_not_taken_leaves_as_refused_and_holds_nothing_back(run: Run) -> None:
    b = run([*items(12), {"instruction": "Sum up.", "input": "the word " * 22_000, "output": ""}])
    assert b.dropped.select("stage", "reason").rows() == [("translate", "refused")]
    assert b.held_back_by == ""


def test_a_published_build_names_no_folder_of_this_machine(run: Run, tmp_path: Path) -> None:
    b = run(items(5))
    published = b"".join(path.read_bytes() for path in b.path.iterdir())
    assert str(tmp_path).encode() not in published


def test_out_does_not_overwrite_what_is_no_build(run: Run, tmp_path: Path, deepl: DeepLServer) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "README.md").write_text("mine")
    with pytest.raises(PipelineError, match="--out"):
        run(items(5), out=tmp_path / "mine")
    assert deepl.counts()["requests"] == 0
    assert run(items(5), out=tmp_path / "new").corpus.equals(pl.read_parquet(tmp_path / "new" / "corpus.parquet"))


def test_a_build_without_a_record_left_is_held_back(run: Run) -> None:
    assert run(items(5), offline=True).held_back_by == "no record is left"


def test_a_conversation_is_published_with_its_system_line_and_the_provenance_of_each_turn() -> None:
    turns = [
        Turn("c-1", 0, system="짧게 답하세요.", instruction="하나?", output="네.", written_by="a", answer_key="k0"),
        Turn("c-1", 1, instruction="둘?", input="셋", output="아니요.", written_by="b", answer_key="k1"),
    ]
    places = {"source_file": pl.lit("x.json"), "source_row": pl.lit(1)}
    (item,) = items_of(frame_of(turns).with_columns(**places))
    (earlier,) = item["history"]  # type: ignore[misc, attr-defined]
    assert (item["system"], item["instruction"], item["answer_key"]) == ("짧게 답하세요.", "둘?", "k1")
    assert (earlier["instruction"], earlier["written_by"], earlier["answer_key"]) == ("하나?", "a", "k0")
    assert alpaca_of(item)["history"] == [["하나?", "네."]]


def _for_review(folder: Path) -> str:
    """alpaca-ko with an upper bound on lengths that some of its translations pass, for review only."""
    own = Path(_full_pipeline(folder))
    rule = '{ use = "length-ratio", min = 0.15, max = 1.6 }'
    text = own.read_text(encoding="utf-8")
    assert rule in text
    own.write_text(text.replace(rule, '{ use = "length-ratio", max = 0.65, severity = "review" }'), encoding="utf-8")
    return str(own)


def test_what_is_for_review_stays_with_a_flag_and_stands_in_review_jsonl(run: Run, tmp_path: Path) -> None:
    b = run(items(20), pipeline=_for_review(tmp_path))
    lines = [json.loads(line) for line in (b.path / "review.jsonl").read_text(encoding="utf-8").splitlines()]
    flagged = b.corpus.filter(pl.col("flags").list.contains("length-ratio"))
    assert 0 < len(flagged) < 20
    assert [line["id"] for line in lines] == flagged["id"].to_list()
    assert {(line["stage"], line["rule"], line["instruction"]) for line in lines} == {
        ("verify", "length-ratio", text) for text in flagged["instruction"]
    }
    assert b.manifest["remarks"] == {"verify": {"length-ratio": len(flagged)}}


def test_data_of_a_person_is_in_no_file_of_the_build_that_dropped_it(run: Run) -> None:
    b = run([*items(4), {"instruction": "Check my form.", "input": "My SSN is 482-07-7315.", "output": "Fine."}])
    (gone,) = [json.loads(line) for line in (b.path / "dropped.jsonl").read_text(encoding="utf-8").splitlines()]
    assert (gone["reason"], gone["evidence"]) == ("us-ssn", "input: 48*-**-****")
    assert "source" in gone["record"][0]
    assert [path.name for path in b.path.rglob("*") if path.is_file() and b"482-07-7315" in path.read_bytes()] == []


def test_a_strict_build_drops_what_is_for_review_and_goes_apart(run: Run, tmp_path: Path) -> None:
    pipeline = _for_review(tmp_path)
    flagged = run(items(20), pipeline=pipeline).manifest["remarks"]["verify"]
    strict = run(items(20), pipeline=pipeline, strict=True)
    assert strict.manifest["dropped"] == {"verify": flagged}
    assert "strict" in strict.manifest["pipeline"]["variant"]


def test_a_long_step_says_that_it_is_at_work(
    run: Run, env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ponderous.py").write_text(
        "import time\nfrom dataclasses import dataclass\nimport polars as pl\n"
        "from kodata.corpus import DROPPED_COLUMNS\n\n"
        "@dataclass(frozen=True)\nclass Ponders:\n    version = 1\n\n"
        "    def sketch(self, frame):\n        return frame.select('id').unique()\n\n"
        "    def decide(self, sketches):\n        time.sleep(1.0)\n"
        "        return pl.DataFrame(schema=DROPPED_COLUMNS)\n"
    )
    monkeypatch.setattr("kodata.walk._ALIVE_S", 0.05)
    path = own_pipeline(tmp_path, ('[[stage]]\nuse = "validate"', '[[stage]]\nuse = "ponderous:Ponders"'))
    told: list[Event] = []
    run(items(3), told.append, str(path))
    said = [event for event in told if isinstance(event, StageMoved) and event.stage == "ponderous:Ponders"]
    assert len([event for event in said if event.done == 3]) >= 3
