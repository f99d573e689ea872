"""Another threshold for a rule, tried on a build: who would leave that stays, and who would stay that left.

What the rule compares is computed again from the texts in the corpus and in `dropped.jsonl`, where all of them are,
so that a build need not hold the numbers: 52,002 records take 0.03 s of CPU.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import polars as pl

from kodata.corpus import COLUMNS, by_choice
from kodata.errors import PipelineError
from kodata.pipeline import rules_in
from kodata.published import Build
from kodata.rules import RULES, Rule
from kodata.rules.kinds import Side, Threshold
from kodata.stages.filter import Filter


@dataclass(frozen=True)
class Tried:
    """What another threshold would change at a stage; ids of records, those of the corpus first.

    `drops` says whether records leave there or are flagged. `more` would, `later` are those among them that leave at
    a later stage as it is, `fewer` would not any more: later stages have not judged them. `nearest` has the turns
    around the threshold, the largest number first: id, the rule's `columns` and their `*_source`, statistic, is_out.
    """

    stage: str
    before: float
    after: float
    drops: bool
    more: list[str]
    later: list[str]
    fewer: list[str]
    columns: tuple[str, ...]
    nearest: pl.DataFrame


def tried(build: Build, name: str, side: Side, value: float, n: int = 5) -> list[Tried]:
    """What the threshold would change at each stage where the rule drops; where it drops nowhere, where it flags.

    `n` turns are shown on either side of it. Records whose texts are not published are not looked at. Raises
    PipelineError for a rule without a threshold, or one that the build did not ask.
    """
    known = [rule.name for rule in RULES.values() if isinstance(rule(), Threshold)]
    if name not in known:
        what = "has no threshold" if name in RULES else "is no rule"
        raise PipelineError(f"{name} {what}. {', '.join(known)} has one; for near twins see `kodata borderline`")
    pipeline = build.manifest["pipeline"]
    rules = rules_in(pipeline["name"], pipeline["text"], pipeline["overrides"])
    stages = {stage: Filter(of, "--strict" in pipeline["flags"]) for stage, of in rules.items()}
    uses = [(stage, rule) for stage, of in rules.items() for rule in of if rule.name == name]
    if not uses:
        raise PipelineError(f"no stage of {pipeline['name']} asks {name}")
    dropping = [(stage, rule) for stage, rule in uses if _drops(stages[stage], rule)]
    return [_tried(build, stages, stage, rule, side, value, n) for stage, rule in dropping or uses]


def _drops(stage: Filter, rule: Rule) -> bool:
    return rule.severity == "drop" or (stage.strict and rule.severity == "review")


def _tried(
    build: Build, stages: Mapping[str, Filter], stage: str, rule: Rule, side: Side, value: float, n: int
) -> Tried:
    other = replace(rule, **{side: value})  # type: ignore[type-var]  # every rule is a dataclass
    assert isinstance(rule, Threshold)
    assert isinstance(other, Threshold)
    of, names = stages[stage], list(stages)
    drops = _drops(of, rule)
    passed = _asked(build.corpus.select(list(COLUMNS)), rule, other, side)
    behind = _asked(build.dropped_at(names[names.index(stage) + 1 :] if drops else ()), rule, other, side)
    gone = build.dropped_at([stage] if drops else (), rule.name).drop_nulls("instruction")
    again = replace(of, rules=tuple(other if each == rule else each for each in of.rules))
    back = again.run(gone).kept["id"].unique(maintain_order=True).to_list()
    more, later = (_ids(found, pl.col("fires") & ~pl.col("was")) for found in (passed, behind))
    fewer = back if drops else _ids(passed, pl.col("was") & ~pl.col("fires"))
    nearest = _nearest(pl.concat([passed, behind, _asked(gone, rule, other, side)]), side, value, n)
    before = rule.min if side == "min" else rule.max
    return Tried(stage, before, value, drops, [*more, *later], later, fewer, rule.columns, nearest)


def _asked(frame: pl.DataFrame, rule: Threshold, other: Threshold, side: Side) -> pl.DataFrame:
    """Rows: id, the rule's columns and their sources, statistic, was (the rule fires), fires (the other does)."""
    texts = [f"{name}{which}" for name in rule.columns for which in ("", "_source")]
    fires = {key: each.evidence().is_not_null() for key, each in (("was", rule), ("fires", other))}
    rows = by_choice(frame) if "choices" in rule.columns else frame
    return rows.select("id", *texts, statistic=rule.statistic(side), **fires)


def _ids(found: pl.DataFrame, condition: pl.Expr) -> list[str]:
    """The records of which that holds, a record firing where a turn of it does."""
    records = found.group_by("id", maintain_order=True).agg(pl.col("was", "fires").any())
    return records.filter(condition)["id"].to_list()


def _nearest(found: pl.DataFrame, side: Side, value: float, n: int) -> pl.DataFrame:
    is_out = pl.col("statistic") < value if side == "min" else pl.col("statistic") > value
    judged = found.drop_nulls("statistic").drop("was", "fires").with_columns(is_out=is_out)
    by_distance = judged.sort((pl.col("statistic") - value).abs(), "id")
    sides = [by_distance.filter(pl.col("is_out") == which).head(n) for which in (True, False)]
    return pl.concat(sides).sort("statistic", "id", descending=[True, False])
