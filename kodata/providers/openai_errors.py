"""What the OpenAI client can raise, as one of our errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from kodata.errors import Misconfigured, ProviderError, QuotaUsedUp, Refused, Transient

if TYPE_CHECKING:
    import openai

Kind = Literal["never sent", "maybe lost", "busy", "key", "missing", "request", "broken"]

# Every class the client can raise, by its own name; a test fails on one that is not here.
KINDS: dict[str, Kind] = {
    "OpenAIError": "key",  # raised bare when no key is set
    "APIError": "maybe lost",
    "APIStatusError": "broken",
    "APIConnectionError": "maybe lost",
    "APITimeoutError": "maybe lost",
    "APIResponseValidationError": "maybe lost",
    "BadRequestError": "request",
    "AuthenticationError": "key",
    "OAuthError": "key",
    "SubjectTokenProviderError": "key",
    "PermissionDeniedError": "key",
    "NotFoundError": "missing",
    "ConflictError": "busy",
    "UnprocessableEntityError": "request",
    "RateLimitError": "busy",
    "InternalServerError": "busy",
    "LengthFinishReasonError": "maybe lost",
    "ContentFilterFinishReasonError": "maybe lost",
    "WebSocketConnectionClosedError": "maybe lost",
    "WebSocketQueueFullError": "never sent",
    # What kodata does not use: the module-level and Azure clients, streams, agents, optional extras.
    "APIRemovedInV1": "never sent",
    "_AmbiguousModuleClientUsageError": "key",
    "MutuallyExclusiveAuthError": "key",
    "MissingDependencyError": "never sent",
    "StreamAlreadyConsumed": "maybe lost",
    "AgentFilePreparationError": "never sent",
    "AgentFileStagingError": "maybe lost",
    "AgentOutputParseError": "maybe lost",
    "AgentTurnResultError": "maybe lost",
}


def mapped(  # noqa: PLR0911  # one line a kind
    error: openai.OpenAIError, name: str, key: str = "OPENAI_API_KEY", url: str = "OPENAI_BASE_URL"
) -> ProviderError:  # one line a kind
    """The client's exception as one of ours; `key` and `url` are what to mend."""
    kind, code = _kind(error), getattr(error, "code", None)
    status = getattr(error, "status_code", None)
    said = f"{name} answered {status}" if status else f"{name}: {type(error).__name__}"
    if code == "insufficient_quota":
        return QuotaUsedUp(f"{name}: the account's quota is used up. Raise it, then run again to go on")
    if kind == "key":
        what = f"the key in {key} is not accepted" if key else "it wants a key, and no key_env names one"
        return Misconfigured(f"{said}: {what}. Check it with `kodata doctor`")
    if kind == "missing" or code in ("model_not_found", "invalid_model"):
        return Misconfigured(f"{said}: it does not know the model, or {url} is wrong. Set another with --set")
    if code in ("unsupported_parameter", "unsupported_value", "unknown_parameter"):
        return Misconfigured(f"{said}: the model does not take the setting {getattr(error, 'param', '')!r}")
    if kind == "request" or (kind == "broken" and status is not None and status < 500 and status != 408):
        return Refused(f"{said}")
    if kind in ("busy", "broken"):
        return Transient(said, retry_after_s=_retry_after(error), is_throttled=status == 429)
    return Transient(said, is_lost=kind == "maybe lost" and not _never_sent(error))


def _kind(error: openai.OpenAIError) -> Kind:
    """By the class, or the nearest one above it: a later client may have new ones."""
    own, *above = (cls.__name__ for cls in type(error).__mro__)
    known = (KINDS[name] for name in above if name in KINDS and name != "OpenAIError")
    return KINDS[own] if own in KINDS else next(known, "maybe lost")


def _retry_after(error: openai.OpenAIError) -> float | None:
    response = getattr(error, "response", None)
    wait = response.headers.get("retry-after", "") if response is not None else ""
    return float(wait) if wait.replace(".", "", 1).isdigit() else None


def _never_sent(error: BaseException) -> bool:
    """Whether the connection was never made, so that nothing can have been billed."""
    import httpx2

    return isinstance(error.__cause__, (httpx2.ConnectError, httpx2.ConnectTimeout))
