"""What happened to a record of a build, stage by stage: passed, translated, mended, flagged, written, dropped."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from inspect import getdoc
from typing import Any

import polars as pl

from kodata.corpus import COLUMNS
from kodata.pipeline import rules_in
from kodata.published import Build
from kodata.rules import Rule
from kodata.stages.filter import evidence

_WROTE = {"translate": ("translated", "translated_by"), "regenerate": ("written", "written_by")}
_WROTE["compose"] = _WROTE["regenerate"]


@dataclass(frozen=True)
class Happened:
    """What a stage did to a record, or to one turn of it: `what` is passed, translated, written, mended, flagged or
    dropped, `rule` the reason, `evidence` what was found or who wrote it, `why` the rule in its own words.
    """

    stage: str
    what: str
    rule: str = ""
    evidence: str = ""
    why: str = ""
    turn: int = 0


def story_of(build: Build, ident: str, turns: Sequence[Mapping[str, Any]]) -> list[Happened]:
    """What happened to the record with these rows, stage by stage, as far as it came.

    What was flagged in a record that left later is what the rule finds in it now: `review.jsonl` is of the corpus.
    """
    pipeline = build.manifest["pipeline"]
    rules = rules_in(pipeline["name"], pipeline["text"], pipeline["overrides"])
    uses = {str(stage.get("name", stage["use"])): stage["use"] for stage in tomllib.loads(pipeline["text"])["stage"]}
    gone = build.dropped_record(ident)
    names = [*uses, *([gone["stage"]] if gone is not None and gone["stage"] not in uses else [])]
    if gone is not None:
        names = names[: names.index(gone["stage"]) + 1] if gone["stage"] != "source" else ["source"]
    noticed = [*_told(build, ident, rules), *(_found_again(turns, rules) if gone is not None else ())]
    story = []
    for name in names:
        here = [*_written(name, uses.get(name, ""), turns), *(one for one in noticed if one.stage == name)]
        if gone is not None and name == gone["stage"]:
            why = _why(rules.get(name, ()), gone["reason"], ("drop", "review"))
            here.append(Happened(name, "dropped", gone["reason"], gone["evidence"] or "", why))
        story += here or [Happened(name, "passed")]
    return story


def _written(stage: str, use: str, turns: Sequence[Mapping[str, Any]]) -> Iterator[Happened]:
    what, column = _WROTE.get(use, ("", ""))
    if by := dict.fromkeys(str(turn[column]) for turn in turns if turn.get(column)):
        yield Happened(stage, what, evidence=", ".join(by))


def _told(build: Build, ident: str, rules: Mapping[str, Sequence[Rule]]) -> Iterator[Happened]:
    """What the build says was mended and flagged."""
    for what, severity, name in (("mended", "fix", "mended.jsonl"), ("flagged", "review", "review.jsonl")):
        for line in build.remarks_of(ident, name):
            why = _why(rules.get(line["stage"], ()), line["rule"], (severity,))
            yield Happened(line["stage"], what, line["rule"], line["evidence"] or "", why, line["turn"])


def _found_again(turns: Sequence[Mapping[str, Any]], rules: Mapping[str, Sequence[Rule]]) -> Iterator[Happened]:
    """What stands in `flags` and `fixes`, under the first stage that asks it."""
    frame = pl.DataFrame([[turn.get(name) for name in COLUMNS] for turn in turns], schema=COLUMNS, orient="row")
    for n, turn in enumerate(turns):
        for what, severity, column in (("mended", "fix", "fixes"), ("flagged", "review", "flags")):
            for name in turn.get(column) or ():
                for stage, rule in _asked(rules, name, severity):
                    found = evidence(frame[n], [rule])[0]["evidence"][0] if severity == "review" else None
                    yield Happened(stage, what, name, found or "", _why([rule], name, (severity,)), n)


def _asked(rules: Mapping[str, Sequence[Rule]], name: str, severity: str) -> list[tuple[str, Rule]]:
    found = [
        (stage, rule) for stage, of in rules.items() for rule in of if (rule.name, rule.severity) == (name, severity)
    ]
    return found[:1]


def _why(rules: Sequence[Rule], name: str, severities: Sequence[str]) -> str:
    """The first sentence of the rule, with its thresholds and the settings that are not its defaults."""
    for rule in rules:
        if rule.name == name and rule.severity in severities:
            said = (getdoc(type(rule)) or "").partition("\n\n")[0]
            given = [f"{key} = {value}" for key, value in vars(rule).items() if _is_worth_saying(rule, key, value)]
            return f"{said} ({', '.join(given)})" if given else said
    return ""


def _is_worth_saying(rule: Rule, name: str, value: object) -> bool:
    is_set = value != getattr(type(rule)(), name)
    return name not in ("columns", "severity") and (is_set or isinstance(value, int | float))
