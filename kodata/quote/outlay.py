"""What questions will cost: sums of what is expected, with the least and the most of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import sqrt

from kodata.asks import Ask
from kodata.providers import Provider

# A text that lost a mark or a line break is asked again in smaller pieces. Blanks and brackets were lost in 12 of 230
# texts of KoAlpaca v1.0.
_AGAIN_MOST = 0.10
_LOSES = re.compile(r"<|\n")  # marks and line breaks: the text itself is escaped


@dataclass
class Outlay:
    """What some questions will cost; the sums need not be whole, as not every record may get that far.

    `usd_bound` is what the service could bill at most for the questions once; `fragile` of the texts may have to be
    asked again in pieces, which could cost up to `again_usd` more.
    """

    asks: float = 0.0
    characters: float = 0.0
    tokens_in: float = 0.0
    tokens_out: float = 0.0
    usd_low: float = 0.0
    usd: float = 0.0
    usd_high: float = 0.0
    usd_once: float = 0.0
    fragile: float = 0.0
    again_usd: float = 0.0

    @classmethod
    def of_characters(cls, provider: Provider, ask: Ask, *, may_repeat: bool) -> Outlay:
        """What a text will cost that is billed by its characters: known but for pieces that are asked again."""
        characters, usd, once = provider.characters(ask), provider.usd_of(ask, 0, 0), provider.usd_bound(ask)
        if not (may_repeat and _LOSES.search(ask.content)):
            return cls(1, characters, 0.0, 0.0, usd, usd, usd, once)
        rounds = 2 if "\n" in ask.content else 1  # its lines, then their sentences
        return cls(1, characters, 0.0, 0.0, usd, usd, usd * (1 + _AGAIN_MOST * rounds), once, 1, once * rounds)

    def add(self, other: Outlay, share: float) -> None:
        """Take in that share of another."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + share * value)

    @property
    def usd_bound(self) -> float:
        """What all this can cost at most: each answer as long as it may be, and texts asked again.

        Of many fragile texts no more than a tenth and four standard deviations are; of a few, all.
        """
        n = self.fragile
        share = min(1.0, _AGAIN_MOST + 4 * sqrt(_AGAIN_MOST * (1 - _AGAIN_MOST) / n) + 2 / n) if n else 0.0
        return max(self.usd_once + share * self.again_usd, self.usd_high)
