"""Draws what a build tells, on stderr: a live display on a terminal, plain lines elsewhere, JSON lines, or nothing.

A show may be told things from several threads at once, and never ends a build: what cannot be written is not shown.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal, TextIO, TypeAlias

from kodata.events import Event, Tell, Waiting

Progress: TypeAlias = Literal["rich", "plain", "json", "none"]

WAITING_EVERY_S = 5.0  # of a storm of failing requests, one line per provider


@contextmanager
def show(progress: Progress | None, stream: TextIO) -> Iterator[Tell]:
    """A `Tell` that draws on the stream for as long as the context is open; None chooses by what the stream is."""
    match progress or chosen_for(stream):
        case "rich":
            from kodata.show.rich import live

            with live(stream) as tell:
                yield calm(tell)
        case "plain":
            from kodata.show.plain import Plain

            yield calm(Plain(stream))
        case "json":
            from kodata.show.json import JsonLines

            yield calm(JsonLines(stream))
        case "none":
            yield nothing


def chosen_for(stream: TextIO) -> Progress:
    """`rich` on a terminal that can move its cursor, else `plain`."""
    return "rich" if stream.isatty() and os.environ.get("TERM", "") not in ("", "dumb") else "plain"


def calm(tell: Tell, clock: Callable[[], float] = time.monotonic) -> Tell:
    """The same, one thread at a time, and at most one Waiting per provider in `WAITING_EVERY_S`."""
    lock = threading.RLock()
    last: dict[str, float] = {}

    def tell_calmly(event: Event) -> None:
        with lock:
            if isinstance(event, Waiting):
                now = clock()
                if now - last.get(event.provider, float("-inf")) < WAITING_EVERY_S:
                    return
                last[event.provider] = now
            tell(event)

    return tell_calmly


def nothing(event: Event) -> None:
    """Shows nothing."""
