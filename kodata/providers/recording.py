"""Answers from a recording: the shipped samples without keys, network or cost.

A translation is found by its source text, an answer by record and turn, so a recording survives changes of prompt and
shield. What it does not hold is refused.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import orjson

from kodata.asks import Answer, Ask, canonical
from kodata.errors import Refused, SourceError
from kodata.providers import Free, take_equal
from kodata.shield import by_hand

NAME = "recording"


@dataclass
class Recording(Free):
    """Translations by the text as it is sent, answers by `<record>#<turn>`."""

    translations: dict[str, str]
    answers: dict[str, Answer]
    name: str = NAME
    is_pretend: bool = True
    batch: int = 200
    parallel: int = 1

    def __or__(self, other: Recording) -> Recording:
        return Recording(self.translations | other.translations, self.answers | other.answers)

    def take(self, pending: deque[Ask]) -> list[Ask]:
        return take_equal(pending, self.batch)

    def answer(self, asks: Sequence[Ask]) -> list[Answer]:
        return [self._one(ask) for ask in asks]

    def _one(self, ask: Ask) -> Answer:
        if ask.about in self.answers:
            return self.answers[ask.about]
        if ask.content in self.translations:
            return Answer(self.translations[ask.content], f"{NAME}/hand")
        if (texts := _asked_together(ask)) and all(text in self.translations for text in texts.values()):
            korean = {name: self.translations[text] for name, text in texts.items()}
            return Answer(canonical(korean), f"{NAME}/hand")
        raise Refused(f"not in the recording: {ask.about}")


def _asked_together(ask: Ask) -> dict[str, str]:
    """The texts by name that a model is asked to translate; empty when it is asked something else."""
    if '"schema"' not in ask.settings:
        return {}
    try:
        texts = orjson.loads(orjson.loads(ask.content)[-1]["content"])
    except orjson.JSONDecodeError:
        return {}
    return texts if isinstance(texts, dict) else {}


def load_recording(lines: Iterable[bytes], origin: str) -> Recording:
    """A recording from JSON lines: `{"text", "ko"}` for a translation, `{"record", "turn", "output"}` for an answer.

    An answer in a shape has `instruction` beside `output`. `by` says who wrote it; `finish` is "stop" unless given.
    Raises SourceError naming the line that is neither.
    """
    recording = Recording({}, {})
    for n, line in enumerate(lines, 1):
        try:
            entry = orjson.loads(line)
            if "text" in entry:
                recording.translations |= by_hand(entry["text"], entry["ko"])
            else:
                shape = {name: entry[name] for name in ("instruction", "output") if name in entry}
                text = canonical(shape) if "instruction" in shape else entry["output"]
                answer = Answer(text, f"{NAME}/{entry['by']}", entry.get("finish", "stop"))
                recording.answers[f"{entry['record']}#{entry['turn']}"] = answer
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise SourceError(f"{origin}, line {n}: neither a translation nor an answer ({error})") from error
    return recording
