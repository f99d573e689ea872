"""Translate: the fields of a record into Korean, with code, URLs and markup kept out of it."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from kodata.asks import Answer, Ask, Translator
from kodata.corpus import Record, TextField, Turn
from kodata.shield import PieceLost, Shielded, shield, smaller, unshield
from kodata.stages import Drop, Story

Place: TypeAlias = tuple[int, TextField]  # which turn, which field


@dataclass(frozen=True)
class Translate:
    """Translates `fields`; a Korean record passes by.

    A text without prose (only code, a number, a URL) is not sent and stays as it is. A translation that lost a mark
    or a line break is asked again sentence by sentence; if that fails too the record leaves with both texts. The
    source texts go to `*_source`, and so does an output that is not among the fields: it is null until written.
    """

    version: ClassVar[int] = 1

    by: Translator
    fields: tuple[TextField, ...] = ("system", "instruction", "input")

    def story(self, record: Record) -> Story:
        if record.turns[0].lang == "ko":
            return record
        places = [(n, name) for n, turn in enumerate(record.turns) for name in self.fields if turn.text(name)]
        texts = {place: record.turns[place[0]].text(place[1]) for place in places}
        prose = {place: s for place, text in texts.items() if (s := shield(text)).is_prose}
        korean, by = dict(texts), None
        if prose:
            answers = yield [self._ask(s, record, place) for place, s in prose.items()]
            for (place, shielded), answer in zip(prose.items(), answers, strict=True):
                by = answer.by
                try:
                    korean[place] = _read(answer, shielded)
                except PieceLost as lost:
                    again = yield from self._in_pieces(record, place, answer)
                    if again is None:
                        n, name = place
                        both = f"turn {n} {name}: lost {lost}; {texts[place]!r} became {answer.text!r}"
                        return Drop("mark-lost", both)
                    korean[place] = again
        return Record(tuple(self._turn(turn, n, korean, by) for n, turn in enumerate(record.turns)))

    def _ask(self, shielded: Shielded, record: Record, place: Place) -> Ask:
        return self.by.ask(shielded.xml, f"{record.id}#{place[0]}/{place[1]}")

    def _in_pieces(
        self, record: Record, place: Place, whole: Answer
    ) -> Generator[Sequence[Ask], Sequence[Answer], str | None]:
        """The text translated sentence by sentence, or None when that loses a piece too."""
        parts = [shield(part) for part in smaller(record.turns[place[0]].text(place[1]))]
        if len(parts) < 2:
            return None
        answers = iter((yield [self._ask(part, record, place) for part in parts if part.is_prose]))
        try:
            return "".join(_read(next(answers), part) if part.is_prose else unshield(part.xml, part) for part in parts)
        except PieceLost:
            return None

    def _turn(self, turn: Turn, n: int, korean: dict[Place, str], by: str | None) -> Turn:
        done = turn.translated({name: korean.get((n, name), "") for name in self.fields if turn.text(name)}, by)
        if "output" in self.fields or turn.output_source is not None:  # it is, or was, translated
            return done
        return done._replace(output=None, output_source=turn.output)


def _read(answer: Answer, shielded: Shielded) -> str:
    if answer.finish != "stop" or not answer.text.strip():
        raise PieceLost(f"the text itself ({answer.finish})")
    return unshield(answer.text, shielded)
