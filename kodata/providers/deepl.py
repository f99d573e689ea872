"""DeepL, through its official client: 50 texts a request, marks free of charge, retries left to us."""

from __future__ import annotations

import html
import json
import re
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import orjson

from kodata.asks import Answer, Ask, OneByOne, Passage, canonical
from kodata.errors import Misconfigured, ProviderError, QuotaUsedUp, Refused, Transient
from kodata.korean import clean
from kodata.prices import Prices
from kodata.providers import take_equal
from kodata.providers.limits import Limits

if TYPE_CHECKING:
    import deepl
    import requests

LIMIT_TEXTS = 50  # a request, DeepL "Usage limits"
LIMIT_BYTES = 128 * 1024  # whole request as encoded, DeepL "Usage limits"
_OVERHEAD_BYTES = 1024  # the names around texts and settings, generously
_TIMEOUT_S = 120.0
_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True)
class DeepLTranslator(OneByOne):
    """How the translate stage asks DeepL: XML with marks, English to Korean.

    `custom_instructions` (at most ten of 300 characters) steer wording and speech level; `formality` does not
    exist for Korean. See DeepL "Translate text".
    """

    version: ClassVar[int] = 1

    source_lang: str = "EN"
    target_lang: str = "KO"
    model_type: str = "quality_optimized"
    custom_instructions: tuple[str, ...] = ()
    provider: str = "deepl"

    @cached_property
    def _settings(self) -> str:
        wanted: dict[str, object] = {
            "source_lang": self.source_lang,  # left out, DeepL would choose the model itself
            "target_lang": self.target_lang,
            "model_type": self.model_type,
            "tag_handling": "xml",
            "tag_handling_version": "v2",
        }
        if self.custom_instructions:
            wanted["custom_instructions"] = list(self.custom_instructions)
        return canonical(wanted)

    def ask(self, passages: Sequence[Passage], about: str) -> Ask:
        (passage,) = passages
        return Ask(self.provider, self._settings, passage.xml, about=about)


@dataclass
class DeepL:
    """A DeepL account. A key that ends in `:fx` selects the free host; `server_url` overrides."""

    key: str = field(repr=False)
    prices: Prices
    name: str = "deepl"
    server_url: str | None = None
    is_pretend: bool = False
    batch: int = LIMIT_TEXTS
    parallel: int = 8  # the client's connection pool holds 10
    limits: Limits | None = None  # DeepL says nothing of them
    _seen: threading.local = field(default_factory=threading.local, repr=False)
    _making: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def client(self) -> deepl.DeepLClient:
        """The official client, one for all threads."""
        with self._making:
            return self._client

    @cached_property
    def _client(self) -> deepl.DeepLClient:
        import deepl

        # The client's own retries would send a billable body again after a read timeout, and know no Retry-After.
        deepl.http_client.max_network_retries = 0
        deepl.http_client.min_connection_timeout = _TIMEOUT_S
        client = deepl.DeepLClient(self.key, server_url=self.server_url, send_platform_info=False)
        for scheme in ("https://", "http://"):  # no public way to the Retry-After header
            client._client._session.mount(scheme, _noting(self._seen))
        return client

    def take(self, pending: deque[Ask]) -> list[Ask]:
        taken = take_equal(pending, LIMIT_TEXTS)
        size = _OVERHEAD_BYTES + len(json.dumps(orjson.loads(taken[0].settings)))
        for n, ask in enumerate(taken):
            size += len(json.dumps(ask.content)) + 2  # as the client encodes it: a syllable is six bytes
            if size > LIMIT_BYTES and n > 0:
                pending.extendleft(reversed(taken[n:]))
                return taken[:n]
        return taken

    def characters(self, ask: Ask) -> int:
        """Code points of the text; marks are free."""
        return len(html.unescape(_TAG.sub("", ask.content)))

    def tokens(self, ask: Ask) -> int:
        return 0

    def usd_bound(self, ask: Ask) -> float:
        return len(_TAG.sub("", ask.content)) * self.prices.of_characters("deepl")

    def tokens_in(self, ask: Ask) -> int:
        return 0

    def vocabulary(self, ask: Ask) -> str:
        return ""

    def most_out(self, ask: Ask) -> int:
        return 0

    def usd_of(self, ask: Ask, tokens_in: float, tokens_out: float) -> float:
        return self.characters(ask) * self.prices.of_characters("deepl")

    def answer(self, asks: Sequence[Ask]) -> list[Answer]:
        import deepl

        settings = orjson.loads(asks[0].settings)
        self._seen.retry_after_s = None
        client = self.client
        try:
            results = client.translate_text([ask.content for ask in asks], **settings)
            return self._read(results, len(asks), f"{self.name}/{settings['target_lang']}/{settings['model_type']}")
        except deepl.DeepLException as error:
            raise mapped(error, self.name, getattr(self._seen, "retry_after_s", None)) from error
        except (TypeError, ValueError, AttributeError) as error:  # what comes of a malformed body
            raise Transient(f"{self.name} sent a body that is no translation", is_lost=True) from error

    def _read(self, results: Sequence[deepl.TextResult], expected: int, by: str) -> list[Answer]:
        if len(results) != expected:
            raise Transient(f"{self.name} sent {len(results)} translations for {expected} texts", is_lost=True)
        usd = self.prices.of_characters("deepl")
        return [
            Answer(clean(r.text), by, characters=r.billed_characters, usd=r.billed_characters * usd) for r in results
        ]

    def left(self) -> tuple[int, int] | None:
        """Characters used and allowed in this billing period; None where the account has no limit.

        Raises Misconfigured or Transient. Costs nothing.
        """
        import deepl

        try:
            usage = self.client.get_usage().character
        except deepl.DeepLException as error:
            raise mapped(error, self.name, None) from error
        return (usage.count, usage.limit) if usage.valid else None


def _noting(seen: threading.local) -> requests.adapters.HTTPAdapter:
    """An adapter that leaves each response's Retry-After, in seconds, with the thread that asked."""
    from requests.adapters import HTTPAdapter

    class Noting(HTTPAdapter):
        def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
            response = super().send(request, *args, **kwargs)
            wait = response.headers.get("Retry-After", "")
            seen.retry_after_s = float(wait) if wait.replace(".", "", 1).isdigit() else None
            return response

    return Noting()


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
