"""A SQLite file that several threads and processes use at once, and the steps that bring an older one up to date."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from kodata.errors import LedgerError
from kodata.ledger.entries import COLUMNS, checksum
from kodata.ledger.places import refuse_network

# Append-only: a migration that was ever released is never edited; user_version counts those applied.
MIGRATIONS = (
    """
    CREATE TABLE answers (
        number INTEGER PRIMARY KEY,
        key BLOB NOT NULL UNIQUE CHECK (length(key) = 16),
        provider TEXT NOT NULL, settings TEXT NOT NULL, content TEXT NOT NULL, sample INTEGER NOT NULL,
        about TEXT NOT NULL,
        text TEXT NOT NULL, written_by TEXT NOT NULL, finish TEXT NOT NULL,
        characters INTEGER NOT NULL, tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL, usd REAL NOT NULL,
        at TEXT NOT NULL
    );
    CREATE TABLE lost (
        number INTEGER PRIMARY KEY,
        provider TEXT NOT NULL, asks INTEGER NOT NULL, usd REAL NOT NULL, why TEXT NOT NULL, at TEXT NOT NULL
    );
    """,
    f"""
    ALTER TABLE answers ADD COLUMN checksum BLOB;
    UPDATE answers SET checksum = checksum({", ".join(COLUMNS)});
    CREATE INDEX redacted ON answers (provider) WHERE finish = 'redacted';
    ALTER TABLE lost ADD COLUMN name TEXT;
    UPDATE lost SET name = lower(hex(randomblob(8)));
    CREATE UNIQUE INDEX lost_by_name ON lost (name);
    CREATE TABLE rejections (
        number INTEGER PRIMARY KEY,
        key BLOB NOT NULL UNIQUE CHECK (length(key) = 16), why TEXT NOT NULL, at TEXT NOT NULL
    );
    CREATE TABLE runs (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        host TEXT NOT NULL, pid INTEGER NOT NULL, born REAL NOT NULL, beat REAL NOT NULL
    );
    CREATE TABLE claims (key BLOB PRIMARY KEY, run INTEGER NOT NULL) WITHOUT ROWID;
    """,
    """
    CREATE TABLE batches (
        number INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE, provider TEXT NOT NULL, id TEXT NOT NULL DEFAULT '', usd REAL NOT NULL,
        at TEXT NOT NULL, ended TEXT NOT NULL DEFAULT ''
    );
    CREATE TABLE batch_asks (
        number INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, batch TEXT NOT NULL,
        provider TEXT NOT NULL, settings TEXT NOT NULL, content TEXT NOT NULL, sample INTEGER NOT NULL,
        about TEXT NOT NULL
    );
    CREATE INDEX batch_asks_by_batch ON batch_asks (batch);
    CREATE TABLE batch_failures (
        number INTEGER PRIMARY KEY, key BLOB NOT NULL, status INTEGER NOT NULL, why TEXT NOT NULL, at TEXT NOT NULL
    );
    CREATE INDEX batch_failures_by_key ON batch_failures (key);
    """,
    """
    CREATE TABLE also_asked (number INTEGER PRIMARY KEY, key BLOB NOT NULL, record TEXT NOT NULL);
    CREATE UNIQUE INDEX also_asked_by_record ON also_asked (record, key);
    CREATE INDEX also_asked_by_key ON also_asked (key);
    """,
)
_BUSY_S = 60.0


class Database:
    """One connection, used by one thread at a time. Every sqlite3 error becomes a LedgerError that names the file."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._lock = threading.Lock()
        if path is not None:
            refuse_network(path)
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(
                path or ":memory:", timeout=_BUSY_S, isolation_level=None, check_same_thread=False
            )
            # Answers of a few hundred characters leave less room unused in pages of 16 KiB than of 4.
            self._db.execute("PRAGMA page_size = 16384")
            self._db.execute("PRAGMA cache_size = -65536")  # KiB
            self._write_ahead()
            self._db.create_function("checksum", len(COLUMNS), lambda *row: checksum(row), deterministic=True)
            self._migrate()
        except (sqlite3.Error, OSError) as error:
            raise LedgerError(
                f"ledger {path} cannot be opened: {error}. Is it a kodata ledger, and writable?"
            ) from error

    def close(self) -> None:
        with self._lock:  # not under a thread that is writing
            self._db.close()

    def query(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows. Raises LedgerError."""
        try:
            with self._lock:
                return self._db.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise LedgerError(f"ledger {self.path} cannot be read: {error}") from error

    @contextmanager
    def writing(self, what: str = "Nothing was written") -> Iterator[sqlite3.Connection]:
        """A transaction, all or nothing. Raises LedgerError that ends with `what`."""
        try:
            with self._lock:
                try:  # around BEGIN as well: Ctrl-C may come right behind it
                    self._db.execute("BEGIN IMMEDIATE")  # a deferred one fails with "database is locked"
                    yield self._db
                    self._db.execute("COMMIT")
                except BaseException:
                    self._db.rollback()
                    raise
        except sqlite3.Error as error:
            raise LedgerError(f"ledger {self.path} cannot be written: {error}. {what}") from error

    def forget_deleted(self) -> None:
        """Leave no trace of deleted texts in the file and its log. Raises LedgerError."""
        try:
            with self._lock:
                self._db.execute("VACUUM")
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            raise LedgerError(f"ledger {self.path} cannot be written: {error}. Run this again") from error

    def _write_ahead(self) -> None:
        """WAL with synchronous NORMAL: a commit survives `kill -9`; only a power cut may take the last ones.

        SQLite does not wait for another process that makes a new file ready at the same moment, so this does.
        """
        give_up = time.monotonic() + _BUSY_S
        while True:
            try:
                self._db.execute("PRAGMA journal_mode = WAL")
                break
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                    raise
                time.sleep(0.01)
        self._db.execute("PRAGMA synchronous = NORMAL")

    def _migrate(self) -> None:
        version = self._version()
        if version > len(MIGRATIONS):
            raise LedgerError(f"ledger {self.path} was written by a newer kodata. Upgrade kodata to use it")
        if version == len(MIGRATIONS):
            return
        if version and self.path is not None:
            self._back_up(self.path.with_name(f"{self.path.stem}-version-{version}{self.path.suffix}"))
        self._db.execute("BEGIN IMMEDIATE")
        try:
            for number in range(self._version(), len(MIGRATIONS)):  # another process may have been first
                for statement in MIGRATIONS[number].split(";")[:-1]:
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {number + 1}")
            self._db.execute("COMMIT")
        except BaseException:
            self._db.rollback()
            raise

    def _version(self) -> int:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        return int(version)

    def _back_up(self, beside: Path) -> None:
        """A copy as it was, written under another name first: what is there under the last name is whole."""
        if beside.exists():
            return
        unfinished = beside.with_name(f".{beside.name}.{id(self):x}")
        with closing(sqlite3.connect(unfinished)) as copy:
            self._db.backup(copy)
        unfinished.replace(beside)
