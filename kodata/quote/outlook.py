"""What an answer will be like, judged by those that were paid for with the same settings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from math import sqrt
from statistics import fmean

import orjson

from kodata.asks import Ask
from kodata.ledger import Past
from kodata.providers import Provider
from kodata.quote.outlay import Outlay

PAST = 2_000  # of the newest answers are looked at
_ENOUGH = 10  # fewer say nothing
_ENOUGH_FOR_SPEED = 200  # fewer are over before a service is at its pace
_IDLE_S = 10.0  # a longer pause between two answers was no waiting for the service

# Without answers of the past. Written answers are 60 tokens in KoAlpaca v1.0; instruct models of today write about 250.
_AS_WRITTEN = ((0.0, 60.0), (0.0, 250.0), (0.0, 250.0))
# Korean characters for one of English: 1st percentile, median, 99th percentile of the instructions of KoAlpaca v1.0.
_KOREAN = (0.33, 0.50, 0.77)
KOREAN_A_TOKEN = 1.75  # characters in o200k


@dataclass(frozen=True)
class Outlook:
    """What to expect of the answers to one kind of question.

    `out` is the tokens of an answer as a line over the characters asked: at least, expected, at most; slope and
    constant. `read` is how many tokens a service bills for one that was counted here. `korean` is how many characters
    a translation has for one of English. `per_s` answers a second came in the past. `answers` of the past are what
    all this rests on; 0 where it is assumed.
    """

    is_translation: bool
    out: tuple[tuple[float, float], ...]
    answers: int = 0
    read: float = 1.0
    korean: float = _KOREAN[1]
    per_s: float | None = None

    @classmethod
    def of(cls, past: list[Past], provider: Provider, settings: str, *, is_translation: bool) -> Outlook:
        """The outlook from answers of the past; assumed where they are too few."""
        if len(past) < _ENOUGH:
            translated = tuple((share / KOREAN_A_TOKEN, 0.0) for share in _KOREAN)
            return cls(is_translation, translated if is_translation else _AS_WRITTEN)
        asked = [asked_characters(p.content) for p in past]
        counted = sum(provider.tokens_in(Ask(provider.name, settings, p.content)) for p in past)
        billed = [p for p in past if p.tokens_out]
        return cls(
            is_translation,
            _line([asked_characters(p.content) for p in billed], [p.tokens_out for p in billed]),
            len(past),
            sum(p.tokens_in for p in past) / counted if counted else 1.0,
            sum(len(p.text) for p in past) / max(sum(asked), 1) if is_translation else _KOREAN[1],
            _speed([p.at for p in past]),
        )

    def expect(self, provider: Provider, ask: Ask) -> Outlay:
        """What the answer to a question will cost."""
        most = provider.most_out(ask)
        if not most:
            return Outlay.of_characters(provider, ask, may_repeat=self.is_translation)
        asked, read = asked_characters(ask.content), provider.tokens_in(ask) * self.read
        wrote = [min(max(slope * asked + constant, 1.0), float(most)) for slope, constant in self.out]
        low, usd, high = (provider.usd_of(ask, read, out) for out in wrote)
        return Outlay(1, 0.0, read, wrote[1], low, usd, high, provider.usd_bound(ask))


def asked_characters(content: str) -> int:
    """Characters of a text, or of the last message of a chat: what the length of an answer depends on."""
    return len(orjson.loads(content)[-1]["content"]) if content.startswith("[{") else len(content)


def _line(asked: list[int], out: list[int]) -> tuple[tuple[float, float], ...]:
    """The mean answer as it depends on the length of the question, less and plus two standard errors.

    The regression estimator of survey sampling (Cochran, Sampling Techniques, chapter 7).
    """
    if not out:
        return _AS_WRITTEN
    mean_asked, mean_out = fmean(asked), fmean(out)
    spread = sum((x - mean_asked) ** 2 for x in asked)
    shared = sum((x - mean_asked) * (y - mean_out) for x, y in zip(asked, out, strict=True))
    slope = max(shared / spread, 0.0) if spread else 0.0
    constant = mean_out - slope * mean_asked
    missed = sum((y - slope * x - constant) ** 2 for x, y in zip(asked, out, strict=True))
    error = 2 * sqrt(missed / max(len(out) - 2, 1) / len(out))
    return (slope, constant - error), (slope, constant), (slope, constant + error)


def _speed(at: list[str]) -> float | None:
    """Answers a second, idle times left out."""
    if len(at) < _ENOUGH_FOR_SPEED:
        return None
    times = sorted(datetime.fromisoformat(text).timestamp() for text in at)
    busy = sum(gap for a, b in pairwise(times) if (gap := b - a) <= _IDLE_S)
    return len(times) / max(busy, 1.0)
