"""Sends a request, tries it again while that may help, and commits what comes of it before anybody sees it."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from kodata.answering.patience import Patience
from kodata.answering.purse import Purse
from kodata.answering.replies import Reply, Unanswered
from kodata.answering.tally import Tally
from kodata.asks import Answer, Ask
from kodata.errors import Misconfigured, ProviderError, Refused, Transient, Unreachable
from kodata.events import Tell, Waiting
from kodata.ledger import Ledger
from kodata.providers import Provider


@dataclass
class Desk:
    """What the worker threads of a run share. Once `stop` is set nothing more is sent."""

    ledger: Ledger
    purse: Purse
    tell: Tell
    patience: Patience
    tallies: Mapping[str, Tally]
    stop: threading.Event = field(default_factory=threading.Event, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _not_before: dict[str, float] = field(default_factory=dict, repr=False)
    _given_up_in_a_row: int = 0
    _refused_in_a_row: int = 0

    def send(self, provider: Provider, batch: list[Ask], reserved_usd: float) -> list[tuple[Ask, Reply]]:
        """One request, tried again while that may help; its answers are committed before they are returned.

        What was reserved is settled when this returns or raises.
        """
        held = [reserved_usd]
        try:
            answers = self._patiently(provider, batch, held)
        except Refused as refused:
            if len(batch) > 1:
                half = len(batch) // 2
                first = sum(map(provider.usd_bound, batch[:half]))
                share = held.pop()  # the halves inherit it
                return self.send(provider, batch[:half], first) + self.send(provider, batch[half:], share - first)
            self._count_refusal(provider.name, refused)
            return [(batch[0], Unanswered(str(refused), "refused"))]
        except Transient as failed:
            with self._lock:
                self._given_up_in_a_row += 1
                if self._given_up_in_a_row >= self.patience.failures_in_a_row:
                    raise Unreachable(f"{failed}, again and again. Nothing is lost; run again to go on") from failed
            return [(ask, Unanswered(str(failed))) for ask in batch]
        finally:
            if held:
                self.purse.settle(held.pop(), 0.0)
        with self._lock:
            self._given_up_in_a_row = self._refused_in_a_row = 0
            self.tallies[provider.name].requests += 1
            self.tallies[provider.name].add(answers)
        return list(zip(batch, answers, strict=True))

    def _patiently(self, provider: Provider, batch: list[Ask], held: list[float]) -> list[Answer]:
        """The answers, settled; `held` keeps what is set aside for the next attempt, if there is one."""
        bound, lost = held[0], 0

        def attempt() -> list[Answer]:
            nonlocal lost
            if not held:
                held.append(self._reserve_again(bound))
            self._wait_for_turn(provider.name)
            try:
                answers = provider.answer(batch)
                if not provider.is_pretend:
                    self.ledger.keep(zip(batch, answers, strict=True))
            except Exception as failed:
                if not isinstance(failed, ProviderError) or (isinstance(failed, Transient) and failed.is_lost):
                    lost += 1
                    self.purse.settle(held.pop(), bound)  # it may have been billed in full
                    self._lose(provider.name, len(batch), bound, type(failed).__name__)
                raise
            self.purse.settle(held.pop(), sum(answer.usd for answer in answers))
            return answers

        def may_help(failed: BaseException) -> bool:
            if not isinstance(failed, Transient) or self.stop.is_set() or lost >= self.patience.lost:
                return False
            return (failed.retry_after_s or 0.0) <= self.patience.seconds

        def waits(failed: Transient, pause_s: float) -> None:
            if failed.is_throttled:  # everybody waits, not only who was told
                self._not_before[provider.name] = time.monotonic() + pause_s
            self.tell(Waiting(provider.name, round(pause_s, 1), str(failed)))

        return self.patience.retrying(may_help, waits, self._sleep)(attempt)

    def _count_refusal(self, name: str, refused: Refused) -> None:
        """Raises Misconfigured when a service takes nothing at all: then it is no single text that is wrong."""
        with self._lock:
            self._refused_in_a_row += 1
            if self._refused_in_a_row >= self.patience.failures_in_a_row and not self.tallies[name].sent:
                raise Misconfigured(f"{refused}, whatever is asked. Check the settings of the stage") from refused

    def _sleep(self, seconds: float) -> None:
        self.stop.wait(seconds)

    def _reserve_again(self, usd: float) -> float:
        if not self.purse.reserve(usd):
            raise self.purse.over(usd)
        return usd

    def _wait_for_turn(self, name: str) -> None:
        while (pause := self._not_before.get(name, 0.0) - time.monotonic()) > 0 and not self.stop.is_set():
            self.stop.wait(pause)
        if self.stop.is_set():
            raise Transient("stopped before it was sent")

    def _lose(self, name: str, asks: int, usd: float, why: str) -> None:
        self.ledger.lose(name, asks, usd, why)
        with self._lock:
            self.tallies[name].lost += asks
