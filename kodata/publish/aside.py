"""What does not go into the corpus, or is to be looked at in it: dropped records, remarks for review, mendings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from heapq import merge
from operator import itemgetter

import polars as pl

from kodata.corpus import COLUMNS
from kodata.publish.facts import Facts
from kodata.rules.pii import PII
from kodata.shards import Shards
from kodata.sources import Reading, Source

_SAID = (  # what a record may hold of its source's own words
    "system", "instruction", "input", "output", "system_source", "instruction_source", "input_source", "output_source",
    "output_translated", "choices", "choices_source", "extra",
)  # fmt: skip
_PERSONAL = [rule.name for rule in PII]
_TEXTS = tuple(f"{name}{which}" for which in ("", "_source") for name in ("instruction", "input", "output"))


def dropped_items(facts: Facts, dropped: Mapping[str, Shards]) -> Iterator[dict[str, object]]:
    """One object a dropped record, in the order of the sources: id, stage, reason, evidence, where from, the record.

    A record that left for data of a person stands there without its texts. An item that could not be read has no record
    but its text, as `item`. Every stage drops in the order of the sources, so that merging needs one shard of each.
    """
    streams = [_of_stage(facts, stage, shards) for stage, shards in dropped.items()]
    unreadable = [_of_source(facts, *read) for read in zip(facts.sources, facts.readings, strict=True)]
    return (item for _, item in merge(*streams, *unreadable, key=itemgetter(0)))


def _of_stage(facts: Facts, stage: str, shards: Shards) -> Iterator[tuple[int, dict[str, object]]]:
    columns = [name for name in COLUMNS if name != "id"]
    for frame in shards:
        said = _without_persons(_without(frame, facts, "evidence", *_SAID))
        for _, turns in facts.placed(said).group_by("id", maintain_order=True):
            rows = turns.select(columns).iter_rows(named=True)
            record = [{name: value for name, value in row.items() if value is not None} for row in rows]
            yield _gone(turns.row(0, named=True), stage, record, None)


def _of_source(facts: Facts, source: Source, reading: Reading) -> Iterator[tuple[int, dict[str, object]]]:
    for frame in reading.unreadable:
        named = frame.with_columns(source=pl.lit(source.name))
        for row in facts.placed(_without(named, facts, "evidence", "item")).iter_rows(named=True):
            yield _gone(row, "source", None, row["item"])


def _without(frame: pl.DataFrame, facts: Facts, *columns: str) -> pl.DataFrame:
    """The frame with null in those columns where the source of a row is not to be published."""
    is_open = ~pl.col("source").is_in(facts.private)
    return frame.with_columns(pl.when(is_open).then(pl.col(name)).alias(name) for name in columns)


def _without_persons(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with null for all texts of a record that left for data of a person; the evidence is masked already."""
    is_open = ~pl.col("reason").is_in(_PERSONAL)
    return frame.with_columns(pl.when(is_open).then(pl.col(name)).alias(name) for name in _SAID)


def _gone(row: Mapping[str, object], stage: str, record: object, item: object) -> tuple[int, dict[str, object]]:
    what = {"id": row["id"], "stage": stage, "reason": row["reason"], "evidence": row["evidence"]}
    where = {"source_file": row["source_file"], "source_row": row["source_row"]}
    place = row["place"]
    assert isinstance(place, int)
    return place, {**what, **where, "record": record, "item": item}


def items_for_review(facts: Facts, kept: Shards, remarks: Mapping[str, Shards]) -> Iterator[dict[str, object]]:
    """One object a remark for review, in the order of the corpus: id, turn, stage, rule, evidence, texts, where from.

    The shards of all stages are cut alike: what was noticed of the records of a shard stands in one of its number.
    """
    for number, frame in enumerate(kept):
        wanted = _remarks(remarks, number, "review")
        texts = frame.select("id", "turn", "source", *_TEXTS)
        found = _without(wanted.join(texts, on=["id", "turn"], maintain_order="left"), facts, "evidence").drop("source")
        yield from facts.placed(found).sort("place", "turn", maintain_order=True).drop("place").iter_rows(named=True)


def mended_items(facts: Facts, kept: Shards, remarks: Mapping[str, Shards]) -> Iterator[dict[str, object]]:
    """One object a mending, by a rule or by hand, in the order of the corpus: id, turn, stage, rule, evidence."""
    for number, frame in enumerate(kept):
        turns = frame.select("id", "turn", "source")
        found = _remarks(remarks, number, "fix").join(turns, on=["id", "turn"], maintain_order="left")
        placed = facts.placed(_without(found, facts, "evidence")).sort("place", "turn", maintain_order=True)
        yield from placed.select("id", "turn", "stage", "rule", "evidence").iter_rows(named=True)


def _remarks(remarks: Mapping[str, Shards], number: int, severity: str) -> pl.DataFrame:
    here = [shards[number].with_columns(stage=pl.lit(stage)) for stage, shards in remarks.items()]
    return pl.concat(here).filter(pl.col("severity") == severity).drop("severity")
