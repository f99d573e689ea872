"""The dataset card of a build."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from typing import Any

import orjson


def card(manifest: Mapping[str, object]) -> str:
    """A first dataset card: what it is, how it was built, what left it and why, how to load it."""
    pipeline, records = manifest["pipeline"], manifest["records"]
    assert isinstance(pipeline, dict)
    assert isinstance(records, dict)
    sources, dropped, asks, remarks = (manifest[name] for name in ("sources", "dropped", "asks", "remarks"))
    assert isinstance(sources, list)
    assert isinstance(dropped, dict)
    assert isinstance(asks, dict)
    assert isinstance(remarks, dict)
    noticed = [(stage, rule, n) for stage, counts in remarks.items() for rule, n in counts.items()]
    reasons = [(stage, reason, n) for stage, counts in dropped.items() for reason, n in counts.items()]
    return "\n".join(
        [
            "---",
            f"pretty_name: {orjson.dumps(pipeline['name']).decode()}",
            "language: [ko]",
            "task_categories: [text-generation]",
            "configs:",
            "  - config_name: default",
            "    data_files: corpus.parquet",
            "---",
            "",
            f"# {pipeline['name']}" + (f" ({pipeline['variant']})" if pipeline["variant"] else ""),
            "",
            "The shipped sample, translated and answered by hand: no service was asked."
            if "--demo" in pipeline["flags"]
            else f"{pipeline['about']}.",
            "",
            f"{records['kept']:,} of {records['in']:,} records; {records['dropped']:,} were dropped, each with stage, "
            "reason and evidence in `dropped.jsonl`.",
            "",
            *_table(
                ("source", "from", "licence", "records"),
                [_cells(s, "name", "origin", "licence", "records") for s in sources],
            ),
            "",
            *_table(("stage", "reason", "records"), reasons),
            "",
            *([*_table(("stage", "flagged, mended or counted", "turns"), noticed), ""] if noticed else []),
            *_table(
                ("asked", "sent", "known", "dollars"), [(n, a["sent"], a["known"], a["usd"]) for n, a in asks.items()]
            ),
            "",
            "The licence of each record is in its `licence` column. The terms of the services that translated and "
            "wrote the texts must be read by a person before publication; this card does not decide them.",
            "",
            "```python",
            "import datasets",
            "",
            'datasets.load_dataset("parquet", data_files="corpus.parquet")',
            "```",
            "",
            f"Rebuild: `{_rebuild(pipeline)}`, with the ledger it was built from and the same endpoints.",
            "",
        ]
    )


def _rebuild(pipeline: Mapping[str, Any]) -> str:
    flags = [flag for flag in pipeline["flags"] if flag != "--offline"]
    return shlex.join(["kodata", "build", pipeline["name"], *flags, *([] if "--demo" in flags else ["--offline"])])


def _cells(row: Mapping[str, object], *names: str) -> tuple[object, ...]:
    return tuple(row[name] for name in names)


def _table(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> list[str]:
    """A Markdown table; what comes from a source cannot break out of its cell."""
    lines = [head, ("---",) * len(head), *rows]
    return ["| " + " | ".join(str(c).replace("|", "\\|").replace("\n", " ") for c in cells) + " |" for cells in lines]
