"""Alpaca and its programs through a DeepL that damages what it can: no damage is published, and little is lost."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from kodata.building import Options, build, silent
from kodata.planning import plan
from kodata.published import Build
from kodata.quote import Plan
from kodata.shield import by_hand
from kodata.workspace import Workspace
from tests.cases.damage import code_lines, damages, is_python, not_prose
from tests.conftest import HASTY, SHARED, own_pipeline, write_items
from tests.servers.loopback import own_process

EVERY = 4  # all of them: pytest -m bench tests/benchmarks/test_damage.py -s
FAULTS = {"drop_marks": 0.05, "double_marks": 0.05, "move_marks": 0.05}
MARK = re.compile(r"<x [^>]*>")


@dataclass(frozen=True)
class Run:
    """What went in, the build, what a plan said before it, and what DeepL counted."""

    items: list[dict[str, str]]
    plan: Plan
    build: Build
    counts: dict[str, Any]

    @property
    def texts(self) -> Iterator[tuple[str, str, str]]:
        """Of what is published: id, English and Korean of each text."""
        for name in ("instruction", "input"):
            rows = self.build.corpus.select("id", f"{name}_source", name).drop_nulls()
            yield from rows.iter_rows()

    @property
    def damages(self) -> list[tuple[str, str, str]]:
        return [(ident, *damage) for ident, english, korean in self.texts for damage in damages(english, korean)]

    @property
    def lost(self) -> int:
        """Records that left because a translation lost what must survive."""
        return int((self.build.dropped["reason"] != "not-korean").sum())

    @property
    def distinct(self) -> list[str]:
        """The texts of instruction and input, each once."""
        return list({item[name]: None for item in self.items for name in ("instruction", "input")})


def through(name: str, folder: Path, every: int = 1) -> Run:
    """Every so many of a file's items through the stages `translate` and `verify` of alpaca-ko."""
    if not (SHARED / name).exists():
        pytest.skip(f"{SHARED / name} is not there")
    items = orjson.loads((SHARED / name).read_bytes())[::every]
    source, pairs = write_items(folder / "items.json", items), known(folder / "pairs.jsonl")
    with own_process("tests.servers.deepl", "--pairs", str(pairs), "--particles") as deepl:
        env = {"KODATA_HOME": str(folder), "DEEPL_AUTH_KEY": "test-key:fx", "DEEPL_SERVER_URL": deepl.url}
        options, workspace = Options(sources={"": source}, budget_usd=200, parallel=8), Workspace.of(env)
        deepl.faults(**FAULTS)
        path = pipeline(folder)
        planned = plan(path, options, workspace, env, silent)
        return Run(items, planned, build(path, options, workspace, env, silent, HASTY), deepl.counts())


def pipeline(folder: Path) -> str:
    """A pipeline file of the stages `translate` and `verify` of alpaca-ko."""
    path = own_pipeline(folder / "pipelines")
    start, *stages = path.read_text(encoding="utf-8").split("[[stage]]")
    mine = [stage for stage in stages if 'use = "translate"' in stage or 'name = "verify"' in stage]
    path.write_text("[[stage]]".join([start, *mine]), encoding="utf-8")
    return str(path)


def known(path: Path) -> Path:
    """Pairs for the server: what is sent for an English text, and its real Korean with the marks it would have."""
    with path.open("w", encoding="utf-8") as file:
        for line in (SHARED / "koalpaca" / "deepl_en_ko.jsonl").read_bytes().splitlines():
            pair = orjson.loads(line)
            for sent, korean in by_hand(pair["en"], pair["ko"]).items():
                if sorted(MARK.findall(sent)) == sorted(MARK.findall(korean)):
                    print(json.dumps({"en": html.unescape(sent), "ko": html.unescape(korean)}), file=file)
    return path


@pytest.fixture(scope="module")
def alpaca(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return through("alpaca/alpaca_data.json", tmp_path_factory.mktemp("alpaca"), EVERY)


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return through("code/code_alpaca_2k.json", tmp_path_factory.mktemp("programs"))


@pytest.mark.parametrize(
    ("english", "korean", "found"),
    [
        ("See `f(x)`.", "`f(x)`를 보세요.", []),
        ("See `f(x)`.", "`f(엑스)`를 보세요.", [("code span", "`f(x)`")]),
        ("A <b>bold</b> _____", "<b>굵은 ____", [("tag", "</b>"), ("blank", "A <b>bold</b> _____")]),
        ("x = [1]\nreturn x + 1", "x = [1]\n반환 x + 1", [("code line", "return x + 1")]),
        ("Call get_name", "get_name을(를) 호출하세요 &lt;", [("particle", "을(를)"), ("left over", "&lt;")]),
    ],
)
def test_the_judge_sees_damage(english: str, korean: str, found: list[tuple[str, str]]) -> None:
    signs = [one for one in damages(english, korean) if one[0] != "number of signs"]
    assert signs == found


@pytest.mark.slow
def test_nothing_damaged_of_alpaca_is_published(alpaca: Run) -> None:
    assert alpaca.damages == []


@pytest.mark.slow
def test_nothing_damaged_of_programs_is_published(programs: Run) -> None:
    assert programs.damages == []


@pytest.mark.slow
def test_an_input_that_is_a_program_is_published_byte_for_byte(programs: Run) -> None:
    whole = [(english, korean) for _, english, korean in programs.texts if is_program(english)]
    assert len(whole) > 300
    assert [pair for pair in whole if pair[0] != pair[1]] == []


@pytest.mark.slow
def test_under_one_percent_is_lost_with_the_marks(alpaca: Run, programs: Run) -> None:
    assert min(sum(run.counts["faulted"].values()) for run in (alpaca, programs)) > 10
    assert [run.lost / len(run.items) < 0.01 for run in (alpaca, programs)] == [True, True]


@pytest.mark.slow
def test_what_is_no_prose_is_not_billed(alpaca: Run) -> None:
    billed, texts = alpaca.plan.stages[0].characters, alpaca.distinct
    assert 0 < billed <= sum(map(len, texts)) - sum(map(not_prose, texts))


def is_program(text: str) -> bool:
    """Whether all lines of a text are surely program text."""
    return is_python(text) or code_lines(text) == [line for line in text.split("\n") if line.strip()] != []
