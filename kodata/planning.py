"""A plan: the walk of a build with nobody to send anything, and what it would cost."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import accumulate
from pathlib import Path

from kodata.accounts import load_accounts
from kodata.answering import Answering, Purse
from kodata.building import Options, Run, ledger_of, run_of, shards_of, where
from kodata.errors import ProviderError
from kodata.events import BuildStarted, Tell
from kodata.prices import load_prices
from kodata.providers import Provider
from kodata.providers.deepl import DeepL
from kodata.quote import Foresight, Plan, Quota
from kodata.snapshots import Snapshots
from kodata.sources import Reading
from kodata.walk import Walk
from kodata.workspace import Workspace

_ROUNDING = 1e-9  # dollars: sums of floats are not exact
_PATIENCE_S = 10.0  # with an account that does not say what is left


@dataclass(frozen=True)
class Fit:
    """How many records an amount buys: `limit` of each source, in its order; None when it buys all.

    `plan` is what those cost, `records` how many the sources hold.
    """

    usd: float
    limit: int | None
    records: int
    plan: Plan


def plan(name: str, options: Options, workspace: Workspace, env: Mapping[str, str], tell: Tell) -> Plan:
    """What the build would do and cost. Sends nothing that is billed; writes no row, snapshot or build."""
    return _Planned.of(run_of(name, options, workspace, env), tell).plan


def fit(name: str, options: Options, workspace: Workspace, env: Mapping[str, str], tell: Tell, usd: float) -> Fit:
    """How many records of each source, in its order, can be built for that many dollars.

    The number is such that the upper end of the quote stays within them. Records that are paid for count as well.
    """
    whole = _Planned.of(run_of(name, options, workspace, env), tell)
    planned, limit = whole, whole.affordable(usd)
    while planned.needed_usd > usd and limit:
        # Twins in the part that is left out may have stood for records of this one: what is left is planned as well.
        planned = _Planned.of(run_of(name, replace(options, limit=limit), workspace, env), tell)
        limit = limit if planned.needed_usd <= usd else min(limit - 1, planned.affordable(usd))
    return Fit(usd, None if planned is whole and limit else limit, whole.plan.records, planned.plan)


@dataclass(frozen=True)
class _Planned:
    """A plan, with what its records cost one by one."""

    plan: Plan
    readings: list[Reading]
    foresight: Foresight

    @classmethod
    def of(cls, run: Run, tell: Tell) -> _Planned:
        with ledger_of(run, writes=False) as ledger, tempfile.TemporaryDirectory(prefix="kodata-") as temporary:
            tell(
                BuildStarted(
                    run.pipeline.name,
                    "demo" if run.options.demo else "plan",
                    where(ledger),
                    str(run.workspace.builds),
                )
            )
            folder = Path(temporary)
            readings = run.read(folder / "sources", tell)
            prices = load_prices(run.workspace.prices)
            providers = run.providers(prices, sends=False)
            quotas = _Quotas.asked(providers) if run.options.mode == "live" else _Quotas()
            foresight = Foresight(providers, ledger, folder, load_accounts(run.workspace.accounts))
            answering = Answering(ledger, providers, Purse(0.0), tell, sends=run.options.demo, stand_in=foresight.reply)
            Walk(run.pipeline, answering, Snapshots(run.workspace.snapshots), folder, tell, foresight).through(
                shards_of(readings)
            )
            plan = Plan(
                run.pipeline.name,
                sum(len(reading.rows) for reading in readings),
                tuple(foresight.quotes),
                won_per_usd=prices.won_per_usd,
                usd_per_day=run.pipeline.limits.usd_per_day,
            )
            return cls(quotas.compared(plan), readings, foresight)

    @property
    def needed_usd(self) -> float:
        """What must be in the purse so that the build does not stop: what it costs, and room for one more question."""
        return self.plan.usd_high + (self.foresight.largest_usd if self.plan.is_estimate else 0.0)

    def affordable(self, usd: float) -> int:
        """How many records of each source cost no more than that, as far as each record's own cost is known."""
        costs = [[self.foresight.costs.get(ident, 0.0) for ident in reading.rows["id"]] for reading in self.readings]
        rows = (sum(of[n] for of in costs if n < len(of)) for n in range(max(map(len, costs))))
        room = max(usd - (self.needed_usd - self.plan.usd_high), 0.0) + _ROUNDING
        return sum(total <= room for total in accumulate(rows))


@dataclass
class _Quotas:
    """What accounts have left, asked while the plan goes on; nobody waits long for one that is out of reach."""

    asking: dict[str, threading.Thread] = field(default_factory=dict)
    left: dict[str, tuple[int, int] | None] = field(default_factory=dict)
    unasked: dict[str, str] = field(default_factory=dict)

    @classmethod
    def asked(cls, providers: Mapping[str, Provider]) -> _Quotas:
        quotas = cls()
        for name, provider in providers.items():
            if isinstance(provider, DeepL) and provider.key:
                quotas.asking[name] = threading.Thread(target=quotas._ask, args=(provider,), daemon=True)
                quotas.asking[name].start()
            elif isinstance(provider, DeepL):
                quotas.unasked[name] = "no key"
        return quotas

    def _ask(self, provider: DeepL) -> None:
        try:
            self.left[provider.name] = provider.left()
        except ProviderError as error:
            self.unasked[provider.name] = str(error)

    def compared(self, plan: Plan) -> Plan:
        """The plan with what the accounts said."""
        for name, thread in self.asking.items():
            thread.join(_PATIENCE_S)
            if thread.is_alive():
                self.unasked[name] = f"no reply within {_PATIENCE_S:g} s"
        needed = {name: sum(s.characters for s in plan.stages if s.provider == name) for name in self.left}
        quotas = tuple(Quota(name, *left, needed[name]) for name, left in sorted(self.left.items()) if left)
        unasked = tuple(f"{name}: {why}" for name, why in sorted(self.unasked.items()))
        return replace(plan, quotas=quotas, unasked=unasked)
