"""Reads a source to its end: every item becomes a record with an id, or is dropped with file, row and reason.

Items come and go one by one, so that a source may be larger than memory. What must be known of all of them (ids given
twice, where each item stood) is kept in a table of a few dozen bytes an item.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import polars as pl

from kodata import shards
from kodata.asks import canonical
from kodata.corpus import DROPPED_COLUMNS, Turn, first_key, frame_of
from kodata.errors import SourceError
from kodata.korean import clean
from kodata.licences import UNKNOWN
from kodata.shards import Shards
from kodata.sources.formats import SOURCES
from kodata.sources.language import with_language
from kodata.sources.mapping import at, mapped
from kodata.sources.opening.items import Item, Opened
from kodata.sources.raw import Raw, Unreadable, noted_controls
from kodata.sources.source import LicenceColumn, Source

ROW_COLUMNS: dict[str, pl.DataType] = {"id": pl.String(), "source_file": pl.String(), "source_row": pl.Int64()}
UNREADABLE_COLUMNS: dict[str, pl.DataType] = {**DROPPED_COLUMNS, "item": pl.String()}

_MOST_TURNS = 2**16  # as the column `turn` counts
_SHOWN_VALUE = 60  # characters of what a column says
_SHOWN = 10_000  # characters of an item that cannot be read
_SEEN: dict[str, pl.DataType] = {
    **ROW_COLUMNS, "record": pl.UInt32(), "upstream_key": pl.String(), "category": pl.String(), "check": pl.UInt64(),
}  # fmt: skip


@dataclass(frozen=True)
class Reading:
    """A source read to its end.

    `records` are frames with `corpus.COLUMNS`; `unreadable` are frames with `UNREADABLE_COLUMNS`, whose `item` is the
    text of what was dropped, a long one cut; `reasons` counts them. `rows` has `ROW_COLUMNS`, one row an item, in the
    order of the source. `digest` is a hash of the content as read. `unlicensed` counts the records whose licence is
    unknown because the map of a `LicenceColumn` has not what they say, by what they say (empty: nothing).
    """

    records: Shards
    unreadable: Shards
    reasons: Mapping[str, int]
    rows: pl.DataFrame
    origin: str
    digest: str
    unlicensed: Mapping[str, int] = field(default_factory=dict)

    @property
    def frame(self) -> pl.DataFrame:
        """All records in one frame: for sources that fit into memory."""
        frame: pl.DataFrame = pl.concat(self.records)
        return frame

    @property
    def dropped(self) -> pl.DataFrame:
        """All items that could not be read, with `corpus.DROPPED_COLUMNS`."""
        frame: pl.DataFrame = pl.concat([pl.DataFrame(schema=UNREADABLE_COLUMNS), *self.unreadable])
        return frame.drop("item")


class _Seen(NamedTuple):
    """What is remembered of an item: its id so far, where it stood, and of a record what a repeat is told by."""

    id: str
    file: str
    row: int
    record: int | None = None  # counts the records
    upstream_key: str | None = None
    category: str | None = None
    check: int | None = None  # a second hash of the content: equal ids, unequal checks are a collision


def read(
    source: Source,
    opened: Opened,
    limit: int | None = None,
    folder: Path | None = None,
    moved: Callable[[int], None] = lambda items: None,
) -> Reading:
    """All records of a source, or those of its first `limit` items, as shards below the folder or in memory.

    `moved` is told now and then how many items are read. Raises SourceError when the source cannot be opened, or two
    different records have one id.
    """
    desk = _Desk(source, _below(folder, "records"), _below(folder, "unreadable"))
    for n, item in enumerate(islice(opened.items, limit), 1):
        desk.take(item)
        moved(n)
    return desk.close(opened.origin)


def digest_of(readings: Iterable[Reading]) -> str:
    """One hash for the content of all sources of a build."""
    return blake2b("".join(reading.digest for reading in readings).encode(), digest_size=16).hexdigest()


@dataclass
class _Desk:
    """Takes the items of a source in, and puts shards of them away."""

    source: Source
    records: Shards
    unreadable: Shards
    reasons: Counter[str] = field(default_factory=Counter)
    unlicensed: Counter[str] = field(default_factory=Counter)
    _named: Counter[str] = field(default_factory=Counter)  # dropped items that have the same bytes
    _turns: list[Turn] = field(default_factory=list)
    _gone: list[tuple[str, str, str, str]] = field(default_factory=list)
    _seen: list[_Seen] = field(default_factory=list)
    _tables: list[pl.DataFrame] = field(default_factory=list)  # of what was seen
    _starts: list[int] = field(default_factory=lambda: [0])  # the number of the first record of each shard
    _count: int = 0
    _characters: int = 0  # since the last shard

    def take(self, item: Item) -> None:
        try:
            value = item.value()
            raw = SOURCES[self.source.use].read(mapped(value, self.source.fields))
            self._take(item, noted_controls(raw, value), self._licence(value))
        except Unreadable as error:
            self._drop(item, error)
        is_full = self._count - self._starts[-1] >= shards.SHARD_RECORDS or len(self._gone) >= shards.SHARD_RECORDS
        if is_full or self._characters >= shards.SHARD_CHARACTERS:
            self._put_away()

    def close(self, origin: str) -> Reading:
        self._put_away()
        if not len(self.records):
            self.records.add(frame_of(()), 0)
        seen = pl.concat([pl.DataFrame(schema=_SEEN), *self._tables])
        renamed = numbered_repeats(seen.filter(pl.col("record").is_not_null()))
        self._rename(renamed)
        seen = _with_new_ids(seen, renamed)
        reasons = dict(sorted(self.reasons.items()))
        rows, unlicensed = seen.select(list(ROW_COLUMNS)), dict(sorted(self.unlicensed.items()))
        return Reading(self.records, self.unreadable, reasons, rows, origin, _digest(seen), unlicensed)

    def _licence(self, item: Mapping[str, object]) -> tuple[str, str | None]:
        """The licence of an item, and what it says in its column where the map has not that."""
        licence = self.source.licence
        if not isinstance(licence, LicenceColumn):
            return licence, None
        value = at(item, licence.column)
        said = "" if value is None else clean(str(value)).strip()
        return (licence.map[said], None) if said in licence.map else (UNKNOWN, said)

    def _take(self, item: Item, raw: Raw, licensed: tuple[str, str | None]) -> None:
        if len(raw.turns) > _MOST_TURNS:
            raise Unreadable("too-many-turns", f"{len(raw.turns):,} turns, {_MOST_TURNS:,} can be numbered")
        choices = [] if raw.choices is None else [raw.choices, raw.label]
        content = canonical([raw.system, raw.turns, raw.extra, *choices]).encode()
        licence, unmapped = licensed
        if unmapped is not None:
            self.unlicensed[unmapped[:_SHOWN_VALUE]] += 1
        turns = _turns(self.source, raw, f"{self.source.name}-{blake2b(content, digest_size=8).hexdigest()}", licence)
        check = int.from_bytes(blake2b(content, digest_size=16).digest()[:8], "big")
        first = turns[0]
        self._seen.append(_Seen(first.id, item.file, item.row, self._count, first.upstream_key, first.category, check))
        self._turns += turns
        self._count += 1
        self._characters += len(content)

    def _drop(self, item: Item, error: Unreadable) -> None:
        """The item gets the hash of its bytes as id; a repeat gets `~2`."""
        ident = f"{self.source.name}-{blake2b(item.content, digest_size=8).hexdigest()}"
        self._named[ident] += 1
        ident = ident if self._named[ident] == 1 else f"{ident}~{self._named[ident]}"
        text = clean(item.text)[:_SHOWN]
        self._gone.append((ident, error.reason, f"{item.file}, {item.unit} {item.row}: {error}", text))
        self._seen.append(_Seen(ident, item.file, item.row))
        self.reasons[error.reason] += 1
        self._characters += len(text)

    def _put_away(self) -> None:
        if self._turns:
            frame = frame_of(self._turns)
            if not self.source.lang:
                alone = _record_numbers(frame).cast(pl.String)  # as ids: verbatim repeats still share theirs
                frame = with_language(frame.with_columns(id=alone)).with_columns(frame["id"])
            self.records.add(frame, self._count - self._starts[-1])
            self._starts.append(self._count)
        if self._gone:
            self.unreadable.add(pl.DataFrame(self._gone, schema=UNREADABLE_COLUMNS, orient="row"))
        self._tables.append(pl.DataFrame(self._seen, schema=_SEEN, orient="row"))
        self._turns, self._gone, self._seen, self._characters = [], [], [], 0

    def _rename(self, renamed: pl.DataFrame) -> None:
        """Give records in the shards their new ids."""
        for number, (start, end) in enumerate(zip(self._starts, self._starts[1:], strict=False)):
            here = renamed.filter(pl.col("record").is_between(start, end - 1))
            if len(here):
                frame = self.records[number]
                numbered = frame.with_columns(record=_record_numbers(frame) + start)
                self.records.replace(number, _with_new_ids(numbered, here).drop("record"))


def numbered_repeats(records: pl.DataFrame) -> pl.DataFrame:
    """Columns record, new_id: a verbatim repeat gets `~2`, `~3`, ... in order of upstream key and category.

    `records` has the columns id, record, upstream_key, category and check. Raises SourceError when records with
    unequal checks share an id: a collision of hashes, which must not be passed over.
    """
    same = records.filter(pl.col("id").is_duplicated())
    unequal = same.group_by("id").agg(pl.col("check").n_unique()).filter(pl.col("check") > 1).sort("id")
    if len(unequal):
        raise SourceError(f"two different records have the id {unequal['id'][0]}: change one of them by a character")
    number = pl.int_range(1, pl.len() + 1).over("id")
    ordered = same.sort("id", "upstream_key", pl.col("category").fill_null(""), "record").with_columns(number=number)
    return ordered.filter(pl.col("number") > 1).select("record", new_id=pl.concat_str("id", "number", separator="~"))


def _record_numbers(frame: pl.DataFrame) -> pl.Series:
    """UInt32, for each row: which record of the frame it belongs to, from 0."""
    return (frame["turn"] == 0).cum_sum().cast(pl.UInt32) - 1


def _with_new_ids(frame: pl.DataFrame, renamed: pl.DataFrame) -> pl.DataFrame:
    found = frame.join(renamed, on="record", how="left", maintain_order="left")
    return found.with_columns(id=pl.coalesce("new_id", "id")).drop("new_id")


def _digest(seen: pl.DataFrame) -> str:
    """A hash of ids, upstream keys and categories of the records, then of the ids of what was dropped."""
    digest = blake2b(digest_size=16)
    is_record = pl.col("record").is_not_null()
    for n, line in enumerate(_lines(seen.filter(is_record), seen.filter(~is_record))):
        digest.update(f"\n{line}".encode() if n else line.encode())
    return digest.hexdigest()


def _lines(records: pl.DataFrame, dropped: pl.DataFrame) -> Iterator[str]:
    for ident, key, category in records.select("id", "upstream_key", "category").iter_rows():
        yield f"{ident} {key} {category}"
    yield from dropped["id"]


def _turns(source: Source, raw: Raw, ident: str, licence: str) -> list[Turn]:
    upstream = raw.upstream_id or first_key(*raw.turns[0][:2])
    return [
        Turn(
            id=ident,
            turn=n,
            system=raw.system if n == 0 else None,
            instruction=instruction,
            input=context,
            output=output if raw.choices is None else None,
            choices=raw.choices,
            label=raw.label,
            fixes=raw.fixes[n] if raw.fixes else (),
            lang=source.lang or "en",
            source=source.name,
            licence=licence,
            category=raw.category,
            extra=canonical(raw.extra) if raw.extra else None,
            upstream_key=upstream,
        )
        for n, (instruction, context, output) in enumerate(raw.turns)
    ]


def _below(folder: Path | None, name: str) -> Shards:
    return Shards(None if folder is None else folder / name)
