"""What a build tells while it runs: frozen facts, and their JSON lines.

Shows draw them, `events.jsonl` keeps them. An event holds counts, names and ids, never a text of the corpus or a key.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Literal, TypeAlias

import orjson


@dataclass(frozen=True, slots=True)
class BuildStarted:
    """A walk begins. `mode` says who answers, the paths say where everything is."""

    pipeline: str
    mode: Literal["live", "demo", "offline", "plan"]
    ledger: str
    builds: str


@dataclass(frozen=True, slots=True)
class SourceMoved:
    """How far a source is read: items so far, and the share of its bytes (0..1) where that is known."""

    source: str
    items: int
    share: float | None = None


@dataclass(frozen=True, slots=True)
class SourceRead:
    """A source was read to its end. `unreadable` items are among the `records`."""

    source: str
    origin: str
    records: int
    unreadable: int
    reasons: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StageStarted:
    """A stage begins; `number` counts from 1 to `of`."""

    stage: str
    number: int
    of: int
    records: int


@dataclass(frozen=True, slots=True)
class StageMoved:
    """How far a stage is: records done, asks sent to a service and answered by it so far, dollars spent so far.

    `rate` is asks answered a second, lately; `left_s` the seconds it will still take, None while that is not known.
    """

    stage: str
    done: int
    records: int
    sent: int
    usd: float
    rate: float = 0.0
    left_s: float | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nobody sends to a provider for a while, because it asked for that or because a request failed."""

    provider: str
    wait_s: float
    why: str


@dataclass(frozen=True, slots=True)
class StageEnded:
    """A stage is through. `remembered` records came from a snapshot, `known` asks from the ledger.

    `remarks` counts, by rule, the turns that were flagged, mended or only counted.
    """

    stage: str
    records: int
    kept: int
    reasons: Mapping[str, int]
    remembered: int = 0
    known: int = 0
    sent: int = 0
    usd: float = 0.0
    remarks: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a stage that a person should look at; the build goes on."""

    stage: str
    what: str


@dataclass(frozen=True, slots=True)
class PublishMoved:
    """How many of the records that are kept have been written."""

    done: int
    records: int


@dataclass(frozen=True, slots=True)
class BuildEnded:
    """A build is published, or kept aside because of a limit."""

    build: str
    records: int
    kept: int
    dropped: int
    usd: float
    is_latest: bool
    held_back_by: str = ""


Moved: TypeAlias = SourceMoved | StageMoved | PublishMoved
Event: TypeAlias = BuildStarted | SourceRead | StageStarted | Moved | Waiting | StageEnded | Finding | BuildEnded
Tell: TypeAlias = Callable[[Event], None]


@dataclass
class Every:
    """True when called, but not again for a while: progress is told no oftener than anybody can read it."""

    seconds: float = 0.2
    _next: float = 0.0

    def __call__(self) -> bool:
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + self.seconds
        return True


@dataclass
class Told:
    """Keeps what was told, with the time, and passes it on; progress in between is passed on only."""

    show: Tell
    lines: list[bytes] = field(default_factory=list)

    def __call__(self, event: Event) -> None:
        if not isinstance(event, Moved):
            self.lines.append(json_line(_without_folders(event)))
        self.show(event)

    def end(self, event: BuildEnded) -> None:
        """Keep the last event; it is shown when the build is published."""
        self.lines.append(json_line(_without_folders(event)))


def _without_folders(event: Event) -> Event:
    """The event as it may be published: where things are on this machine is nobody's business."""
    if isinstance(event, BuildStarted):
        return replace(event, ledger=PurePath(event.ledger).name, builds=PurePath(event.builds).name)
    return replace(event, build=PurePath(event.build).name) if isinstance(event, BuildEnded) else event


def json_line(event: Event) -> bytes:
    """The event as one line of JSON: `event`, `at` (UTC), then its fields."""
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    return orjson.dumps({"event": type(event).__name__, "at": at, **asdict(event)}, option=orjson.OPT_APPEND_NEWLINE)
