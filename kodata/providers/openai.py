"""OpenAI, and servers that speak its protocol, through the official client: one chat a request, retries left to us."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import orjson
from annotated_types import Ge, MinLen

from kodata.asks import Answer, Ask, Finish, Messages, canonical
from kodata.errors import Misconfigured, ProviderError, QuotaUsedUp, Refused, Transient
from kodata.korean import clean
from kodata.prices import Prices, TokenPrice
from kodata.providers import take_equal
from kodata.tokens import is_counted, tokens_of

if TYPE_CHECKING:
    import openai
    from openai.types.chat import ChatCompletion

Kind = Literal["never sent", "maybe lost", "busy", "key", "missing", "request", "broken"]

_TIMEOUT_S = 180.0
_MESSAGE_TOKENS = 8  # role and separators of a message, generously
_ROLE_TOKENS, _REPLY_TOKENS = 4, 3  # the same as OpenAI counts them: a message's, and what opens the answer

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


FINISHES: dict[str, Finish] = {"stop": "stop", "length": "length", "content_filter": "content_filter"}


@dataclass(frozen=True)
class OpenAIWriter:
    """How the regenerate stage asks a chat model. There is no default model: models are shut down every year.

    What is not set is not sent; newer models refuse a temperature.
    """

    version: ClassVar[int] = 1

    model: Annotated[str, MinLen(1)]
    max_output_tokens: Annotated[int, Ge(1)] = 1024
    temperature: Annotated[float, Ge(0)] | None = None
    provider: str = "openai"

    @cached_property
    def _settings(self) -> str:
        wanted: dict[str, object] = {"model": self.model, "max_output_tokens": self.max_output_tokens}
        if self.temperature is not None:
            wanted["temperature"] = self.temperature
        return canonical(wanted)

    def ask(self, messages: Messages, about: str, schema: Mapping[str, object] | None = None) -> Ask:
        settings = canonical({**orjson.loads(self._settings), "schema": schema}) if schema else self._settings
        return Ask(self.provider, settings, canonical(list(messages)), about=about)


@dataclass
class OpenAI:
    """An account at OpenAI, or at a server that speaks its protocol when `base_url` is set."""

    key: str = field(repr=False)
    prices: Prices
    name: str = "openai"
    base_url: str | None = None
    is_pretend: bool = False
    batch: int = 1
    parallel: int = 16
    _making: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def client(self) -> openai.OpenAI:
        """The official client, one for all threads."""
        with self._making:
            return self._client

    @cached_property
    def _client(self) -> openai.OpenAI:
        import openai

        return openai.OpenAI(api_key=self.key, base_url=self.base_url, max_retries=0, timeout=_TIMEOUT_S)

    def take(self, pending: deque[Ask]) -> list[Ask]:
        return take_equal(pending, 1)

    def characters(self, ask: Ask) -> int:
        return 0

    def usd_bound(self, ask: Ask) -> float:
        model, most_out = _model_and_limit(ask.settings)
        # A byte-level vocabulary never makes more tokens than bytes; the JSON around a message covers its marks.
        asked = len(ask.content.encode()) + len(ask.settings.encode())  # a schema is read too
        return self.prices.of_model(model).usd(asked + _MESSAGE_TOKENS, most_out)

    def tokens_in(self, ask: Ask) -> int:
        vocabulary = self._price(ask).vocabulary
        chat = [tokens_of(m["content"], vocabulary) + _ROLE_TOKENS for m in orjson.loads(ask.content)]
        return sum(chat) + _REPLY_TOKENS

    def vocabulary(self, ask: Ask) -> str:
        vocabulary = self._price(ask).vocabulary
        return vocabulary if is_counted(vocabulary) else ""

    def most_out(self, ask: Ask) -> int:
        return _model_and_limit(ask.settings)[1]

    def usd_of(self, ask: Ask, tokens_in: float, tokens_out: float) -> float:
        return self._price(ask).usd(tokens_in, tokens_out)

    def _price(self, ask: Ask) -> TokenPrice:
        return self.prices.of_model(_model_and_limit(ask.settings)[0])

    def answer(self, asks: Sequence[Ask]) -> list[Answer]:
        import openai

        (ask,) = asks
        settings = orjson.loads(ask.settings)
        limit = "max_tokens" if self.base_url else "max_completion_tokens"  # compatible servers know the older name
        options = {limit: settings.pop("max_output_tokens"), **settings}
        if schema := options.pop("schema", None):
            format_ = {"name": "answer", "strict": True, "schema": schema}
            options["response_format"] = {"type": "json_schema", "json_schema": format_}
        client = self.client
        try:
            completion = client.chat.completions.create(messages=orjson.loads(ask.content), **options)
            return [self._read(completion, ask, str(options["model"]))]
        except openai.OpenAIError as error:
            if getattr(error, "code", None) in ("content_filter", "content_policy_violation"):
                return [Answer("", f"{self.name}/{options['model']}", finish="content_filter")]
            raise mapped(error, self.name) from error
        except (TypeError, ValueError, AttributeError) as error:  # what comes of a body that is cut off or malformed
            raise Transient(f"{self.name} sent a body that is no chat completion", is_lost=True) from error

    def model_is_there(self, model: str) -> None:
        """Raises Misconfigured when the account does not have the model, or Transient. Costs nothing."""
        import openai

        try:
            self.client.models.retrieve(model)
        except openai.OpenAIError as error:
            raise mapped(error, self.name) from error

    def _read(self, completion: ChatCompletion, ask: Ask, model: str) -> Answer:
        from openai.types.chat import ChatCompletion

        if not isinstance(completion, ChatCompletion) or not completion.choices:
            raise Transient(f"{self.name} sent a body that is no chat completion", is_lost=True)
        choice, usage = completion.choices[0], completion.usage
        finish = FINISHES.get(choice.finish_reason or "", "other")
        if choice.message.refusal:
            finish = "refusal"
        text = clean(choice.message.refusal or choice.message.content or "")  # a lone surrogate could not be kept
        by = f"{self.name}/{model}"
        if usage is None or usage.prompt_tokens is None or usage.completion_tokens is None:
            return Answer(text, by, finish, usd=self.usd_bound(ask))
        read, wrote = usage.prompt_tokens, usage.completion_tokens
        usd = self.prices.of_model(model).usd(read, wrote)
        return Answer(text, by, finish, tokens_in=read, tokens_out=wrote, usd=usd)


@lru_cache(maxsize=64)
def _model_and_limit(settings: str) -> tuple[str, int]:
    wanted = orjson.loads(settings)
    return wanted["model"], wanted["max_output_tokens"]


def mapped(error: openai.OpenAIError, name: str) -> ProviderError:  # noqa: PLR0911  # one line a kind
    """The client's exception as one of ours."""
    kind, code = _kind(error), getattr(error, "code", None)
    status = getattr(error, "status_code", None)
    said = f"{name} answered {status}" if status else f"{name}: {type(error).__name__}"
    if code == "insufficient_quota":
        return QuotaUsedUp(f"{name}: the account's quota is used up. Raise it, then run again to go on")
    if kind == "key":
        return Misconfigured(f"{said}: the key in OPENAI_API_KEY is not accepted. Check it with `kodata doctor`")
    if kind == "missing" or code in ("model_not_found", "invalid_model"):
        return Misconfigured(f"{said}: it does not know the model, or OPENAI_BASE_URL is wrong. Set another with --set")
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
