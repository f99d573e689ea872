"""The tables `[[stage]]` as stages."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, get_args

from kodata.asks import Register
from kodata.errors import PipelineError, did_you_mean
from kodata.leaks.benchmark import Benchmark
from kodata.leaks.known import wanted
from kodata.memory import Memory, memory_of
from kodata.pipeline.faces import FACES, face_of
from kodata.pipeline.model import Step
from kodata.pipeline.place import Place
from kodata.pipeline.shipped import schema
from kodata.providers.servers import Server
from kodata.rules import RULES, Fix, Rule
from kodata.stages import Stage
from kodata.stages.compose import Compose
from kodata.stages.correct import Correct
from kodata.stages.decontaminate import Decontaminate
from kodata.stages.dedupe import Dedupe, Published
from kodata.stages.distinct import Distinct
from kodata.stages.filter import Filter
from kodata.stages.regenerate import Regenerate
from kodata.stages.sample import Sample
from kodata.stages.translate import Registers, Translate
from kodata.stages.validate import Validate

STAGES: dict[str, type[Stage]] = {
    "translate": Translate,
    "regenerate": Regenerate,
    "compose": Compose,
    "filter": Filter,
    "correct": Correct,
    "sample": Sample,
    "distinct": Distinct,
    "dedupe": Dedupe,
    "decontaminate": Decontaminate,
    "validate": Validate,
}
_CORRECTIONS = "corrections.jsonl"  # beside the pipeline file


def step_of(file: Place, n: int, table: dict[str, Any], servers: Mapping[str, Server], env: Mapping[str, str]) -> Step:
    """The nth stage of the file."""
    use = str(table.pop("use", ""))
    name = str(table.pop("name", use))
    place = file.within(f"stage {n} ({name})")
    kind = _imported(place, use) if ":" in use else STAGES.get(use)
    if kind is None:
        raise file.within(f"stage {n}").error(f'no stage "{use}"{did_you_mean(use, STAGES)}')
    place.known(table, settable(kind))
    given: dict[str, Any] = {}
    if kind in FACES:
        given["by"] = face_of(place, kind, table.pop("with", None), servers, env)
    if kind is Filter:
        given["rules"] = rules_of(place, table.pop("rules", None))
    if kind is Decontaminate:
        given["benchmarks"] = _benchmarks(place, table.pop("benchmarks", "all"))
    if kind is Dedupe:
        given["against"] = _against(place, table.pop("against", []))
    if kind is Validate:
        given["schema"] = schema()
    if kind in (Regenerate, Compose) and "prompt" in table:
        table["prompt"] = place.text("prompt", table["prompt"])
    if kind is Translate and "memory" in table:
        given["memory"] = _memory(place, table.pop("memory"))
    if kind is Translate and "register" in table:
        given["register"] = _registers(place, table.pop("register"))
    if kind is Correct:
        table["file"] = _corrections(place, table.get("file"))
    given |= place.settings(kind, table, given)
    try:
        return Step(name, kind(**given))
    except PipelineError as error:  # settings that do not go together
        raise place.error(str(error)) from error


def settable(kind: type[Stage]) -> list[str]:
    """The keys that may stand in the table of a stage."""
    own = {f.name for f in fields(kind)} | {"use", "name"}  # type: ignore[arg-type]
    if kind in FACES:
        own = own - {"by"} | {"with"}
    return sorted(own - {"schema"} if kind is Validate else own)


def _memory(place: Place, name: object) -> Memory:
    path = place.beside(name)
    try:
        return memory_of(path.stem, path.read_bytes())
    except (OSError, ValueError) as error:
        raise place.error(f"memory = {name!r} cannot be read ({error})") from error


def _registers(place: Place, levels: object) -> Registers:
    """One level for all fields, or a table by field."""
    if isinstance(levels, dict):
        return Registers(**place.within("register").settings(Registers, levels))
    if levels not in (known := get_args(Register)):
        raise place.error(f'setting "register": one of {", ".join(known)}, or a table by field, not {levels!r}')
    return Registers(**dict.fromkeys((f.name for f in fields(Registers)), levels))  # type: ignore[arg-type]


def rules_of(place: Place, entries: object) -> tuple[Rule, ...]:
    """The rules of a filter."""
    if not isinstance(entries, list) or not entries:
        raise place.error('setting "rules" is missing or no list of rules')
    return tuple(_rule(place, entry) for entry in entries)


def _rule(place: Place, entry: object) -> Rule:
    table = {"use": entry} if isinstance(entry, str) else dict(entry) if isinstance(entry, dict) else {}
    use = str(table.pop("use", ""))
    if use not in RULES:
        raise place.error(f'no rule "{use}"{did_you_mean(use, RULES)}')
    place = place.within(f"rule {use}")
    rule = RULES[use](**place.settings(RULES[use], table))
    if rule.severity == "fix" and not isinstance(rule, Fix):
        raise place.error('it cannot mend. Set "drop", "review" or "info"')
    return rule


def _against(place: Place, names: object) -> tuple[Published, ...]:
    """The builds that `against` names, not loaded yet."""
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise place.error('setting "against": a list of builds is needed')
    if place.path.stem in names:
        raise place.error('setting "against": its own builds hold a twin of every record')
    return tuple(map(Published, dict.fromkeys(names)))


def _benchmarks(place: Place, entries: object) -> tuple[Benchmark, ...]:
    """What `benchmarks` names, not loaded yet; paths are relative to the file."""
    try:
        found = wanted(entries)
    except PipelineError as error:
        raise place.error(f'setting "benchmarks": {error}') from error
    return tuple(
        replace(b, origin=replace(b.origin, path=str(place.beside(b.origin.path)))) if b.origin.path else b
        for b in found
    )


def _corrections(place: Place, name: object) -> str:
    """The text of the file; of the one that is looked for where none is named, nothing if it is not there."""
    is_there = name is not None or place.beside(_CORRECTIONS).exists()
    return place.text("file", _CORRECTIONS if name is None else name) if is_there else ""


def _imported(place: Place, use: str) -> type[Stage]:
    """A stage of one's own, `module:Class`, from beside the pipeline file or from anywhere on the path."""
    module, _, name = use.partition(":")
    if (here := str(place.path.parent.absolute())) not in sys.path:
        sys.path.append(here)
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise place.error(f'"{use}" cannot be imported ({error})') from error
    if not hasattr(found, "version"):
        raise place.error(f'"{use}" has no `version: ClassVar[int]`')
    if not any(hasattr(found, method) for method in ("run", "story", "decide")):
        raise place.error(f'"{use}" is no stage: it has neither run, story nor decide')
    if not is_dataclass(found):
        raise place.error(f'"{use}" is no stage: it is no dataclass')
    stage: type[Stage] = found  # type: ignore[assignment]
    return stage
