"""Regenerate: each answer written anew by a model, from the Korean instruction and input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kodata.asks import Finish, Writer
from kodata.corpus import Record, question
from kodata.stages import Drop, Story

UNFINISHED: dict[Finish, str] = {
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
    content filter, declined or empty drops the record. What stood in `output` before goes to `output_translated` when
    it is a translation, so that both stand side by side, else to `output_source`.
    """

    version: ClassVar[int] = 2

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
                return Drop(UNFINISHED[answer.finish], f"turn {turn.turn}: {answer.text[:200]!r}")
            if not answer.text.strip():
                return Drop("empty-answer", f"turn {turn.turn}")
            messages.append({"role": "assistant", "content": answer.text})
            key = ask.again(answer.sample).key.hex()
            written = turn._replace(output=answer.text.strip(), written_by=answer.by, answer_key=key)
            if turn.output is not None and turn.output_source is None:
                written = written._replace(output_source=turn.output)
            elif turn.output is not None:
                written = written._replace(output_translated=turn.output)
            turns.append(written)
        return Record(tuple(turns))
