"""Two translators on the same records: each as a build would ask it, and what its checks say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kodata.building import Options, build, silent
from kodata.comparing import checks_of, renderings, runs_of
from kodata.errors import PipelineError
from kodata.published import Build
from kodata.workspace import Workspace
from tests.conftest import HASTY, items, write_items
from tests.servers.deepl import DeepLServer
from tests.servers.openai import OpenAIServer

Env = dict[str, str]
BOTH = ("deepl", "openai")


def built(env: Env, path: Path, translators: tuple[str, ...] = BOTH) -> dict[str, Build]:
    """What each of them made of the first twelve records."""
    runs = runs_of("alpaca-ko", translators, Options(sources={"": path}, limit=12, budget_usd=1.0), env)
    return {who: build("alpaca-ko", options, Workspace.of(env), env, silent, HASTY) for who, options in runs.items()}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_items(tmp_path / "items.json", items(20))


def test_both_are_asked_for_the_same_records_up_to_the_checks(env: Env, source: Path, openai: OpenAIServer) -> None:
    deepl, model = built(env, source).values()
    assert deepl.corpus["id"].to_list() == model.corpus["id"].to_list()
    assert deepl.manifest["records"]["kept"] == 12
    assert {by.partition("@")[0] for b in (deepl, model) for by in b.corpus["translated_by"]} == {"deepl", "openai"}
    assert deepl.corpus["output"].null_count() == 12
    assert openai.counts()["ok"] == 12


def test_what_was_paid_for_is_found_by_a_whole_build(env: Env, source: Path, deepl: DeepLServer) -> None:
    built(env, source)
    asked = deepl.counts()["texts"]
    options = Options(sources={"": source}, limit=12, budget_usd=1.0)
    build("alpaca-ko", options, Workspace.of(env), env, silent, HASTY)
    assert deepl.counts()["texts"] == asked > 0


def test_a_second_comparison_asks_nobody(env: Env, source: Path, deepl: DeepLServer, openai: OpenAIServer) -> None:
    built(env, source)
    before = deepl.counts()["requests"], openai.counts()["requests"]
    built(env, source)
    assert (deepl.counts()["requests"], openai.counts()["requests"]) == before


def test_lost_marks_are_counted_for_the_translator_that_lost_them(env: Env, source: Path, openai: OpenAIServer) -> None:
    runs = runs_of("alpaca-ko", BOTH, Options(sources={"": source}, limit=12, budget_usd=1.0), env)
    checks = []
    for faults, options in zip(({}, {"drop_marks": 1.0}), runs.values(), strict=True):
        openai.faults(**faults)
        checks.append(checks_of(build("alpaca-ko", options, Workspace.of(env), env, silent, HASTY)))
    assert checks[0]["translate, dropped", "mark-lost"] == 0 < checks[1]["translate, dropped", "mark-lost"]


def test_renderings_stand_side_by_side(env: Env, source: Path) -> None:
    builds = list(built(env, source).values())
    pairs = list(renderings(builds, 3))
    rows = {row["id"]: row for row in builds[0].corpus.iter_rows(named=True)}
    assert len({pair.id for pair in pairs}) == 3
    for pair in pairs:
        assert pair.english == rows[pair.id][f"{pair.field}_source"]
        assert pair.korean[0] == rows[pair.id][pair.field] != pair.english


def test_another_model_and_the_glossary_of_the_pipeline_are_settings_of_the_build(env: Env) -> None:
    first, second = runs_of("alpaca-ko", ("deepl", "openai/gpt-6"), Options(limit=5), env).values()
    glossary = '{ use = "openai", model = "gpt-6", glossary = "glossaries/en-ko.tsv" }'
    assert first == Options(limit=5, until="verify")
    assert second == replace(first, overrides=(f"translate.with={glossary}",))


@pytest.mark.parametrize(
    ("name", "translators", "said"),
    [
        ("alpaca-ko", ("deepl", "deepl"), "name two translators"),
        ("dolly-ko", ("deepl", "openai"), "which model of openai"),
        ("kin-ko", ("deepl", "openai"), "kin-ko translates nothing"),
    ],
)
def test_what_cannot_be_compared_is_refused(name: str, translators: tuple[str, ...], said: str, env: Env) -> None:
    with pytest.raises(PipelineError, match=said):
        runs_of(name, translators, Options(), env)
