"""The open stories of a stage: what they ask, what they wait for, and what is on the way."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, TypeAlias

from kodata.answering.replies import Ending, Reply, Unanswered
from kodata.asks import Answer, Ask
from kodata.providers import Provider
from kodata.stages import Story

if TYPE_CHECKING:
    from kodata.answering.answering import Answering

Sent: TypeAlias = Future[list[tuple[Ask, Reply]]]


@dataclass
class _Open:
    """A story that waits for answers."""

    ident: str
    story: Story
    asks: Sequence[Ask]
    replies: dict[bytes, Reply]


class Pool:
    """One run of a stage: the open stories, what they wait for, and what is on the way."""

    def __init__(self, answering: Answering, moved: Callable[[int], None]) -> None:
        self.desk = answering.desk
        self.ledger = answering.ledger
        self.providers = answering.providers
        self.tallies = answering.tallies
        self.sends = answering.sends
        self.stand_in = answering.stand_in
        self.parallel = answering.parallel
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
        if not self.sends:
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
            known = self.ledger.known(list(asked))
            for key, ask in asked.items():
                if key in known:
                    self.tallies[ask.provider].known += 1
                    self._reply(ask, known[key])
                else:
                    self.pending[ask.provider, ask.settings].append(ask)
        self.moved(len(self.endings))

    def _leave_open(self) -> None:
        """Reply to what is not sent; a story that goes on may ask more."""
        while self.pending:
            asks, self.pending = [ask for left in self.pending.values() for ask in left], defaultdict(deque)
            for ask in asks:
                self.tallies[ask.provider].unanswered += 1
                self._reply(ask, self.stand_in(ask, [opened.ident for opened in self.waiting[ask.key]]))
            self._look_up()

    def _ask_providers(self) -> None:
        workers = self.parallel or max(self.providers[name].parallel for name, _ in self.pending)
        executor = ThreadPoolExecutor(workers, thread_name_prefix="kodata")
        try:
            while True:
                self._send_what_fits(executor, workers)
                if not self.on_the_way:
                    break
                sent = self._next_home()
                tally = self.tallies[self.on_the_way.pop(sent)]
                for ask, reply in sent.result():
                    tally.unanswered += isinstance(reply, Unanswered)
                    self._reply(ask, reply)
                self._look_up()
        except BaseException:
            self.desk.stop.set()  # whoever waits before a request gives up; what is on the way is taken in
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
                    raise self.desk.purse.over(reserved)
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
            provider = self.providers[name]
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
