"""Every answer ever paid for, by the key of its question: an append-only SQLite file that outlives every build."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import get_args

import orjson
import psutil
from filelock import FileLock, Timeout

from kodata.asks import Answer, Ask, Finish
from kodata.errors import LedgerError

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
)
_COLUMNS = (
    "key, provider, settings, content, sample, about, text, written_by, finish, "
    "characters, tokens_in, tokens_out, usd, at"
)
_NUMBERS: dict[str, type | tuple[type, ...]] = {
    "sample": int, "characters": int, "tokens_in": int, "tokens_out": int, "usd": (int, float),
}  # fmt: skip
_INSERT = f"INSERT INTO answers ({_COLUMNS}) VALUES ({', '.join('?' * 14)}) ON CONFLICT (key) DO NOTHING"
_LOOK_UP = 500  # keys a query
_NETWORK = ("nfs", "cifs", "smb", "afs", "sshfs", "lustre", "ceph", "gluster", "beegfs", "9p")


@dataclass(frozen=True, slots=True)
class Sum:
    """What was paid to a provider in a month: answers, characters or tokens, dollars; `lost` asks may be billed too."""

    provider: str
    written_by: str
    month: str
    answers: int
    characters: int
    tokens_in: int
    tokens_out: int
    usd: float


@dataclass(frozen=True, slots=True)
class Past:
    """What was asked and answered once, what it took, and when (UTC)."""

    content: str
    text: str
    tokens_in: int
    tokens_out: int
    at: str


class Ledger:
    """Answers by key. Safe to use from several threads and processes; nothing is ever deleted.

    `Ledger.in_memory()` is for answers nobody paid for.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._lock = threading.Lock()
        if path is not None:
            _refuse_network(path)
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path or ":memory:", timeout=60, isolation_level=None, check_same_thread=False)
            # WAL with synchronous NORMAL: a commit survives `kill -9`; only a power cut may take the last ones.
            self._db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")
            self._migrate()
        except (sqlite3.Error, OSError) as error:
            raise LedgerError(
                f"ledger {path} cannot be opened: {error}. Is it a kodata ledger, and writable?"
            ) from error

    @classmethod
    def in_memory(cls) -> Ledger:
        return cls(None)

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __len__(self) -> int:
        count: int = self._query("SELECT count(*) FROM answers")[0][0]
        return count

    def close(self) -> None:
        with self._lock:  # not under a thread that is writing
            self._db.close()

    @contextmanager
    def sole(self) -> Iterator[None]:
        """Nobody else sends questions while this lasts: two builds at once would ask, and pay for, the same.

        Raises LedgerError when somebody does.
        """
        if self.path is None:
            yield
            return
        lock = FileLock(self.path.with_name(f"{self.path.name}.lock"), timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise LedgerError(
                f"another build is asking with the ledger {self.path}. Wait for it, or stop it"
            ) from error
        try:
            yield
        finally:
            lock.release()

    def known(self, keys: Sequence[bytes]) -> dict[bytes, Answer]:
        """The answers to those of the keys that have one."""
        found: dict[bytes, Answer] = {}
        for start in range(0, len(keys), _LOOK_UP):
            part = keys[start : start + _LOOK_UP]
            rows = self._query(
                "SELECT key, text, written_by, finish, characters, tokens_in, tokens_out, usd "
                f"FROM answers WHERE key IN ({', '.join('?' * len(part))})",
                part,
            )
            found |= {key: Answer(*rest) for key, *rest in rows}
        return found

    def keep(self, answers: Iterable[tuple[Ask, Answer]]) -> None:
        """Commit answers, all or none. An answer that is there already stays as it is."""
        at = _now()
        rows = [
            (
                ask.key, ask.provider, ask.settings, ask.content, ask.sample, ask.about,
                answer.text, answer.by, answer.finish,
                answer.characters, answer.tokens_in, answer.tokens_out, answer.usd, at,
            )
            for ask, answer in answers
        ]  # fmt: skip
        self._write([(_INSERT, row) for row in rows], f"{len(rows):,} answers that were paid for could not be kept")

    def lose(self, provider: str, asks: int, usd: float, why: str) -> None:
        """Write down that answers may have been billed that never came."""
        row = (provider, asks, usd, why, _now())
        self._write([("INSERT INTO lost (provider, asks, usd, why, at) VALUES (?, ?, ?, ?, ?)", row)])

    def past(self, provider: str, settings: str, most: int) -> list[Past]:
        """The newest answers to questions of these settings, up to `most`, where they are among the last 200,000."""
        rows = self._query(
            "SELECT content, text, tokens_in, tokens_out, at FROM answers WHERE number > (SELECT max(number) FROM "
            "answers) - 200000 AND provider = ? AND settings = ? ORDER BY number DESC LIMIT ?",
            (provider, settings, most),
        )
        return [Past(*row) for row in rows]

    def sums(self) -> list[Sum]:
        """What was paid, by provider, writer and month, in that order."""
        return [
            Sum(*row)
            for row in self._query(
                "SELECT provider, written_by, substr(at, 1, 7), count(*), sum(characters), sum(tokens_in), "
                "sum(tokens_out), sum(usd) FROM answers GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
            )
        ]

    def lost(self) -> tuple[int, float]:
        """Asks whose answers were lost on the wire, and the dollars they may have cost at most."""
        asks, usd = self._query("SELECT coalesce(sum(asks), 0), coalesce(sum(usd), 0) FROM lost")[0]
        return asks, usd

    def export(self) -> Iterator[bytes]:
        """Every answer as a line of JSON, in the order they came. Row by row: memory stays small."""
        last = 0
        while rows := self._query(
            f"SELECT number, {_COLUMNS} FROM answers WHERE number > ? ORDER BY number LIMIT 5000", [last]
        ):
            names = [name.strip() for name in _COLUMNS.split(",")]
            for number, key, *rest in rows:
                line = dict(zip(names, [key.hex(), *rest], strict=True))
                yield orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
                last = number

    def take_in(self, lines: Iterable[bytes], origin: str) -> tuple[int, int]:
        """Answers read from an export: how many were new, how many were known. A union by key.

        All or nothing. Raises LedgerError naming `origin` and the line when one is no answer, or its key is not
        the hash of its question.
        """
        before = len(self)
        rows = [_row(line, f"{origin}, line {n}") for n, line in enumerate(lines, 1) if line.strip()]
        self._write([(_INSERT, row) for row in rows])
        new = len(self) - before
        return new, len(rows) - new

    def _migrate(self) -> None:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version > len(MIGRATIONS):
            raise LedgerError(f"ledger {self.path} was written by a newer kodata. Upgrade kodata to use it")
        if version < len(MIGRATIONS):
            for number in range(version, len(MIGRATIONS)):
                script = f"BEGIN IMMEDIATE; {MIGRATIONS[number]} PRAGMA user_version = {number + 1}; COMMIT;"
                try:
                    self._db.executescript(script)
                except sqlite3.OperationalError:  # another process was first
                    self._db.rollback()
                    if self._db.execute("PRAGMA user_version").fetchone()[0] <= number:
                        raise

    def _query(self, sql: str, values: Sequence[object] = ()) -> list[tuple]:  # type: ignore[type-arg]
        try:
            with self._lock:
                return self._db.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise LedgerError(f"ledger {self.path} cannot be read: {error}") from error

    def _write(self, statements: Sequence[tuple[str, tuple]], what: str = "Nothing was written") -> None:  # type: ignore[type-arg]
        try:
            with self._lock:
                self._db.execute("BEGIN IMMEDIATE")  # a deferred one fails with "database is locked"
                try:
                    for sql, values in statements:
                        self._db.execute(sql, values)
                    self._db.execute("COMMIT")
                except BaseException:
                    self._db.rollback()
                    raise
        except sqlite3.Error as error:
            raise LedgerError(f"ledger {self.path} cannot be written: {error}. {what}") from error


@contextmanager
def copy_of(path: Path) -> Iterator[Ledger]:
    """A copy of a ledger file, to read: opened itself it would be migrated, and a stranger's database become a ledger.

    Raises LedgerError when it is no ledger.
    """
    with TemporaryDirectory(prefix="kodata-") as folder:
        copy = Path(folder) / "ledger.sqlite"
        try:
            source = f"{path.expanduser().absolute().as_uri()}?mode=ro"
            with closing(sqlite3.connect(source, uri=True)) as theirs, closing(sqlite3.connect(copy)) as ours:
                theirs.backup(ours)
                (version,) = ours.execute("PRAGMA user_version").fetchone()
        except sqlite3.Error as error:
            raise LedgerError(f"{path} cannot be read as a ledger: {error}. Nothing was merged") from error
        if version == 0:
            raise LedgerError(f"{path} is no kodata ledger. Nothing was merged")
        with Ledger(copy) as ledger:
            yield ledger


def _row(line: bytes, where: str) -> tuple[object, ...]:
    try:
        entry: Mapping[str, object] = orjson.loads(line)
        values = [_checked(name.strip(), entry) for name in _COLUMNS.split(",")[1:]]
        ask = Ask(*values[:5])  # type: ignore[arg-type]  # checked by name
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise LedgerError(
            f"{where}: not an answer of a ledger export ({type(error).__name__}). Nothing was imported"
        ) from error
    if ask.key.hex() != entry.get("key"):
        raise LedgerError(f"{where}: the key is not the hash of the question. Nothing was imported")
    return (ask.key, *values)


def _checked(name: str, entry: Mapping[str, object]) -> object:
    """SQLite would take a number for a text, and pass over a null."""
    value = entry[name]
    if not isinstance(value, _NUMBERS.get(name, str)) or (name == "finish" and value not in get_args(Finish)):
        raise TypeError(name)
    return value


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _refuse_network(path: Path) -> None:
    """Raises LedgerError where write-ahead logging is not safe: on a file system shared between machines."""
    mounts = {mount.mountpoint: mount.fstype for mount in psutil.disk_partitions(all=True)}
    if shared := network_file_system(path.expanduser().absolute(), mounts):
        raise LedgerError(
            f"ledger {path} would be on a network file system ({shared}), where SQLite is not safe. "
            "Set KODATA_HOME to a local folder"
        )


def network_file_system(path: Path, mounts: Mapping[str, str]) -> str:
    """The type of the file system that holds the path when machines share it, else empty.

    `mounts` are the types by mount point, as `nfs4` or `fuse.sshfs`; the path need not be there.
    """
    nearest = max((at for at in mounts if path.is_relative_to(at)), key=len, default="")
    kind = mounts.get(nearest, "").lower()
    return kind if kind.removeprefix("fuse.").startswith(_NETWORK) else ""
