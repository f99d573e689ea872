"""What the DeepL client raises, as one of our errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kodata.errors import Misconfigured, ProviderError, QuotaUsedUp, Refused, Transient

if TYPE_CHECKING:
    import deepl


def mapped(error: deepl.DeepLException, name: str, retry_after_s: float | None) -> ProviderError:
    """The client's exception as one of ours. Decided by status: `should_retry` is wrong for 500, 502, 504 and 529."""
    status = error.http_status_code
    if status in (401, 403):
        return Misconfigured(
            f"{name} does not accept the key in DEEPL_AUTH_KEY ({status}). Check it with `kodata doctor`"
        )
    if status == 456:
        return QuotaUsedUp(
            f"{name}: the account's character quota is used up (456). Raise it or wait, then run again to go on"
        )
    if status == 429 or (status is not None and status >= 500):
        return Transient(f"{name} answered {status}", retry_after_s=retry_after_s, is_throttled=status == 429)
    if status == 404:
        return Misconfigured(f"{name} is not there (404). Check DEEPL_SERVER_URL")
    if status is not None:
        return Refused(f"{name} does not take the request ({status})")
    return Transient(
        f"{name} cannot be reached. Check the network and DEEPL_SERVER_URL", is_lost=not _never_sent(error)
    )


def _never_sent(error: BaseException) -> bool:
    """Whether the connection was never made, so that nothing can have been billed."""
    import requests
    import urllib3

    cause = error.__cause__ or error.__context__
    reason = getattr(cause.args[0], "reason", None) if cause is not None and cause.args else None
    return isinstance(cause, requests.exceptions.ConnectTimeout) or isinstance(
        reason, urllib3.exceptions.NewConnectionError
    )
