"""The schemas describe what is really written and read."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator

from kodata import events
from kodata.building import Options, build
from kodata.corpus import COLUMNS
from kodata.pipeline import FACES, STAGES, Limits, schema, shipped, shipped_pipelines
from kodata.providers.servers import Server, ServerPrice
from kodata.published import Build
from kodata.rules import RULES
from kodata.sources import SOURCES, Source
from kodata.workspace import Workspace, environment


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Build, list[events.Event]]:
    told: list[events.Event] = []
    workspace = Workspace.of({"KODATA_HOME": str(tmp_path_factory.mktemp("home"))})
    return build("alpaca-ko", Options(demo=True), workspace, environment(), told.append), told


def of(name: str) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(shipped("schemas", f"{name}.schema.json").read_bytes())
    return found


@pytest.mark.parametrize("path", sorted(shipped("schemas").glob("*.json")), ids=lambda path: path.stem)
def test_every_schema_is_a_schema(path: Any) -> None:
    Draft202012Validator.check_schema(orjson.loads(path.read_bytes()))


def test_a_manifest_fits_its_schema(demo: tuple[Build, list[events.Event]]) -> None:
    Draft202012Validator(of("manifest")).validate(demo[0].manifest)


def test_every_event_fits_its_schema(demo: tuple[Build, list[events.Event]]) -> None:
    moved = [events.SourceMoved("alpaca", 100, 0.5), events.PublishMoved(10, 20), events.StageMoved("a", 1, 2, 0, 0.0)]
    told = [*demo[1], *moved, events.Waiting("deepl", 1.5, "deepl answered 429"), events.Finding("a", "b")]
    assert {type(event).__name__ for event in told} == set(of("event")["$defs"]) - {"count"}
    for event in told:
        Draft202012Validator(of("event")).validate(orjson.loads(events.json_line(event)))


def test_every_line_of_events_fits_its_schema(demo: tuple[Build, list[events.Event]]) -> None:
    for line in (demo[0].path / "events.jsonl").read_bytes().splitlines():
        Draft202012Validator(of("event")).validate(orjson.loads(line))


def test_the_record_schema_names_the_columns() -> None:
    assert list(of("record")["properties"]) == list(COLUMNS)


def test_references_are_inlined() -> None:
    assert "$ref" not in schema("record")


@pytest.mark.parametrize("name", shipped_pipelines())
def test_every_shipped_pipeline_fits_the_schema(name: str) -> None:
    table = tomllib.loads(shipped("pipelines", f"{name}.toml").read_text(encoding="utf-8"))
    Draft202012Validator(of("pipeline")).validate(table)


def test_the_pipeline_schema_knows_every_setting() -> None:
    """Names only: the types are the dataclasses' to check."""
    defs = of("pipeline")["$defs"]
    assert set(defs["source"]["properties"]) == {f.name for f in fields(Source)}
    assert set(defs["source"]["properties"]["use"]["enum"]) == set(SOURCES)
    assert set(of("pipeline")["properties"]["limits"]["properties"]) == {f.name for f in fields(Limits)}
    assert set(defs["rule"]["enum"]) == set(RULES)
    assert set(defs["server"]["properties"]) == {f.name for f in fields(Server)}
    assert set(defs["server"]["properties"]["price"]["properties"]) == {f.name for f in fields(ServerPrice)}
    for use, stage in STAGES.items():
        faces = FACES.get(stage, {})
        given = {"schema", *(["by"] if faces else [])}
        settings = {f.name for f in fields(stage)} - given  # type: ignore[arg-type]
        assert set(defs[use]["properties"]) == {"use", "name", *settings, *(["with"] if faces else [])}
        known = {f.name for face in faces.values() for f in fields(face)} - {"provider"}
        if faces:
            assert set(defs[use]["properties"]["with"]["properties"]) == {"use", *known}
            asked = defs[use]["properties"]["with"]["properties"]["use"]
            assert set(asked.get("enum") or asked["anyOf"][0]["enum"]) == set(faces)
