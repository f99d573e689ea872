"""Filter: asks rules of every turn, and does what their severity says: drop, flag for review, mend, or count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import ClassVar

import polars as pl

from kodata.corpus import DROPPED_COLUMNS, REMARK_COLUMNS, Split, by_choice, split_off
from kodata.rules import Fix, Rule

_AS_STRICT = {"review": "drop"}


@dataclass(frozen=True)
class Filter:
    """Asks the rules in their order; what one of severity `fix` mends is what the next ones see.

    A rule of severity `drop` that fires on any turn drops the record; the first in `rules` gives the reason. `review`
    adds its name to the turn's `flags`, `fix` to its `fixes`; those and `info` are among the remarks. `strict` drops
    what would be for review. A rule with `choices` among its `columns` is asked of each choice.
    """

    version: ClassVar[int] = 2

    rules: tuple[Rule, ...]
    strict: bool = False

    def run(self, frame: pl.DataFrame) -> Split:
        now, hits = frame, []
        for is_fix, rules in groupby(self.rules, key=lambda rule: rule.severity == "fix"):
            if is_fix:
                for rule in rules:
                    assert isinstance(rule, Fix)  # the pipeline file is held to it
                    now, found = _mend(now, rule)
                    hits.append(found)
            else:
                hits += self._judge(now, list(rules))
        found = pl.concat(hits) if hits else pl.DataFrame(schema=REMARK_COLUMNS)
        split = split_off(_flagged(now, found), _dropped(found))
        remarks = found.filter(pl.col("severity") != "drop")
        return Split(split.kept, split.dropped, remarks.join(split.dropped, on="id", how="anti", maintain_order="left"))

    def _judge(self, frame: pl.DataFrame, rules: list[Rule]) -> Iterator[pl.DataFrame]:
        """What each rule found, rule by rule; all are asked at once."""
        for rule, found in zip(rules, evidence(frame, rules), strict=True):
            severity = _AS_STRICT.get(rule.severity, rule.severity) if self.strict else rule.severity
            yield _hits(found, rule, severity)


def evidence(frame: pl.DataFrame, rules: Sequence[Rule]) -> list[pl.DataFrame]:
    """What each rule finds, null where nothing: id, turn, evidence, a row a turn; of choices only the first find."""
    of_choices = ["choices" in getattr(rule, "columns", ()) for rule in rules]
    asked = _asked(frame, [rule for rule, is_so in zip(rules, of_choices, strict=True) if not is_so])
    if not any(of_choices):
        return asked
    each = _asked(by_choice(frame), [rule for rule, is_so in zip(rules, of_choices, strict=True) if is_so])
    first = pl.col("evidence").drop_nulls().first()
    found = iter(asked), (one.group_by("id", "turn", maintain_order=True).agg(first) for one in each)
    return [next(found[is_so]) for is_so in of_choices]


def _asked(frame: pl.DataFrame, rules: Sequence[Rule]) -> list[pl.DataFrame]:
    asked = frame.lazy().select("id", "turn", *(rule.evidence().alias(str(n)) for n, rule in enumerate(rules)))
    found = asked.collect()  # lazy, so that what several rules look at is computed once
    return [found.select("id", "turn", evidence=str(n)) for n in range(len(rules))]


def _hits(found: pl.DataFrame, rule: Rule, severity: str) -> pl.DataFrame:
    """Rows with `REMARK_COLUMNS` where there is evidence."""
    named = found.drop_nulls("evidence").with_columns(rule=pl.lit(rule.name), severity=pl.lit(severity))
    return named.select(list(REMARK_COLUMNS))


def _mend(frame: pl.DataFrame, rule: Fix) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The frame with the rule's mending where it fires, and where that was."""
    found = frame.with_columns(_evidence=rule.evidence())
    fires = pl.col("_evidence").is_not_null()
    mended = {name: pl.when(fires).then(text).otherwise(pl.col(name)) for name, text in rule.mended().items()}
    noted = pl.when(fires).then(_with_name("fixes", pl.lit(rule.name))).otherwise(pl.col("fixes"))
    hits = _hits(found.select("id", "turn", evidence="_evidence"), rule, "fix")
    return found.with_columns(**mended, fixes=noted).drop("_evidence"), hits


def _flagged(frame: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """The frame with the names of the rules that ask for review added to `flags`, each once."""
    review = found.filter(pl.col("severity") == "review")
    if not len(review):
        return frame
    names = review.group_by("id", "turn", maintain_order=True).agg(_names=pl.col("rule"))
    joined = frame.join(names, on=["id", "turn"], how="left", maintain_order="left")
    both = _with_name("flags", pl.col("_names").fill_null([]))
    return joined.with_columns(flags=both).drop("_names")


def _with_name(column: str, names: pl.Expr) -> pl.Expr:
    return pl.concat_list(column, names).list.unique(maintain_order=True)


def _dropped(found: pl.DataFrame) -> pl.DataFrame:
    """One row a record: the first rule that drops it, and its evidence."""
    hits = found.filter(pl.col("severity") == "drop").unique("id", keep="first", maintain_order=True)
    with_turn = pl.format("turn {}: {}", "turn", "evidence")
    evidence = pl.when(pl.col("turn") > 0).then(with_turn).otherwise("evidence")
    return hits.select("id", reason="rule", evidence=evidence).cast(DROPPED_COLUMNS)  # type: ignore[arg-type]
