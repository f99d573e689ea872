"""The ledger as lines of JSON: written out, taken in as a union by key, and proved to be what was written.

A line is an answer (`key`, ...), a rejection (`rejected`, ...), a further record that asked for an answer (`also`,
...), a loss (`lost`, ...), or one of a batch: the batch (`batch`, ...) or a question that is out in one (`asked`,
...), so that another machine may collect it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice, product
from operator import itemgetter
from typing import Any, get_args

import orjson

from kodata.asks import Answer, Ask, Finish, key_of
from kodata.errors import LedgerError
from kodata.ledger.database import Database
from kodata.ledger.entries import COLUMNS, FORGET, REDACT, REDACTED, Row, checksum, row_of

_PART = 5_000  # rows read at once: memory stays small
_COPIED = 50_000  # rows in one transaction: keys are scattered, and each transaction writes most of their index anew


class _Fields:
    """The values of a line, by name, with the types they may have: SQLite would take a number for a text."""

    def __init__(self, types: Mapping[str, tuple[type, ...]]) -> None:
        self.first, *_ = self.names = tuple(types)
        self._pick = itemgetter(*types)
        self._allowed = frozenset(product(*types.values()))

    def of(self, entry: Mapping[str, Any]) -> tuple[Any, ...]:
        """The values. Raises KeyError or TypeError."""
        values: tuple[Any, ...] = self._pick(entry)
        if tuple(map(type, values)) not in self._allowed:
            raise TypeError
        return values


_TEXT, _COUNT, _USD = (str,), (int,), (float, int)
_ANSWER = _Fields(
    dict.fromkeys(COLUMNS, _TEXT) | dict.fromkeys(("sample", "characters", "tokens_in", "tokens_out"), _COUNT)
    | {"usd": _USD}
)  # fmt: skip
_LINES = {
    "rejections": _Fields(dict.fromkeys(("rejected", "why", "at"), _TEXT)),
    "also_asked": _Fields(dict.fromkeys(("also", "record"), _TEXT)),
    "lost": _Fields({"lost": _TEXT, "provider": _TEXT, "asks": _COUNT, "usd": _USD, "why": _TEXT, "at": _TEXT}),
    "batches": _Fields({"batch": _TEXT, "provider": _TEXT, "id": _TEXT, "usd": _USD, "at": _TEXT, "ended": _TEXT}),
    "batch_asks": _Fields(
        dict.fromkeys(("asked", "in", "provider", "settings", "content"), _TEXT) | {"sample": _COUNT, "about": _TEXT}
    ),
}
_FINISHES = frozenset(get_args(Finish))
_TABLES = {  # what comes in, by the columns that it fills
    "answers": (*COLUMNS, "checksum"),
    "rejections": ("key", "why", "at"),
    "also_asked": ("key", "record"),
    "lost": ("name", "provider", "asks", "usd", "why", "at"),
    "batches": ("name", "provider", "id", "usd", "at", "ended"),
    "batch_asks": ("key", "batch", "provider", "settings", "content", "sample", "about"),
}


def line_of(ask: Ask, answer: Answer, at: str) -> bytes:
    """The line of one answer."""
    return _answer_line(row_of(ask, answer, at))


def export(db: Database) -> Iterator[bytes]:
    """Every line, answers first, each kind in the order they came. Row by row: memory stays small."""
    for row in _rows(db, "answers"):
        yield _answer_line(row)
    for table, fields in _LINES.items():
        for first, *rest in _rows(db, table):
            named = first.hex() if isinstance(first, bytes) else first
            yield _line(dict(zip(fields.names, (named, *rest), strict=True)))


_RECORD = "CASE instr(about, '#') WHEN 0 THEN about ELSE substr(about, 1, instr(about, '#') - 1) END"


def excerpt(db: Database, records: Iterable[str], providers: Sequence[str]) -> Iterator[list[bytes]]:
    """The lines of the answers that these records asked these providers for, in parts and in the order they came.

    A rejected answer has only the line that rejects it, without the reason that a person gave.
    """
    db.query("CREATE TEMP TABLE IF NOT EXISTS wanted (record TEXT PRIMARY KEY)")
    with db.writing() as temporary:
        temporary.execute("DELETE FROM temp.wanted")
        temporary.executemany("INSERT OR IGNORE INTO temp.wanted VALUES (?)", ((record,) for record in records))
    last, of = 0, ", ".join("?" * len(providers))
    select = (
        f"SELECT number, key IN (SELECT key FROM rejections), {', '.join(_TABLES['answers'])} FROM answers "
        f"WHERE number > ? AND provider IN ({of}) AND ({_RECORD} IN temp.wanted OR key IN "
        f"(SELECT key FROM also_asked WHERE record IN temp.wanted)) ORDER BY number LIMIT {_PART}"
    )
    while rows := db.query(select, [last, *providers]):
        part = []
        for last, is_rejected, *row in rows:  # noqa: B007  # the next part begins after it
            rejection = {"rejected": row[0].hex(), "why": "rejected", "at": row[COLUMNS.index("at")]}
            part.append(_line(rejection) if is_rejected else _answer_line(tuple(row)))
        yield part


def _rows(db: Database, table: str) -> Iterator[tuple[Any, ...]]:
    """The rows without their number, a part at a time."""
    last, select = 0, f"SELECT number, {', '.join(_TABLES[table])} FROM {table}"
    while rows := db.query(f"{select} WHERE number > ? ORDER BY number LIMIT {_PART}", [last]):
        for last, *row in rows:  # noqa: B007  # the next part begins after it
            yield tuple(row)


def _answer_line(row: tuple[Any, ...]) -> bytes:
    key, *rest, check = row
    return _line(dict(zip((*COLUMNS, "checksum"), (key.hex(), *rest, check.hex()), strict=True)))


def _line(entry: Mapping[str, object]) -> bytes:
    return orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE)


def take_in(db: Database, lines: Iterable[bytes], origin: str) -> tuple[int, int]:
    """Answers read from lines: how many were new, how many were known.

    Nothing is taken in unless every line is right: they are read into tables aside first. An answer that is there
    stays as it is, but one that came in redacted is redacted here too, and nothing of it is left in the file. Raises
    LedgerError naming `origin` and line.
    """
    for table, columns in _TABLES.items():
        db.query(f"DROP TABLE IF EXISTS temp.new_{table}")
        db.query(f"CREATE TEMP TABLE new_{table} (number INTEGER PRIMARY KEY, {', '.join(columns)})")
    numbered = enumerate(lines, 1)
    while part := list(islice(numbered, _PART)):
        rows: dict[str, list[Row]] = defaultdict(list)
        for n, line in part:
            if line.strip():
                table, row = _read(line, f"{origin}, line {n}")
                rows[table].append(row)
        with db.writing("Nothing was imported") as temporary:
            for table, part_of in rows.items():
                places = ", ".join("?" * len(_TABLES[table]))
                temporary.executemany(f"INSERT INTO temp.new_{table} VALUES (NULL, {places})", part_of)
    copied = {table: _copy(db, table) for table in _TABLES}
    with db.writing() as main:
        redacted = f"SELECT key FROM temp.new_answers WHERE finish = '{REDACTED}'"
        blanked = main.execute(f"{REDACT} WHERE finish <> '{REDACTED}' AND key IN ({redacted})").rowcount
        main.execute(FORGET)
        main.execute(
            "UPDATE batches SET ended = n.ended FROM temp.new_batches n "
            "WHERE n.name = batches.name AND batches.ended = '' AND n.ended <> ''"
        )
        main.execute("DELETE FROM batch_asks WHERE batch IN (SELECT name FROM batches WHERE ended <> '')")
    came: int = db.query("SELECT count(*) FROM temp.new_answers")[0][0]
    for table in _TABLES:
        db.query(f"DROP TABLE temp.new_{table}")
    if blanked:
        db.forget_deleted()
    return copied["answers"], came - copied["answers"]


def _copy(db: Database, table: str) -> int:
    """How many rows were new. A part at a time, so that builds that run meanwhile are not held up."""
    columns, new, start = ", ".join(_TABLES[table]), 0, 0
    last = db.query(f"SELECT coalesce(max(number), 0) FROM temp.new_{table}")[0][0]
    while start < last:
        select = f"SELECT {columns} FROM temp.new_{table} WHERE number > ? AND number <= ? ORDER BY number"
        with db.writing() as main:
            sql = f"INSERT INTO {table} ({columns}) {select} ON CONFLICT DO NOTHING"
            new += main.execute(sql, (start, start + _COPIED)).rowcount
        start += _COPIED
    return new


def _read(line: bytes, where: str) -> tuple[str, Row]:
    """The table and the row that a line fills."""
    try:
        entry: Mapping[str, Any] = orjson.loads(line)
        for table, fields in _LINES.items():
            if fields.first in entry:
                first, *rest = fields.of(entry)
                return table, (_key(first) if _TABLES[table][0] == "key" else first, *rest)
        return "answers", _answer(entry)
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise LedgerError(
            f"{where}: not a line of a ledger export ({type(error).__name__}). Nothing was imported"
        ) from error
    except ValueError as error:
        raise LedgerError(f"{where}: {error}. Nothing was imported") from error


def _answer(entry: Mapping[str, Any]) -> Row:
    """The row; its key is proved to be the hash of its question unless that was redacted."""
    key, provider, settings, content, sample, *rest = _ANSWER.of(entry)
    if rest[3] not in _FINISHES:
        raise TypeError("finish")
    row = (_key(key), provider, settings, content, sample, *rest[:-2], float(rest[-2]), rest[-1])
    if rest[3] != REDACTED and row[0] != key_of(provider, settings, content, sample):
        raise ValueError("the key is not the hash of the question")
    proof = checksum(row)
    if entry.get("checksum", proof.hex()) != proof.hex():
        raise ValueError("the checksum is not that of the answer")
    return (*row, proof)


def _key(text: str) -> bytes:
    key = bytes.fromhex(text)
    if len(key) != 16:
        raise ValueError("the key has not 16 bytes")
    return key


def faults(db: Database) -> Iterator[str]:
    """What is wrong with the file, one sentence each: its pages, then answers that were altered after the fact."""
    for (said,) in db.query("PRAGMA integrity_check"):
        if said != "ok":
            yield f"SQLite says: {said}"
    for row in _rows(db, "answers"):
        key, provider, settings, content, sample, *rest, proof = row
        if checksum(row[:-1]) != proof:
            yield f"answer {key.hex()} ({provider}) was altered: its checksum does not fit"
        elif rest[3] != REDACTED and key_of(provider, settings, content, sample) != key:
            yield f"answer {key.hex()} ({provider}) is not that of its question"
