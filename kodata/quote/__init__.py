"""The price known before: what a build would ask and cost, from the texts themselves or from answers of the past.

`Foresight` walks the records of a plan past questions nobody has answered yet, `Outlook` says what such answers are
like, a `StageQuote` is
what comes of it, a `Plan` all of them.
"""

from __future__ import annotations

from kodata.quote.foresight import Foresight
from kodata.quote.plan import Plan, Quota
from kodata.quote.stage import StageQuote

__all__ = ["Foresight", "Plan", "Quota", "StageQuote"]
