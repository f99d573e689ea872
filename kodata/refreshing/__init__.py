"""The nightly refresh: a corpus is brought up to date, only what is new is paid, and only a good one is published."""

from kodata.refreshing.bringing import one_at_a_time, refresh
from kodata.refreshing.looking import Look, known_corpora
from kodata.refreshing.outcome import Outcome, TimeIsUp, worst
from kodata.refreshing.telling import tell as tell_webhook
from kodata.refreshing.versions import promote, roll_back

__all__ = [
    "Look", "Outcome", "TimeIsUp", "known_corpora", "one_at_a_time", "promote", "refresh", "roll_back", "tell_webhook",
    "worst",
]  # fmt: skip
