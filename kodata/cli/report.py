"""What is printed of a build and of a plan."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from kodata.cli.table import table
from kodata.show.lines import counted, dollars, printable

if TYPE_CHECKING:
    from kodata.building import Plan
    from kodata.published import Build
    from kodata.walk import StageQuote


def build_report(build: Build) -> list[str]:
    """The summary, whether a limit held it back, and the command that looks into it."""
    held = build.held_back_by
    name = str(build.path) if held else build_name(build)
    limit = [f"Held back, `latest` did not move: {printable(held)}", ""] if held else []
    return [*build_summary(build), "", *limit, f"Next: {shlex.join(['kodata', 'show', name])}"]


def build_summary(build: Build) -> list[str]:
    """How many records were kept, why the others were not, who was asked, and where it is."""
    manifest = build.manifest
    records = manifest["records"]
    reasons = [(stage, why, n) for stage, counts in manifest["dropped"].items() for why, n in counts.items()]
    asks = [
        (name, a["sent"], a["known"], a["unanswered"], a["lost"], dollars(a["usd"]))
        for name, a in manifest["asks"].items()
    ]
    head = f"{build_name(build)}: {records['kept']:,} of {counted(records['in'], 'record')} kept"
    lines = [printable(f"{head}, {records['dropped']:,} dropped")]
    if reasons:
        lines += ["", *table(("stage", "dropped because", "records"), _figures(reasons))]
    noticed = [(stage, rule, n) for stage, counts in manifest["remarks"].items() for rule, n in counts.items()]
    if noticed:
        lines += ["", *table(("stage", "flagged, mended or counted", "turns"), _figures(noticed))]
    if asks:
        lines += ["", *table(("asked", "sent", "from the ledger", "unanswered", "lost", "dollars"), _figures(asks))]
    return [*lines, "", f"Folder: {build.path}"]


def build_name(build: Build) -> str:
    """The name under which `kodata show` finds the newest build of its kind: `alpaca-ko@demo`."""
    pipeline = build.manifest["pipeline"]
    return f"{pipeline['name']}@{pipeline['variant']}" if pipeline["variant"] else str(pipeline["name"])


def plan_table(plan: Plan) -> list[str]:
    """A line per stage and their sum."""
    rows = [(*_quote_cells(quote), why) for quote, why in zip(plan.stages, _reasons(plan), strict=True)]
    bound = f"at most {dollars(plan.usd_bound)}" if plan.usd_bound > plan.usd else ""
    is_estimate = any(quote.is_estimate and quote.usd for quote in plan.stages)
    total = ("total", f"{plan.records:,}", "", "", f"{plan.to_ask:,}", _cost(plan.usd, is_estimate), bound)
    return table(("stage", "records", "reuse", "known", "to ask", "dollars", "because"), [*rows, total])


def plan_json(plan: Plan) -> str:
    """The plan and its sums as JSON."""
    import orjson

    sums = {"to_ask": plan.to_ask, "usd": plan.usd, "usd_bound": plan.usd_bound}
    return orjson.dumps({**asdict(plan), **sums}, option=orjson.OPT_INDENT_2).decode()


def _quote_cells(quote: StageQuote) -> tuple[str, ...]:
    records = f"{quote.records:,}" + (f" + {quote.pending:,}" if quote.pending else "")
    if quote.kind != "record":
        return quote.stage, records, f"{quote.reuse:,}" if quote.reuse else "-", "-", "-", "-"
    cost = _cost(quote.usd, quote.is_estimate)
    return quote.stage, records, f"{quote.reuse:,}", f"{quote.known:,}", f"{quote.to_ask:,}", cost


def _cost(usd: float, is_estimate: bool) -> str:
    return ("about " if is_estimate and usd else "") + dollars(usd)


def _reasons(plan: Plan) -> Iterator[str]:
    """Why each stage costs what it costs. Records that wait do so for the nearest stage before that has to ask."""
    waits_for = ""
    for quote in plan.stages:
        yield _reason(quote, waits_for)
        if quote.to_ask:
            waits_for = quote.stage


def _reason(quote: StageQuote, waits_for: str) -> str:
    waiting = f"{quote.pending:,} known after {waits_for}" if quote.pending else ""
    if quote.kind != "record":
        said = "remembered" if quote.reuse else "free"
    elif quote.to_ask and not quote.pending:
        said = f"{quote.to_ask:,} of {counted(quote.to_ask + quote.known, 'ask')} not in the ledger"
    elif quote.to_ask or not quote.records:
        said = ""
    elif quote.reuse == quote.records:
        said = "all remembered"
    else:
        said = "all in the ledger" if quote.known else "nothing to ask"
    return ", ".join(filter(None, (said, waiting)))


def _figures(rows: Iterable[Sequence[object]]) -> list[list[str]]:
    return [[f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row] for row in rows]
