"""A question to a paid service, its answer, and the key under which the answer is kept for good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import blake2b
from typing import Literal, Protocol

import orjson

Finish = Literal["stop", "length", "content_filter", "refusal", "other", "redacted"]
Register = Literal["hapsyo", "haeyo", "haera", "hae", "any"]
Messages = Sequence[Mapping[str, str]]


def canonical(value: object) -> str:
    """JSON with sorted keys and no blanks: equal values, equal text."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def key_of(provider: str, settings: str, content: str, sample: int) -> bytes:
    """16 bytes that name a question in the ledger."""
    return blake2b(f"{provider}\0{settings}\0{content}\0{sample}".encode(), digest_size=16).digest()


@dataclass(frozen=True)
class Ask:
    """One question: what a stage wants to know, in the words that are sent.

    `settings` is canonical JSON of everything but the text; asks with equal settings may share a request.
    `content` is the text to translate, or canonical JSON of the messages to answer. `sample` counts up when
    an earlier answer was rejected. `about` (record, turn, field) serves messages only, `by_batch` says that the answer
    may take a day; neither is part of the key.
    """

    provider: str
    settings: str
    content: str
    sample: int = 0
    about: str = field(default="", compare=False)
    by_batch: bool = field(default=False, compare=False)

    @cached_property
    def key(self) -> bytes:
        """16 bytes that name this question in the ledger: provider, settings, content and sample, hashed."""
        return key_of(self.provider, self.settings, self.content, self.sample)

    def again(self, sample: int) -> Ask:
        """The same question, asked for its answer of that number."""
        return self if sample == self.sample else replace(self, sample=sample)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, and what it cost.

    `by` is who wrote it (`deepl/KO/quality_optimized`, `openai/<model>`); an answer whose `finish` is not
    "stop" was paid for and is kept, but is no text to use. `usd` is what it cost when it was paid, `sample` that of
    the question, which counts up when earlier answers were rejected.
    """

    text: str
    by: str
    finish: Finish = "stop"
    characters: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    usd: float = 0.0
    sample: int = 0


@dataclass(frozen=True, slots=True)
class Passage:
    """A text as a translator is to see it: XML with a mark such as `<x id="0"/>` for each piece that must survive.

    `turn` and `field` say where in the record it stands, `register` in which speech level it is wanted; `context` is
    what stands beside or before it in English: to be read, not translated.
    """

    xml: str
    turn: int = 0
    field: str = "instruction"
    register: Register = "any"
    context: str = ""


class Translator(Protocol):
    """What the translate stage sees of who translates: a service that takes text by text, or a model."""

    @property
    def provider(self) -> str:
        """The provider that is to be asked."""

    def grouped(self, passages: Sequence[Passage]) -> Sequence[Sequence[Passage]]:
        """The passages of one record, in order, in the groups that are asked together."""

    def ask(self, passages: Sequence[Passage], about: str) -> Ask:
        """The question for the translations of one group."""

    def read(self, answer: Answer, passages: Sequence[Passage]) -> Sequence[str]:
        """The translations in the answer, XML with marks, as many as the group has passages and in their order.

        Empty where there is none. Only an answer whose `finish` is "stop" is read.
        """


class OneByOne:
    """How a translator asks that takes one text at a time, and answers with the translation alone."""

    def grouped(self, passages: Sequence[Passage]) -> Sequence[Sequence[Passage]]:
        return [[passage] for passage in passages]

    def read(self, answer: Answer, passages: Sequence[Passage]) -> Sequence[str]:
        return [answer.text]


class Writer(Protocol):
    """What the regenerate stage sees of a model that writes answers."""

    @property
    def provider(self) -> str:
        """The provider that is to be asked."""

    def ask(self, messages: Messages, about: str, schema: Mapping[str, object] | None = None) -> Ask:
        """The question for the answer to a chat; with `schema`, a JSON Schema of an object, the answer is such JSON."""
