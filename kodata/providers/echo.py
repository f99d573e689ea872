"""Pretends: Korean-looking words for a text, a Korean sentence for a question. For tests and previews."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import ClassVar

import orjson

from kodata.asks import Answer, Ask, Messages, canonical
from kodata.providers import Free, take_equal

_WORD_OR_MARKUP = re.compile(r"<[^>]*>|&\w+;|[A-Za-z']+")


@dataclass(frozen=True)
class EchoFace:
    """A translator and a writer that cost nothing and mean nothing."""

    version: ClassVar[int] = 1

    provider: str = "echo"

    def ask(self, text: str | Messages, about: str) -> Ask:
        if isinstance(text, str):
            return Ask(self.provider, "translate", text, about=about)
        return Ask(self.provider, "write", canonical(list(text)), about=about)


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
        return [
            Answer(_translated(a.content) if a.settings == "translate" else _written(a.content), "echo") for a in asks
        ]


def _translated(xml: str) -> str:
    return _WORD_OR_MARKUP.sub(lambda m: m.group() if m.group()[0] in "<&" else _hangul(m.group()), xml)


def _written(messages: str) -> str:
    question = str(orjson.loads(messages)[-1]["content"])
    return f"{question[:60].strip()} 물음에 답합니다."


def _hangul(word: str) -> str:
    digest = blake2b(word.casefold().encode(), digest_size=8).digest()
    return "".join(chr(0xAC00 + 28 * (digest[n % 8] % 399)) for n in range(max(1, len(word) // 2)))
