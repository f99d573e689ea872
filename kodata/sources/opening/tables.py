"""Tables: Parquet in batches of rows, and CSV or TSV line by line, with or without quotes."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from kodata.errors import SourceError
from kodata.sources.opening.items import Item, NoItems
from kodata.sources.opening.streams import Stream

if TYPE_CHECKING:
    import _csv

PARQUET = b"PAR1"
_BATCH = 1_000  # rows of a Parquet file in memory at a time
_LONGEST_NAME = 60  # characters of a column's name; a sentence is longer
_FEWEST = 0.5  # share of the rows that must have as many fields as there are names


@dataclass(frozen=True)
class Dialect:
    """How the fields of a table are told apart: `names` in its first line, with what between them.

    A column without a name, as pandas writes its index, is called by its place: `column 1`.
    """

    names: tuple[str, ...]
    delimiter: str
    is_quoted: bool = True

    @property
    def name(self) -> str:
        kind = "TSV" if self.delimiter == "\t" else "CSV"
        return kind if self.is_quoted else f"{kind} whose quotes are part of the text"


def parquet_items(path: Path, name: str) -> Iterator[Item]:
    """The rows of a Parquet file. Raises SourceError when it is damaged, NoItems when it has no rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    n = 0
    try:
        with pq.ParquetFile(path) as table:
            for batch in table.iter_batches(batch_size=_BATCH):
                for row in batch.to_pylist():
                    n += 1
                    yield Item(name, n, "row", row)
    except (pa.ArrowException, OSError) as error:
        raise SourceError(f"{path} is a damaged or cut off Parquet file ({type(error).__name__})") from error
    if not n:
        raise NoItems(f"{path} is a Parquet file without rows")


def dialect_of(stream: Stream) -> Dialect | None:
    """How a table is written, from its beginning; None when the file is no table with a line of names.

    Raises NoItems when two columns have the same name.
    """
    head = stream.head.decode(errors="surrogateescape").lstrip("\r\n")
    if not stream.is_whole:
        head = head[: head.rfind("\n") + 1]
    found = [dialect for delimiter in "\t,;" if (dialect := _tried(head, delimiter)) is not None]
    best = max(found, key=lambda dialect: len(dialect.names), default=None)
    if best is None:
        return None
    if twice := [name for n, name in enumerate(best.names) if name in best.names[:n]]:
        raise NoItems(f'{stream.path} is a {best.name} with two columns "{twice[0]}". Give each a name of its own')
    return Dialect(best.names, best.delimiter, _is_quoted(stream, best))


def ragged(stream: Stream) -> str:
    """What keeps a file from being a table: the first line that has not as many fields as the line of names."""
    for delimiter in "\t,;":
        dialect = Dialect((), delimiter)
        reader = _reader(StringIO(stream.head.decode(errors="replace"), newline=""), dialect)
        names = next(filter(None, reader), [])
        if len(names) > 1:
            line = reader.line_num + 1
            for row in reader:
                if row and len(row) != len(names):
                    return f". As {dialect.name}, line {line} has {len(row)} fields where {len(names)} are named"
                line = reader.line_num + 1
    return ""


def _tried(head: str, delimiter: str) -> Dialect | None:
    """The table with that between its fields, quotes enclosing them or not; None when too few rows fit."""
    for is_quoted in (True, False):
        rows = [row for row in _reader(StringIO(head, newline=""), Dialect((), delimiter, is_quoted)) if row]
        names = tuple(name.strip() for name in rows[0]) if rows else ()
        are_names = all(len(name) <= _LONGEST_NAME and not name.endswith((".", "?", "!")) for name in names)
        fitting = sum(len(row) == len(names) for row in rows[1:])
        if are_names and len(list(filter(None, names))) > 1 and fitting >= _FEWEST * len(rows[1:]):
            return Dialect(tuple(name or f"column {n}" for n, name in enumerate(names, 1)), delimiter)
    return None


def _is_quoted(stream: Stream, dialect: Dialect) -> bool:
    """Whether quotes enclose fields. They do not where lines have the right number of fields if quotes are plain text,
    and some field begins with a quote that nothing closes properly: 5,010 rows of a test set became 4,954 that way.
    """
    if b'"' not in stream.head and stream.is_whole:
        return True
    fields, is_odd, plain_bad = len(dialect.names), False, 0
    with stream.text() as content:
        for line in content:
            if not (row := line.rstrip("\r\n")):
                continue
            parts = row.split(dialect.delimiter)
            plain_bad += len(parts) != fields
            is_odd = is_odd or any(part[:1] == '"' and not _is_enclosed(part) for part in parts)
    if not is_odd:
        return True
    with stream.text() as content:
        quoted_bad = sum(len(row) not in (0, fields) for row in _reader(content, dialect))
    return plain_bad > quoted_bad


def _is_enclosed(part: str) -> bool:
    return len(part) > 1 and part[-1] == '"' and '"' not in part[1:-1].replace('""', "")


def table_items(stream: Stream, dialect: Dialect, name: str) -> Iterator[Item]:
    """The rows of a CSV or TSV file as objects of texts; a row with too few or many fields is an item with an error.

    Raises NoItems when there are none.
    """
    n = 0
    with stream.text() as content:
        reader = _reader(content, dialect)
        next(row for row in reader if row)
        line = reader.line_num + 1
        for row in reader:
            start, line = line, reader.line_num + 1
            if row:
                n += 1
                yield _item(name, start, row, dialect)
    if not n:
        raise NoItems(f"{stream.path} is a {dialect.name} with a line of names and no rows")


def _item(name: str, line: int, row: list[str], dialect: Dialect) -> Item:
    text = dialect.delimiter.join(row)
    unread = text.encode(errors="surrogateescape")
    if len(row) != len(dialect.names):
        what = f"{len(row)} fields where {len(dialect.names)} are named"
        return Item(name, line, "line", unread=unread, error=what, reason="ragged-row")
    if not text.isascii() and _has_bad_bytes(text):
        return Item(name, line, "line", unread=unread, error="not UTF-8", reason="not-utf-8")
    return Item(name, line, "line", dict(zip(dialect.names, row, strict=True)))


def _has_bad_bytes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _reader(content: Iterator[str], dialect: Dialect) -> _csv.Reader:
    csv.field_size_limit(sys.maxsize)  # 131,072 by default, for the whole process
    if dialect.is_quoted:
        return csv.reader(content, delimiter=dialect.delimiter)
    return csv.reader(content, delimiter=dialect.delimiter, quoting=csv.QUOTE_NONE)
