"""Sends a request, tries it again while that may help, and commits what comes of it before anybody sees it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from kodata.accounts import Account
from kodata.answering.pace import Pace, with_ready
from kodata.answering.patience import Patience
from kodata.answering.purse import Purse
from kodata.answering.replies import Reply, Unanswered
from kodata.answering.tally import Tally
from kodata.asks import Answer, Ask
from kodata.errors import LedgerError, Misconfigured, ProviderError, Refused, Transient, Unreachable
from kodata.events import Tell, Waiting
from kodata.ledger import Ledger
from kodata.providers import Provider


@dataclass
class _Request:
    """One request: what is set aside for its next attempt, whether its turn has come, and how often it got lost."""

    provider: Provider
    batch: list[Ask]
    aside_usd: float | None
    has_turn: bool
    tokens: int
    lost: int = 0


@dataclass
class Desk:
    """What the worker threads of a run share. Once `stop` is set nothing more is sent."""

    ledger: Ledger
    purse: Purse
    tell: Tell
    patience: Patience
    tallies: Mapping[str, Tally]
    parallel: int | None = None
    stop: threading.Event = field(default_factory=threading.Event, repr=False)
    unkept: list[tuple[Ask, Answer]] = field(default_factory=list, repr=False)  # paid for, but not committed
    unkept_because: LedgerError | None = None
    _paces: dict[str, Pace] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _given_up_in_a_row: int = 0
    _refused_in_a_row: int = 0

    def pace(self, provider: Provider) -> Pace:
        """The pace of the account, learnt for as long as the run lasts."""
        with self._lock:
            if provider.name not in self._paces:
                self._paces[provider.name] = Pace(with_ready(self.parallel or provider.parallel), self.patience)
            return self._paces[provider.name]

    @property
    def accounts(self) -> dict[str, Account]:
        """What was learnt of the limits of the accounts that were asked."""
        with self._lock:
            return {name: Account(*pace.per_s) for name, pace in self._paces.items() if any(pace.per_s)}

    def send(
        self, provider: Provider, batch: list[Ask], reserved_usd: float, *, has_turn: bool = False
    ) -> list[tuple[Ask, Reply]]:
        """One request, tried again while that may help; its answers are committed before they are returned.

        What was reserved is settled when this returns or raises. `has_turn` says that the pace admitted it already.
        """
        request = _Request(provider, batch, reserved_usd, has_turn, sum(map(provider.tokens, batch)))
        try:
            answers = self._patiently(request)
        except Refused as refused:
            if len(batch) > 1:
                half = len(batch) // 2
                first, share = sum(map(provider.usd_bound, batch[:half])), request.aside_usd or 0.0
                request.aside_usd = None  # the halves inherit it
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
            if request.aside_usd is not None:
                self.purse.settle(request.aside_usd, 0.0)
        with self._lock:
            self._given_up_in_a_row = self._refused_in_a_row = 0
            self.tallies[provider.name].requests += 1
            self.tallies[provider.name].add(answers)
        return list(zip(batch, answers, strict=True))

    def _patiently(self, request: _Request) -> list[Answer]:
        """The answers, settled and committed."""
        bound, pace = request.aside_usd or 0.0, self.pace(request.provider)
        departure = pace.departure()

        def attempt() -> list[Answer]:
            nonlocal departure
            if request.aside_usd is None:
                request.aside_usd = self._reserve_again(bound)
            # Refusals may have come while it stood ready: then it rests like the others.
            goes = not self.stop.wait(pace.rest_s) if request.has_turn else pace.wait_turn(request.tokens, self.stop)
            if not goes:
                raise Transient("stopped before it was sent")
            request.has_turn, departure = False, pace.departure()
            try:
                answers = request.provider.answer(request.batch)
            except Exception as failed:
                if not isinstance(failed, ProviderError) or (isinstance(failed, Transient) and failed.is_lost):
                    request.lost += 1
                    self._lose(request.provider.name, len(request.batch), bound, type(failed).__name__)
                    self.purse.settle(request.aside_usd, bound)  # it may have been billed in full
                    request.aside_usd = None
                raise
            finally:
                pace.home(departure, request.tokens, request.provider.limits)
            pace.went_well()
            try:
                return self._kept(request.provider, request.batch, answers)
            finally:  # only now: money that is neither set aside nor in the ledger could be spent twice on a day
                self.purse.settle(request.aside_usd, sum(answer.usd for answer in answers))
                request.aside_usd = None

        def may_help(failed: BaseException) -> bool:
            if not isinstance(failed, Transient) or self.stop.is_set() or request.lost >= self.patience.lost:
                return False
            return (failed.retry_after_s or 0.0) <= self.patience.seconds

        def waits(failed: Transient, pause_s: float) -> None:
            if failed.is_throttled:  # everybody waits, not only who was told
                pace.was_throttled(departure, pause_s)
            else:
                pause_s = max(pause_s, pace.failed())
            self.tell(Waiting(request.provider.name, round(pause_s, 1), str(failed)))

        return self.patience.retrying(may_help, waits, self._sleep)(attempt)

    def _kept(self, provider: Provider, batch: list[Ask], answers: list[Answer]) -> list[Answer]:
        """The answers, committed. Raises LedgerError with them in `unkept` when that is not possible."""
        numbered = [replace(a, sample=ask.sample) if ask.sample else a for ask, a in zip(batch, answers, strict=True)]
        if not provider.is_pretend:
            try:
                self.ledger.keep(zip(batch, numbered, strict=True))
            except LedgerError as error:
                with self._lock:
                    self.unkept += zip(batch, numbered, strict=True)
                    self.unkept_because = error
                raise
        return numbered

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

    def _lose(self, name: str, asks: int, usd: float, why: str) -> None:
        self.ledger.lose(name, asks, usd, why)
        with self._lock:
            self.tallies[name].lost += asks
