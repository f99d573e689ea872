"""Compose: a new instruction and its output written by a model, with what a record holds as the seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

import orjson

from kodata.asks import Answer, Ask, Writer
from kodata.corpus import Record, Turn
from kodata.stages import Drop, Story
from kodata.stages.regenerate import UNFINISHED

_SHAPE: Final[Mapping[str, object]] = {
    "type": "object",
    "properties": {"instruction": {"type": "string"}, "output": {"type": "string"}},
    "required": ["instruction", "output"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class Compose:
    """Writes `instruction` and `output` anew, one question a turn, both in one answer of a fixed shape.

    `prompt` is the system message; the instruction, input and output of the turn follow as the seed, and then stand
    in `*_source`. An answer that is cut off, declined, or not of that shape drops the record.
    """

    version: ClassVar[int] = 1

    by: Writer
    prompt: str

    def story(self, record: Record) -> Story:
        asks = [self._ask(record, turn) for turn in record.turns]
        answers = yield asks
        turns = []
        for turn, ask, answer in zip(record.turns, asks, answers, strict=True):
            composed = _composed(turn, ask, answer)
            if isinstance(composed, Drop):
                return composed
            turns.append(composed)
        return Record(tuple(turns))

    def _ask(self, record: Record, turn: Turn) -> Ask:
        seed = [("제목", turn.instruction), ("질문", turn.input), ("답변", turn.output or "")]
        text = "\n\n".join(f"{label}: {text.strip()}" for label, text in seed if text.strip())
        messages = [{"role": "system", "content": self.prompt.strip()}, {"role": "user", "content": text}]
        return self.by.ask(messages, f"{record.id}#{turn.turn}", _SHAPE)


def _composed(turn: Turn, ask: Ask, answer: Answer) -> Turn | Drop:
    where = f"turn {turn.turn}: {answer.text[:200]!r}"
    if answer.finish != "stop":
        return Drop(UNFINISHED[answer.finish], where)
    try:
        found = orjson.loads(answer.text)
    except orjson.JSONDecodeError:
        return Drop("malformed-answer", where)
    instruction, output = (found.get(n) for n in ("instruction", "output")) if isinstance(found, dict) else (None, None)
    if not (isinstance(instruction, str) and isinstance(output, str)):
        return Drop("malformed-answer", where)
    if not (instruction.strip() and output.strip()):
        return Drop("empty-answer", where)
    texts = {"instruction": instruction.strip(), "input": "", "output": output.strip()}
    new = turn.translated(texts, turn.translated_by)
    return new._replace(written_by=answer.by, answer_key=ask.again(answer.sample).key.hex())
