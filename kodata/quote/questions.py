"""The questions of a stage that would be sent: what they come to, in how many requests, and how long they take."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from kodata.accounts import Account
from kodata.asks import Ask
from kodata.ledger import Ledger
from kodata.providers import Provider
from kodata.quote.outlay import Outlay
from kodata.quote.outlook import PAST, Outlook


@dataclass
class Kind:
    """Questions of equal settings to one provider. Some of those that are imagined may never be asked."""

    provider: Provider
    outlook: Outlook
    vocabulary: str
    sums: Outlay = field(default_factory=Outlay)
    requests: float = 0.0
    limit_tokens: float = 0.0  # that count against the account's limit
    is_imagined: bool = False
    _unsent: deque[Ask] = field(default_factory=deque)

    def count(self, ask: Ask, *, share: float, times: int, is_imagined: bool) -> Outlay:
        """Count that share of the question, so many times; what it comes to once."""
        self.is_imagined |= is_imagined
        expected = self.outlook.expect(self.provider, ask)
        self.sums.add(expected, share * times)
        self.limit_tokens += self.provider.tokens(ask) * share * times
        for _ in range(times):
            self._unsent.append(ask)
            if len(self._unsent) >= self.provider.batch:
                self._send(share)
        return expected

    def flush(self) -> None:
        """Count the requests that are not full."""
        while self._unsent:
            self._send(1.0)

    def seconds(self, account: Account) -> float | None:
        """How long they take at the account's limits, or else at the speed of the past; None where unknown."""
        per_s = self.outlook.per_s
        return account.seconds(self.requests, self.limit_tokens) or (self.sums.asks / per_s if per_s else None)

    def _send(self, share: float) -> None:
        self.provider.take(self._unsent)
        self.requests += share


@dataclass
class Questions:
    """The questions of one stage, by provider and settings."""

    providers: Mapping[str, Provider]
    ledger: Ledger
    accounts: Mapping[str, Account]
    is_translation: bool
    kinds: dict[tuple[str, str], Kind] = field(default_factory=dict)

    def kind(self, ask: Ask) -> Kind:
        """Where the question belongs."""
        place = ask.provider, ask.settings
        if place not in self.kinds:
            provider, past = self.providers[ask.provider], self.ledger.past(*place, PAST)
            outlook = Outlook.of(past, provider, ask.settings, is_translation=self.is_translation)
            self.kinds[place] = Kind(provider, outlook, provider.vocabulary(ask))
        return self.kinds[place]

    @property
    def korean(self) -> float:
        """How many characters a translation has for one of English."""
        return max((kind.outlook.korean for kind in self.kinds.values()), default=1.0)

    def quoted(self) -> dict[str, Any]:
        """What they come to, as fields of a StageQuote."""
        sums, kinds = Outlay(), self.kinds.values()
        for kind in kinds:
            kind.flush()
            sums.add(kind.sums, 1.0)
        times = [kind.seconds(self.accounts.get(kind.provider.name, Account())) for kind in kinds]
        return {
            "to_ask": round(sums.asks),
            "requests": ceil(sum(kind.requests for kind in kinds)),
            "characters": round(sums.characters),
            "tokens_in": round(sums.tokens_in),
            "tokens_out": round(sums.tokens_out),
            "usd": sums.usd,
            "usd_low": sums.usd_low,
            "usd_high": sums.usd_high,
            "usd_bound": sums.usd_bound,
            "seconds": sum(time for time in times if time) if times and None not in times else None,
            "is_estimate": bool(sums.usd) and (self._rests_on() != "texts" or sums.usd_low < sums.usd_high),
            "vocabulary": " ".join(sorted({kind.vocabulary for kind in kinds})),
            "basis": self._rests_on(),
            "answers": min((kind.outlook.answers for kind in kinds), default=0),
        }

    def _rests_on(self) -> str:
        """On what the sums rest: see `StageQuote.basis`."""
        costly = [kind for kind in self.kinds.values() if kind.sums.usd]
        if not any(kind.sums.tokens_in or kind.is_imagined for kind in costly):
            return "texts" if costly else ""
        return "answers" if all(kind.outlook.answers for kind in costly) else "assumed"
