"""Translate: the fields of a record into Korean, with code, URLs and markup kept out of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, TypeAlias

from kodata.asks import Answer, Passage, Translator
from kodata.corpus import Record, TextField, Turn
from kodata.shield import PieceLost, Prose, shield, smaller, unshield
from kodata.stages import Drop, Story

Place: TypeAlias = tuple[int, TextField]  # which turn, which field


@dataclass(frozen=True)
class Translate:
    """Translates `fields`; a Korean record passes by.

    What is no prose (code, a number, a URL) is not sent and stays as it is. A stretch whose translation lost a mark or
    a line break is asked again line by line, then sentence by sentence; if that fails too the record leaves with both
    texts. The source texts go to `*_source`, and so does an output that is not among the fields: it is null until
    written.
    """

    version: ClassVar[int] = 2

    by: Translator
    fields: tuple[TextField, ...] = ("system", "instruction", "input")

    def story(self, record: Record) -> Story:
        if record.turns[0].lang == "ko":
            return record
        drafts = {
            (n, name): _Draft.of(text)
            for n, turn in enumerate(record.turns)
            for name in self.fields
            if (text := turn.text(name))
        }
        while waiting := [(place, prose) for place, draft in drafts.items() for prose in draft.waiting]:
            groups = self.by.grouped([Passage(prose.xml, *place) for place, prose in waiting])
            answers = yield [self.by.ask(group, _about(record, group)) for group in groups]
            replies = _replies(self.by, groups, answers)
            for (place, prose), (xml, answer) in zip(waiting, replies, strict=True):
                if lost := drafts[place].settle(prose, xml, answer):
                    both = f"{prose.text!r} became {xml!r}"
                    return Drop("mark-lost", f"turn {place[0]} {place[1]}: lost {lost}; {both}")
        return Record(tuple(self._turn(turn, n, drafts) for n, turn in enumerate(record.turns)))

    def _turn(self, turn: Turn, n: int, drafts: dict[Place, _Draft]) -> Turn:
        mine = {name: drafts[n, name] for name in self.fields if (n, name) in drafts}
        by = sorted({who for draft in mine.values() for who in draft.by})
        done = turn.translated({name: draft.text for name, draft in mine.items()}, ", ".join(by) or None)
        if "output" in self.fields or turn.output_source is not None:  # it is, or was, translated
            return done
        return done._replace(output=None, output_source=turn.output)


@dataclass
class _Draft:
    """A field on its way to Korean: finished stretches and waiting ones, in order."""

    stretches: list[str | Prose]
    by: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, text: str) -> _Draft:
        return cls(list(shield(text)))

    @property
    def waiting(self) -> list[Prose]:
        return [stretch for stretch in self.stretches if isinstance(stretch, Prose)]

    @property
    def text(self) -> str:
        """The field in Korean, once nothing waits."""
        return "".join(str(stretch) for stretch in self.stretches)

    def settle(self, prose: Prose, xml: str, answer: Answer) -> str:
        """Take in a translation. A stretch that lost something makes way for its smaller parts, which wait instead.

        What was lost when there are no smaller parts, else empty.
        """
        place = self.stretches.index(prose)
        try:
            self.stretches[place] = unshield(xml, prose)
        except PieceLost as lost:
            parts = smaller(prose.text)
            if len(parts) < 2:
                return f"{lost} ({answer.finish})" if answer.finish != "stop" else str(lost)
            self.stretches[place : place + 1] = [stretch for part in parts for stretch in shield(part)]
        else:
            self.by.add(answer.by)
        return ""


def _about(record: Record, group: Sequence[Passage]) -> str:
    places = dict.fromkeys(f"{passage.turn}/{passage.field}" for passage in group)
    return f"{record.id}#{' '.join(places)}"


def _replies(
    by: Translator, groups: Sequence[Sequence[Passage]], answers: Sequence[Answer]
) -> list[tuple[str, Answer]]:
    """For each passage its translation, empty where there is none, and the answer it comes from."""
    replies = []
    for group, answer in zip(groups, answers, strict=True):
        texts = by.read(answer, group) if answer.finish == "stop" else [""] * len(group)
        replies += [(text, answer) for text in texts]
    return replies
