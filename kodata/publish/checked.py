"""What a card says of the records that left and of the checks that the others went through."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from kodata.publish.markdown import inline, table
from kodata.rules.pii import PII


def left(manifest: Mapping[str, Any]) -> list[str]:
    """How many records left at which stage, and why."""
    rows = [(stage, why, f"{n:,}") for stage, counts in manifest["dropped"].items() for why, n in counts.items()]
    return table(("stage", "reason", "records"), rows) if rows else ["Nothing."]


def checks(manifest: Mapping[str, Any]) -> list[str]:
    """What rules flagged and mended, what was found of persons and of benchmarks, and what was not looked for."""
    rows = [(stage, rule, f"{n:,}") for stage, counts in manifest["remarks"].items() for rule, n in counts.items()]
    noticed = table(("stage", "flagged, mended or counted", "turns"), rows) if rows else ["No turn was flagged."]
    noticed += ["", _personal(manifest)]
    compared = list(_compared(manifest["benchmarks"])) or ["It was not checked for items of benchmarks."]
    return [*noticed, "", *compared]


def _personal(manifest: Mapping[str, Any]) -> str:
    """Whether data of persons was looked for, and how many records left or were flagged for it."""
    rules = [rule.name for rule in PII]
    stages = tomllib.loads(manifest["pipeline"]["text"]).get("stage", ())
    entries = [entry for stage in stages for entry in stage.get("rules", ())]
    asked = {entry["use"] if isinstance(entry, dict) else entry for entry in entries}
    wanted = [name for name in rules if name in asked]
    if not wanted:
        return "It was not searched for data of persons (phone numbers, addresses, numbers that identify)."
    left = sum(counts.get(name, 0) for counts in manifest["dropped"].values() for name in wanted)
    flagged = sum(counts.get(name, 0) for counts in manifest["remarks"].values() for name in wanted)
    return (
        f"It was searched for data of persons ({', '.join(wanted)}): {left:,} records left for that, {flagged:,} turns "
        "were flagged. Names are not looked for."
    )


def _compared(benchmarks: Mapping[str, Any]) -> Iterator[str]:
    """With which benchmarks records were compared, what of them was found (and dropped), and with which not."""
    for stage, found in benchmarks.items():
        rows = [
            (stage, row["benchmark"], f"{row['items']:,}", f"{row['seen']:,}", f"{row['records']:,}")
            for row in found["checked"]
        ]
        if rows:
            yield from (*table(("stage", "benchmark", "items", "found", "records dropped"), rows), "")
        if found["not_checked"]:
            yield from (f"Not compared with, in {inline(stage)}: {', '.join(found['not_checked'])}.", "")
