"""A translation memory: what is translated already, found by its English, whatever it was made by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TypeVar

import orjson

from kodata.korean import clean

_TURN = ("instruction", "input")  # what makes a turn the same, whatever was answered
K = TypeVar("K")
V = TypeVar("V")
Name = TypeVar("Name", bound=str)


@dataclass(frozen=True)
class Memory:
    """Pairs of English and Korean.

    `turns` are whole turns by the English of instruction and input: the Korean of each field. `texts` are single
    texts. A text with more than one Korean is not among the texts; in a turn that is the same as a whole it has the
    Korean it has there, and where whole turns contradict each other too, neither is here. `contradictions` counts the
    texts that were left out. `digest` is the hash of the file.
    """

    name: str
    digest: str
    turns: Mapping[tuple[str, ...], Mapping[str, str]] = field(compare=False, repr=False)
    texts: Mapping[str, str] = field(compare=False, repr=False)
    pairs: int = field(default=0, compare=False)
    contradictions: int = field(default=0, compare=False)

    def of_turn(self, english: Mapping[Name, str]) -> dict[Name, str]:
        """The Korean that is known of a turn's texts, by field."""
        known = self.turns.get(_turn({str(name): text for name, text in english.items()}), {})
        found = {name: known.get(name) or self.texts.get(_key(text)) for name, text in english.items()}
        return {name: korean for name, korean in found.items() if korean}


def memory_of(name: str, content: bytes) -> Memory:
    """The memory in JSON lines, as `kodata align` writes them (`en` and `ko` by field) or plain `{"en": "", "ko": ""}`.

    Raises ValueError naming the line that is neither.
    """
    turns: dict[tuple[str, ...], dict[str, str] | None] = {}
    texts: dict[str, str | None] = {}
    pairs = 0
    for english, korean in _lines(content):
        if _TURN[0] in english:
            _add(turns, _turn(english), {name: korean[name] for name in _TURN if name in korean})
        for field_, text in english.items():
            if (key := _key(text)) and korean.get(field_, "").strip():
                pairs += 1
                _add(texts, key, korean[field_])
    return Memory(
        name,
        blake2b(content, digest_size=16).hexdigest(),
        {key: korean for key, korean in turns.items() if korean is not None},
        {key: korean for key, korean in texts.items() if korean is not None},
        pairs,
        sum(korean is None for korean in texts.values()),
    )


def _lines(content: bytes) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """English and Korean of each line, by field; a plain pair has the field ""."""
    for n, line in enumerate(content.splitlines(), 1):
        if not line.strip():
            continue
        try:
            entry = orjson.loads(line)
            english, korean = (_by_field(entry[side]) for side in ("en", "ko"))
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise ValueError(f"line {n} has no `en` and `ko` ({error})") from error
        yield english, korean


def _by_field(side: object) -> dict[str, str]:
    if isinstance(side, str):
        return {"": side}
    if not isinstance(side, dict):
        raise TypeError("neither a text nor texts by field")
    texts: Iterable[tuple[object, object]] = side.items()
    return {str(name): text for name, text in texts if isinstance(text, str)}


def _add(known: dict[K, V | None], key: K, korean: V) -> None:
    """Keep the pair; None where the same English has another Korean."""
    if known.setdefault(key, korean) != korean:
        known[key] = None


def _turn(english: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(_key(english.get(name, "")) for name in _TURN)


def _key(text: str) -> str:
    return clean(text).strip()
