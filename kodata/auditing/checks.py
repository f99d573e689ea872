"""What an audit asks of a corpus: every rule, and what shows only between records: twins, answers out of place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from inspect import getdoc
from typing import Final

import polars as pl

from kodata.auditing.belonging import Run, runs
from kodata.rules import RULES, Rule
from kodata.rules.kinds import Severity
from kodata.stages.decontaminate import dropped_by
from kodata.stages.dedupe import Dedupe

MARKS: Final[dict[str, pl.DataType]] = {
    "id": pl.String(), "turn": pl.UInt16(), "check": pl.String(), "severity": pl.String(), "evidence": pl.String(),
}  # fmt: skip
"""A mark: one check that fires on one turn. A record that leaves as a whole is marked at its first turn."""


@dataclass(frozen=True)
class Check:
    """A check that is no rule: its name, what it finds, and what a pipeline would do."""

    name: str
    about: str
    severity: Severity


COLLAPSED = Check("collapsed-answers", "Answers in a row that all go with the question of one record nearby.", "drop")
SLIPPED = Check("slipped-answers", "Answers in a row that each stand some records away from their question.", "drop")
DUPLICATE = Check("duplicate", "A record that is equal to another but for case, spaces and punctuation.", "drop")
NEAR = Check("near-duplicate", "A record that says nearly the same as another.", "drop")
LEAK = Check("benchmark", "A record in which an item of a benchmark stands.", "drop")
SAME_QUESTION = Check("same-question", "A question that is asked before, with another answer.", "info")
CHECKS: Final = {check.name: check for check in (COLLAPSED, SLIPPED, DUPLICATE, NEAR, LEAK, SAME_QUESTION)}


def about(check: str) -> str:
    """What a check finds, in one sentence."""
    if check in CHECKS:
        return CHECKS[check].about
    return (getdoc(RULES[check]) or "").partition("\n")[0]


def marks_of(frame: pl.DataFrame, hits: pl.DataFrame) -> pl.DataFrame:
    """All marks with the columns `MARKS`, in the order of checks, then of the corpus.

    The frame has `corpus.COLUMNS`, and its rows stand in the order of the file; `hits` are the items of benchmarks
    found in it, with the columns of `kodata.leaks.search.HITS`.
    """
    twins = _of_twins(frame)
    others = frame.join(twins, on="id", how="anti", maintain_order="left")
    leaks = _of_records(frame, dropped_by(hits))
    found = [_of_rules(frame), twins, leaks, _of_questions(others), _of_answers(frame)]
    return pl.concat(part.select(list(MARKS)).cast(MARKS) for part in found)  # type: ignore[arg-type]


def _rules(frame: pl.DataFrame) -> Iterator[Rule]:
    """Every registered rule as it is by default, but for two that are asked of a finished Korean corpus."""
    has_english = frame["instruction_source"].null_count() < len(frame)
    own: dict[str, dict[str, object]] = {
        "empty": {"columns": ("instruction", "output")},
        "foreign-language": {"languages": ("en", "ko") if has_english else ("ko",)},
    }
    for name, kind in RULES.items():
        yield replace(kind(), **own.get(name, {}))  # type: ignore[type-var]  # every rule is a dataclass


def _of_rules(frame: pl.DataFrame) -> pl.DataFrame:
    rules = list(_rules(frame))
    asked = frame.lazy().select("id", "turn", *(rule.evidence().alias(rule.name) for rule in rules)).collect()
    severities = {rule.name: rule.severity for rule in rules}
    marks = asked.unpivot(index=["id", "turn"], variable_name="check", value_name="evidence").drop_nulls("evidence")
    return marks.with_columns(severity=pl.col("check").replace_strict(severities, return_dtype=pl.String))


def _of_twins(frame: pl.DataFrame) -> pl.DataFrame:
    stage = Dedupe(ngram=3)
    return _of_records(frame, stage.decide(stage.sketch(frame)))


def _of_records(frame: pl.DataFrame, dropped: pl.DataFrame) -> pl.DataFrame:
    """What a stage would drop, marked at the first turn of each record, reason by reason."""
    firsts = frame.filter(pl.col("turn") == 0).select("id", "turn")
    ordered = firsts.join(dropped, on="id", maintain_order="left").sort("reason", maintain_order=True)
    return ordered.select("id", "turn", "evidence", check="reason").with_columns(severity=pl.lit("drop"))


def _of_questions(frame: pl.DataFrame) -> pl.DataFrame:
    """First turns whose question is asked before, letter by letter, and answered otherwise."""
    folded = pl.concat_str("instruction", "input", separator="\n").str.normalize("NFKC").str.replace_all(r"\s+", " ")
    firsts = frame.filter(pl.col("turn") == 0).select("id", "turn", "output", question=folded)
    before = pl.col("id").first().over("question")
    is_other = pl.col("output").fill_null("") != pl.col("output").fill_null("").first().over("question")
    again = firsts.with_columns(before=before, is_other=is_other).filter(pl.col("id") != before, pl.col("is_other"))
    return again.select(
        "id", "turn", check=pl.lit(SAME_QUESTION.name), severity=pl.lit(SAME_QUESTION.severity),
        evidence=pl.format("as {}", "before"),
    )  # fmt: skip


def _of_answers(frame: pl.DataFrame) -> pl.DataFrame:
    question = frame.select(pl.concat_str("instruction", "input", separator="\n", ignore_nulls=True)).to_series()
    found = runs(question, frame["output"])
    ids, turns = frame["id"], frame["turn"]
    rows = [
        (ids[row], turns[row], check.name, check.severity, f"goes with {ids[target]}")
        for check, run in ((COLLAPSED if run.target is not None else SLIPPED, run) for run in found)
        for row, target in _pairs(run)
    ]
    return pl.DataFrame(rows, schema=MARKS, orient="row")


def _pairs(run: Run) -> Iterator[tuple[int, int]]:
    """Each row of the run and the row whose question its answer goes with."""
    return ((row, run.target if run.target is not None else row + run.offset) for row in run.rows)
