"""Where records come from: one function a format, raw item to record, behind one opening of containers.

A source function gets one decoded item and gives the texts and what else the item knew. It raises Unreadable for an
item that is no record of its format; the item is then dropped with file, row and reason, and the rest goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Literal, TypeAlias

import polars as pl

from kodata.asks import canonical
from kodata.corpus import DROPPED_COLUMNS, Turn, frame_of, number_repeats
from kodata.korean import clean
from kodata.sources.alpaca import alpaca
from kodata.sources.dolly import dolly
from kodata.sources.gpt4all import gpt4all
from kodata.sources.kin import kin
from kodata.sources.language import with_language
from kodata.sources.messages import messages
from kodata.sources.opening import Item, Opened
from kodata.sources.raw import Raw, Unreadable
from kodata.sources.sharegpt import sharegpt

ReadItem: TypeAlias = Callable[[Mapping[str, object]], Raw]

SOURCES: dict[str, ReadItem] = {
    "alpaca": alpaca,
    "sharegpt": sharegpt,
    "dolly": dolly,
    "gpt4all": gpt4all,
    "messages": messages,
    "kin": kin,
}

_SHOWN = 10_000  # characters of an item that cannot be read
ROW_COLUMNS: dict[str, pl.DataType] = {"id": pl.String(), "source_file": pl.String(), "source_row": pl.Int64()}


@dataclass(frozen=True)
class Source:
    """One `[[source]]` of a pipeline file: a format, where it is, and under what licence.

    Exactly one of `path` (a local file) and `hub` (a data set on the Hugging Face hub, at `revision`) is set. `lang`
    declares the language of all records; without it that is decided record by record.
    """

    use: str
    name: str = ""
    path: str = ""
    hub: str = ""
    config: str = ""
    revision: str = ""
    split: str = "train"
    licence: str = "unknown"
    lang: Literal["", "en", "ko"] = ""


@dataclass(frozen=True)
class Reading:
    """A source read to its end: every item is a record or among the dropped.

    `frame` has `corpus.COLUMNS`; `dropped` has `corpus.DROPPED_COLUMNS`; `rows` has `ROW_COLUMNS`, one row
    an item, in the order of the source; `unread` is the text of each dropped item by id, long ones cut; `digest` is a
    hash of the content as read.
    """

    frame: pl.DataFrame
    dropped: pl.DataFrame
    rows: pl.DataFrame
    unread: Mapping[str, str]
    origin: str
    digest: str


@dataclass
class _Dropped:
    count: dict[str, int] = field(default_factory=dict)

    def name(self, source: str, item: Item) -> str:
        """An id for an item that cannot be read: the hash of its bytes; a repeat gets `~2`."""
        ident = f"{source}-{blake2b(item.content, digest_size=8).hexdigest()}"
        self.count[ident] = n = self.count.get(ident, 0) + 1
        return ident if n == 1 else f"{ident}~{n}"


def read(source: Source, opened: Opened, limit: int | None = None) -> Reading:
    """All records of a source, or the first `limit` items of it.

    Raises SourceError when it cannot be opened, or two different records have one id.
    """
    records: list[list[Turn]] = []
    places: list[tuple[str, int, int | None]] = []  # file, row, number in records, or None for a dropped item
    dropped: list[tuple[str, str, str]] = []
    unread: dict[str, str] = {}
    names = _Dropped()
    for n, item in enumerate(opened.items):
        if limit is not None and n >= limit:
            break
        try:
            records.append(_turns(source, SOURCES[source.use](item.value())))
            places.append((item.file, item.row, len(records) - 1))
        except Unreadable as error:
            ident, place = names.name(source.name, item), f"{item.file}, {item.unit} {item.row}"
            dropped.append((ident, error.reason, f"{place}: {error}"))
            unread[ident] = clean(item.text)[:_SHOWN]
            places.append((item.file, item.row, None))
    records = number_repeats(records)
    idents = iter(unread)
    keys = [f"{record[0].id} {record[0].upstream_key} {record[0].category}" for record in records]
    digest = blake2b("\n".join([*keys, *(ident for ident, _, _ in dropped)]).encode(), digest_size=16)
    rows = [(next(idents) if n is None else records[n][0].id, file, row) for file, row, n in places]
    frame = frame_of(turn for record in records for turn in record)
    return Reading(
        frame if source.lang else with_language(frame),
        pl.DataFrame(dropped, schema=DROPPED_COLUMNS, orient="row"),
        pl.DataFrame(rows, schema=ROW_COLUMNS, orient="row"),
        unread,
        opened.origin,
        digest.hexdigest(),
    )


def _turns(source: Source, raw: Raw) -> list[Turn]:
    content = canonical([raw.system, raw.turns, raw.extra])
    ident = f"{source.name}-{blake2b(content.encode(), digest_size=8).hexdigest()}"
    first = canonical([raw.turns[0][0], raw.turns[0][1]])
    upstream = raw.upstream_id or blake2b(first.encode(), digest_size=8).hexdigest()
    return [
        Turn(
            id=ident,
            turn=n,
            system=raw.system if n == 0 else None,
            instruction=instruction,
            input=context,
            output=output,
            fixes=raw.fixes[n] if raw.fixes else (),
            lang=source.lang or "en",
            source=source.name,
            licence=source.licence,
            category=raw.category,
            extra=canonical(raw.extra) if raw.extra else None,
            upstream_key=upstream,
        )
        for n, (instruction, context, output) in enumerate(raw.turns)
    ]


def digest_of(readings: Iterable[Reading]) -> str:
    """One hash for the content of all sources of a build."""
    return blake2b("".join(reading.digest for reading in readings).encode(), digest_size=16).hexdigest()
