"""The budget: what may be spent, what is set aside, what is spent."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import isfinite

from kodata.errors import DayIsSpent, OverBudget, PipelineError
from kodata.ledger import Ledger

_ROUNDING = 1e-9  # dollars: sums of floats are not exact


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


@dataclass
class Day:
    """What all runs on one ledger may spend on a day (UTC) together.

    What was lost on the way and what is out in batches, whenever it was submitted, count at their most.
    """

    limit_usd: float
    ledger: Ledger
    today: Callable[[], str] = _today
    _day: str = ""
    _spent_usd: float = 0.0
    _place: tuple[int, int] = (0, 0)

    def left_usd(self) -> float:
        """What may still be spent today; below zero when a request came to more than was left."""
        if (today := self.today()) != self._day:
            self._day, self._spent_usd, self._place = today, 0.0, (0, 0)
        more, self._place = self.ledger.spent_since(today, self._place)
        self._spent_usd += more
        return self.limit_usd - self._spent_usd - self.ledger.batches.usd()


@dataclass
class Purse:
    """An upper bound is set aside before a request goes out; the limit is never passed, nor the day's."""

    limit_usd: float
    day: Day | None = None
    spent_usd: float = 0.0
    aside_usd: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        if not isfinite(self.limit_usd) or self.limit_usd < 0:
            raise PipelineError(f"a budget is a number of dollars, not {self.limit_usd}")

    def reserve(self, usd: float) -> bool:
        """Whether there was room for that much more; if so it is set aside."""
        with self._lock:
            if usd < 0 or self.spent_usd + self.aside_usd + usd > self.limit_usd + _ROUNDING:
                return False
            if usd and self.day and self.aside_usd + usd > self.day.left_usd() + _ROUNDING:
                return False
            self.aside_usd += usd
            return True

    def settle(self, reserved_usd: float, paid_usd: float) -> None:
        with self._lock:
            self.aside_usd -= reserved_usd
            self.spent_usd += paid_usd

    def over(self, usd: float) -> OverBudget:
        """The error that says that there is no room for that much more."""
        left = max(self.limit_usd - self.spent_usd - self.aside_usd, 0.0)
        if self.limit_usd == 0:
            return OverBudget("this would cost money and the budget is $0. Ask `kodata plan`, then set --budget USD")
        if self.day and usd <= left + _ROUNDING:
            left, limit = max(self.day.left_usd() - self.aside_usd, 0.0), self.day.limit_usd
            return DayIsSpent(
                f"the next request may cost ${usd:.6f} and ${left:.6f} are left of the ${limit:g} that [limits] "
                "usd_per_day allows until midnight UTC. Nothing answered is lost; run again tomorrow to go on"
            )
        return OverBudget(
            f"the next request may cost ${usd:.6f} and ${left:.6f} of the ${self.limit_usd:g} budget are left. "
            "Nothing answered is lost; run again with a higher --budget to go on"
        )
