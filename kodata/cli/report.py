"""What is printed of a build."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kodata.cli.quote import between, size_of
from kodata.cli.table import table
from kodata.show.lines import counted, dollars, printable

if TYPE_CHECKING:
    from kodata.published import Build
    from kodata.quote import Plan

_FINDINGS = 5  # that are printed; all stand in the manifest


def build_report(build: Build, quote: Plan | None = None) -> list[str]:
    """The summary, the quote, what held it back, what was not exported, and the command that looks into it."""
    held = build.held_back_by
    name = str(build.path) if held else build_name(build)
    limit = [f"Held back, `latest` did not move: {printable(held)}", ""] if held else []
    refused = [printable(f"Not exported to {to}: {why}") for to, why in build.not_exported.items()]
    compared = [f"Quoted {between(quote.usd_low, quote.usd_high)}, paid {dollars(paid(build))}"] if quote else []
    return [
        *build_summary(build),
        *compared,
        "",
        *limit,
        *refused,
        *([""] if refused else []),
        f"Next: {shlex.join(['kodata', 'show', name])}",
    ]


def build_summary(build: Build) -> list[str]:
    """How many records were kept, why the others were not, who was asked, and where it is."""
    manifest = build.manifest
    records = manifest["records"]
    reasons = [(stage, why, n) for stage, counts in manifest["dropped"].items() for why, n in counts.items()]
    head = f"{build_name(build)}: {records['kept']:,} of {counted(records['in'], 'record')} kept"
    lines = [printable(f"{head}, {records['dropped']:,} dropped")]
    if reasons:
        lines += ["", *table(("stage", "dropped because", "records"), _figures(reasons))]
    noticed = [(stage, rule, n) for stage, counts in manifest["remarks"].items() for rule, n in counts.items()]
    if noticed:
        lines += ["", *table(("stage", "flagged, mended or counted", "turns"), _figures(noticed))]
    findings = manifest["findings"]
    if findings:
        more = [f"... and {len(findings) - _FINDINGS:,} more in manifest.json"] if len(findings) > _FINDINGS else []
        lines += ["", *map(printable, findings[:_FINDINGS]), *more]
    return [*lines, "", *asked_lines(manifest), f"Folder: {build.path}"]


def asked_lines(manifest: Mapping[str, Any]) -> Iterator[str]:
    """What each service was asked and paid, in the words of a quote."""
    for name, asked in manifest["asks"].items():
        lost = f"{asked['lost']:,} lost on the way, which may be billed" if asked["lost"] else ""
        parts = [
            f"{counted(asked['sent'], 'ask')} in {counted(asked['requests'], 'request')}",
            size_of(asked.get("characters", 0), asked.get("tokens_in", 0), asked.get("tokens_out", 0)),
            f"{asked['known']:,} from the ledger" if asked["known"] else "",
            f"{asked['unanswered']:,} unanswered" if asked["unanswered"] else "",
            lost,
        ]
        yield printable(f"{name}: {', '.join(filter(None, parts))}: {dollars(asked['usd'])}")


def paid(build: Build) -> float:
    """What all services were paid, in dollars."""
    return sum(float(asked["usd"]) for asked in build.manifest["asks"].values())


def build_name(build: Build) -> str:
    """The name under which `kodata show` finds the newest build of its kind: `alpaca-ko@demo`."""
    pipeline = build.manifest["pipeline"]
    return f"{pipeline['name']}@{pipeline['variant']}" if pipeline["variant"] else str(pipeline["name"])


def _figures(rows: Iterable[Sequence[object]]) -> list[list[str]]:
    return [[f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row] for row in rows]
