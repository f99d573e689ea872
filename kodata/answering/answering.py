"""The door to the paid services: stories go in, and come out with how they ended."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from kodata.answering.desk import Desk
from kodata.answering.later import Later
from kodata.answering.patience import PATIENT, Patience
from kodata.answering.pool import Pool
from kodata.answering.purse import Purse
from kodata.answering.replies import Ending, Reply, Unanswered
from kodata.answering.tally import Tally
from kodata.asks import Ask
from kodata.events import Tell
from kodata.ledger import Ledger
from kodata.providers import Provider
from kodata.providers.openai import OpenAI
from kodata.providers.openai_batch import OpenAIBatches
from kodata.stages import Story


def unanswered(ask: Ask, idents: Sequence[str]) -> Reply:
    """What is said to a question that is neither in the ledger nor sent."""
    return Unanswered("not in the ledger")


@dataclass
class Answering:
    """Answers the stories of a stage from the ledger and, unless it is `sends=False`, from the providers.

    `providers` are keyed by the name that asks bear. What cannot be answered ends its record as Unanswered; to what is
    not sent `stand_in` replies, who is told which stories wait for it. The keys of all answers that the ledger gave are
    added to `met`, where there is one.
    """

    ledger: Ledger
    providers: Mapping[str, Provider]
    purse: Purse
    tell: Tell
    sends: bool = True
    parallel: int | None = None
    patience: Patience = PATIENT
    tallies: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    met: set[bytes] | None = None
    stand_in: Callable[[Ask, Sequence[str]], Reply] = unanswered

    @cached_property
    def desk(self) -> Desk:
        """Who sends, for as long as the run lasts."""
        return Desk(self.ledger, self.purse, self.tell, self.patience, self.tallies, self.parallel)

    @cached_property
    def later(self) -> Later:
        """The batches of the providers that take them."""
        services = {name: OpenAIBatches(each) for name, each in self.providers.items() if isinstance(each, OpenAI)}
        return Later(self.ledger, self.purse, self.tell, self.patience, self.tallies, services)

    def run(self, stories: Iterable[tuple[str, Story]], moved: Callable[[int], None]) -> dict[str, Ending]:
        """How each story ends, by id; `moved` is told how many have ended so far.

        Raises OverBudget, Misconfigured, QuotaUsedUp, Unreachable or LedgerError once the requests on the way
        have come home and are committed; so does KeyboardInterrupt.
        """
        return Pool(self, moved).run(stories)
