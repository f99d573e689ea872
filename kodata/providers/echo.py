"""Pretends: Korean-looking words for a text, a Korean sentence for a question. For tests and previews."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any, ClassVar

import orjson

from kodata.asks import Answer, Ask, Messages, OneByOne, Passage, canonical
from kodata.providers import Free, take_equal

_WORD_OR_MARKUP = re.compile(r"<[^>]*>|&\w+;|[A-Za-z']+")


@dataclass(frozen=True)
class EchoFace(OneByOne):
    """A translator and a writer that cost nothing and mean nothing."""

    version: ClassVar[int] = 1

    provider: str = "echo"

    def ask(self, asked: Sequence[Passage] | Messages, about: str, schema: Mapping[str, object] | None = None) -> Ask:
        if asked and isinstance(asked[0], Passage):
            return Ask(self.provider, "translate", asked[0].xml, about=about)
        return Ask(
            self.provider, canonical({"write": schema}) if schema else "write", canonical(list(asked)), about=about
        )


@dataclass
class Echo(Free):
    """Answers at once, always the same. Marks and punctuation stay in place."""

    name: str = "echo"
    is_pretend: bool = True
    batch: int = 500
    parallel: int = 1

    def take(self, pending: deque[Ask]) -> list[Ask]:
        return take_equal(pending, self.batch)

    def answer(self, asks: Sequence[Ask]) -> list[Answer]:
        return [Answer(_answered(ask), "echo") for ask in asks]


def _answered(ask: Ask) -> str:
    if ask.settings == "translate":
        return _translated(ask.content)
    written = _written(ask.content)
    if ask.settings == "write":
        return written
    return canonical(in_shape(orjson.loads(ask.settings)["write"], written))


def in_shape(schema: Mapping[str, Any], text: str) -> object:
    """The smallest value of that shape with the text in each of its strings."""
    if schema["type"] == "object":
        return {name: in_shape(inner, text) for name, inner in schema["properties"].items()}
    return [in_shape(schema["items"], text)] if schema["type"] == "array" else text


def _translated(xml: str) -> str:
    return _WORD_OR_MARKUP.sub(lambda m: m.group() if m.group()[0] in "<&" else _hangul(m.group()), xml)


def _written(messages: str) -> str:
    question = str(orjson.loads(messages)[-1]["content"])
    return f"{question[:60].strip()} 물음에 답합니다."


@lru_cache(maxsize=1 << 16)
def _hangul(word: str) -> str:
    digest = blake2b(word.casefold().encode(), digest_size=8).digest()
    return "".join(chr(0xAC00 + 28 * (digest[n % 8] % 399)) for n in range(max(1, len(word) // 2)))
