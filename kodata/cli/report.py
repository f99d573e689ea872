"""What is printed of a build."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from kodata.cli.table import table
from kodata.show.lines import counted, dollars, printable

if TYPE_CHECKING:
    from kodata.published import Build


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


def _figures(rows: Iterable[Sequence[object]]) -> list[list[str]]:
    return [[f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row] for row in rows]
