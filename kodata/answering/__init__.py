"""Ledger first, then provider: pools the questions of thousands of open stories, asks each once, and resumes them.

This is the only place that retries, waits, or spends. `Answering` is the door; behind it a `Pool` steps the stories of
one stage in one thread, a `Desk` sends their questions from many, a `Purse` holds the money.
"""

from __future__ import annotations

from kodata.answering.answering import Answering
from kodata.answering.patience import PATIENT, Patience
from kodata.answering.purse import Day, Purse
from kodata.answering.replies import Ending, Reply, Unanswered
from kodata.answering.speed import Speed
from kodata.answering.tally import Tally

__all__ = ["PATIENT", "Answering", "Day", "Ending", "Patience", "Purse", "Reply", "Speed", "Tally", "Unanswered"]
