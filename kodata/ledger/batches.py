"""Batches that are out: questions handed to a service in a file, whose answers are collected by a later run.

A batch is written down before it is submitted, with a name of our own that the service keeps with it: whatever is
killed in between, the next run finds it by that name and submits nothing twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

from kodata.asks import Ask
from kodata.ledger.database import Database
from kodata.ledger.entries import now

_PART = 500  # keys a query
_ASK = "provider, settings, content, sample, about"


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch that is out. `id` is the service's, empty until it is known; `usd` is what it costs at most."""

    name: str
    provider: str
    id: str
    asks: int
    usd: float
    at: str


@dataclass(frozen=True, slots=True)
class Failure:
    """How often a question failed in batches, and the status and reason of the last time."""

    times: int
    status: int
    why: str


@dataclass
class Batches:
    """The batches of all providers. A question is in one batch at a time, and nobody else may ask it meanwhile."""

    db: Database

    def intend(self, provider: str, asks: Sequence[Ask], usd: float) -> str:
        """Write down what is about to be submitted; the name to submit it under. Claims of the questions end."""
        name = f"kodata-{token_hex(8)}"
        with self.db.writing("Nothing was submitted") as db:
            db.execute(
                "INSERT INTO batches (name, provider, usd, at) VALUES (?, ?, ?, ?)", (name, provider, usd, now())
            )
            rows = ((ask.key, name, ask.provider, ask.settings, ask.content, ask.sample, ask.about) for ask in asks)
            db.executemany(f"INSERT INTO batch_asks (key, batch, {_ASK}) VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            db.executemany("DELETE FROM claims WHERE key = ?", ((ask.key,) for ask in asks))
        return name

    def submitted(self, name: str, ident: str) -> None:
        """Write down the service's id."""
        with self.db.writing() as db:
            db.execute("UPDATE batches SET id = ? WHERE name = ?", (ident, name))

    def end(self, name: str, how: str, failures: Iterable[tuple[bytes, int, str]] = ()) -> None:
        """It is over: what has no answer may be asked again. `failures` are keys with status and reason."""
        with self.db.writing() as db:
            rows = ((*failure, now()) for failure in failures)
            db.executemany("INSERT INTO batch_failures (key, status, why, at) VALUES (?, ?, ?, ?)", rows)
            db.execute("DELETE FROM batch_asks WHERE batch = ?", (name,))
            db.execute("UPDATE batches SET ended = ? WHERE name = ?", (how, name))

    def out(self, provider: str | None = None) -> list[Batch]:
        """The batches that are out, of one provider or of all, oldest first."""
        rows = self.db.query(
            "SELECT name, provider, id, (SELECT count(*) FROM batch_asks WHERE batch = name), usd, at FROM batches "
            "WHERE ended = '' AND provider = coalesce(?, provider) ORDER BY number",
            [provider],
        )
        return [Batch(*row) for row in rows]

    def usd(self) -> float:
        """Dollars that the batches that are out cost at most."""
        usd: float = self.db.query("SELECT coalesce(sum(usd), 0.0) FROM batches WHERE ended = ''")[0][0]
        return usd

    def asks(self, name: str) -> dict[str, Ask]:
        """The questions of a batch by their key in hex digits."""
        rows = self.db.query(f"SELECT key, {_ASK} FROM batch_asks WHERE batch = ? ORDER BY number", [name])
        return {
            key.hex(): Ask(provider, settings, content, sample, about, by_batch=True)
            for key, provider, settings, content, sample, about in rows
        }

    def holding(self, keys: Sequence[bytes]) -> dict[bytes, str]:
        """Those of the keys that are in a batch that is out, and its name."""
        return dict(self._by_key("key, batch FROM batch_asks", keys))

    def keys(self) -> frozenset[bytes]:
        """All questions that are out."""
        return frozenset(key for (key,) in self.db.query("SELECT key FROM batch_asks"))

    def failures(self, keys: Sequence[bytes]) -> dict[bytes, Failure]:
        """How those of the keys failed that did."""
        found: dict[bytes, Failure] = {}
        for key, status, why in self._by_key("key, status, why FROM batch_failures", keys):
            found[key] = Failure(found[key].times + 1 if key in found else 1, status, why)
        return found

    def _by_key(self, what: str, keys: Sequence[bytes]) -> Iterable[tuple[Any, ...]]:
        for start in range(0, len(keys), _PART):
            part = keys[start : start + _PART]
            places = ", ".join("?" * len(part))
            yield from self.db.query(f"SELECT {what} WHERE key IN ({places}) ORDER BY number", part)
