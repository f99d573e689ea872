"""Questions that are answered later: submitted in batches, collected by another run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import sleep
from typing import ParamSpec, TypeVar

from kodata.answering.patience import Patience
from kodata.answering.purse import Purse
from kodata.answering.replies import Unanswered
from kodata.answering.tally import Tally
from kodata.asks import Answer, Ask
from kodata.errors import Misconfigured, ProviderError, Transient, Unreachable, WaitingForBatch
from kodata.events import Tell, Waiting
from kodata.ledger import Batch, Ledger
from kodata.providers.openai_batch import Failed, Look, OpenAIBatches

P = ParamSpec("P")
T = TypeVar("T")

INTENT_S = 120.0  # so long may a batch that was submitted be missing in the service's list
TIMES = 3  # that a question is submitted when its lines fail
_PART = 5_000  # claims in one transaction
_BUSY = (0, 200, 408, 409, 429)  # statuses of lines that may succeed next time, beside 5xx


@dataclass
class Later:
    """The batches of a run's providers. `waiting` counts the questions that a later run will have answers to."""

    ledger: Ledger
    purse: Purse
    tell: Tell
    patience: Patience
    tallies: Mapping[str, Tally]
    services: Mapping[str, OpenAIBatches]
    waiting: int = 0

    def replies(self, asks: Sequence[Ask]) -> dict[bytes, Unanswered]:
        """What is said to those questions that are out already, or that have failed for good."""
        if not self.services:
            return {}
        keys = [ask.key for ask in asks]
        out = self.ledger.batches.holding(keys)
        self.waiting += len(out)
        said = {key: Unanswered(f"waits for batch {name}", "waiting") for key, name in out.items()}
        by_batch = [ask.key for ask in asks if ask.by_batch]
        for key, failure in self.ledger.batches.failures(by_batch).items():
            if _is_refused(failure.status):
                said[key] = Unanswered(f"not taken in a batch ({failure.status} {failure.why})", "refused")
            elif failure.times >= TIMES:
                said[key] = Unanswered(f"failed in {failure.times} batches ({failure.status} {failure.why})")
        return said

    def submit(self, provider: str, asks: Sequence[Ask]) -> None:
        """Hand questions over for later. Raises OverBudget when they do not all fit: those that do are out.

        Raises Misconfigured, QuotaUsedUp or Unreachable when the service takes no batch.
        """
        mine: set[bytes] = set()
        for start in range(0, len(asks), _PART):
            mine |= self.ledger.claims.take([ask.key for ask in asks[start : start + _PART]])
        self.waiting += len(asks)
        service = self.services[provider]
        for part in service.cut([ask for ask in asks if ask.key in mine]):
            fitting, usd = self._fitting(service, part)
            if fitting:
                self._submit(provider, service, fitting, usd)
            if len(fitting) < len(part):
                raise self.purse.over(service.account.usd_bound(part[len(fitting)]))

    def _fitting(self, service: OpenAIBatches, asks: Sequence[Ask]) -> tuple[Sequence[Ask], float]:
        """As many of the first asks as the budget has room for, and what is set aside for them."""
        usd = 0.0
        for n, ask in enumerate(asks):
            bound = service.account.usd_bound(ask)
            if not self.purse.reserve(bound):
                return asks[:n], usd
            usd += bound
        return asks, usd

    def _submit(self, provider: str, service: OpenAIBatches, asks: Sequence[Ask], usd: float) -> None:
        name = self.ledger.batches.intend(provider, asks, usd)
        self.purse.settle(usd, usd)  # from now on the ledger says that it is out

        def may_help(failed: BaseException) -> bool:
            return isinstance(failed, Transient) and not failed.is_lost

        try:
            ident = self.patience.retrying(may_help, self._waits(provider), sleep)(service.submit, name, asks)
        except ProviderError as failed:
            if isinstance(failed, Transient) and failed.is_lost:
                return  # it may have arrived: the next run looks for it by its name
            self.ledger.batches.end(name, "never submitted")
            self.purse.settle(0.0, -usd)
            if isinstance(failed, Transient):
                raise _unreachable(failed) from failed
            raise
        self.ledger.batches.submitted(name, ident)
        self.tallies[provider].requests += 1

    def _asked(self, provider: str, question: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
        """What the service says, which costs nothing; asked again while it is busy. Raises as `collect`."""

        def may_help(failed: BaseException) -> bool:
            return isinstance(failed, Transient)

        try:
            return self.patience.retrying(may_help, self._waits(provider), sleep)(question, *given, **named)
        except Transient as failed:
            raise _unreachable(failed) from failed

    def _waits(self, provider: str) -> Callable[[Transient, float], None]:
        return lambda failed, pause_s: self.tell(Waiting(provider, round(pause_s, 1), str(failed)))

    def collect(self) -> None:
        """Take in what is over.

        Raises Misconfigured for a batch that was not accepted or is not there, once all others are in; QuotaUsedUp or
        Unreachable when the service says nothing.
        """
        wrong = []
        for provider, service in self.services.items():
            for batch in self.ledger.batches.out(provider):
                try:
                    look = self._looked(service, batch)
                    if look is not None and look.is_over:
                        self._take_in(service, batch, look)
                except Misconfigured as error:
                    wrong.append(error)
        if wrong:
            raise wrong[0]

    def _looked(self, service: OpenAIBatches, batch: Batch) -> Look | None:
        """How it stands; None when that is not known yet, or when it never reached the service."""
        ident = batch.id or self._asked(batch.provider, service.find, batch.name)
        if ident is None:
            if (datetime.now(UTC) - datetime.fromisoformat(batch.at)).total_seconds() >= INTENT_S:
                self.ledger.batches.end(batch.name, "never submitted")
            return None
        if not batch.id:
            self.ledger.batches.submitted(batch.name, ident)
        look = self._asked(batch.provider, service.look, ident)
        if look is None:
            raise Misconfigured(
                f"{batch.provider} has no batch {ident}: was it submitted with another key? "
                f"`kodata ledger pending --drop {batch.name}` gives it up, and its questions are asked anew"
            )
        return look

    def _take_in(self, service: OpenAIBatches, batch: Batch, look: Look) -> None:
        asks = self.ledger.batches.asks(batch.name)
        results = self._asked(batch.provider, service.results, look, asks)
        answers = [(asks[ident], found) for ident, found in results.items() if isinstance(found, Answer)]
        failures = [
            (asks[ident].key, found.status, found.why)
            for ident, found in results.items()
            if isinstance(found, Failed) and found.why != "batch_expired"
        ]
        for start in range(0, len(answers), _PART):
            self.ledger.keep(answers[start : start + _PART])
        self.tallies[batch.provider].add(answer for _, answer in answers)
        self.ledger.batches.end(batch.name, look.status, failures)
        if look.why:
            raise Misconfigured(
                f"{batch.provider} did not take batch {batch.id or batch.name} ({look.why}). Its questions are free "
                "again; mend the settings, then run again"
            )

    def is_any_over(self) -> bool:
        """Whether there is something to collect, or nothing is out any more; what is not is told."""
        is_out = False
        for provider, service in self.services.items():
            for batch in self.ledger.batches.out(provider):
                look = self._looked(service, batch)
                if look is not None and look.is_over:
                    return True
                is_out = True
                done = f"{look.done:,} of {batch.asks:,} done" if look else "not seen yet"
                self.tell(Waiting(provider, 0.0, f"batch {batch.id or batch.name}: {done}"))
        return not is_out

    def stop_if_waiting(self) -> None:
        """Raises WaitingForBatch when questions are out: what comes after them cannot be built yet."""
        out = [batch for name in self.services for batch in self.ledger.batches.out(name)]
        if self.waiting and out:
            oldest = min(batch.at for batch in out)[:16].replace("T", " ")
            batches = "1 batch" if len(out) == 1 else f"{len(out):,} batches"
            raise WaitingForBatch(
                f"{self.waiting:,} questions wait in {batches}, the first submitted at {oldest} UTC and done within a "
                "day. Run the same command again to collect them, or add --wait"
            )


def _unreachable(failed: Transient) -> Unreachable:
    return Unreachable(f"{failed}, again and again. Nothing is lost; run again to go on")


def _is_refused(status: int) -> bool:
    return status < 500 and status not in _BUSY
