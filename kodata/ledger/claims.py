"""Questions on the way, claimed by key, so that builds side by side on one ledger never send the same one twice.

A claim lasts until its answer is committed, its run ends, or its run is dead: on this machine a process that is gone,
on another one that has shown no sign of life for a while.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from sqlite3 import Connection

import psutil

from kodata.ledger.database import Database

BEAT_S = 10.0  # between two signs of life
DEAD_S = 120.0  # without one, on another machine
_SAME_START_S = 60.0  # a process's start is computed from the clock, which may be set meanwhile
_CLAIM = """
    INSERT INTO claims SELECT ?1, ?2
    WHERE NOT EXISTS (SELECT 1 FROM answers WHERE key = ?1) AND NOT EXISTS (SELECT 1 FROM batch_asks WHERE key = ?1)
    ON CONFLICT (key) DO UPDATE SET run = run WHERE run = excluded.run
"""
_ALIVE = "INSERT INTO runs VALUES (?, ?, ?, ?, ?) ON CONFLICT (number) DO UPDATE SET beat = excluded.beat"


@dataclass
class Claims:
    """The claims of one run, which is one `Ledger` that is open."""

    db: Database
    _run: int | None = None
    _beat: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def take(self, keys: Sequence[bytes]) -> set[bytes]:
        """Those of the keys that are this run's to ask: none has an answer, is asked by others or is out in a batch.

        Raises LedgerError when the ledger cannot be written: before anything is sent.
        """
        with self._lock, self._alive("Nothing was sent") as (db, run):
            others = db.execute("SELECT number, host, pid, born, beat FROM runs WHERE number <> ?", (run,)).fetchall()
            for other in [number for number, *who in others if _is_dead(*who)]:
                db.execute("DELETE FROM claims WHERE run = ?", (other,))
                db.execute("DELETE FROM runs WHERE number = ?", (other,))
            return {key for key in keys if db.execute(_CLAIM, (key, run)).rowcount}

    def beat(self) -> None:
        """Show that this run is alive, when it is time again."""
        if self._run is not None and time.time() - self._beat > BEAT_S:
            with self._lock, self._alive(""):
                pass

    def release(self, keys: Iterable[bytes]) -> None:
        """Give up questions that are left unanswered."""
        with self.db.writing() as db:
            db.executemany("DELETE FROM claims WHERE key = ?", ((key,) for key in keys))

    def release_all(self) -> None:
        """Give up everything that this run claimed; it is over."""
        with self._lock:
            if self._run is None:
                return
            with self.db.writing() as db:
                db.execute("DELETE FROM claims WHERE run = ?", (self._run,))
                db.execute("DELETE FROM runs WHERE number = ?", (self._run,))
            self._run = None

    @contextmanager
    def _alive(self, what: str) -> Iterator[tuple[Connection, int]]:
        """A transaction, and the number of this run in it, which is written down when it is time again."""
        run, beat, now = self._run, self._beat, time.time()
        with self.db.writing(what) as db:
            if run is None or now - beat > BEAT_S:
                number = db.execute(_ALIVE, (run, _host(), os.getpid(), _born(os.getpid()), now)).lastrowid
                run, beat = run or number, now
            assert run is not None
            yield db, run
        self._run, self._beat = run, beat


@cache
def _host() -> str:
    """This machine, and within it the space of process numbers: two containers may have one name."""
    space = ""
    with suppress(OSError):
        space = os.readlink("/proc/self/ns/pid")
    return f"{socket.gethostname()} {space}".strip()


def _born(pid: int) -> float:
    """When the process began, in seconds since 1970; 0 when there is none, or only its remains."""
    try:
        process = psutil.Process(pid)
        return 0.0 if process.status() == psutil.STATUS_ZOMBIE else float(process.create_time())
    except psutil.Error:
        return 0.0


def _is_dead(host: str, pid: int, born: float, beat: float) -> bool:
    if host == _host():
        return abs(_born(pid) - born) > _SAME_START_S
    return time.time() - beat > DEAD_S
