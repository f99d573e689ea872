"""The ledger itself: answers are kept, known again, rejected and redacted; nothing is ever deleted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from secrets import token_hex
from sqlite3 import Error, connect
from tempfile import TemporaryDirectory
from types import TracebackType

from kodata.asks import Answer, Ask
from kodata.errors import LedgerError
from kodata.ledger import archive
from kodata.ledger.batches import Batches
from kodata.ledger.claims import Claims
from kodata.ledger.database import Database
from kodata.ledger.entries import FORGET, INSERT, REDACT, REDACTED, now, row_of

_LOOK_UP = 500  # keys a query
_KEY = re.compile("[0-9a-fA-F]{32}")
_ANSWER = "key, text, written_by, finish, characters, tokens_in, tokens_out, usd, sample"  # as Answer has them
_OF_RECORD = "(about = ?{0} OR substr(about, 1, length(?{0}) + 1) = ?{0} || '#')"
_ALSO_ASKED = (
    "INSERT INTO also_asked (key, record) SELECT key, ?2 FROM answers "
    f"WHERE key = ?1 AND finish <> '{REDACTED}' AND NOT {_OF_RECORD.format(2)} ON CONFLICT DO NOTHING"
)


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
class Found:
    """An answer found by its record or key: whose it is, who wrote it, what it cost."""

    key: bytes
    about: str
    written_by: str
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
        self.db = Database(path)
        self.claims = Claims(self.db)
        self.batches = Batches(self.db)

    @classmethod
    def in_memory(cls) -> Ledger:
        return cls(None)

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __len__(self) -> int:
        count: int = self.db.query("SELECT count(*) FROM answers")[0][0]
        return count

    def close(self) -> None:
        with suppress(LedgerError):
            self.claims.release_all()
        self.db.close()

    def known(self, keys: Sequence[bytes]) -> dict[bytes, Answer]:
        """The answers to those of the keys that have one."""
        found: dict[bytes, Answer] = {}
        ordered = sorted(keys)  # neighbours stand on one page of the index
        for start in range(0, len(keys), _LOOK_UP):
            part = ordered[start : start + _LOOK_UP]
            rows = self.db.query(f"SELECT {_ANSWER} FROM answers WHERE key IN ({', '.join('?' * len(part))})", part)
            found |= {key: Answer(*rest) for key, *rest in rows}
        return found

    def keep(self, answers: Iterable[tuple[Ask, Answer]]) -> None:
        """Commit answers, all or none, and give up their claims. An answer that is there already stays as it is."""
        at = now()
        rows = [row_of(ask, answer, at) for ask, answer in answers]
        with self.db.writing(f"{len(rows):,} answers that were paid for could not be kept") as db:
            for row in rows:
                db.execute(INSERT, row)
                db.execute("DELETE FROM claims WHERE key = ?", row[:1])

    def also_asked(self, asked: Iterable[tuple[bytes, str]]) -> None:
        """Write down which records asked for an answer beside the one that was the first, as keys with ids."""
        with self.db.writing() as db:
            db.executemany(_ALSO_ASKED, asked)

    def lose(self, provider: str, asks: int, usd: float, why: str) -> None:
        """Write down that answers may have been billed that never came."""
        row = (token_hex(8), provider, asks, usd, why, now())
        with self.db.writing() as db:
            db.execute("INSERT INTO lost (name, provider, asks, usd, why, at) VALUES (?, ?, ?, ?, ?, ?)", row)

    # -- answers that are not to be used

    def reject(self, keys: Iterable[bytes], why: str) -> int:
        """Use these answers no more: whoever asks is asked for the next sample. How many were not rejected before."""
        at = now()
        with self.db.writing() as db:
            sql = "INSERT INTO rejections (key, why, at) VALUES (?, ?, ?) ON CONFLICT (key) DO NOTHING"
            return sum(db.execute(sql, (key, why, at)).rowcount for key in keys)

    def rejected(self) -> frozenset[bytes]:
        """The keys of all rejected answers."""
        return frozenset(key for (key,) in self.db.query("SELECT key FROM rejections"))

    def redact(self, keys: Sequence[bytes]) -> int:
        """Blank the texts of these questions and answers for good; key and price stay. How many were not blank before.

        The file is rewritten, so that nothing of them is left in it.
        """
        with self.db.writing() as db:
            done = sum(
                db.execute(f"{REDACT} WHERE key = ? AND finish <> '{REDACTED}'", (key,)).rowcount for key in keys
            )
            db.execute(FORGET)
        if done:
            self.db.forget_deleted()
        return done

    def withdrawn(self, provider: str) -> str:
        """16 hex digits for what was rejected or redacted of a provider's answers; empty when nothing was."""
        keys = self.db.query(
            "SELECT key FROM rejections CROSS JOIN answers USING (key) WHERE provider = ?1 UNION "  # the few first
            f"SELECT key FROM answers WHERE finish = '{REDACTED}' AND provider = ?1 ORDER BY key",
            [provider],
        )
        return blake2b(b"".join(key for (key,) in keys), digest_size=8).hexdigest() if keys else ""

    def find(self, name: str) -> list[Found]:
        """The answers that a record asked for, by its id, or the one of a key in hex digits, in their order.

        An answer may be that of several records with equal texts; `about` is the first of them.
        """
        where, value = f"{_OF_RECORD.format(1)} OR key IN (SELECT key FROM also_asked WHERE record = ?1)", name
        if _KEY.fullmatch(name):
            where, value = "hex(key) = upper(?1)", name
        rows = self.db.query(f"SELECT key, about, written_by, usd FROM answers WHERE {where} ORDER BY number", [value])
        return [Found(*row) for row in rows]

    # -- what was paid

    def past(self, provider: str, settings: str, most: int) -> list[Past]:
        """The newest answers to questions of these settings, up to `most`, where they are among the last 200,000."""
        rows = self.db.query(
            "SELECT content, text, tokens_in, tokens_out, at FROM answers WHERE number > (SELECT max(number) FROM "
            "answers) - 200000 AND provider = ? AND settings = ? ORDER BY number DESC LIMIT ?",
            (provider, settings, most),
        )
        return [Past(*row) for row in rows]

    def spent_since(self, at: str, place: tuple[int, int] = (0, 0)) -> tuple[float, tuple[int, int]]:
        """Dollars of the answers, and at most of the lost ones, since that time (UTC, as `2026-05-01`), and a place.

        Only what was written after a place is counted, so that it need not be read twice.
        """
        usd, last = 0.0, list(place)
        for n, table in enumerate(("answers", "lost")):
            sql = f"SELECT coalesce(sum(usd) FILTER (WHERE at >= ?), 0), max(number) FROM {table} WHERE number > ?"
            more, newest = self.db.query(sql, (at, place[n]))[0]
            usd, last[n] = usd + more, newest or place[n]
        return usd, (last[0], last[1])

    def sums(self) -> list[Sum]:
        """What was paid, by provider, writer and month, in that order."""
        return [
            Sum(*row)
            for row in self.db.query(
                "SELECT provider, written_by, substr(at, 1, 7), count(*), sum(characters), sum(tokens_in), "
                "sum(tokens_out), sum(usd) FROM answers GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
            )
        ]

    def lost(self) -> tuple[int, float]:
        """Asks whose answers were lost on the wire, and the dollars they may have cost at most."""
        asks, usd = self.db.query("SELECT coalesce(sum(asks), 0), coalesce(sum(usd), 0) FROM lost")[0]
        return asks, usd

    # -- carried elsewhere, see `archive`

    def export(self) -> Iterator[bytes]:
        """Everything as lines of JSON, answers first, in the order they came."""
        return archive.export(self.db)

    def excerpt(self, records: Iterable[str], providers: Sequence[str]) -> Iterator[list[bytes]]:
        """Of the export the answers that these records asked these providers for, and rejections of such, in parts."""
        return archive.excerpt(self.db, records, providers)

    def take_in(self, lines: Iterable[bytes], origin: str) -> tuple[int, int]:
        """Answers read from an export: how many were new, how many were known. A union by key, all or nothing.

        Raises LedgerError naming `origin` and the line when one is not right.
        """
        return archive.take_in(self.db, lines, origin)

    def faults(self) -> Iterator[str]:
        """What is wrong with the file, one sentence each; nothing when it is as it was written."""
        return archive.faults(self.db)


@contextmanager
def copy_of(path: Path) -> Iterator[Ledger]:
    """A copy of a ledger file, to read: opened itself it would be migrated, and a stranger's database become a ledger.

    Raises LedgerError when it is no ledger.
    """
    with TemporaryDirectory(prefix="kodata-") as folder:
        copy = Path(folder) / "ledger.sqlite"
        try:
            source = f"{path.expanduser().absolute().as_uri()}?mode=ro"
            with closing(connect(source, uri=True)) as theirs, closing(connect(copy)) as ours:
                theirs.backup(ours)
                (version,) = ours.execute("PRAGMA user_version").fetchone()
        except Error as error:
            raise LedgerError(f"{path} cannot be read as a ledger: {error}. Nothing was merged") from error
        if version == 0:
            raise LedgerError(f"{path} is no kodata ledger. Nothing was merged")
        with Ledger(copy) as ledger:
            yield ledger
