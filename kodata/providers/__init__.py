"""Who answers: the paid services through their official clients, and two that cost nothing.

A provider turns a batch of asks into one request and the response into answers. It does not retry, wait or count:
that is `kodata.answering`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Protocol

from kodata.asks import Answer, Ask
from kodata.providers.limits import Limits


class Provider(Protocol):
    """One account at one service."""

    @property
    def name(self) -> str:
        """The name under which asks are addressed to it."""

    @property
    def is_pretend(self) -> bool:
        """Whether its answers are nobody's money and stay out of the ledger."""

    @property
    def batch(self) -> int:
        """How many asks of equal settings go into a full request."""

    @property
    def parallel(self) -> int:
        """How many requests may be on the way at a time, at the most."""

    @property
    def limits(self) -> Limits | None:
        """What the last response to this thread said of the account's limits; None where services say nothing."""

    def take(self, pending: deque[Ask]) -> list[Ask]:
        """Asks for one request off the front of `pending`: one or more, of equal settings."""

    def characters(self, ask: Ask) -> int:
        """Characters of the ask that are billed; 0 where tokens are."""

    def tokens(self, ask: Ask) -> int:
        """Tokens of question and longest answer, which count against the account's limit; 0 where none do."""

    def usd_bound(self, ask: Ask) -> float:
        """What the answer can cost at most, in dollars. Raises Misconfigured when there is no price."""

    def tokens_in(self, ask: Ask) -> int:
        """Tokens of the question, as well as they can be counted; 0 where characters are billed."""

    def vocabulary(self, ask: Ask) -> str:
        """What `tokens_in` counts with; empty where it estimates."""

    def most_out(self, ask: Ask) -> int:
        """Tokens that the answer may have at most; 0 where characters are billed."""

    def usd_of(self, ask: Ask, tokens_in: float, tokens_out: float) -> float:
        """What the answer costs when question and answer have that many tokens, in dollars. Raises as `usd_bound`."""

    def answer(self, asks: Sequence[Ask]) -> list[Answer]:
        """One request: the answers, in the order of the asks and as many.

        Raises Transient, Refused, Misconfigured or QuotaUsedUp.
        """


class Free:
    """What costs nothing and has no limits."""

    limits: Limits | None = None

    def tokens(self, ask: Ask) -> int:
        return 0

    def characters(self, ask: Ask) -> int:
        return 0

    def usd_bound(self, ask: Ask) -> float:
        return 0.0

    def tokens_in(self, ask: Ask) -> int:
        return 0

    def vocabulary(self, ask: Ask) -> str:
        return ""

    def most_out(self, ask: Ask) -> int:
        return 0

    def usd_of(self, ask: Ask, tokens_in: float, tokens_out: float) -> float:
        return 0.0


def take_equal(pending: deque[Ask], most: int) -> list[Ask]:
    """Up to `most` asks of equal settings off the front."""
    taken = [pending.popleft()]
    while pending and len(taken) < most and pending[0].settings == taken[0].settings:
        taken.append(pending.popleft())
    return taken
