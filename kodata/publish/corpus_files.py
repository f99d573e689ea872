"""The corpus as files: Parquet with a row a turn, lines with an object a record, and the Alpaca array."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import orjson
import polars as pl

from kodata.corpus import COLUMNS, question
from kodata.publish.facts import Facts, line
from kodata.shards import Shards

ROW_GROUP = 10_000  # fixed, or the bytes of the Parquet file would depend on the machine
_TRIPLE = ("instruction", "input", "output")
_OF_RECORD = ("lang", "source", "licence", "category", "extra", "upstream_key", "source_file", "source_row")
_OF_TURN = tuple(
    name for name in COLUMNS if name not in ("id", "turn", "system", "system_source", *_TRIPLE, *_OF_RECORD)
)


def write_corpus(facts: Facts, kept: Shards, folder: Path, moved: Callable[[int], None]) -> None:
    """Writes corpus.parquet, corpus.jsonl and corpus.json; `moved` is told how many records are written."""
    rows = facts.rows.lazy().drop("place")
    placed = _split(facts, pl.scan_ipc(kept.paths).join(rows, on="id", how="left", maintain_order="left"))
    placed.sink_parquet(folder / "corpus.parquet", row_group_size=ROW_GROUP, compression="zstd", maintain_order=True)
    count = 0
    with (folder / "corpus.jsonl").open("wb") as lines, (folder / "corpus.json").open("wb") as array:
        for frame in kept:
            for item in items_of(_split(facts, facts.placed(frame).drop("place").lazy()).collect()):
                lines.write(line(item))
                array.write(b"[\n" if count == 0 else b",\n")
                array.write(orjson.dumps(alpaca_of(item)))
                count += 1
                moved(count)
        array.write(b"\n]\n" if count else b"[]\n")


def _split(facts: Facts, rows: pl.LazyFrame) -> pl.LazyFrame:
    """The rows, with the column `split` where records are held out."""
    if facts.held_out is None:
        return rows
    is_out = pl.col("id").is_in(list(facts.held_out))
    return rows.with_columns(split=pl.when(is_out).then(pl.lit("test")).otherwise(pl.lit("train")))


def items_of(frame: pl.DataFrame) -> Iterator[dict[str, object]]:
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
    split = {"split": last["split"]} if "split" in last else {}
    return {**head, "history": history, **system, **{name: last[name] for name in (*_OF_TURN, *_OF_RECORD)}, **split}


def alpaca_of(item: Mapping[str, object]) -> dict[str, object]:
    """The triple, and what a conversation has besides: `history` as pairs of question and answer, `system`.

    An item of an evaluation has no output, but `choices` and the `label` of the right one.
    """
    plain = {name: item[name] for name in _TRIPLE}
    if item["choices"]:
        plain |= {name: item[name] for name in ("choices", "label")}
    turns = item["history"]
    assert isinstance(turns, list)
    if turns:
        plain["history"] = [[question(t["instruction"], t["input"]), t["output"]] for t in turns]
    return {**plain, "system": item["system"]} if item["system"] else plain
