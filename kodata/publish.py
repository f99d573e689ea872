"""A corpus as files: lines, Parquet, the Alpaca array, what was dropped, a manifest, a card and the events.

Rows stand in the order of the source. `corpus.*` and `dropped.jsonl` hold no date: equal input gives equal bytes.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import Any

import orjson
import polars as pl

from kodata.answering import Tally
from kodata.corpus import COLUMNS, REMARK_COLUMNS, question
from kodata.pipeline import Pipeline
from kodata.sources import Reading, Source, digest_of

ROW_GROUP = 10_000  # fixed, or the bytes of the Parquet file would depend on the machine
_TRIPLE = ("instruction", "input", "output")
_TEXTS = tuple(f"{name}{which}" for which in ("", "_source") for name in _TRIPLE)
_NOTICED = {**REMARK_COLUMNS, "stage": pl.String()}
_OF_RECORD = ("lang", "source", "licence", "category", "extra", "upstream_key", "source_file", "source_row")
_OF_TURN = tuple(
    name for name in COLUMNS if name not in ("id", "turn", "system", "system_source", *_TRIPLE, *_OF_RECORD)
)
_WATCHED = ("kodata", "polars", "langdetect", "deepl", "openai", "datasets", "jsonschema")


@dataclass(frozen=True)
class Facts:
    """What is known of a build beside its rows."""

    pipeline: Pipeline
    sources: tuple[Source, ...]
    readings: list[Reading]
    variant: str
    flags: list[str]
    tallies: Mapping[str, Tally]
    held_back_by: str
    at: datetime

    @cached_property
    def rows(self) -> pl.DataFrame:
        """id, source_file, source_row and place (position among all items), in the order of the sources."""
        return pl.concat([reading.rows for reading in self.readings]).with_row_index("place")


def publish(
    facts: Facts,
    kept: list[Path],
    dropped: list[pl.DataFrame],
    remarks: list[pl.DataFrame],
    events: Iterable[bytes],
    folder: Path,
) -> None:
    """Write all files of a build into the folder. `kept` are the shards, in order; `dropped` has stage and reason.

    `remarks` are what was noticed of turns, with the stage; those that ask for review stand in `review.jsonl`.
    """
    folder.mkdir(parents=True)
    kept_records = _corpus(facts, kept, folder)
    noticed = pl.concat([pl.DataFrame(schema=_NOTICED), *remarks])
    (folder / "review.jsonl").write_bytes(b"".join(_line(item) for item in _for_review(facts, kept, noticed)))
    gone = _dropped_items(facts, dropped)
    (folder / "dropped.jsonl").write_bytes(b"".join(_line(item) for item in gone))
    manifest = _manifest(facts, kept_records, gone, noticed)
    (folder / "manifest.json").write_bytes(
        orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    )
    (folder / "README.md").write_text(card(manifest), encoding="utf-8")
    (folder / "events.jsonl").write_bytes(b"".join(events))


def _corpus(facts: Facts, kept: list[Path], folder: Path) -> int:
    """Writes corpus.jsonl, corpus.json and corpus.parquet; the number of records."""
    placed = pl.scan_ipc(kept).join(facts.rows.lazy().drop("place"), on="id", how="left", maintain_order="left")
    placed.sink_parquet(folder / "corpus.parquet", row_group_size=ROW_GROUP, compression="zstd", maintain_order=True)
    count = 0
    with (folder / "corpus.jsonl").open("wb") as lines, (folder / "corpus.json").open("wb") as array:
        for path in kept:
            frame = pl.read_ipc(path).join(facts.rows.drop("place"), on="id", maintain_order="left", how="left")
            for item in _items(frame):
                lines.write(_line(item))
                array.write(b"[\n" if count == 0 else b",\n")
                array.write(orjson.dumps(_alpaca(item)))
                count += 1
        array.write(b"\n]\n" if count else b"[]\n")
    return count


def _items(frame: pl.DataFrame) -> Iterator[dict[str, object]]:
    """One object a record: id, the last turn's triple, `history` of the turns before it, then provenance.

    An entry of `history` is a turn's triple and its provenance; the system line is the first turn's.
    """
    turns: list[dict[str, object]] = []
    for row in frame.iter_rows(named=True):
        if turns and turns[-1]["id"] != row["id"]:
            yield _item(turns)
            turns = []
        turns.append(row)
    if turns:
        yield _item(turns)


def _item(turns: list[dict[str, object]]) -> dict[str, object]:
    first, last = turns[0], turns[-1]
    head = {"id": last["id"], **{name: last[name] for name in _TRIPLE}}
    history = [{name: turn[name] for name in (*_TRIPLE, *_OF_TURN)} for turn in turns[:-1]]
    system = {name: first[name] for name in ("system", "system_source")}
    return {**head, "history": history, **system, **{name: last[name] for name in (*_OF_TURN, *_OF_RECORD)}}


def _alpaca(item: Mapping[str, object]) -> dict[str, object]:
    """The triple, and what a conversation has besides: `history` as pairs of question and answer, `system`."""
    plain = {name: item[name] for name in _TRIPLE}
    turns = item["history"]
    assert isinstance(turns, list)
    if turns:
        plain["history"] = [[question(t["instruction"], t["input"]), t["output"]] for t in turns]
    return {**plain, "system": item["system"]} if item["system"] else plain


def _dropped_items(facts: Facts, dropped: list[pl.DataFrame]) -> list[dict[str, object]]:
    """One object a dropped record, in the order of the sources: id, stage, reason, evidence, where from, the record.

    An item that could not be read has no record but its text, as `item`.
    """
    place = {ident: (n, file, row) for n, ident, file, row in facts.rows.iter_rows()}
    items = []
    for rows in dropped:
        columns = [name for name in COLUMNS if name != "id"]
        for _, turns in rows.group_by("id", maintain_order=True):
            first = turns.row(0, named=True)
            record = [
                {k: v for k, v in row.items() if v is not None} for row in turns.select(columns).iter_rows(named=True)
            ]
            items.append(_gone(first, first["stage"], place, record))
    for reading in facts.readings:
        items += [
            {**_gone(row, "source", place, None), "item": row["item"]}
            for frame in reading.unreadable
            for row in frame.iter_rows(named=True)
        ]
    return sorted(items, key=lambda item: place[str(item["id"])][0])


def _gone(
    row: Mapping[str, object], stage: object, place: Mapping[str, tuple[int, str, int]], record: object
) -> dict[str, object]:
    _, file, number = place[str(row["id"])]
    what = {"id": row["id"], "stage": stage, "reason": row["reason"], "evidence": row["evidence"]}
    return {**what, "source_file": file, "source_row": number, "record": record, "item": None}


def _for_review(facts: Facts, kept: list[Path], noticed: pl.DataFrame) -> Iterator[dict[str, object]]:
    """One object a remark on a turn of the corpus, in its order: id, turn, stage, rule, evidence, texts, where from."""
    wanted = noticed.lazy().filter(pl.col("severity") == "review").with_row_index("number").drop("severity")
    texts = pl.scan_ipc(kept).select("id", "turn", *_TEXTS)
    found = wanted.join(texts, on=["id", "turn"]).join(facts.rows.lazy(), on="id")
    yield from found.sort("place", "turn", "number").drop("place", "number").collect().iter_rows(named=True)


def _manifest(facts: Facts, kept: int, gone: list[dict[str, object]], noticed: pl.DataFrame) -> dict[str, object]:
    reasons: dict[str, dict[str, int]] = {}
    for stage in ("source", *(step.name for step in facts.pipeline.steps)):
        of_stage = [str(item["reason"]) for item in gone if item["stage"] == stage]
        if of_stage:
            reasons[stage] = {reason: of_stage.count(reason) for reason in sorted(set(of_stage))}
    return {
        "pipeline": {
            "name": facts.pipeline.name,
            "variant": facts.variant,
            "flags": facts.flags,
            "about": facts.pipeline.about,
            "hash": blake2b(facts.pipeline.identity.encode(), digest_size=16).hexdigest(),
            "overrides": dict(facts.pipeline.overrides),
            "text": facts.pipeline.text,
        },
        "built_at": facts.at.isoformat(timespec="seconds"),
        "held_back_by": facts.held_back_by,
        "records": {"in": len(facts.rows), "kept": kept, "dropped": len(gone)},
        "dropped": reasons,
        "remarks": _counted(facts, noticed),
        "asks": {name: _asked(facts.tallies.get(name, Tally())) for name in sorted(facts.pipeline.providers)},
        "sources": [
            {
                "name": s.name,
                "use": s.use,
                "origin": r.origin,
                "licence": s.licence,
                "records": len(r.rows),
                "hash": r.digest,
            }
            for s, r in zip(facts.sources, facts.readings, strict=True)
        ],
        "source_hash": digest_of(facts.readings),
        "versions": {"python": python_version(), **{name: version(name) for name in _WATCHED}},
    }


def _counted(facts: Facts, noticed: pl.DataFrame) -> dict[str, dict[str, int]]:
    """Turns by stage, then by rule, in the order of the stages."""
    counts = noticed.group_by("stage", "rule").len().sort("rule")
    by_stage = {
        step.name: dict(counts.filter(pl.col("stage") == step.name).select("rule", "len").iter_rows())
        for step in facts.pipeline.steps
    }
    return {stage: rules for stage, rules in by_stage.items() if rules}


def _asked(tally: Tally) -> dict[str, object]:
    both = {"sent": tally.sent, "known": tally.known, "unanswered": tally.unanswered, "lost": tally.lost}
    tokens = {"tokens_in": tally.tokens_in, "tokens_out": tally.tokens_out}
    size = tokens if tally.tokens_out else {"characters": tally.characters}
    return {**both, "requests": tally.requests, **size, "usd": round(tally.usd, 6)}


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


def _line(item: object) -> bytes:
    return orjson.dumps(item, option=orjson.OPT_APPEND_NEWLINE)
