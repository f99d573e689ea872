"""What a run asked and paid, provider by provider."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kodata.asks import Answer


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

    def add(self, answers: Iterable[Answer]) -> None:
        for answer in answers:
            self.sent += 1
            self.characters += answer.characters
            self.tokens_in += answer.tokens_in
            self.tokens_out += answer.tokens_out
            self.usd += answer.usd
