"""What a build would do and cost, over all its stages."""

from __future__ import annotations

from dataclasses import dataclass

from kodata.quote.stage import StageQuote


@dataclass(frozen=True)
class Quota:
    """Characters that an account has used and may use in its billing period, and those that the build needs."""

    provider: str
    used: int
    limit: int
    needed: int

    @property
    def missing(self) -> int:
        """Characters that the account lacks; 0 when it has enough."""
        return max(self.needed - max(self.limit - self.used, 0), 0)


@dataclass(frozen=True)
class Plan:
    """What a build would do and cost, stage by stage, and in sum.

    `quotas` are what accounts have left, `unasked` says which could not be asked and why. `won_per_usd` is the rate set
    in the user's prices, `usd_per_day` the limit set in the pipeline file.
    """

    pipeline: str
    records: int
    stages: tuple[StageQuote, ...]
    quotas: tuple[Quota, ...] = ()
    unasked: tuple[str, ...] = ()
    won_per_usd: float | None = None
    usd_per_day: float | None = None

    @property
    def usd(self) -> float:
        return sum(stage.usd for stage in self.stages)

    @property
    def usd_low(self) -> float:
        return sum(stage.usd_low for stage in self.stages)

    @property
    def usd_high(self) -> float:
        return sum(stage.usd_high for stage in self.stages)

    @property
    def usd_bound(self) -> float:
        """What the build can cost at most; with this as its budget it does not stop for money."""
        return sum(stage.usd_bound for stage in self.stages)

    @property
    def to_ask(self) -> int:
        return sum(stage.to_ask for stage in self.stages)

    @property
    def in_batches(self) -> int:
        return sum(stage.in_batches for stage in self.stages)

    @property
    def seconds(self) -> float | None:
        """How long the services take, one stage after the other; None where that is not known of all."""
        times = [stage.seconds for stage in self.stages if stage.to_ask]
        return sum(time for time in times if time) if all(time is not None for time in times) else None

    @property
    def is_estimate(self) -> bool:
        return any(stage.is_estimate for stage in self.stages)
