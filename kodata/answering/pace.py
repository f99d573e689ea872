"""How fast one account may be asked: a bucket of requests and one of tokens, a width, a cool-down and a breaker.

The buckets are learnt from what responses say of the account's limits, and are the account's, not a worker's. Where
nothing is said, the width regulates: how many requests may be on the way at a time.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf

from kodata.answering.patience import Patience
from kodata.providers.limits import Limits, Quota

_START = 16  # requests on the way at first; doubled with each round of answers until the first cut
_CUT = 0.5
_MARGIN = 0.005  # of a limit, and one: what is on the way to the server may overtake each other
_READY = 8  # one request in so many stands ready: a worker that is free need not wait for the next
_WATCHED = 20  # requests; the breaker opens when more than half of them failed


def with_ready(workers: int) -> int:
    """The requests that may be given out: one for each worker, and those that stand ready for the next ones free."""
    return workers + workers // _READY


@dataclass
class Bucket:
    """What an account may still use of a quota right now, as far as can be known from here."""

    quota: Quota
    level: float
    at: float  # when it was at that level

    def refill(self, now: float) -> None:
        self.level = min(self.quota.limit, self.level + (now - self.at) * self.quota.per_s)
        self.at = now

    def pause_s(self, amount: float) -> float:
        """Seconds until there is room for that much; a full bucket takes anything."""
        margin = 1 + _MARGIN * self.quota.limit
        missing = min(amount + margin, self.quota.limit) - self.level
        return max(missing, 0.0) / self.quota.per_s

    def hear(self, quota: Quota, since: float, others: float, now: float) -> None:
        """Correct the level by what a response said.

        It cannot be above what was left when the request was taken, which was not before `since`, and what flowed in
        meanwhile; nor below what was left less all `others` that may have been taken after it.
        """
        if quota.limit != self.quota.limit:
            self.level = 0.0
        self.quota = quota
        highest = quota.left + (now - since) * quota.per_s
        self.level = min(max(self.level, quota.left - others), highest)


@dataclass(frozen=True, slots=True)
class Departure:
    """When a request went out, and how many requests and tokens had gone out until then, itself among them."""

    at: float
    requests: int
    tokens: int


@dataclass
class Pace:
    """The pace of one account, for all workers. `most` requests are on the way at the most."""

    most: int
    patience: Patience
    clock: Callable[[], float] = time.monotonic
    _requests: Bucket | None = None
    _tokens: Bucket | None = None
    _width: float = 0.0
    _is_slow_start: bool = True
    _cut_at: float = -inf
    _not_before: float = -inf
    _flying: int = 0
    _flying_tokens: int = 0
    _sent: int = 0
    _sent_tokens: int = 0
    _failed: deque[bool] = field(default_factory=lambda: deque(maxlen=_WATCHED))
    _broken: int = 0  # failures since the breaker opened; 0 while it is closed
    _turnstile: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _changed: threading.Condition = field(default_factory=threading.Condition, repr=False)

    def __post_init__(self) -> None:
        self._width = float(min(_START, self.most))

    def admit(self, tokens: int) -> float:
        """Seconds to wait before one more request may go out; 0 when it may go now, and then it counts as sent."""
        with self._changed:
            now = self.clock()
            pause_s = self._pause_s(tokens, now)
            if not pause_s:
                self._flying += 1
                self._flying_tokens += tokens
                self._sent += 1
                self._sent_tokens += tokens
                for bucket, amount in ((self._requests, 1), (self._tokens, tokens)):
                    if bucket is not None:
                        bucket.level -= amount
            return pause_s

    @property
    def rest_s(self) -> float:
        """Seconds that everybody still waits after a refusal."""
        with self._changed:
            return max(self._not_before - self.clock(), 0.0)

    @property
    def per_s(self) -> tuple[float | None, float | None]:
        """Requests and tokens that the account allows a second, where responses said so."""
        return tuple(bucket.quota.per_s if bucket else None for bucket in (self._requests, self._tokens))  # type: ignore[return-value]

    def wait_turn(self, tokens: int, stop: threading.Event) -> bool:
        """Wait until one more request may go out, first come, first served; False when it is to stop instead."""
        with self._turnstile:
            while (pause := self.admit(tokens)) > 0:
                with self._changed:
                    self._changed.wait(min(pause, 0.25))
                if stop.is_set():
                    return False
            return not stop.is_set()

    def departure(self) -> Departure:
        """Now, for a request that is sent now."""
        with self._changed:
            return Departure(self.clock(), self._sent, self._sent_tokens)

    def home(self, departure: Departure, tokens: int, limits: Limits | None) -> None:
        """A request is back, well or not, with what the response said of the limits."""
        with self._changed:
            self._flying -= 1
            self._flying_tokens -= tokens
            if limits is not None:
                now, since = self.clock(), departure.at
                # Those that went out later, and those from before that are still out: requests overtake each other.
                others = self._sent - departure.requests + self._flying
                of_tokens = self._sent_tokens - departure.tokens + self._flying_tokens
                self._requests = _heard(self._requests, limits.requests, since, others, now)
                self._tokens = _heard(self._tokens, limits.tokens, since, of_tokens, now)
            self._changed.notify()

    def went_well(self) -> None:
        """Grow: by one for each answer at first, after a cut by one for each round of answers."""
        with self._changed:
            self._failed.append(False)
            if self._broken:
                self._broken, self._width = 0, float(min(_START, self.most))
                self._failed.clear()
            self._width = min(self._width + (1.0 if self._is_slow_start else 1 / self._width), float(self.most))

    def was_throttled(self, departure: Departure, pause_s: float) -> None:
        """Everybody waits; of a burst of refusals only the first cuts the width."""
        with self._changed:
            now = self.clock()
            self._not_before = max(self._not_before, now + pause_s)
            if departure.at > self._cut_at:
                self._cut_at, self._is_slow_start = now, False
                self._width = max(1.0, self._width * _CUT)

    def failed(self) -> float:
        """Seconds that everybody waits because most requests fail; 0 as long as they do not."""
        with self._changed:
            self._failed.append(True)
            if not self._broken and (len(self._failed) < _WATCHED or sum(self._failed) * 2 <= _WATCHED):
                return 0.0
            pause_s = min(self.patience.first_s * 2.0**self._broken, self.patience.longest_s)
            self._broken, self._width = self._broken + 1, 1.0
            self._not_before = max(self._not_before, self.clock() + pause_s)
            return pause_s

    def _pause_s(self, tokens: int, now: float) -> float:
        if self._flying >= int(self._width):
            return inf
        pauses = [0.0, self._not_before - now]
        for bucket, amount in ((self._requests, 1), (self._tokens, tokens)):
            if bucket is not None:
                bucket.refill(now)
                pauses.append(bucket.pause_s(amount))
        return max(pauses)


def _heard(bucket: Bucket | None, quota: Quota | None, since: float, others: float, now: float) -> Bucket | None:
    if quota is None:
        return bucket
    if bucket is None:
        return Bucket(quota, max(quota.left - others, 0.0), now)
    bucket.refill(now)
    bucket.hear(quota, since, others, now)
    return bucket
