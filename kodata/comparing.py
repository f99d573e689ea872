"""Translators side by side: the same records through the same stages, as far as their translation is checked."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from kodata.building import Options
from kodata.errors import PipelineError
from kodata.pipeline import load_pipeline
from kodata.published import Build
from kodata.stages.filter import Filter
from kodata.stages.translate import Translate

_TEXTS = ("system", "instruction", "input", "output")


@dataclass(frozen=True)
class Rendering:
    """A text in English and what each translator made of it; empty where the record left, and `left` says why."""

    id: str
    turn: int
    field: str
    english: str
    korean: tuple[str, ...]
    left: tuple[str, ...]


def runs_of(name: str, translators: Sequence[str], options: Options, env: Mapping[str, str]) -> dict[str, Options]:
    """By translator, a build that ends where its translation is checked.

    A translator is `deepl`, `openai/MODEL` or SERVER/MODEL, a server of the pipeline file. The one that the pipeline
    names is asked with its settings, so that a whole build finds the answers; any other has its glossary, and without
    a MODEL the one that its service is asked for elsewhere. Raises PipelineError when there are not two.
    """
    pipeline = load_pipeline(name, options.overrides, env)
    names = [step.name for step in pipeline.steps if isinstance(step.stage, Translate)]
    if not names or len(set(translators)) < 2:
        raise PipelineError("name two translators" if names else f"{name} translates nothing")
    place = [step.name for step in pipeline.steps].index(names[0]) + 1
    checks = [step.name for step in pipeline.steps[place : place + 1] if isinstance(step.stage, Filter)]
    short = replace(options, until=(checks or names)[0])
    tables = {
        str(table.get("name", table["use"])): table.get("with", {}) for table in tomllib.loads(pipeline.text)["stage"]
    }
    own = tables[names[0]]
    models = {table["use"]: table["model"] for table in tables.values() if "model" in table}
    runs = {}
    for translator in translators:
        use, _, model = translator.partition("/")
        if use == own["use"] and model in ("", own.get("model", "")):
            runs[translator] = short
            continue
        if not model and use not in ("deepl", "echo"):
            if use not in models:
                raise PipelineError(f"which model of {use}? Say {use}/MODEL")
            model = models[use]
        wanted = {"use": use, "model": model, "glossary": own.get("glossary", "") if use != "echo" else ""}
        table = ", ".join(f"{key} = {json.dumps(value)}" for key, value in wanted.items() if value)
        runs[translator] = replace(short, overrides=(*options.overrides, f"{names[0]}.with={{ {table} }}"))
    return runs


def checks_of(build: Build) -> Counter[tuple[str, str]]:
    """How many records left at each stage, and how many turns its rules flagged, mended or counted.

    By what happened ("verify, dropped", "verify, noticed") and the rule.
    """
    return Counter(
        {
            (f"{stage}, {what}", rule): count
            for what, key in (("dropped", "dropped"), ("noticed", "remarks"))
            for stage, counts in build.manifest[key].items()
            for rule, count in counts.items()
        }
    )


def renderings(builds: Sequence[Build], n: int) -> Iterator[Rendering]:
    """The texts of the first n records that a translator brought through, in the order of the builds."""
    rows = [{(row["id"], row["turn"]): row for row in build.corpus.iter_rows(named=True)} for build in builds]
    left = [{ident: f"left at {stage}: {why}" for ident, stage, why in _gone(build)} for build in builds]
    shown: set[str] = set()
    for ident, turn in dict.fromkeys(key for each in rows for key in each):
        here = [each.get((ident, turn), {}) for each in rows]
        for name in _TEXTS:
            english = next((row[f"{name}_source"] for row in here if row.get(f"{name}_source")), "")
            korean = tuple(row.get(name) or "" for row in here)
            if english and any(korean) and len(shown | {ident}) <= n:
                shown.add(ident)
                why = tuple("" if row else gone.get(ident, "") for row, gone in zip(here, left, strict=True))
                yield Rendering(ident, turn, name, english, korean, why)


def _gone(build: Build) -> Iterator[tuple[str, str, str]]:
    return build.dropped.select("id", "stage", "reason").iter_rows()
