"""DeepL, through its official client: 50 texts a request, marks free of charge, retries left to us."""

from __future__ import annotations

import html
import json
import re
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import orjson
from annotated_types import Ge

from kodata.asks import Answer, Ask, OneByOne, Passage, Register, canonical
from kodata.errors import Misconfigured, PipelineError, Refused, Transient
from kodata.glossary import Glossary
from kodata.korean import clean
from kodata.prices import Prices
from kodata.providers import take_equal
from kodata.providers.deepl_errors import mapped
from kodata.providers.limits import Limits

if TYPE_CHECKING:
    import deepl
    import requests

LIMIT_TEXTS = 50  # a request, DeepL "Usage limits"
LIMIT_BYTES = 128 * 1024  # whole request as encoded, DeepL "Usage limits"
_OVERHEAD_BYTES = 1024  # the names around texts and settings, generously
_TIMEOUT_S = 120.0
_CONNECTIONS = 128  # kept open; with the client's own ten, each further worker would open one a request
_TAG = re.compile(r"<[^>]*>")
_MOST_INSTRUCTIONS = 10
REGISTERS: dict[Register, str] = {  # at most 300 characters each
    "hapsyo": "Use the formal polite Korean speech level (합쇼체): sentences end in -습니다 or -ㅂ니다, requests in "
    "-십시오. Quotations and dialogue keep the level of whoever speaks.",
    "haeyo": "Use the polite Korean speech level (해요체): sentences end in -아요 or -어요, requests in -(으)세요. "
    "Quotations and dialogue keep the level of whoever speaks.",
    "haera": "Use the plain written Korean speech level (해라체): sentences end in -다, requests in -(으)라. "
    "Quotations and dialogue keep the level of whoever speaks.",
    "hae": "Use the casual Korean speech level (해체): sentences end in -아, -어 or -지, never in -요. "
    "Quotations and dialogue keep the level of whoever speaks.",
}


@dataclass(frozen=True)
class DeepLTranslator(OneByOne):
    """How the translate stage asks DeepL: XML with marks, English to Korean.

    `custom_instructions` (at most ten of 300 characters) steer the wording; a speech level is one of them, as
    `formality` does not exist for Korean. Texts of fewer than `context_under` characters are sent with what stands
    beside them, which costs no characters, but one request each, as a request has one context. See DeepL
    "Translate text".
    """

    version: ClassVar[int] = 1

    source_lang: str = "EN"
    target_lang: str = "KO"
    model_type: str = "quality_optimized"
    custom_instructions: tuple[str, ...] = ()
    glossary: Glossary | None = None
    context_under: Annotated[int, Ge(0)] = 0
    provider: str = "deepl"

    def ask(self, passages: Sequence[Passage], about: str) -> Ask:
        (passage,) = passages
        context = passage.context if len(passage.xml) < self.context_under else ""
        return Ask(self.provider, _settings(self, passage.register, context), passage.xml, about=about)


@lru_cache(maxsize=10_000)
def _settings(face: DeepLTranslator, register: Register, context: str) -> str:
    """Canonical JSON of what is sent beside the text; a glossary is in it as the hash of its entries."""
    wanted: dict[str, object] = {
        "source_lang": face.source_lang,  # left out, DeepL would choose the model itself
        "target_lang": face.target_lang,
        "model_type": face.model_type,
        "tag_handling": "xml",
        "tag_handling_version": "v2",
    }
    if instructions := [*face.custom_instructions, *([REGISTERS[register]] if register != "any" else [])]:
        if len(instructions) > _MOST_INSTRUCTIONS:
            raise PipelineError(
                f"custom_instructions: {_MOST_INSTRUCTIONS} at most, and the speech level is one of them"
            )
        wanted["custom_instructions"] = instructions
    if face.glossary is not None:
        wanted["glossary"] = face.glossary.digest
    if context:
        wanted["context"] = context
    return canonical(wanted)


@dataclass
class DeepL:
    """A DeepL account. A key that ends in `:fx` selects the free host; `server_url` overrides."""

    key: str = field(repr=False)
    prices: Prices
    name: str = "deepl"
    server_url: str | None = None
    glossaries: Mapping[str, Glossary] = field(default_factory=dict)  # by digest
    is_pretend: bool = False
    batch: int = LIMIT_TEXTS
    parallel: int = 8
    limits: Limits | None = None  # DeepL says nothing of them
    _seen: threading.local = field(default_factory=threading.local, repr=False)
    _making: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _glossary_ids: dict[str, str] = field(default_factory=dict, repr=False)

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
            if digest := settings.get("glossary"):
                settings["glossary"] = self._glossary_id(digest, settings)
            results = client.translate_text([ask.content for ask in asks], **settings)
            return self._read(results, len(asks), f"{self.name}/{settings['target_lang']}/{settings['model_type']}")
        except deepl.DeepLException as error:
            raise mapped(error, self.name, getattr(self._seen, "retry_after_s", None)) from error
        except (TypeError, ValueError, AttributeError) as error:  # what comes of a malformed body
            raise Transient(f"{self.name} sent a body that is no translation", is_lost=True) from error

    def _glossary_id(self, digest: str, settings: Mapping[str, str]) -> str:
        """The account's id of the glossary; it is found by its name, which holds the hash of its entries, or made.

        Raises Misconfigured when the account does not take it.
        """
        import deepl
        from deepl.api_data import MultilingualGlossaryDictionaryEntries

        client, glossary = self.client, self.glossaries[digest]
        with self._making:
            if digest in self._glossary_ids:
                return self._glossary_ids[digest]
            name = f"kodata {digest}"
            try:
                there = next((g for g in client.list_multilingual_glossaries() if g.name == name), None)
                if there is None:
                    entries = MultilingualGlossaryDictionaryEntries(
                        settings["source_lang"], settings["target_lang"], dict(glossary.entries)
                    )
                    there = client.create_multilingual_glossary(name, [entries])
            except deepl.DeepLException as error:
                failed = mapped(error, self.name, None)
                if isinstance(failed, Refused):
                    raise Misconfigured(
                        f"{failed}: the glossary {glossary.name}. Mend it, or leave it out of the stage"
                    ) from error
                if isinstance(failed, Transient):
                    failed.is_lost = False  # nothing was translated
                raise failed from error
            self._glossary_ids[digest] = str(there.glossary_id)
            return self._glossary_ids[digest]

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

    return Noting(pool_maxsize=_CONNECTIONS)
