"""Everything that can go wrong, as one tree.

    KodataError
    +- PipelineError      the pipeline file or an option is wrong            exit 2
    +- SourceError        a source is missing, changed or unreadable         exit 1
    +- BuildError         no such build or record, or the workspace is busy  exit 1
    +- LedgerError        the ledger cannot be opened, read or written       exit 1
    +- ProviderError
    |  +- Misconfigured   no key, wrong key, unknown model, no price         exit 1
    |  +- QuotaUsedUp     the account's quota is used up                     exit 1
    |  +- Unreachable     too many transient failures in a row               exit 1
    |  +- Transient       one request failed and may be tried again          (never leaves answering)
    |  +- Refused         one request is not accepted as it is               (never leaves answering)
    +- OverBudget         the next request would pass the budget             exit 4
    |  +- DayIsSpent      or what may be spent on a day                      exit 4
    +- WaitingForBatch    questions are out in batches, for a day at most    exit 7
    +- LawBroken          a stage lost or invented records: a bug            exit 1

Every message says what happened, to what, and what to do next; none holds a key or a text of the corpus.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class KodataError(Exception):
    """Base of all errors that kodata raises on purpose."""

    exit_code = 1


class PipelineError(KodataError):
    """The pipeline file, a setting or an option is wrong."""

    exit_code = 2


class SourceError(KodataError):
    """A source is missing, changed or unreadable."""


class NoSource(SourceError):
    """A source is not where it was said to be, or cannot be fetched from there."""


class BuildError(KodataError):
    """A build, or a record in it, is not there; or its workspace is in use."""


class LedgerError(KodataError):
    """The ledger cannot be opened, read or written."""


class ProviderError(KodataError):
    """A paid service did not do what was asked of it."""


class Misconfigured(ProviderError):
    """Asking again cannot help: no key, a wrong key, an unknown model, no price."""


class QuotaUsedUp(ProviderError):
    """The account has nothing left to spend."""


class Unreachable(ProviderError):
    """Too many requests in a row failed for passing reasons."""


class Transient(ProviderError):
    """One request failed and may succeed when sent again.

    `retry_after_s` is what the service asked for (None: it did not say); `is_throttled` claims that it got too many
    requests; `is_lost` that it may have done, and billed, the work although no usable answer came back.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after_s: float | None = None,
        is_throttled: bool = False,
        is_lost: bool = False,
    ) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.is_throttled = is_throttled
        self.is_lost = is_lost


class Refused(ProviderError):
    """One request is not accepted as it is: too large, malformed, or a text the service cannot take."""


class OverBudget(KodataError):
    """The next request could pass the budget."""

    exit_code = 4


class DayIsSpent(OverBudget):
    """The next request could pass what the pipeline file allows for a day."""


class WaitingForBatch(KodataError):
    """Questions were handed to a service for later; the same command collects their answers."""

    exit_code = 7


class LawBroken(KodataError):
    """A stage lost or invented records. This is a bug in the stage; the ids are in the message."""


_SHORT_LIST = 60  # words


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """` - did you mean "x"?` for the nearest known word, whatever its case, else the list of all where it is short."""
    words = sorted(known)
    folded = {name.lower(): name for name in words}
    near = get_close_matches(word.lower(), folded, n=1, cutoff=0.5)
    if near:
        return f' - did you mean "{folded[near[0]]}"?'
    return f" - known: {', '.join(words) or 'none'}" if len(words) <= _SHORT_LIST else ""
