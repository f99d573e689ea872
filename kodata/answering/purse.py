"""The budget: what may be spent, what is set aside, what is spent."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from math import isfinite

from kodata.errors import OverBudget, PipelineError

_ROUNDING = 1e-9  # dollars: sums of floats are not exact


@dataclass
class Purse:
    """An upper bound is set aside before a request goes out; spent and set aside never pass the limit."""

    limit_usd: float
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
            return OverBudget("this would cost money and no budget is given. Ask `kodata plan`, then set --budget USD")
        return OverBudget(
            f"the next request may cost ${usd:.6f} and ${left:.6f} of the ${self.limit_usd:.2f} budget are left. "
            "Nothing answered is lost; run again with a higher --budget to go on"
        )
