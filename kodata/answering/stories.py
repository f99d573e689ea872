"""Stories that are open: what each asked, what it waits for, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from kodata.answering.replies import Ending, Reply, Unanswered
from kodata.asks import Answer, Ask
from kodata.stages import Story


@dataclass
class _Open:
    """A story that waits for answers."""

    ident: str
    story: Story
    asks: Sequence[Ask]
    replies: dict[bytes, Reply]


Waiting: TypeAlias = list[_Open]


@dataclass
class Stories:
    """Steps each story as far as its answers reach. `new` questions were asked and not yet looked up.

    `shared` are the keys of questions that are not known to be a story's by themselves (another asked first, or the
    ledger knew the answer), each with the story. Instead of a question whose answer was `rejected` its next sample is
    asked.
    """

    rejected: frozenset[bytes] = frozenset()
    new: dict[bytes, Ask] = field(default_factory=dict)
    endings: dict[str, Ending] = field(default_factory=dict)
    shared: list[tuple[bytes, str]] = field(default_factory=list)
    _waiting: dict[bytes, Waiting] = field(default_factory=dict)

    def begin(self, ident: str, story: Story) -> None:
        self._step(ident, story, None)

    def take_new(self) -> Mapping[bytes, Ask]:
        """The new questions, by key; from now on they are the caller's."""
        taken, self.new = self.new, {}
        return taken

    def know(self, ask: Ask, reply: Reply) -> None:
        """Hand on a reply that was in the ledger."""
        self.shared += [(ask.key, ident) for ident in self.waiting_for(ask)[:1]]  # the others are there already
        self.reply(ask, reply)

    def waiting_for(self, ask: Ask) -> list[str]:
        """The stories that wait for the answer."""
        return [opened.ident for opened in self._waiting[ask.key]]

    def reply(self, ask: Ask, reply: Reply) -> None:
        """Hand a reply to every story that waits for it, and resume those that have all of theirs."""
        for opened in self._waiting.pop(ask.key):
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

    def _step(self, ident: str, story: Story, answers: list[Answer] | None) -> None:
        """Resume a story until it waits for answers or ends."""
        try:
            asks = story.send(answers) if answers is not None else next(story)
            while not asks:  # a story may find that it has nothing to ask
                asks = story.send([])
        except StopIteration as end:
            self.endings[ident] = end.value
            return
        opened = _Open(ident, story, [self._not_rejected(ask) for ask in asks], {})
        for ask in {ask.key: ask for ask in opened.asks}.values():
            if ask.key in self._waiting or ask.about.partition("#")[0] != ident:
                self.shared.append((ask.key, ident))
            if ask.key not in self._waiting:
                self._waiting[ask.key] = []
                self.new[ask.key] = ask
            self._waiting[ask.key].append(opened)

    def _not_rejected(self, ask: Ask) -> Ask:
        while ask.key in self.rejected:
            ask = ask.again(ask.sample + 1)
        return ask
