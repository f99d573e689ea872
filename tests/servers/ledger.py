"""What the loopback servers answer, how they fail, and what they count."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

KIND = re.compile(r"\d{3}(-retry-after|-quota)?|cut|short|html|drop|slow")


def digest(*parts: str) -> str:
    """16 hex digits which depend on every part and on their order."""
    return blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def unit(*parts: str) -> float:
    """A number in [0, 1) which depends only on the parts."""
    return int(digest(*parts), 16) / 2**64


class Refused(Exception):
    """Raised while answering: the request gets this status and the service's error body."""

    def __init__(self, status: int, message: str = "", code: str = "") -> None:
        super().__init__(status, message, code)
        self.status, self.message, self.code = status, message, code


@dataclass(frozen=True)
class Faults:
    """Which requests fail, and how; the default is none.

    Of the requests that would succeed, ``share`` fail, at most ``times`` in all, each in one of ``kinds``:
    a status ("429", "503", "401"), the same with a Retry-After header ("429-retry-after"), "429-quota"
    (OpenAI's insufficient_quota), or

    * cut: the answer is billed, half its body is sent, the connection is closed;
    * drop: the answer is billed, nothing is sent, the connection is closed;
    * short: the answer is billed and holds one translation too few (OpenAI: no choices);
    * html: status 200 and a web page, nothing is billed;
    * slow: answered in full after ``delay`` seconds.

    GET requests fail only with ``lookups``. The three mark faults (DeepL) are the shares of texts with
    marks whose answer lacks one, has one twice, or has one elsewhere; a text always meets the same fate.
    ``english`` (OpenAI) is the share of questions, by their text, whose answer is in English.
    """

    share: float = 1.0
    kinds: Sequence[str] = ()
    seed: int = 1
    times: int | None = None
    retry_after: float = 1
    delay: float = 1.0
    lookups: bool = False
    drop_marks: float = 0.0
    double_marks: float = 0.0
    move_marks: float = 0.0
    english: float = 0.0

    def __post_init__(self) -> None:
        if unknown := [kind for kind in self.kinds if not KIND.fullmatch(kind)]:
            raise ValueError(f"unknown kinds of fault: {unknown}")


@dataclass(frozen=True)
class Answer:
    """What goes back: ``keys`` identify what was asked and answered, and are empty unless it is billed."""

    status: int
    payload: dict[str, Any]
    keys: Sequence[str] = ()
    characters: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    spoiled: Sequence[str] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    fault: str = ""
    raw: bytes | None = None  # sent instead of the payload


@dataclass
class Ledger:
    """The counts of a server. All sums but ``billed`` are over the answers that were sent in full."""

    requests: int = 0
    lookups: int = 0
    ok: int = 0
    texts: int = 0
    characters: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    billed: int = 0
    lost: int = 0
    repeated: int = 0
    running: int = 0
    max_concurrent: int = 0
    faulted: dict[str, int] = field(default_factory=Counter)
    answered: dict[str, int] = field(default_factory=Counter)

    def add(self, answer: Answer, sign: int = 1) -> None:
        """Count a full answer, or with ``sign=-1`` take it back."""
        self.ok += sign
        self.texts += sign * len(answer.keys)
        self.characters += sign * answer.characters
        self.tokens_in += sign * answer.tokens_in
        self.tokens_out += sign * answer.tokens_out
        for counter, names in ((self.answered, answer.keys), (self.faulted, answer.spoiled)):
            for name in names:
                counter[name] += sign

    def counts(self) -> dict[str, Any]:
        """The numbers, with ``distinct`` for how many different texts or prompts were answered."""
        counts = {name: value for name, value in vars(self).items() if name != "answered"}
        return counts | {"distinct": sum(map(bool, self.answered.values()))}
