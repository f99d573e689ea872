"""How fast a stage goes right now, and how long it will take at that speed."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

_WINDOW_S = 30.0


@dataclass
class Speed:
    """What was done when, over the last half minute."""

    _seen: deque[tuple[float, int, int]] = field(default_factory=deque)

    def at(self, now: float, sent: int, done: int, records: int) -> tuple[float, float | None]:
        """Asks answered a second, and the seconds until all records are done; None while that cannot be known."""
        self._seen.append((now, sent, done))
        while len(self._seen) > 2 and now - self._seen[0][0] > _WINDOW_S:
            self._seen.popleft()
        then, sent_then, done_then = self._seen[0]
        if now <= then:
            return 0.0, None
        rate = (sent - sent_then) / (now - then)
        left_s = (records - done) * (now - then) / (done - done_then) if done > done_then else None
        return round(rate, 1), left_s and round(left_s, 1)
