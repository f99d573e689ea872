"""What services said of an account's limits, kept for the next quote. May be deleted at any time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Account:
    """Requests and tokens that an account may use in a second; None where nothing was said."""

    requests_per_s: float | None = None
    tokens_per_s: float | None = None

    def seconds(self, requests: float, tokens: float) -> float | None:
        """How long that many take at least; None where no limit is known."""
        uses = (requests, self.requests_per_s), (tokens, self.tokens_per_s)
        return max((amount / per_s for amount, per_s in uses if per_s), default=None)


def load_accounts(path: Path) -> dict[str, Account]:
    """The accounts by the name of their provider; none where the file is not there or says something else."""
    try:
        return {name: Account(**limits) for name, limits in json.loads(path.read_text(encoding="utf-8")).items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def save_accounts(path: Path, accounts: Mapping[str, Account]) -> None:
    """Put these beside those that are known. What cannot be written is not kept."""
    if accounts:
        known = {name: asdict(account) for name, account in {**load_accounts(path), **accounts}.items()}
        beside = path.with_suffix(".new")
        with suppress(OSError):
            beside.write_text(json.dumps(known, indent=2), encoding="utf-8")
            beside.replace(path)
