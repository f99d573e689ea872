"""Regenerate: each answer written anew by a model, from the Korean instruction and input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kodata.asks import Finish, Writer
from kodata.corpus import Record, question
from kodata.stages import Drop, Story

_REASONS: dict[Finish, str] = {
    "length": "truncated",
    "content_filter": "content-filter",
    "refusal": "refusal",
    "other": "unfinished",
    "redacted": "redacted",
}


@dataclass(frozen=True)
class Regenerate:
    """Writes `output`, one question a turn, turn after turn with the Korean history.

    `prompt` is the system message, before the record's own. An answer cut off by the length limit, stopped by a
    content filter, declined or empty drops the record; what stood in `output` before is in `output_source`.
    """

    version: ClassVar[int] = 1

    by: Writer
    prompt: str

    def story(self, record: Record) -> Story:
        system = [self.prompt.strip(), record.turns[0].system or ""]
        messages = [{"role": "system", "content": "\n\n".join(filter(None, system))}]
        turns = []
        for turn in record.turns:
            messages.append({"role": "user", "content": question(turn.instruction, turn.input)})
            ask = self.by.ask(messages, f"{record.id}#{turn.turn}")
            (answer,) = yield [ask]
            if answer.finish != "stop":
                return Drop(_REASONS[answer.finish], f"turn {turn.turn}: {answer.text[:200]!r}")
            if not answer.text.strip():
                return Drop("empty-answer", f"turn {turn.turn}")
            messages.append({"role": "assistant", "content": answer.text})
            written = turn._replace(
                output=answer.text.strip(), written_by=answer.by, answer_key=ask.again(answer.sample).key.hex()
            )
            turns.append(written if turn.output is None else written._replace(output_source=turn.output))
        return Record(tuple(turns))
