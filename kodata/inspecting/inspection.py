"""Looks at a source as a build would read it, and counts what is there."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path

import polars as pl

from kodata.corpus import Record, records_of
from kodata.events import Every, SourceMoved, SourceRead, Tell
from kodata.inspecting.drafting import template_of
from kodata.inspecting.quirks import Quirk, quirks_of
from kodata.pipeline import load_pipeline
from kodata.published import build_at
from kodata.sources import Reading, Source, read
from kodata.sources.opening import Item, Opened, open_source
from kodata.sources.sniffing import LOOKED_AT, Layout, chosen, layout_of
from kodata.sources.source import is_on_hub
from kodata.sources.source import source_at as place_at

HUB_ITEMS = 10_000  # of a data set on the hub, unless more are asked for


@dataclass(frozen=True)
class Inspection:
    """What was seen of a source.

    `items` were looked at; `is_part` claims that there are more. `source` says how they are read, and is None where
    nothing fits or several formats do: see `layout`. Then nothing below it is known.
    """

    origin: str
    container: str
    items: int
    is_part: bool
    layout: Layout
    source: Source | None = None
    records: int = 0
    turns: int = 0
    most_turns: int = 0
    with_input: int = 0
    with_output: int = 0
    characters: int = 0  # that are not Korean, answers aside: what would be translated
    languages: Mapping[str, int] | None = None
    quirks: tuple[Quirk, ...] = ()
    examples: tuple[Record, ...] = ()


def source_at(where: str, config: str = "", split: str = "train", revision: str = "") -> Source:
    """The source at a path, or on the hub; a build, or a folder that holds builds, is the corpus of the latest."""
    build = None if is_on_hub(where) else build_at(Path(where).expanduser())
    return place_at(where if build is None else str(build.path / "corpus.jsonl"), config, split, revision)


def inspect(
    source: Source,
    tell: Tell,
    *,
    use: str = "",
    fields: Mapping[str, str] | None = None,
    limit: int | None = None,
    token: str | None = None,
) -> Inspection:
    """What the source holds, read in the format that fits, or as `use` and `fields` say.

    `limit` takes the first items only. Raises SourceError when it cannot be opened, PipelineError for a format or
    field that nobody knows.
    """
    limit = HUB_ITEMS if source.hub and limit is None else limit
    opened = open_source(source, token, whole=False)
    items = opened.items if limit is None else islice(opened.items, limit)
    head = list(islice(items, LOOKED_AT))
    layout = layout_of([item.decoded for item in head if isinstance(item.decoded, dict)])
    way = chosen(layout, use, fields or {})
    every = replace(opened, items=_told(chain(head, items), opened, tell))
    if way is None:
        count = sum(1 for _ in every.items)
        tell(SourceRead(opened.origin, opened.origin, count, 0))
        return Inspection(opened.origin, opened.container, count, count == limit, layout)
    source = replace(source, use=way.use, name=source.name or way.use, fields=way.fields)
    with tempfile.TemporaryDirectory(prefix="kodata-") as folder:
        reading = read(source, every, folder=Path(folder))
        tell(SourceRead(source.name, reading.origin, len(reading.rows), reading.unreadable.records, reading.reasons))
        return _counted(source, opened, reading, layout, limit, token)


def _told(items: Iterator[Item], opened: Opened, tell: Tell) -> Iterator[Item]:
    is_due = Every()
    for n, item in enumerate(items, 1):
        yield item
        if n % 100 == 0 and is_due():
            tell(SourceMoved(opened.origin, n, opened.share()))


def _counted(
    source: Source, opened: Opened, reading: Reading, layout: Layout, limit: int | None, token: str | None
) -> Inspection:
    texts = (*map(pl.col, ("system", "instruction", "input")), pl.col("choices").list.join(""))
    counts = [
        frame.select(
            turns=pl.len(),
            most_turns=pl.col("turn").max().fill_null(-1) + 1,
            with_input=(pl.col("input") != "").sum(),
            with_output=(pl.col("output") != "").sum(),
            characters=pl.sum_horizontal(text.filter(pl.col("lang") != "ko").str.len_chars().sum() for text in texts),
        )
        for frame in reading.records
    ]
    total = (
        pl.concat(counts).select(pl.all().exclude("most_turns").sum(), pl.col("most_turns").max()).row(0, named=True)
    )
    languages = pl.concat([frame.filter(pl.col("turn") == 0)["lang"].value_counts() for frame in reading.records])
    by_language = languages.group_by("lang").agg(pl.col("count").sum()).sort("count", "lang", descending=[True, False])
    pipeline = load_pipeline(template_of(source.use))
    return Inspection(
        opened.origin,
        opened.container,
        len(reading.rows),
        len(reading.rows) == limit,
        layout,
        source,
        reading.records.records,
        **total,
        languages=dict(by_language.iter_rows()),
        quirks=tuple(quirks_of(source, reading, pipeline, token)),
        examples=tuple(islice(chain.from_iterable(map(records_of, reading.records)), 3)),
    )
