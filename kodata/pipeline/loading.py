"""A pipeline file read: what is misspelt is named with the nearest name.

The file says what (everything that can change a row), flags say how.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kodata.errors import PipelineError, did_you_mean
from kodata.gates import Gates
from kodata.leaks.benchmark import Benchmark
from kodata.leaks.known import wanted
from kodata.pipeline.model import Limits, Notify, Pipeline, Publish, Step
from kodata.pipeline.place import Place
from kodata.pipeline.shipped import shipped, shipped_pipelines
from kodata.pipeline.steps import STAGES, rules_of, step_of
from kodata.providers.servers import Server
from kodata.rules import Rule
from kodata.sources import SOURCES, LicenceColumn, Source
from kodata.splits import HoldOut
from kodata.stages.decontaminate import Decontaminate
from kodata.stages.withhold import Withhold

_SOURCE_NAME = re.compile(r"\w[\w.-]*")  # it begins every id, or names a folder
_VARIABLE = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_TAKEN = ("deepl", "openai", "echo", "recording")  # names of providers that servers may not have
_TOP = ("about", "source", "stage", "limits", "publish", "split", "providers", "gates", "notify")


def load_pipeline(name: str, overrides: Iterable[str] = (), env: Mapping[str, str] | None = None) -> Pipeline:
    """The pipeline of that name, or in that file; `overrides` are texts such as `translate.model_type=...`.

    Raises PipelineError naming file, stage, key and the nearest known name.
    """
    path = Path(name).expanduser() if name.endswith(".toml") or "/" in name else shipped("pipelines", f"{name}.toml")
    if not path.is_file():
        known = did_you_mean(name, shipped_pipelines()) if not name.endswith(".toml") else ""
        raise PipelineError(f'no pipeline "{name}"{known} (`kodata list` shows them; a file is given by its path)')
    try:
        text = path.read_text(encoding="utf-8-sig")
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PipelineError(f"{path.name} is not TOML: {error}") from error
    return _pipeline(Place(path), table, text, list(overrides), env or {})


def rules_in(name: str, text: str, overrides: Mapping[str, str]) -> dict[str, tuple[Rule, ...]]:
    """The rules of every stage of a pipeline, by its name, from the text of its file; none where it is no filter.

    Nothing else of the file is understood, and nothing that it names is read: a build knows its pipeline as text.
    """
    file, stages = Place(Path(f"{name}.toml")), [dict(stage) for stage in tomllib.loads(text)["stage"]]
    for target, value in overrides.items():
        _override(stages, f"{target}={value}")
    named = ((str(stage.get("name", stage["use"])), stage) for stage in stages)
    return {
        stage: rules_of(file.within(stage), table["rules"]) if table["use"] == "filter" else ()
        for stage, table in named
    }


def benchmarks_in(text: str, overrides: Mapping[str, str]) -> tuple[Benchmark, ...]:
    """The benchmarks that the stages of a pipeline file name, each once and not loaded, from the text of the file.

    Paths are as the file has them, so relative to where one is.
    """
    stages = [dict(stage) for stage in tomllib.loads(text)["stage"]]
    for target, value in overrides.items():
        _override(stages, f"{target}={value}")
    named = [wanted(s.get("benchmarks", "all")) for s in stages if STAGES.get(s["use"]) is Decontaminate]
    return tuple({benchmark.name: benchmark for found in named for benchmark in found}.values())


def _pipeline(
    file: Place, table: Mapping[str, Any], text: str, overrides: Sequence[str], env: Mapping[str, str]
) -> Pipeline:
    if not _SOURCE_NAME.fullmatch(file.path.stem):
        raise file.error("the name of a pipeline file is of letters, digits, - and _")
    file.within("top level").known(table, _TOP)
    stages = [dict(stage) for stage in _tables(file, table, "stage")]
    tables = [dict(source) for source in _tables(file, table, "source")]
    chosen = dict(_override(stages, override) for override in overrides)
    servers = _servers(file, table.get("providers", {}))
    steps = tuple(step_of(file, n, stage, servers, env) for n, stage in enumerate(stages, 1))
    sources = tuple(_source(file, n, source) for n, source in enumerate(tables, 1))
    if private := tuple(source.name for source in sources if not source.publish_source):
        steps += (Step("withhold", Withhold(private)),)
    for names in ([step.name for step in steps], [source.name for source in sources]):
        if twice := {name for name in names if names.count(name) > 1}:
            raise file.error(f'the name "{min(twice)}" stands twice. Give one a `name` of its own')
    forms = [
        _publish(file.within(f"publish {n}"), entry)
        for n, entry in enumerate(_tables(file, table, "publish", least=0), 1)
    ]
    names = [form.to for form in forms]
    if twice := {name for name in names if names.count(name) > 1}:
        raise file.error(f'[[publish]] names "{min(twice)}" twice, and both would be one folder')
    return Pipeline(
        name=file.path.stem,
        about=str(table.get("about", "")),
        sources=sources,
        steps=steps,
        limits=Limits(**_table(file, table, "limits", Limits)),
        gates=Gates(**_table(file, table, "gates", Gates)),
        notify=_notify(file, table) if "notify" in table else None,
        text=text,
        overrides=chosen,
        publish=tuple(forms),
        split=HoldOut(**_table(file, table, "split", HoldOut)) if "split" in table else None,
        servers=servers,
        files=dict(sorted(file.texts.items())),
    )


def _tables(file: Place, table: Mapping[str, Any], name: str, least: int = 1) -> list[Mapping[str, Any]]:
    found = table.get(name, [])
    if isinstance(found, dict):
        raise file.error(f"{name} may stand more than once: write [[{name}]], with two brackets")
    if not isinstance(found, list) or len(found) < least or not all(isinstance(item, dict) for item in found):
        raise file.error(f"at least one [[{name}]] is needed")
    return found


def _table(file: Place, table: Mapping[str, Any], name: str, kind: type) -> dict[str, Any]:
    """The settings of a table that stands once."""
    found = table.get(name, {})
    if not isinstance(found, dict):
        raise file.error(f"{name} is one table, [{name}]")
    return file.within(f"[{name}]").settings(kind, found)


def _notify(file: Place, table: Mapping[str, Any]) -> Notify:
    notify = Notify(**_table(file, table, "notify", Notify))
    if not _VARIABLE.fullmatch(notify.webhook_env):
        raise file.within("[notify]").error("webhook_env names the variable that holds the URL: KODATA_WEBHOOK")
    return notify


def _servers(file: Place, tables: object) -> dict[str, Server]:
    """Servers by the name that stands in `with = { use = ... }`."""
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        raise file.error("each server is a table, [providers.NAME]")
    servers = {}
    for name, table in tables.items():
        place = file.within(f"[providers.{name}]")
        if name in _TAKEN or not _SOURCE_NAME.fullmatch(name):
            raise place.error("give it another name, of letters, digits and -")
        servers[name] = server = Server(**place.settings(Server, table))
        if server.key_env and not _VARIABLE.fullmatch(server.key_env):
            raise place.error("key_env names the variable that holds the key: LOCAL_KEY")
        if urlsplit(server.base_url).username is not None:
            raise place.error("base_url holds a password, and this file is published. Use key_env")
        if not server.base_url.startswith(("http://", "https://")):
            raise place.error("base_url is no http:// or https:// URL")
    return servers


def _publish(place: Place, table: Mapping[str, Any]) -> Publish:
    entry = Publish(**place.settings(Publish, table))
    is_file = "/" in entry.template or Path(entry.template).suffix  # else it is the name of one that is shipped
    return replace(entry, template=str(place.beside(entry.template))) if is_file else entry


def _source(file: Place, n: int, table: dict[str, Any]) -> Source:
    use = str(table.get("use", ""))
    if use not in SOURCES:
        raise file.within(f"source {n}").error(f'no format "{use}"{did_you_mean(use, SOURCES)}')
    place = file.within(f"source {n} ({use})")
    given: dict[str, Any] = {"name": use}
    if isinstance(licence := table.get("licence"), dict):
        del table["licence"]
        given["licence"] = LicenceColumn(**place.within("licence").settings(LicenceColumn, licence))
    source = Source(**{**given, **place.settings(Source, table)})
    if source.path and source.hub:
        raise place.error("give one of `path` and `hub`")
    if not _SOURCE_NAME.fullmatch(source.name):
        raise place.error(f'name "{source.name}" is not of letters, digits and -')
    place.within("fields").known(source.fields, SOURCES[use].fields)
    if source.path and not source.path.startswith("~"):  # whose home it is goes into no manifest
        source = replace(source, path=str(place.beside(source.path)))
    return source


def _override(stages: list[dict[str, Any]], text: str) -> tuple[str, str]:
    """Put `stage.key=value` into the tables; a key of the provider may be given without `with.`."""
    target, equals, value = text.partition("=")
    name, dot, key = target.strip().partition(".")
    if not (equals and dot and key):
        raise PipelineError(f'--set "{text}" is not of the form stage.key=value')
    names = [str(stage.get("name", stage.get("use"))) for stage in stages]
    if name not in names:
        raise PipelineError(f'--set "{text}": no stage "{name}"{did_you_mean(name, names)}')
    stage = stages[names.index(name)]
    kind = STAGES.get(str(stage.get("use")))
    own = {f.name for f in fields(kind)} if kind is not None else set()  # type: ignore[arg-type]
    if key.startswith("with.") or (key not in (*own, "with") and isinstance(stage.get("with"), dict)):
        stage["with"] = dict(stage["with"]) | {key.removeprefix("with."): _toml_value(value)}
    else:
        stage[key] = _toml_value(value)
    return target.strip(), value


def _toml_value(text: str) -> object:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text  # a bare word is a string
