"""`kodata audit`: what is wrong with a corpus, ranked, counted, and with an example each."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated

import typer

from kodata.cli.ending import say
from kodata.cli.options import AsJson, Config, Map, Revision, SplitName, Use, places
from kodata.cli.table import cut, screen_cells, table
from kodata.show.lines import counted, printable

if TYPE_CHECKING:
    from kodata.auditing import Audit, Finding
    from kodata.auditing.figures import Figures, Lengths
    from kodata.rules.kinds import Severity

What = Annotated[str, typer.Argument(metavar="PATH", help="A file or folder, hf://OWNER/NAME on the hub, or a build.")]
English = Annotated[
    list[str] | None,
    typer.Option(
        "--english",
        metavar="FIELD=PLACE",
        help="Where the English of a field stands, so that the translation is checked: instruction=en.instruction.",
    ),
]
Licence = Annotated[str, typer.Option("--licence", help="The licence of the corpus, where its records name none.")]
Benchmarks = Annotated[
    list[str] | None,
    typer.Option(
        "--benchmark",
        metavar="NAME|PATH",
        help="Look for the items of a benchmark: a known name, a file, a task file; or all that are known.",
    ),
]
First = Annotated[int | None, typer.Option("--limit", metavar="N", min=1, help="Only the first N records.")]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out", metavar="DIR", file_okay=False, help="Write audit.json, and flagged.jsonl: every flagged turn."
    ),
]

_HEADS: dict[Severity, str] = {
    "drop": "Would be dropped",
    "review": "For review",
    "fix": "Can be mended",
    "info": "To know",
}
_SAYS_MUCH = 25  # characters of evidence that need no text around them
_LEVELS = {
    "hapsyo": "합쇼체",
    "haeyo": "해요체",
    "haera": "해라체",
    "hae": "해체",
    "hao": "하오체",
    "none": "no sentence",
}
_LEAST_SHARE = 0.005  # of texts: languages that are rarer are summed up


def audit(
    what: What,
    *,
    use: Use = "",
    mapping: Map = None,
    english: English = None,
    licence: Licence = "unknown",
    config: Config = "",
    split: SplitName = "train",
    revision: Revision = "",
    benchmark: Benchmarks = None,
    limit: First = None,
    as_json: AsJson = False,
    out: Out = None,
) -> None:
    """Say what is wrong with any instruction corpus: no keys, no cost, nothing changed.

    Language and speech level, what models do to answers, answers that belong to other questions, duplicates, leaks of
    benchmarks, data of persons, lengths, licences; and with English beside the Korean (a build, or --english) the
    damage of translation.
    """
    import orjson

    from kodata.auditing import audit as run

    if sys.stderr.isatty():
        say(f"reading {what}")
    found = run(
        what,
        use=use,
        fields=places(mapping, "--map"),
        english=places(english, "--english"),
        licence=licence,
        config=config,
        split=split,
        revision=revision,
        limit=limit,
        benchmarks="all" if benchmark and "all" in benchmark else benchmark or (),
    )
    written = found.write(out) if out is not None else None
    if as_json:
        print(orjson.dumps(found.as_dict, option=orjson.OPT_INDENT_2).decode())
        return
    print("\n".join(_report(found)))
    if written is not None:
        print(f"\nWritten: {printable(str(written))} (audit.json, flagged.jsonl)")
    else:
        print(f"\nNext: {_next(found)}")


def _next(audit: Audit) -> str:
    if not audit.findings:
        return "nothing was found; `kodata rules` lists what was asked"
    again = shlex.join(["kodata", *sys.argv[1:], "--out", "audit"])
    return f"{printable(again)} writes every flagged turn; `kodata rules {_rule(audit)}` explains a check"


def _rule(audit: Audit) -> str:
    from kodata.rules import RULES

    return next((finding.check for finding in audit.findings if finding.check in RULES), "")


def _report(audit: Audit) -> Iterator[str]:
    head = f"{audit.origin}: {counted(audit.records, 'record')}"
    head += f" of {counted(audit.turns, 'turn')}" if audit.turns != audit.records else ""
    unread = ", ".join(f"{why} {n:,}" for why, n in audit.unreadable.items())
    yield printable(
        head + (f"; {counted(sum(audit.unreadable.values()), 'item')} cannot be read ({unread})" if unread else "")
    )
    yield ""
    yield from table(("", ""), [*_figures(audit.figures, audit.turns), *_leaks(audit)])[1:]
    for severity, title in _HEADS.items():
        found = [finding for finding in audit.findings if finding.severity == severity]
        if found:
            records = audit.records_with(severity)
            yield ""
            yield f"{title}: {counted(records, 'record')}, {records / max(audit.records, 1):.1%}"
            yield from _findings(found)
    yield ""
    absent = f"Looked for and not found: {', '.join(audit.not_found) or 'nothing'}."
    yield from wrap(absent, screen_cells(), break_on_hyphens=False)


def _findings(found: Sequence[Finding]) -> Iterator[str]:
    """Two lines each: how many and what it is, and the first of them below."""
    rows = table(("", "", "", ""), ((f.check, f"{f.records:,}", f"{f.share:.2%}", f.about) for f in found))
    indent = 4
    for finding, row in zip(found, rows[1:], strict=True):
        yield row
        yield " " * indent + cut(_example(finding), screen_cells() - indent)


def _example(finding: Finding) -> str:
    from kodata.auditing.checks import CHECKS

    said = f"row {finding.source_row}: {finding.evidence}"
    says_little = finding.check in CHECKS or len(finding.evidence) < _SAYS_MUCH
    return f"{said} | {finding.text}" if says_little and not finding.text.startswith(finding.evidence) else said


def _leaks(audit: Audit) -> Iterator[tuple[str, str]]:
    """How much of each benchmark was seen, and which were not looked for."""
    for leak in audit.benchmarks:
        if leak.seen:
            seen = f"{leak.seen:,} of {counted(leak.items, 'item')} ({leak.share:.1%})"
            yield "benchmark", f"{leak.benchmark}: {seen} in {counted(leak.records, 'record')}"
    if unseen := [leak.benchmark for leak in audit.benchmarks if not leak.seen]:
        yield "benchmarks", f"nothing seen of {', '.join(unseen)}"
    if missing := ", ".join(audit.benchmarks_missing):
        yield "benchmarks", f"could not be loaded: {missing}"
    if not (audit.benchmarks or audit.benchmarks_missing):
        yield "benchmarks", "not looked for: --benchmark all takes those that are known from the hub"


def _figures(figures: Figures, turns: int) -> list[tuple[str, str]]:
    """The measures with their names."""
    rows = [
        (name, _length(figures.lengths[key])) for name, key in (("questions", "instruction"), ("answers", "output"))
    ]
    given = figures.lengths["input"].texts
    rows.append(("inputs", f"{given:,} of {turns:,} turns, {_length(figures.lengths['input'])}" if given else "none"))
    rows.append(("language", "; ".join(_languages(figures))))
    named = {_LEVELS.get(level, level): n for level, n in figures.speech.items()}
    rows.append(("speech", f"answers {_shares(named)}"))
    rows.append(("tokens", f"{figures.tokens:,} ({figures.tokens_by})"))
    rows.append(("licence", _shares(figures.licences)))
    if len(figures.sources) > 1:
        rows.append(("sources", _shares(figures.sources)))
    english = f"beside {counted(figures.with_english, 'turn')}: the translation is checked as well"
    rows.append(
        ("English", english if figures.with_english else "not beside the Korean: the translation is not checked")
    )
    return rows


def _length(lengths: Lengths) -> str:
    if not lengths.texts:
        return "none"
    return f"{lengths.median:,} characters at the median, 95% up to {lengths.p95:,}, the longest {lengths.longest:,}"


def _languages(figures: Figures) -> Iterator[str]:
    for name, column in (("questions", "instruction"), ("answers", "output")):
        yield f"{name} {_shares(figures.languages[column])}"


def _shares(counts: Mapping[str, int]) -> str:
    """`ko 94.2 %, und 3.1 %, others 0.1 %`."""
    total = max(sum(counts.values()), 1)
    shown = {name: n for name, n in counts.items() if n / total >= _LEAST_SHARE}
    rest = total - sum(shown.values())
    parts = [f"{name} {n / total:.1%}" for name, n in shown.items()]
    return ", ".join([*parts, *([f"others {rest / total:.2%}"] if rest and counts else [])]) or "none"
