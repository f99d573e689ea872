"""Ledger first, then provider: pools the questions of thousands of open stories, asks each once, and resumes them.

One driver thread steps the stories; worker threads send requests and commit each answer to the ledger before anybody
sees it. This is the only place that retries, waits, or spends.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from math import isfinite
from queue import Empty, SimpleQueue
from typing import TypeAlias

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, stop_after_delay
from tenacity.wait import wait_exponential_jitter

from kodata.asks import Answer, Ask
from kodata.errors import Misconfigured, OverBudget, PipelineError, ProviderError, Refused, Transient, Unreachable
from kodata.events import Tell, Waiting
from kodata.ledger import Ledger
from kodata.providers import Provider
from kodata.stages import Outcome, Story

_ROUNDING = 1e-9  # dollars: sums of floats are not exact


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A question that got no answer this time; the next run asks it again.

    `reason` is "refused" where the service does not take the text, which a limit for open questions does not count.
    """

    why: str
    reason: str = "unanswered"


Reply: TypeAlias = Answer | Unanswered
Ending: TypeAlias = Outcome | Unanswered
Sent: TypeAlias = Future[list[tuple[Ask, Reply]]]


@dataclass(frozen=True)
class Patience:
    """How long a failing request is tried again. Waits grow from `first_s` to `longest_s`."""

    attempts: int = 8
    seconds: float = 300.0
    first_s: float = 0.5
    longest_s: float = 30.0
    lost: int = 4  # answers lost on the wire, each of which may have been billed
    failures_in_a_row: int = 5  # requests given up in a row before the provider counts as unreachable


PATIENT = Patience()


@dataclass
class Tally:
    """What one provider was asked in a run. `known` asks were in the ledger; `lost` ones may have been billed."""

    known: int = 0
    sent: int = 0
    requests: int = 0
    lost: int = 0
    unanswered: int = 0
    characters: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    usd: float = 0.0
    usd_estimate: float = 0.0  # of what is not known, where nothing is sent
    usd_bound: float = 0.0

    def add(self, answers: Iterable[Answer]) -> None:
        for answer in answers:
            self.sent += 1
            self.characters += answer.characters
            self.tokens_in += answer.tokens_in
            self.tokens_out += answer.tokens_out
            self.usd += answer.usd

    def foresee(self, provider: Provider, ask: Ask) -> None:
        """Count an ask that is not sent, with what it would cost."""
        self.unanswered += 1
        self.usd_estimate += provider.usd_estimate(ask)
        self.usd_bound += provider.usd_bound(ask)
        self.characters += provider.characters(ask)


@dataclass
class Purse:
    """The budget: an upper bound is set aside before a request goes out; spent and set aside never pass the limit."""

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


@dataclass
class _Open:
    """A story that waits for answers."""

    ident: str
    story: Story
    asks: Sequence[Ask]
    replies: dict[bytes, Reply]


@dataclass
class Answering:
    """Answers the stories of a stage from the ledger and, unless it is `sends=False`, from the providers.

    `providers` are keyed by the name that asks bear. What cannot be answered ends its record as Unanswered.
    """

    ledger: Ledger
    providers: Mapping[str, Provider]
    purse: Purse
    tell: Tell
    sends: bool = True
    parallel: int | None = None
    patience: Patience = PATIENT
    tallies: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _stop: threading.Event = field(default_factory=threading.Event, repr=False)
    _not_before: dict[str, float] = field(default_factory=dict, repr=False)
    _given_up_in_a_row: int = 0
    _refused_in_a_row: int = 0

    def run(self, stories: Iterable[tuple[str, Story]], moved: Callable[[int], None]) -> dict[str, Ending]:
        """How each story ends, by id; `moved` is told how many have ended so far.

        Raises OverBudget, Misconfigured, QuotaUsedUp, Unreachable or LedgerError once the requests on the way
        have come home and are committed; so does KeyboardInterrupt.
        """
        return _Pool(self, moved).run(stories)

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
        waits = wait_exponential_jitter(multiplier=self.patience.first_s, max=self.patience.longest_s)

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
            if not isinstance(failed, Transient) or self._stop.is_set() or lost >= self.patience.lost:
                return False
            return (failed.retry_after_s or 0.0) <= self.patience.seconds

        def wait_s(state: RetryCallState) -> float:
            failed = _failure(state)
            pause = waits(state) if failed.retry_after_s is None else failed.retry_after_s
            if failed.is_throttled:  # everybody waits, not only who was told
                self._not_before[provider.name] = time.monotonic() + pause
            self.tell(Waiting(provider.name, round(pause, 1), str(failed)))
            return pause

        retrying = Retrying(
            retry=retry_if_exception(may_help),
            stop=stop_after_attempt(self.patience.attempts) | stop_after_delay(self.patience.seconds),
            wait=wait_s,
            sleep=self._sleep,
            reraise=True,
        )
        return retrying(attempt)

    def _count_refusal(self, name: str, refused: Refused) -> None:
        """Raises Misconfigured when a service takes nothing at all: then it is no single text that is wrong."""
        with self._lock:
            self._refused_in_a_row += 1
            if self._refused_in_a_row >= self.patience.failures_in_a_row and not self.tallies[name].sent:
                raise Misconfigured(f"{refused}, whatever is asked. Check the settings of the stage") from refused

    def _sleep(self, seconds: float) -> None:
        self._stop.wait(seconds)

    def _reserve_again(self, usd: float) -> float:
        if not self.purse.reserve(usd):
            raise self.over_budget(usd)
        return usd

    def _wait_for_turn(self, name: str) -> None:
        while (pause := self._not_before.get(name, 0.0) - time.monotonic()) > 0 and not self._stop.is_set():
            self._stop.wait(pause)
        if self._stop.is_set():
            raise Transient("stopped before it was sent")

    def _lose(self, name: str, asks: int, usd: float, why: str) -> None:
        self.ledger.lose(name, asks, usd, why)
        with self._lock:
            self.tallies[name].lost += asks

    def over_budget(self, usd: float) -> OverBudget:
        left = max(self.purse.limit_usd - self.purse.spent_usd - self.purse.aside_usd, 0.0)
        if self.purse.limit_usd == 0:
            return OverBudget("this would cost money and no budget is given. Ask `kodata plan`, then set --budget USD")
        return OverBudget(
            f"the next request may cost ${usd:.6f} and ${left:.6f} of the ${self.purse.limit_usd:.2f} budget are left. "
            "Nothing answered is lost; run again with a higher --budget to go on"
        )


class _Pool:
    """One run of a stage: the open stories, what they wait for, and what is on the way."""

    def __init__(self, desk: Answering, moved: Callable[[int], None]) -> None:
        self.desk = desk
        self.moved = moved
        self.endings: dict[str, Ending] = {}
        self.waiting: dict[bytes, list[_Open]] = {}
        self.new: dict[bytes, Ask] = {}  # asked by a story, not yet looked up
        self.pending: dict[tuple[str, str], deque[Ask]] = defaultdict(deque)  # by provider and settings
        self.held: tuple[Provider, list[Ask]] | None = None  # waits for room in the budget
        self.on_the_way: dict[Sent, str] = {}  # and whom it was sent to
        self.home: SimpleQueue[Sent] = SimpleQueue()

    def run(self, stories: Iterable[tuple[str, Story]]) -> dict[str, Ending]:
        for ident, story in stories:
            self._step(ident, story, None)
        self._look_up()
        if not self.desk.sends:
            self._leave_open()
        elif self.pending:
            self._ask_providers()
        return self.endings

    def _step(self, ident: str, story: Story, answers: list[Answer] | None) -> None:
        """Resume a story until it waits for answers or ends."""
        try:
            asks = story.send(answers) if answers is not None else next(story)
            while not asks:  # a story may find that it has nothing to ask
                asks = story.send([])
        except StopIteration as end:
            self.endings[ident] = end.value
            return
        opened = _Open(ident, story, asks, {})
        for ask in {ask.key: ask for ask in asks}.values():
            if ask.key not in self.waiting:
                self.waiting[ask.key] = []
                self.new[ask.key] = ask
            self.waiting[ask.key].append(opened)

    def _reply(self, ask: Ask, reply: Reply) -> None:
        """Hand a reply to every story that waits for it, and resume those that have all of theirs."""
        for opened in self.waiting.pop(ask.key):
            if opened.ident in self.endings:  # another of its questions went unanswered
                continue
            if isinstance(reply, Unanswered):
                opened.story.close()
                self.endings[opened.ident] = reply
                continue
            opened.replies[ask.key] = reply
            if len(opened.replies) == len({ask.key for ask in opened.asks}):
                answers = [opened.replies[ask.key] for ask in opened.asks]
                self._step(opened.ident, opened.story, answers)  # type: ignore[arg-type]  # none is Unanswered

    def _look_up(self) -> None:
        """Answer what the ledger knows, until only unknown questions are left, as pending."""
        while self.new:
            asked, self.new = self.new, {}
            known = self.desk.ledger.known(list(asked))
            for key, ask in asked.items():
                if key in known:
                    self.desk.tallies[ask.provider].known += 1
                    self._reply(ask, known[key])
                else:
                    self.pending[ask.provider, ask.settings].append(ask)
        self.moved(len(self.endings))

    def _leave_open(self) -> None:
        for (name, _), asks in self.pending.items():
            for ask in asks:
                self.desk.tallies[name].foresee(self.desk.providers[name], ask)
                self._reply(ask, Unanswered("not in the ledger"))

    def _ask_providers(self) -> None:
        workers = self.desk.parallel or max(self.desk.providers[name].parallel for name, _ in self.pending)
        executor = ThreadPoolExecutor(workers, thread_name_prefix="kodata")
        try:
            while True:
                self._send_what_fits(executor, workers)
                if not self.on_the_way:
                    break
                sent = self._next_home()
                tally = self.desk.tallies[self.on_the_way.pop(sent)]
                for ask, reply in sent.result():
                    tally.unanswered += isinstance(reply, Unanswered)
                    self._reply(ask, reply)
                self._look_up()
        except BaseException:
            self.desk._stop.set()  # whoever waits before a request gives up; what is on the way is taken in
            raise
        finally:
            _take_in(executor, self.on_the_way)

    def _next_home(self) -> Sent:
        while True:  # not one long wait: importing polars makes Ctrl-C restart what it interrupts
            with suppress(Empty):
                return self.home.get(timeout=0.5)

    def _send_what_fits(self, executor: ThreadPoolExecutor, workers: int) -> None:
        while len(self.on_the_way) < workers and (batch := self.held or self._next_batch()):
            provider, asks = self.held = batch
            reserved = sum(map(provider.usd_bound, asks))
            if not self.desk.purse.reserve(reserved):
                if self.on_the_way:
                    return  # bounds are high: what comes home makes room
                if len(asks) == 1:
                    raise self.desk.over_budget(reserved)
                half = len(asks) // 2
                self.pending[provider.name, asks[0].settings].extendleft(reversed(asks[half:]))
                self.held = provider, asks[:half]
                continue
            self.held = None
            sent = executor.submit(self.desk.send, provider, asks, reserved)
            self.on_the_way[sent] = provider.name
            sent.add_done_callback(self.home.put)

    def _next_batch(self) -> tuple[Provider, list[Ask]] | None:
        """A full request; a partial one only when nothing on the way could still fill it."""
        busy = set(self.on_the_way.values())
        for (name, settings), asks in self.pending.items():
            provider = self.desk.providers[name]
            if len(asks) >= provider.batch or (asks and name not in busy):
                batch = provider.take(asks)
                if not asks:
                    del self.pending[name, settings]
                return provider, batch
        return None


def _take_in(executor: ThreadPoolExecutor, on_the_way: Iterable[Sent]) -> None:
    """Wait for the requests on the way, whoever interrupts: their answers are paid for.

    In short waits, so that a signal that comes just before one is not held up by it.
    """
    left = set(on_the_way)
    executor.shutdown(wait=False, cancel_futures=True)
    while left:
        with suppress(KeyboardInterrupt):
            wait(left, timeout=0.2)
            left = {sent for sent in left if not sent.done()}  # a cancelled one is never "done" to `wait`
    executor.shutdown(wait=True)


def _failure(state: RetryCallState) -> Transient:
    failed = state.outcome.exception() if state.outcome else None
    assert isinstance(failed, Transient)  # nothing else is tried again
    return failed
