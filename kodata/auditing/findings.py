"""An audit: what is wrong with a corpus, ranked, counted, and each with an example."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from kodata.auditing.checks import CHECKS, LEAK, about, marks_of
from kodata.auditing.figures import Figures
from kodata.auditing.taking import Taken
from kodata.benchmarks import Loaded
from kodata.leaks.report import report
from kodata.rules import RULES, Rule
from kodata.rules.kinds import Severity
from kodata.stages.decontaminate import Decontaminate

RANK: tuple[Severity, ...] = ("drop", "review", "fix", "info")
_TEXTS = ("instruction", "input", "output", "instruction_source", "input_source", "output_source")
_SHOWN = 60  # characters of a text in an example


@dataclass(frozen=True)
class Finding:
    """One check that fired: on how many records, which share of all (0..1), and the first place in the file.

    `evidence` is what the check says of that place; `text` the beginning of the answer there, or of the question.
    """

    check: str
    severity: Severity
    about: str
    records: int
    share: float
    id: str
    source_row: int
    evidence: str
    text: str


@dataclass(frozen=True)
class Leak:
    """How much of a benchmark stands in a corpus: how many of its items, which share (0..1), in how many records."""

    benchmark: str
    items: int
    seen: int
    share: float
    records: int


@dataclass(frozen=True)
class Audit:
    """What an audit found. Findings stand by severity (drop, review, fix, info), then by how many records they are on.

    `benchmarks` were looked for; `benchmarks_missing` could not be loaded, and why. `flagged` has a row a mark: id,
    turn, source_file, source_row, check, severity, evidence. `corpus` has `corpus.COLUMNS`, source_file and source_row.
    """

    origin: str
    records: int
    turns: int
    unreadable: Mapping[str, int]
    figures: Figures
    benchmarks: tuple[Leak, ...]
    benchmarks_missing: Mapping[str, str]
    findings: tuple[Finding, ...]
    flagged: pl.DataFrame = field(repr=False, compare=False)
    corpus: pl.DataFrame = field(repr=False, compare=False)

    def records_with(self, *severities: Severity) -> int:
        """How many records have a finding of one of these severities."""
        return self.flagged.filter(pl.col("severity").is_in(severities))["id"].n_unique()

    @property
    def not_found(self) -> list[str]:
        """The checks that were asked and fired nowhere."""
        fired = {finding.check for finding in self.findings}
        asked = [name for name, rule in RULES.items() if self.figures.with_english or not _needs_english(rule)]
        between = [name for name in CHECKS if name != LEAK.name or self.benchmarks]
        return [name for name in (*between, *asked) if name not in fired]

    @property
    def as_dict(self) -> dict[str, Any]:
        """All but the flagged records, as JSON has it."""
        return {
            "origin": self.origin,
            "records": self.records,
            "turns": self.turns,
            "unreadable": dict(self.unreadable),
            "records_with": {severity: self.records_with(severity) for severity in RANK},
            "findings": [asdict(finding) for finding in self.findings],
            "not_found": self.not_found,
            "benchmarks": [asdict(leak) for leak in self.benchmarks],
            "benchmarks_missing": dict(self.benchmarks_missing),
            "figures": asdict(self.figures),
        }

    def write(self, folder: str | Path) -> Path:
        """Write `audit.json`, and `flagged.jsonl` with a line a flagged turn, into a folder, made where needed."""
        home = Path(folder)
        home.mkdir(parents=True, exist_ok=True)
        (home / "audit.json").write_bytes(orjson.dumps(self.as_dict, option=orjson.OPT_INDENT_2))
        with (home / "flagged.jsonl").open("wb") as file:
            file.writelines(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in self._lines())
        return home

    def _lines(self) -> Iterator[dict[str, Any]]:
        """A flagged turn: where it stands, what is said of it, and its texts."""
        marks = self.flagged.group_by("id", "turn", maintain_order=True).agg(
            marks=pl.struct("check", "severity", "evidence")
        )
        place = self.corpus.select("id", "turn", "source_file", "source_row", *_TEXTS)
        flagged = place.join(marks, on=["id", "turn"], maintain_order="left")
        for row in flagged.select("id", "turn", "source_file", "source_row", "marks", *_TEXTS).iter_rows(named=True):
            yield {name: value for name, value in row.items() if value is not None}

    def _repr_html_(self) -> str:
        """The findings as a table; every text escaped, no script."""
        head = f"<b>{escape(self.origin)}</b>: {self.records:,} records, {self.records_with('drop'):,} would leave"
        rows = (
            f"<tr><td>{f.severity}</td><td>{f.check}</td><td>{f.records:,}</td><td>{f.share:.2%}</td>"
            f"<td>{escape(f.about)}</td><td>row {f.source_row}: {escape(f.evidence)}</td></tr>"
            for f in self.findings
        )
        titles = "".join(f"<th>{name}</th>" for name in ("would", "check", "records", "share", "finds", "first"))
        return f"<div>{head}<table><thead><tr>{titles}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"


def _needs_english(rule: type[Rule]) -> bool:
    return any(column.endswith("_source") for column in rule.fires)


def audited(taken: Taken, benchmarks: Loaded) -> Audit:
    """The audit of a corpus, the items of these benchmarks looked for in it."""
    corpus = taken.corpus
    hits = Decontaminate(benchmarks.benchmarks).hits(corpus)
    places = corpus.select("id", "turn", "source_file", "source_row")
    flagged = _placed(marks_of(corpus, hits), places)
    records = corpus["id"].n_unique()
    return Audit(
        taken.origin,
        records,
        len(corpus),
        dict(taken.unreadable),
        Figures.of(corpus),
        tuple(Leak(*row) for row in report(benchmarks.benchmarks, hits).iter_rows()),
        dict(benchmarks.missing),
        tuple(_findings(flagged, corpus, records)),
        flagged,
        corpus,
    )


def _placed(marks: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """The marks with where they stand; other records are named by their row, as the file knows no ids of ours."""
    is_one_file = places["source_file"].n_unique() <= 1
    row = pl.format("row {}", "source_row")
    name = row if is_one_file else pl.format("{} {}", "source_file", row)
    named = dict(places.filter(pl.col("turn") == 0).select("id", name).iter_rows())
    others = pl.col("evidence").map_elements(
        lambda text: " ".join(named.get(word.rstrip(","), word) for word in text.split(" ")), return_dtype=pl.String
    )
    is_of_records = pl.col("check").is_in(list(CHECKS))
    said = pl.concat([marks.filter(~is_of_records), marks.filter(is_of_records).with_columns(evidence=others)])
    return said.join(places, on=["id", "turn"], how="left", maintain_order="left").select(
        "id", "turn", "source_file", "source_row", "check", "severity", "evidence"
    )


def _findings(flagged: pl.DataFrame, corpus: pl.DataFrame, records: int) -> Iterator[Finding]:
    counted = flagged.group_by("check", maintain_order=True).agg(
        pl.col("id").n_unique().alias("records"),
        pl.all().exclude("check").sort_by("source_file", "source_row", "turn", maintain_order=True).first(),
    )
    texts = corpus.select("id", "turn", "instruction", pl.col("output").replace("", None))
    placed = counted.join(texts, on=["id", "turn"], how="left", maintain_order="left")
    # Not `contains`, which makes a pattern of the evidence where there is one row, and it may be too long for one.
    is_of_question = pl.col("instruction").str.count_matches(pl.col("evidence"), literal=True) > 0
    shown = placed.with_columns(text=pl.when(~is_of_question).then("output").fill_null(pl.col("instruction")))
    ordered = sorted(
        shown.iter_rows(named=True), key=lambda row: (RANK.index(row["severity"]), -row["records"], row["check"])
    )
    for row in ordered:
        yield Finding(
            row["check"], row["severity"], about(row["check"]), row["records"], row["records"] / max(records, 1),
            row["id"], row["source_row"], row["evidence"], " ".join((row["text"] or "")[: 4 * _SHOWN].split())[:_SHOWN],
        )  # fmt: skip
