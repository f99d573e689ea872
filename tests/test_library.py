"""`import kodata`: a build in one call, and stages alone on what people have."""

from __future__ import annotations

import importlib
import os
import pkgutil
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import pandas as pd
import polars as pl
import pytest

import kodata
from kodata.corpus import COLUMNS, DROPPED_COLUMNS
from kodata.errors import BuildError, Misconfigured, OverBudget, PipelineError, SourceError
from kodata.published import Build
from kodata.workspace import Workspace, environment
from tests.conftest import items, write_items
from tests.servers.deepl import DeepLServer
from tests.servers.openai import OpenAIServer, tag_for

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
ROWS: list[dict[str, Any]] = [
    {"instruction": "Name three colours.", "input": "", "output": "Red, green and blue.", "n": 1},
    {"instruction": "Describe the animal.", "input": "A cat", "output": "", "n": 2},
    {"instruction": "Explain why the sea is salty.", "input": None, "output": None, "n": 3},
]
FORMS: dict[str, Callable[[list[dict[str, Any]]], object]] = {
    "list": list,
    "polars": pl.DataFrame,
    "pandas": pd.DataFrame,
    "datasets": datasets.Dataset.from_list,
}
ALONE: dict[str, Callable[[object], kodata.Split]] = {
    "translate": lambda data: kodata.translate(data, by="echo"),
    "regenerate": lambda data: kodata.regenerate(data, "echo"),
    "sieve": lambda data: kodata.sieve(data, ["empty"]),
    "dedupe": kodata.dedupe,
    "validate": kodata.validate,
}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Build:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KODATA_HOME", str(tmp_path_factory.mktemp("home")))
        return kodata.build("alpaca-ko", demo=True)


@pytest.fixture
def live(env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of this process is that of somebody whose services are the loopback servers."""
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    return env


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


# -- build, plan, load


def test_a_build_has_its_corpus_and_what_was_dropped(demo: Build) -> None:
    records = demo.manifest["records"]
    assert list(demo.corpus.columns) == [*COLUMNS, "source_file", "source_row"]
    assert list(demo.dropped.columns) == ["id", "stage", "reason", "evidence", "source_file", "source_row"]
    assert (demo.corpus["id"].n_unique(), demo.dropped.height) == (records["kept"], records["dropped"])


def test_a_build_goes_to_datasets_row_by_row(demo: Build) -> None:
    rows = demo.to_datasets()
    assert isinstance(rows, datasets.Dataset)
    assert rows["instruction"][:] == demo.corpus["instruction"].to_list()


def test_load_finds_what_was_built(demo: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KODATA_HOME", str(demo.path.parents[2]))
    assert (kodata.load("alpaca-ko@demo"), kodata.load(demo.path)) == (demo, demo)


def test_load_names_the_nearest_build(demo: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KODATA_HOME", str(demo.path.parents[2]))
    with pytest.raises(BuildError, match='did you mean "alpaca-ko@demo"'):
        kodata.load("alpaca-ko@dem")


def test_a_build_without_a_budget_pays_nothing(live: dict[str, str], deepl: DeepLServer, tmp_path: Path) -> None:
    with pytest.raises(OverBudget):
        kodata.build("alpaca-ko", source=write_items(tmp_path / "items.json", items(3)))
    assert deepl.counts()["requests"] == 0


def test_a_plan_quotes_what_the_build_asks(live: dict[str, str], deepl: DeepLServer, tmp_path: Path) -> None:
    path = write_items(tmp_path / "items.json", items(9))
    quote = kodata.plan("alpaca-ko", source=path, limit=6)
    assert (quote.records, quote.to_ask, deepl.counts()["requests"]) == (6, 8 + 6, 0)
    b = kodata.build("alpaca-ko", source={"alpaca": path}, limit=6, budget=1.0, out=tmp_path / "out")
    assert sum(asked["sent"] for asked in b.manifest["asks"].values()) == quote.to_ask
    assert (tmp_path / "out" / "corpus.jsonl").read_bytes() == (b.path / "corpus.jsonl").read_bytes()


def test_set_takes_python_values() -> None:
    echo = {"use": "echo"}
    overrides = {
        "translate.with": echo,
        "regenerate.with": echo,
        "translate.fields": ("instruction",),
        "sieve.rules": [],
    }
    with pytest.raises(PipelineError, match='"rules" is missing'):
        kodata.plan("alpaca-ko", demo=True, set=overrides)
    overrides["sieve.rules"] = [{"use": "empty", "columns": ["output"]}]
    b = kodata.build("alpaca-ko", source=write_items(Path("items.json"), items(5)), set=overrides)
    assert b.corpus["input_source"].null_count() == 5


# -- the package


def test_the_names_of_kodata_stay_calls_whatever_is_imported() -> None:
    import kodata.building

    for module in pkgutil.walk_packages(kodata.__path__, "kodata."):
        importlib.import_module(module.name)
    calls = (
        "align",
        "audit",
        "borderline",
        "build",
        "decontaminate",
        "dedupe",
        "load",
        "plan",
        "regenerate",
        "sieve",
        "translate",
        "validate",
    )
    assert [name for name in calls if not callable(getattr(kodata, name))] == []
    assert {name for name in kodata.__all__ if name[0].islower()} == set(calls)


def test_every_name_of_kodata_is_there() -> None:
    assert [name for name in kodata.__all__ if getattr(kodata, name, None) is None] == []
    with pytest.raises(AttributeError, match="nothing"):
        kodata.nothing  # noqa: B018


# -- stages alone


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("stage", ALONE)
def test_a_stage_alone_takes_what_people_have(stage: str, form: str) -> None:
    split, expected = ALONE[stage](FORMS[form](ROWS)), ALONE[stage](ROWS)
    assert list(split.kept.columns) == list(COLUMNS)
    assert list(split.dropped.columns) == list(DROPPED_COLUMNS)
    assert split.kept.equals(expected.kept)
    assert split.dropped.equals(expected.dropped)
    assert split.kept["id"].n_unique() + split.dropped.height == len(ROWS)


@pytest.mark.parametrize("form", ["polars", "pandas", "datasets"])
@pytest.mark.parametrize("stage", ALONE)
def test_a_stage_alone_takes_the_corpus_of_a_build_as_it_is(stage: str, form: str, demo: Build) -> None:
    data = {"polars": demo.corpus, "pandas": demo.corpus.to_pandas(), "datasets": demo.to_datasets()}[form]
    split = ALONE[stage](data)
    assert split.dropped.height == 0
    assert split.kept["id"].to_list() == demo.corpus["id"].to_list()
    assert split.kept["upstream_key"].to_list() == demo.corpus["upstream_key"].to_list()


@pytest.mark.parametrize("stage", ALONE)
def test_bad_rows_are_dropped_with_a_reason(stage: str) -> None:
    bad: list[object] = [{"ask": "?"}, None, "a text", {"instruction": ["a", "list"]}]
    split = ALONE[stage]([*bad, *ROWS])
    reasons = ["no-instruction", "not-an-object", "not-an-object", "not-text"]
    assert split.dropped["reason"].to_list()[:4] == reasons
    assert split.kept["id"].n_unique() + split.dropped.height == len(bad) + len(ROWS)


@pytest.mark.parametrize("stage", ALONE)
def test_no_rows_give_no_rows(stage: str) -> None:
    split = ALONE[stage]([])
    assert (split.kept.height, split.dropped.height) == (0, 0)


@pytest.mark.parametrize("data", [ROWS[0], "instruction", pl.LazyFrame(ROWS).collect_schema(), iter(ROWS)])
def test_what_is_no_table_is_named(data: object) -> None:
    with pytest.raises(SourceError, match=f"{type(data).__name__} is not read. Give a polars or pandas frame"):
        kodata.validate(data)


def test_sieve_says_which_rule_and_where() -> None:
    split = kodata.sieve([*ROWS, {"instruction": "  ", "input": "", "output": "x"}], ["empty"])
    assert split.dropped.select("reason", "evidence").rows() == [("empty", "instruction")]


def test_sieve_names_an_unknown_rule() -> None:
    with pytest.raises(PipelineError, match='no rule "refusals"'):
        kodata.sieve(ROWS, ["refusals"])


def test_dedupe_names_the_twin_that_was_kept() -> None:
    split = kodata.dedupe([ROWS[0], {**ROWS[0], "n": 9}])
    assert (split.kept.height, split.dropped["reason"].to_list()) == (1, ["duplicate"])
    assert split.kept["id"][0] in split.dropped["evidence"][0]


def test_validate_says_what_does_not_fit() -> None:
    split = kodata.validate([{"instruction": "", "input": "", "output": "x"}, ROWS[0]])
    assert split.dropped["reason"].to_list() == ["schema"]
    assert split.dropped["evidence"][0].startswith("instruction: ")


def test_translate_by_deepl_keeps_within_the_budget_and_pays_once(live: dict[str, str], deepl: DeepLServer) -> None:
    characters = sum(len(str(row[name] or "")) for row in ROWS for name in ("instruction", "input"))
    split = kodata.translate(ROWS, by="deepl", budget=1.0)
    assert split.kept["instruction_source"].to_list() == [row["instruction"] for row in ROWS]
    assert deepl.counts()["characters"] == characters
    again = kodata.translate(ROWS, by="deepl")  # nothing is asked, so no budget is needed
    assert again.kept.equals(split.kept)
    assert deepl.counts()["requests"] == 1


def test_translate_by_deepl_without_a_budget_sends_nothing(live: dict[str, str], deepl: DeepLServer) -> None:
    with pytest.raises(OverBudget, match=r"the budget is \$0"):
        kodata.translate(ROWS)
    assert deepl.counts()["requests"] == 0


def test_translate_by_deepl_without_a_key_names_the_variable() -> None:
    with pytest.raises(Misconfigured, match="DEEPL_AUTH_KEY"):
        kodata.translate(ROWS, budget=1.0)


def test_regenerate_answers_each_row_from_its_own_question(live: dict[str, str], openai: OpenAIServer) -> None:
    split = kodata.regenerate(ROWS, "gpt-6-luna", prompt="한국어로 답하세요.", budget=1.0)
    for question, output in zip(
        ("Name three colours.", "Describe the animal.\n\nA cat", "Explain why the sea is salty."),
        split.kept["output"],
        strict=True,
    ):
        assert tag_for(question) in output
    assert openai.counts()["ok"] == 3


def test_a_stage_alone_that_pretends_leaves_no_ledger() -> None:
    kodata.translate(ROWS, by="echo")
    assert not Workspace.of(environment()).ledger.exists()


# -- the README


def test_the_notebook_block_of_the_readme_runs_as_it_stands(tmp_path: Path) -> None:
    (block,) = [block for block in blocks("python") if "kodata.build(" in block]
    check = "\nassert type(b.to_datasets()).__name__ == 'Dataset' and split.kept.height == 1, split"
    env = {**os.environ, "KODATA_HOME": str(tmp_path / "home")}
    command = [sys.executable, "-c", block + check]
    done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_a_stage_of_ones_own_as_in_the_readme_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (module,) = [block for block in blocks("python") if block.startswith("# mystages.py")]
    (stage,) = [block for block in blocks("toml") if "mystages:" in block]
    (tmp_path / "mystages.py").write_text(module, encoding="utf-8")
    (tmp_path / "my.toml").write_text(f'[[source]]\nuse = "alpaca"\npath = "items.json"\n\n{stage}', encoding="utf-8")
    rows = [{"instruction": "Name a colour.", "output": answer} for answer in ("Red.", "x" * 19, "x" * 20)]
    write_items(tmp_path / "items.json", rows)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "mystages", raising=False)
    b = kodata.build(str(tmp_path / "my.toml"))
    sys.modules.pop("mystages")
    assert b.corpus["output"].to_list() == ["x" * 20]
    assert b.dropped.select("stage", "reason", "evidence").rows() == [
        ("mystages:ShortAnswers", "short-answer", "Red."),
        ("mystages:ShortAnswers", "short-answer", "x" * 19),
    ]
