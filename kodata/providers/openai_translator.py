"""An OpenAI model that translates: all passages of a record in one question, so that they stay consistent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Annotated, ClassVar, Literal

import orjson
from annotated_types import Ge, MinLen

from kodata.asks import Answer, Ask, Passage, Register
from kodata.glossary import Glossary
from kodata.providers.openai import OpenAIWriter

_WINDOW = 6_000  # characters asked together; a longer conversation is asked in parts, each with what stood before it
_LEAST_TOKENS = 512  # of an answer; then twice as many, and twice, up to a token a character asked
_REGISTERS: dict[Register, str] = {
    "hapsyo": "합쇼체(-습니다, -ㅂ니다, 요청은 -십시오)",
    "haeyo": "해요체(-아요, -어요, 요청은 -(으)세요)",
    "haera": "해라체(-다, 지시는 -(으)라)",
    "hae": "해체(-아, -어, -지; '요'를 붙이지 않음)",
}


@dataclass(frozen=True)
class OpenAITranslator:
    """How the translate stage asks a chat model: JSON of named texts, answered by JSON of the same names.

    `prompt` is the system message; speech levels and the glossary entries that occur are added to it.
    `max_output_tokens` is by default as much as any translation can need.
    """

    version: ClassVar[int] = 1

    model: Annotated[str, MinLen(1)]
    prompt: str
    glossary: Glossary | None = None
    max_output_tokens: Annotated[int, Ge(1)] | None = None
    temperature: Annotated[float, Ge(0)] | None = None
    api: Literal["chat", "responses"] = "chat"
    provider: str = "openai"

    def grouped(self, passages: Sequence[Passage]) -> Sequence[Sequence[Passage]]:
        groups: list[list[Passage]] = []
        size = 0
        for passage in passages:
            size += len(passage.xml)
            if not groups or size > _WINDOW:
                groups.append([])
                size = len(passage.xml)
            groups[-1].append(passage)
        return groups

    def ask(self, passages: Sequence[Passage], about: str) -> Ask:
        names = _names(passages)
        texts = orjson.dumps({name: passage.xml for name, passage in zip(names, passages, strict=True)}).decode()
        strings = {name: {"type": "string"} for name in names}
        schema = {"type": "object", "properties": strings, "required": names, "additionalProperties": False}
        messages = [{"role": "system", "content": self._system(passages, names)}, {"role": "user", "content": texts}]
        limit = self.max_output_tokens or _tokens(len(texts))
        writer = OpenAIWriter(self.model, limit, self.temperature, self.api, self.provider)
        return writer.ask(messages, about, schema)

    def read(self, answer: Answer, passages: Sequence[Passage]) -> Sequence[str]:
        try:
            said = orjson.loads(answer.text)
        except orjson.JSONDecodeError:
            said = {}
        texts = [said.get(name) if isinstance(said, dict) else None for name in _names(passages)]
        return [text if isinstance(text, str) else "" for text in texts]

    def _system(self, passages: Sequence[Passage], names: Sequence[str]) -> str:
        parts = [self.prompt.strip()]
        wanted = [
            f"- {name}: {_REGISTERS[p.register]}"
            for name, p in zip(names, passages, strict=True)
            if p.register != "any"
        ]
        if wanted:
            parts.append("\n".join(("말투:", *wanted)))
        terms = self.glossary.occurring([passage.xml for passage in passages]) if self.glossary is not None else []
        if terms:
            parts.append("\n".join(("용어:", *(f"- {english}: {korean}" for english, korean in terms))))
        if passages[0].turn and passages[0].context:
            parts.append(f"바로 앞에 나온 글(번역하지 않음):\n{passages[0].context}")
        return "\n\n".join(parts)


def _names(passages: Sequence[Passage]) -> list[str]:
    """A name for each passage: `instruction`, `input_2` (its second stretch), `turn2_output`."""
    counts: dict[str, count[int]] = {}
    names = []
    for passage in passages:
        name = f"turn{passage.turn + 1}_{passage.field}" if passage.turn else passage.field
        number = next(counts.setdefault(name, count(1)))
        names.append(name if number == 1 else f"{name}_{number}")
    return names


def _tokens(characters: int) -> int:
    """The most tokens of an answer: few different numbers, as questions of equal settings are counted together."""
    tokens = _LEAST_TOKENS
    while tokens < characters:
        tokens *= 2
    return tokens
