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

_RESPONSIBLE = 10  # records that are shown of a build that is held back
_FINDINGS = 5  # that are printed; all stand in the manifest


def build_report(build: Build, quote: Plan | None = None) -> list[str]:
    """The summary, the quote, what held it back, what was not exported, and the command that looks into it."""
    held = build.held_back_by
    name = str(build.path) if held else build_name(build)
    limit = [f"Held back, `latest` did not move: {printable(held)}", *responsible_lines(build), ""] if held else []
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


def responsible_lines(build: Build) -> Iterator[str]:
    """Of a build that did not get through its gates: ten records responsible, and what to do about them."""
    from kodata.published import REJECT

    ids = list(dict.fromkeys(ident for gate in build.gates for ident in gate["responsible"]))
    if ids:
        yield ""
        yield from table(("record", "what is wrong with it"), list(_looks(build, ids[:_RESPONSIBLE])))
    if build.gates:
        yield ""
        if (rejected := build.path / REJECT).stat().st_size:
            asked = sum(1 for _ in rejected.open())
            file = shlex.quote(str(rejected))
            yield f"To have {counted(asked, 'answer')} asked anew: xargs kodata ledger reject < {file}"
        yield f"To let it stand as it is: {shlex.join(['kodata', 'promote', str(build.path)])}"


def _looks(build: Build, ids: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Why each record left, or its answer where it is kept."""
    import polars as pl

    gone = build.dropped.filter(pl.col("id").is_in(ids))
    looks = {
        row["id"]: f"{row['stage']}, {row['reason']}: {row['evidence'] or ''}" for row in gone.iter_rows(named=True)
    }
    for frame in build.frames(["id", "instruction", "output"]):
        here = frame.filter(pl.col("id").is_in(ids)).select("id", pl.coalesce("output", "instruction"))
        looks |= {ident: text for ident, text in here.iter_rows() if ident not in looks}
    return ((ident, looks.get(ident, "")) for ident in ids)


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
