"""What a plan says of one stage."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class StageQuote:
    """What a plan says of one stage.

    `records` reach it as things stand and `pending` more may, once a stage before has its answers; `reuse` of them are
    remembered. `known` asks are in the ledger, `in_batches` are out in batches, `to_ask` are neither: in `requests`,
    with `characters` or tokens that are billed, for `usd`, between `usd_low` and `usd_high`, and at most `usd_bound`;
    in about `seconds` where it is known how fast the service answers.

    `is_estimate` says that not all of it is known; `basis` on what it rests: "texts", "answers" of the past (`answers`
    of them) or "assumed" lengths. Tokens are counted with the `vocabulary`, estimated by letters where it is empty.
    """

    stage: str
    kind: str
    records: int
    pending: int
    reuse: int
    kept: int
    known: int
    to_ask: int
    provider: str = ""
    requests: int = 0
    characters: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    usd: float = 0.0
    usd_low: float = 0.0
    usd_high: float = 0.0
    usd_bound: float = 0.0
    seconds: float | None = None
    is_estimate: bool = False
    vocabulary: str = ""
    basis: str = ""
    answers: int = 0
    in_batches: int = 0
