"""What a response says of an account's limits, in the headers of OpenAI and of most servers that speak its protocol."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")
_UNITS_S = (86_400.0, 3_600.0, 60.0, 1.0, 0.001)
_MINUTE_S, _DAY_S = 60.0, 86_400.0


@dataclass(frozen=True, slots=True)
class Quota:
    """A bucket of the account: what it holds when full, what was left in it, what flows in a second."""

    limit: float
    left: float
    per_s: float


@dataclass(frozen=True, slots=True)
class Limits:
    """The account's buckets of requests and of tokens, where a response named them."""

    requests: Quota | None = None
    tokens: Quota | None = None


def limits_of(headers: Mapping[str, str]) -> Limits | None:
    """What `x-ratelimit-*` headers say; None when they say nothing."""
    requests, tokens = (_quota(headers, kind) for kind in ("requests", "tokens"))
    return Limits(requests, tokens) if requests or tokens else None


def _quota(headers: Mapping[str, str], kind: str) -> Quota | None:
    """Limits are by the minute or, for small accounts, by the day: `reset`, the time until full, tells which."""
    try:
        limit = float(headers[f"x-ratelimit-limit-{kind}"])
        left = float(headers[f"x-ratelimit-remaining-{kind}"])
    except (KeyError, ValueError):
        return None
    if not 0 < limit < 1e12 or not 0 <= left <= limit:
        return None
    reset_s = duration_s(headers.get(f"x-ratelimit-reset-{kind}", ""))
    is_daily = reset_s is not None and reset_s > 1 and (limit - left) / reset_s < limit / _MINUTE_S / 10
    return Quota(limit, left, limit / (_DAY_S if is_daily else _MINUTE_S))


def duration_s(text: str) -> float | None:
    """Seconds in `20ms`, `1.5s`, `6m0s` or `7h12m`; None when it is no duration."""
    found = _DURATION.fullmatch(text)
    if found is None or not text:
        return None
    return sum(float(part) * unit for part, unit in zip(found.groups(), _UNITS_S, strict=True) if part)
