"""`[[publish]]`: what cannot be made is said before anything is paid for, or costs no build."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import orjson
import pytest
from jsonschema import Draft202012Validator

from kodata.building import Options, build, silent
from kodata.errors import PipelineError
from kodata.pipeline import shipped
from kodata.planning import plan
from kodata.published import Build
from kodata.workspace import Workspace
from tests.conftest import Kodata, items, write_items

TRANSLATE = '[[stage]]\nuse = "translate"\nfields = {}\nwith = {{ use = "echo" }}\n'
WITH_OUTPUT = TRANSLATE.format('["instruction", "output"]')
WITHOUT_OUTPUT = TRANSLATE.format('["instruction"]')
REGENERATE = '[[stage]]\nuse = "regenerate"\nprompt = "prompt.md"\nwith = { use = "echo" }\n'
OWN = '[[stage]]\nuse = "ownstages:Nothing"\n'
STAGE = """
from dataclasses import dataclass
from typing import ClassVar
import polars as pl
from kodata import Split
from kodata.corpus import DROPPED_COLUMNS, split_off


@dataclass(frozen=True)
class Nothing:
    version: ClassVar[int] = 1

    def run(self, frame: pl.DataFrame) -> Split:
        return split_off(frame, pl.DataFrame(schema=DROPPED_COLUMNS))
"""


def pipeline(folder: Path, *parts: str, sources: Sequence[str] = ("alpaca",)) -> str:
    named = (f'[[source]]\nuse = "{use}"\npath = "items.json"\nlang = "en"\n' for use in sources)
    (folder / "own-ko.toml").write_text("\n".join((*parts[:1], *named, *parts[1:])), encoding="utf-8")
    (folder / "prompt.md").write_text("한국어로 답하세요.", encoding="utf-8")
    (folder / "ownstages.py").write_text(STAGE, encoding="utf-8")
    write_items(folder / "items.json", items(3))
    return str(folder / "own-ko.toml")


def form(to: str, more: str = "") -> str:
    return f'[[publish]]\nto = "{to}"\n{more}'


@pytest.mark.parametrize(
    ("parts", "sources", "why"),
    [
        ((form("preference"), REGENERATE), ["alpaca"], "two answers"),
        ((form("preference"), WITHOUT_OUTPUT, REGENERATE), ["alpaca"], "two answers"),
        ((form("preference"), WITH_OUTPUT), ["alpaca"], "two answers"),
        ((form("preference"), REGENERATE, WITH_OUTPUT), ["alpaca"], "two answers"),
        ((form("lm-eval"), WITH_OUTPUT), ["alpaca"], r"Put \[split\] with"),
        ((form("text"), WITH_OUTPUT), ["alpaca"], "needs --template"),
        ((form("text", 'template = "kulm"'), WITH_OUTPUT), ["alpaca"], 'did you mean "kullm"'),
        ((form("text", 'template = "prompt.jinja"'), WITH_OUTPUT), ["alpaca"], "not Jinja: line 1"),
        ((form("trl"), WITH_OUTPUT), ["arc"], "nobody trains on items of an evaluation"),
        ((form("hf"), WITH_OUTPUT), ["arc", "alpaca"], "two corpora"),
    ],
)
def test_what_the_file_rules_out_is_said_before_anything_runs(
    parts: tuple[str, ...],
    sources: list[str],
    why: str,
    kodata: Kodata,
    tmp_path: Path,
) -> None:
    path = pipeline(tmp_path, *parts, sources=sources)
    (tmp_path / "prompt.jinja").write_text("{% for %}", encoding="utf-8")
    workspace = Workspace.of({"KODATA_HOME": str(tmp_path / "home")})
    for run in (build, plan):
        with pytest.raises(PipelineError, match=rf"own-ko, \[\[publish\]\] 1: .*{why}"):
            run(path, Options(), workspace, {}, silent)
    assert kodata("check", path).code == 2
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("parts", [(WITH_OUTPUT, REGENERATE), (WITH_OUTPUT, OWN, REGENERATE)])
def test_both_answers_are_published_as_preferences(parts: tuple[str, ...], tmp_path: Path) -> None:
    made = built(tmp_path, pipeline(tmp_path, form("preference"), *parts))
    assert len((made.path / "exports" / "preference" / "train.jsonl").read_bytes().splitlines()) == 3
    assert made.not_exported == {}


def built(folder: Path, path: str, out: Path | None = None) -> Build:
    return build(path, Options(out=out), Workspace.of({"KODATA_HOME": str(folder / "home")}), {}, silent)


def test_a_form_that_turns_out_impossible_costs_no_build(tmp_path: Path) -> None:
    """What a stage of one's own does nobody knows, so that only the records tell."""
    forms = form("preference") + form("messages")
    made = built(tmp_path, pipeline(tmp_path, forms, WITH_OUTPUT, OWN))
    assert [path.name for path in (made.path / "exports").iterdir()] == ["messages"]
    assert list(made.not_exported) == ["preference"]
    assert made.not_exported["preference"].startswith("own-ko: no record has both")
    assert (made.path.parent / "latest").resolve() == made.path
    schema = orjson.loads(shipped("schemas", "manifest.schema.json").read_bytes())
    Draft202012Validator(schema).validate(made.manifest)


def test_an_answer_that_was_never_written_is_no_answer(tmp_path: Path) -> None:
    made = built(tmp_path, pipeline(tmp_path, form("messages"), WITHOUT_OUTPUT))
    assert made.not_exported["messages"].endswith("has no answer: its pipeline ends before one is written")


def test_a_build_that_lacks_a_form_says_so_and_ends_with_1(kodata: Kodata, tmp_path: Path) -> None:
    ended = kodata("build", pipeline(tmp_path, form("preference"), WITH_OUTPUT, OWN))
    assert (ended.code, "3 of 3 records kept" in ended.out) == (1, True)
    assert "\nNot exported to preference: own-ko: no record has both" in ended.out


def test_a_copy_replaces_an_earlier_one_and_nothing_else(tmp_path: Path) -> None:
    out = tmp_path / "copy"
    for to in ("alpaca", "messages"):
        made = built(tmp_path, pipeline(tmp_path, form(to), WITH_OUTPUT), out)
        (out / "notes.txt").write_text("mine", encoding="utf-8")
    copied = {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    own = {path.relative_to(made.path).as_posix(): path.read_bytes() for path in made.path.rglob("*") if path.is_file()}
    assert copied == own | {"notes.txt": b"mine"}
