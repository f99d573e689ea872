"""What becomes of a question, and of the story that asked it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from kodata.asks import Answer
from kodata.stages import Outcome


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A question that got no answer this time; the next run asks it again.

    `reason` is "refused" where the service does not take the text, which a limit for open questions does not count.
    """

    why: str
    reason: str = "unanswered"


Reply: TypeAlias = Answer | Unanswered
Ending: TypeAlias = Outcome | Unanswered
