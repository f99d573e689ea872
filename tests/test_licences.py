"""Licences: told for each record, never merged, and asked before something is used."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from kodata.building import Options, build, silent
from kodata.errors import BuildError, PipelineError
from kodata.exports import export
from kodata.licences import Use
from kodata.pipeline import load_pipeline
from kodata.published import Build
from kodata.workspace import Workspace
from tests.conftest import items, write_items
from tests.test_exports import lines_of, under


def licensed(folder: Path, licence: str, **source: str) -> Path:
    """A pipeline of one source whose licence is said so."""
    more = "\n".join(f"{key} = {value}" for key, value in source.items())
    path = folder / "own-ko.toml"
    path.write_text(
        f"""[[source]]
use = "alpaca"
path = "items.json"
licence = {licence}
{more}
[[stage]]
use = "regenerate"
prompt = "prompt.md"
with = {{ use = "echo" }}
""",
        encoding="utf-8",
    )
    (folder / "prompt.md").write_text("한국어로 답하세요.", encoding="utf-8")
    return path


BY_COLUMN = '{ column = "meta.from", map = { wiki = "CC-BY-SA-3.0", forum = "CC-BY-NC-4.0", lab = "MIT" } }'


@pytest.fixture
def by_column(tmp_path: Path) -> Build:
    """A build of six records that say where they are from, one of them what the map has not, one nothing."""
    said: list[Any] = ["wiki", "forum", "lab", "lab", "blog", None]
    rows = [{**item, "meta": {"from": where}} for item, where in zip(items(6), said, strict=True)]
    (tmp_path / "items.json").write_text(json.dumps(rows), encoding="utf-8")
    workspace = Workspace.of({"KODATA_HOME": str(tmp_path / "home")})
    return build(str(licensed(tmp_path, BY_COLUMN)), Options(), workspace, {}, silent)


def test_a_source_takes_the_licence_of_each_record_from_a_column(by_column: Build) -> None:
    assert by_column.corpus["licence"].to_list() == [
        "CC-BY-SA-3.0", "CC-BY-NC-4.0", "MIT", "MIT", "unknown", "unknown",
    ]  # fmt: skip
    assert by_column.manifest["sources"][0]["licence"] == "by column meta.from"


def test_what_the_map_has_not_is_counted_and_said(by_column: Build) -> None:
    assert by_column.manifest["findings"] == [
        "2 records have no licence in the map of the column meta.from: nothing 1, blog 1"
    ]


def test_what_a_private_source_says_in_its_column_is_not_said(tmp_path: Path) -> None:
    write_items(tmp_path / "items.json", items(1))
    path = licensed(tmp_path, '{ column = "instruction", map = {} }', publish_source="false")
    built = build(str(path), Options(), Workspace.of({"KODATA_HOME": str(tmp_path / "home")}), {}, silent)
    assert built.manifest["findings"] == ["1 record has no licence in the map of the column instruction"]


@pytest.mark.parametrize(
    ("licence", "what"),
    [
        ('{ colum = "source", map = {} }', 'source 1 (alpaca), licence: no setting "colum" - did you mean "column"?'),
        ('{ column = "source" }', 'source 1 (alpaca), licence: setting "map" is missing'),
        ('{ column = "source", map = { a = 1 } }', 'licence: setting "map": Input should be a valid string'),
        ("3", 'setting "licence"'),
    ],
)
def test_a_licence_that_is_misspelt_is_named(tmp_path: Path, licence: str, what: str) -> None:
    write_items(tmp_path / "items.json", items(1))
    with pytest.raises(PipelineError, match=re.escape(what)):
        load_pipeline(str(licensed(tmp_path, licence)))


@pytest.mark.parametrize(
    ("use", "licences", "left"),
    [
        ("commercial", ["CC-BY-SA-3.0", "MIT", "MIT"], [("alpaca", "CC-BY-NC-4.0", 1), ("alpaca", "unknown", 2)]),
        ("research", ["CC-BY-SA-3.0", "CC-BY-NC-4.0", "MIT", "MIT"], [("alpaca", "unknown", 2)]),
        ("any", ["CC-BY-SA-3.0", "CC-BY-NC-4.0", "MIT", "MIT", "unknown", "unknown"], []),
    ],
)
def test_a_use_keeps_what_its_licence_allows(
    by_column: Build, tmp_path: Path, use: Use, licences: list[str], left: list[Any]
) -> None:
    export(by_column, "messages", tmp_path / "lines", use=use)
    assert len(lines_of(tmp_path / "lines" / "train.jsonl")) == len(licences)
    export(by_column, "hf", tmp_path / "out", use=use)
    found = [pl.read_parquet(path)["licence"].to_list() for path in (tmp_path / "out").glob("data/*/*")]
    assert sorted(name for names in found for name in names) == sorted(licences)
    receipt = json.loads((tmp_path / "out" / "export.json").read_text())
    assert [tuple(share.values()) for share in receipt["left_out"]] == left


def test_the_card_says_what_a_use_left_out(by_column: Build, tmp_path: Path) -> None:
    export(by_column, "hf", tmp_path / "out", use="commercial")
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert "Here are those whose licence allows commercial use; 3 of them are left out, see below." in card
    assert "| alpaca | CC-BY-NC-4.0 | 1 |\n| alpaca | unknown | 2 |" in card
    assert "license:\n- cc-by-sa-3.0\n- mit\n" in card


def test_a_corpus_of_which_nothing_may_be_used_so_is_not_exported(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"no record is under a licence known to allow commercial use \(CC-BY-NC-4.0"):
        export(under(tmp_path, "CC-BY-NC-4.0"), "messages", tmp_path / "out", use="commercial")
    assert not (tmp_path / "out").exists()


def test_a_pipeline_publishes_what_may_be_used_so(tmp_path: Path) -> None:
    write_items(tmp_path / "items.json", items(2))
    path = licensed(tmp_path, '"CC-BY-NC-4.0"')
    path.write_text(path.read_text() + '[[publish]]\nto = "messages"\nuse = "research"\n')
    built = build(str(path), Options(), Workspace.of({"KODATA_HOME": str(tmp_path / "home")}), {}, silent)
    assert json.loads((built.path / "exports" / "messages" / "export.json").read_text())["use"] == "research"


def test_the_terms_of_who_translated_and_wrote_are_a_column(run: Callable[..., Build], tmp_path: Path) -> None:
    export(run(items(2)), "hf", tmp_path / "out")
    (row, *_) = pl.read_parquet(tmp_path / "out" / "data" / "default" / "train.parquet").to_dicts()
    assert row["terms"] == ["DeepL Terms and Conditions", f"terms of {row['written_by'].rpartition('/')[2]}"]
