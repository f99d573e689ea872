"""The questions of a stage: looked up, claimed, pooled into requests, and on the way."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, TypeAlias

from kodata.answering.pace import with_ready
from kodata.answering.replies import Ending, Reply, Unanswered
from kodata.answering.stories import Stories
from kodata.asks import Ask
from kodata.errors import LedgerError
from kodata.events import Waiting
from kodata.ledger import Ledger, rescued
from kodata.providers import Provider
from kodata.stages import Story

if TYPE_CHECKING:
    from kodata.answering.answering import Answering

Sent: TypeAlias = Future[list[tuple[Ask, Reply]]]

_REDACTED = Unanswered("its texts were redacted", "redacted")
_WAKE_S = 0.5  # how long a wait may last: importing polars makes Ctrl-C restart what it interrupts
_SHORTEST_S = 0.001
_CLAIMED_AHEAD = 100  # questions in one transaction: another build gets those after them
_ELSEWHERE = 500  # questions of other builds looked up at a time
_A_FEW = 100  # stories begun between two signs of life


class Pool:
    """One run of a stage."""

    def __init__(self, answering: Answering, moved: Callable[[int], None]) -> None:
        self.answering = answering
        self.desk = answering.desk
        self.ledger: Ledger = answering.ledger
        self.moved = moved
        self.stories = Stories(self.ledger.rejected())
        self.pending: dict[tuple[str, str], deque[Ask]] = defaultdict(deque)  # by provider and settings
        self.claimed: dict[tuple[str, str], deque[Ask]] = defaultdict(deque)  # of these, those that are next
        self.for_later: dict[str, list[Ask]] = defaultdict(list)  # by provider: to be submitted in batches
        self.elsewhere = _Elsewhere()
        self.held: tuple[Provider, list[Ask]] | None = None  # waits for room in the budget
        self.on_the_way: dict[Sent, tuple[str, str]] = {}  # and provider and settings of its questions
        self.home: SimpleQueue[Sent] = SimpleQueue()

    def run(self, stories: Iterable[tuple[str, Story]]) -> dict[str, Ending]:
        for n, (ident, story) in enumerate(stories):
            self.stories.begin(ident, story)
            if n % _A_FEW == 0:  # finding out what to ask takes its time with long texts
                self.moved(len(self.stories.endings))
        self._look_up()
        if not self.answering.sends:
            self._leave_open()
        else:
            try:
                self._ask_providers()
                self._hand_over()
                self.ledger.also_asked(self.stories.shared)
            except BaseException as error:  # whatever ended the run: what came home meanwhile is paid for
                if self.desk.unkept_because is not None:
                    raise rescued(self.desk.unkept_because, self.desk.unkept, self.ledger.path) from error
                raise
        return self.stories.endings

    def _look_up(self) -> None:
        """Answer what the ledger knows, until only unknown questions are left, as pending."""
        while asked := self.stories.take_new():
            known = self.ledger.known(list(asked))
            if self.answering.met is not None:
                self.answering.met.update(known)
            unknown = [ask for key, ask in asked.items() if key not in known]
            late = self.answering.later.replies(unknown) if self.answering.sends else {}
            for key, ask in asked.items():
                if key in known:
                    self.answering.tallies[ask.provider].known += 1
                    self.stories.know(ask, _REDACTED if known[key].finish == "redacted" else known[key])
                elif key in late:
                    self.stories.reply(ask, late[key])
                elif ask.by_batch and self.answering.sends:
                    self.for_later[ask.provider].append(ask)
                else:
                    self.pending[ask.provider, ask.settings].append(ask)
        self.moved(len(self.stories.endings))

    def _leave_open(self) -> None:
        """Reply to what is not sent; a story that goes on may ask more."""
        while self.pending:
            asks, self.pending = [ask for left in self.pending.values() for ask in left], defaultdict(deque)
            for ask in asks:
                self.answering.tallies[ask.provider].unanswered += 1
                self.stories.reply(ask, self.answering.stand_in(ask, self.stories.waiting_for(ask)))
            self._look_up()

    def _hand_over(self) -> None:
        """Submit what may be answered later, once nothing is asked live any more."""
        try:
            for name, asks in self.for_later.items():
                self.answering.later.submit(name, asks)
        finally:
            with suppress(LedgerError):
                self.ledger.claims.release_all()
        for asks in self.for_later.values():
            for ask in asks:
                self.stories.reply(ask, Unanswered("waits for a batch", "waiting"))

    def _ask_providers(self) -> None:
        if not self.pending:
            return
        providers = [self.answering.providers[name] for name, _ in self.pending]
        workers = self.answering.parallel or max(provider.parallel for provider in providers)
        executor = ThreadPoolExecutor(workers, thread_name_prefix="kodata")
        try:
            while True:
                wake_s = self._send_what_fits(executor, workers)
                if not self.on_the_way and not self.held and not self.elsewhere.asks:
                    break
                with suppress(Empty):
                    self._take_home(self.home.get(timeout=wake_s))
                    while True:  # and whatever else is there
                        self._take_home(self.home.get_nowait())
                self._look_elsewhere()
                self._look_up()
        except BaseException:
            self.desk.stop.set()  # whoever waits before a request gives up; what is on the way is taken in
            raise
        finally:
            _take_in(executor, self.on_the_way)
            with suppress(LedgerError):  # what is claimed is free again when this process has ended
                self.ledger.claims.release_all()

    def _take_home(self, sent: Sent) -> None:
        name, _ = self.on_the_way.pop(sent)
        tally = self.answering.tallies[name]
        replies = sent.result()
        if left := [ask for ask, reply in replies if isinstance(reply, Unanswered)]:
            tally.unanswered += len(left)
            self.ledger.claims.release(ask.key for ask in left)
        for ask, reply in replies:
            self.stories.reply(ask, reply)

    def _look_elsewhere(self) -> None:
        """What other builds were asking may be answered by now, or be free again; we are still alive."""
        self.ledger.claims.beat()
        for ask in self.elsewhere.due():
            self.stories.new[ask.key] = ask
        if self.elsewhere.asks and not self.on_the_way:
            self.answering.tell(Waiting(self.elsewhere.asks[0].provider, _WAKE_S, "another build is asking the same"))

    def _send_what_fits(self, executor: ThreadPoolExecutor, workers: int) -> float:
        """Send until a worker, a question, money or the account's leave is missing; seconds until it may be there."""
        while len(self.on_the_way) < with_ready(workers) and (batch := self.held or self._next_batch()):
            provider, asks = self.held = batch
            reserved = sum(map(provider.usd_bound, asks))
            if not self.desk.purse.reserve(reserved):
                if self.on_the_way:
                    break  # bounds are high: what comes home makes room
                if len(asks) == 1:
                    raise self.desk.purse.over(reserved)
                half = len(asks) // 2
                self.claimed[provider.name, asks[0].settings].extendleft(reversed(asks[half:]))
                self.held = provider, asks[:half]
                continue
            if pause_s := self.desk.pace(provider).admit(sum(map(provider.tokens, asks))):
                self.desk.purse.settle(reserved, 0.0)
                return min(max(pause_s, _SHORTEST_S), _WAKE_S)
            self.held = None
            sent = executor.submit(self.desk.send, provider, asks, reserved, has_turn=True)
            self.on_the_way[sent] = provider.name, asks[0].settings
            sent.add_done_callback(self.home.put)
        return _WAKE_S

    def _next_batch(self) -> tuple[Provider, list[Ask]] | None:
        """A full request; a partial one only when nothing like it is on the way, whose stories could still fill it."""
        busy, through = set(self.on_the_way.values()), []
        try:
            for place, asks in self.pending.items():
                provider, claimed = self.answering.providers[place[0]], self.claimed[place]
                while asks and len(claimed) < provider.batch:
                    claimed.extend(self._claimed(provider, asks))
                if not asks and not claimed:
                    through.append(place)
                elif len(claimed) >= provider.batch or place not in busy:
                    return provider, provider.take(claimed)
        finally:
            for place in through:
                del self.pending[place], self.claimed[place]
        return None

    def _claimed(self, provider: Provider, asks: deque[Ask]) -> list[Ask]:
        """Those of the first asks that nobody else is asking; the others are looked up again in a while."""
        first = [asks.popleft() for _ in range(min(len(asks), _CLAIMED_AHEAD))]
        if provider.is_pretend:
            return first
        mine = self.ledger.claims.take([ask.key for ask in first])
        self.elsewhere.asks.extend(ask for ask in first if ask.key not in mine)
        return [ask for ask in first if ask.key in mine]


@dataclass
class _Elsewhere:
    """Questions that another build is asking, in the order in which they are looked up again."""

    asks: deque[Ask] = field(default_factory=deque)
    _last: float = 0.0

    def due(self) -> list[Ask]:
        """Some of them, when it is time again."""
        if not self.asks or time.monotonic() - self._last < _WAKE_S:
            return []
        self._last = time.monotonic()
        return [self.asks.popleft() for _ in range(min(len(self.asks), _ELSEWHERE))]


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
