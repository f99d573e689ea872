"""OpenAI, and servers that speak its protocol, through the official client: one ask a request, retries left to us."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import orjson
from annotated_types import Ge, MinLen

from kodata.asks import Answer, Ask, Messages, canonical
from kodata.errors import Misconfigured, ProviderError, Transient, did_you_mean
from kodata.korean import clean
from kodata.prices import Prices, TokenPrice
from kodata.providers import take_equal
from kodata.providers.apis import BLOCKED, Said, api_of
from kodata.providers.limits import Limits, limits_of
from kodata.providers.openai_errors import mapped
from kodata.providers.servers import Server
from kodata.tokens import is_counted, tokens_of

if TYPE_CHECKING:
    import openai

BATCH_SHARE = 0.5  # of the price, OpenAI "Batch API"
_TIMEOUT_S = 180.0
_MESSAGE_TOKENS = 8  # role and separators of a message, generously
_CHARACTERS_A_TOKEN = 1.75  # Korean in o200k, measured
_THREADS_A_CLIENT = 16
_ROLE_TOKENS, _REPLY_TOKENS = 4, 3  # the same as OpenAI counts them: a message's, and what opens the answer


@dataclass(frozen=True)
class OpenAIWriter:
    """How the regenerate stage asks a model. There is no default model: models are shut down every year.

    What is not set is not sent; newer models refuse a temperature. `api` is how it is asked: "completions" is for
    compatible servers that know nothing else, "batch" asks a chat within a day for half the price.
    """

    version: ClassVar[int] = 1

    model: Annotated[str, MinLen(1)]
    max_output_tokens: Annotated[int, Ge(1)] = 1024
    temperature: Annotated[float, Ge(0)] | None = None
    api: Literal["chat", "responses", "completions", "batch"] = "chat"
    provider: str = "openai"

    @cached_property
    def _settings(self) -> str:
        wanted: dict[str, object] = {"model": self.model, "max_output_tokens": self.max_output_tokens}
        if self.temperature is not None:
            wanted["temperature"] = self.temperature
        if self.api not in ("chat", "batch"):  # a batch asks the same, only later
            wanted["api"] = self.api
        return canonical(wanted)

    def ask(self, messages: Messages, about: str, schema: Mapping[str, object] | None = None) -> Ask:
        settings = canonical({**orjson.loads(self._settings), "schema": schema}) if schema else self._settings
        return Ask(self.provider, settings, canonical(list(messages)), about=about, by_batch=self.api == "batch")


@dataclass
class OpenAI:
    """An account at OpenAI, or at a server that speaks its protocol when `base_url` is set."""

    key: str = field(repr=False)
    prices: Prices
    name: str = "openai"
    base_url: str | None = None
    is_pretend: bool = False
    batch: int = 1
    parallel: int = 128
    server: Server | None = None  # where it is one of a pipeline file
    _checked: set[str] = field(default_factory=set, repr=False)
    _own: threading.local = field(default_factory=threading.local, repr=False)  # of each thread: client, limits
    _clients: list[openai.OpenAI] = field(default_factory=list, repr=False)
    _threads: int = 0
    _making: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def client(self) -> openai.OpenAI:
        """The official client of this thread, which it shares with some others.

        For each request a client looks through all of its connections: with 128 in one, a seventh of the time.
        """
        found: openai.OpenAI | None = getattr(self._own, "client", None)
        if found is None:
            with self._making:
                number = self._threads // _THREADS_A_CLIENT % -(-self.parallel // _THREADS_A_CLIENT)
                self._threads += 1
                if number == len(self._clients):
                    self._clients.append(self._new_client())
                found = self._own.client = self._clients[number]
        return found

    def _new_client(self) -> openai.OpenAI:
        import openai

        return openai.OpenAI(api_key=self.key, base_url=self.base_url, max_retries=0, timeout=_TIMEOUT_S)

    @property
    def limits(self) -> Limits | None:
        return getattr(self._own, "limits", None)

    def take(self, pending: deque[Ask]) -> list[Ask]:
        return take_equal(pending, 1)

    def characters(self, ask: Ask) -> int:
        return 0

    def tokens(self, ask: Ask) -> int:
        return int(len(ask.content) / _CHARACTERS_A_TOKEN) + self.most_out(ask)  # counting exactly takes too long here

    def usd_bound(self, ask: Ask) -> float:
        model, most_out = _model_and_limit(ask.settings)
        # A byte-level vocabulary never makes more tokens than bytes; the JSON around a message covers its marks.
        asked = len(ask.content.encode()) + len(ask.settings.encode())  # a schema is read too
        return _share(ask) * self.prices.of_model(model).usd(asked + _MESSAGE_TOKENS, most_out)

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
        return _share(ask) * self._price(ask).usd(tokens_in, tokens_out)

    def _price(self, ask: Ask) -> TokenPrice:
        return self.prices.of_model(_model_and_limit(ask.settings)[0])

    def answer(self, asks: Sequence[Ask]) -> list[Answer]:
        import openai
        from httpx2 import Response

        (ask,) = asks
        api = api_of(ask)
        if self.server is not None:
            self._check(_model_and_limit(ask.settings)[0])
        self._own.limits = None
        try:
            # Not `chat.completions.create`: checking every message against its type takes a third of a request's CPU.
            response = self.client.post(api.path, body=api.request(ask, self.tokens_name), cast_to=Response)
            self._own.limits = limits_of(response.headers)
            # Not orjson, which takes no half of a character; `clean` drops it.
            return [self.read(api.reply(json.loads(response.content)), ask)]
        except openai.OpenAIError as error:
            if isinstance(error, openai.APIStatusError):
                self._own.limits = limits_of(error.response.headers)
            if getattr(error, "code", None) in BLOCKED:
                return [self.read(Said("", "content_filter", 0, 0), ask)]
            raise self.mapped(error) from error
        except (TypeError, ValueError, AttributeError, LookupError) as error:  # of a body that is cut off or malformed
            raise Transient(f"{self.name} sent a body that is no answer", is_lost=True) from error

    def read(self, said: Said, ask: Ask) -> Answer:
        """The answer in what was said, with its price; without a count of tokens it costs its bound."""
        model, _ = _model_and_limit(ask.settings)
        text, by = clean(said.text), f"{self.name}/{model}"  # a lone surrogate could not be kept
        if said.tokens_in is None or said.tokens_out is None:
            return Answer(text, by, said.finish, usd=self.usd_bound(ask))
        usd = self.usd_of(ask, said.tokens_in, said.tokens_out)
        return Answer(text, by, said.finish, tokens_in=said.tokens_in, tokens_out=said.tokens_out, usd=usd)

    @property
    def tokens_name(self) -> str:
        """What the limit of a chat's answer is called: compatible servers know the older name."""
        if self.server is not None:
            return self.server.tokens_name
        return "max_tokens" if self.base_url else "max_completion_tokens"

    def mapped(self, error: openai.OpenAIError) -> ProviderError:
        """The client's exception as one of ours, naming what to mend."""
        if self.server is None:
            return mapped(error, self.name)
        return mapped(error, self.name, self.server.key_env, f"base_url in [providers.{self.name}]")

    def _check(self, model: str) -> None:
        """Before the first question: a server may answer with another model than it was asked for, and not say so.

        Raises Misconfigured naming the models it has. A server that lists none is believed.
        """
        import openai

        client = self.client
        with self._making:
            if model in self._checked:
                return
            try:
                names = [found.id for found in client.models.list()]
            except openai.NotFoundError:
                names = []
            except openai.OpenAIError as error:
                failed = self.mapped(error)
                if isinstance(failed, Transient):
                    failed.is_lost = False  # nothing was asked
                raise failed from error
            if names and model not in names:
                raise Misconfigured(f'{self.name} does not have the model "{model}"{did_you_mean(model, names)}')
            self._checked.add(model)

    def model_is_there(self, model: str) -> None:
        """Raises Misconfigured when the account does not have the model, or Transient. Costs nothing."""
        import openai

        if self.server is not None:
            self._check(model)
            return
        try:
            self.client.models.retrieve(model)
        except openai.OpenAIError as error:
            raise self.mapped(error) from error


def _share(ask: Ask) -> float:
    """Of the price of a live answer."""
    return BATCH_SHARE if ask.by_batch else 1.0


@lru_cache(maxsize=64)
def _model_and_limit(settings: str) -> tuple[str, int]:
    wanted = orjson.loads(settings)
    return wanted["model"], wanted["max_output_tokens"]
