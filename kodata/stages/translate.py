"""Translate: the fields of a record into Korean, with code, URLs and markup kept out of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, TypeAlias

from kodata.asks import Answer, Passage, Register, Translator
from kodata.corpus import ENGLISH_KEPT, SOURCE_KEPT, Record, TextField, Turn, question
from kodata.korean.josa import joined
from kodata.memory import Memory
from kodata.shield import PieceLost, Prose, Shielded, damage, restored, shield, smaller
from kodata.stages import Drop, Story
from kodata.tasks import About, Span, tasks

Place: TypeAlias = tuple[int, TextField]  # which turn, which field

_CONTEXT = 400  # characters of what stands beside a text


@dataclass(frozen=True)
class Registers:
    """The speech level that each field is translated into.

    People ask in every level, and uniform prompts train brittle models, so that only answers have one by default.
    """

    system: Register = "any"
    instruction: Register = "any"
    input: Register = "any"
    output: Register = "hapsyo"
    choices: Register = "any"

    def of(self, name: TextField) -> Register:
        """The level of a field."""
        level: Register = getattr(self, name)
        return level


@dataclass(frozen=True)
class Translate:
    """Translates `fields`; a Korean record passes by.

    What is no prose (code, a number, a URL) is not sent and stays as it is. A stretch whose translation lost a mark or
    a line break is asked again line by line, then sentence by sentence; if that fails too the record leaves with both
    texts. Where the instruction is about English itself in one of the ways of `keep_english` (tags of `kodata.tasks`),
    the English it is about stays, and the turn gets the fix "english-kept". What `memory` holds is not asked for; it
    must have kept what must survive, or the record leaves, and where it translated what is no prose the source stays,
    with the fix "source-kept". `choices` are one text, a line each, so that they stay parallel; the label stays. The
    source texts go to `*_source`, and so does an output that is not among the fields: it is null until written.
    """

    version: ClassVar[int] = 4

    by: Translator
    fields: tuple[TextField, ...] = ("system", "instruction", "input")
    keep_english: tuple[About, ...] = ()
    register: Registers = Registers()
    memory: Memory | None = None

    @property
    def remarks(self) -> dict[str, int]:
        """What the person who runs the stage should know of its settings."""
        return (
            {"memory-contradiction": self.memory.contradictions} if self.memory and self.memory.contradictions else {}
        )

    def story(self, record: Record) -> Story:
        if record.turns[0].lang == "ko":
            return record
        drafts: dict[Place, _Draft] = {}
        for n, turn in enumerate(record.turns):
            for name, draft in self._drafts(turn).items():
                if isinstance(draft, Drop):
                    return draft
                drafts[n, name] = draft
        while waiting := [(place, prose) for place, draft in drafts.items() for prose in draft.waiting]:
            groups = self.by.grouped([self._passage(record, place, prose) for place, prose in waiting])
            answers = yield [self.by.ask(group, _about(record, group)) for group in groups]
            replies = iter(_replies(self.by, groups, answers))
            for (n, name), draft in drafts.items():
                if lost := draft.settle(replies):
                    return Drop("mark-lost", f"turn {n} {name}: lost {lost}")
        return Record(tuple(self._turn(turn, n, drafts) for n, turn in enumerate(record.turns)))

    def _drafts(self, turn: Turn) -> dict[TextField, _Draft | Drop]:
        """The fields of a turn that have a text: what is known or no prose is finished, the rest waits."""
        texts = {name: text for name in self.fields if (text := turn.text(name))}
        known = self.memory.of_turn(texts) if self.memory is not None else {}
        english = self._english(turn)
        drafts: dict[TextField, _Draft | Drop] = {}
        for name, text in texts.items():
            kept = [(start, end) for where, start, end in english if where == name]
            if self.memory is not None and name in known:
                drafts[name] = _remembered(f"turn {turn.turn} {name}", text, known[name], self.memory.name)
            else:
                drafts[name] = _Draft(list(shield(text, kept)), fix=ENGLISH_KEPT if kept else "")
        return drafts

    def _english(self, turn: Turn) -> Sequence[Span]:
        """The stretches of instruction and input that must stay English."""
        if not self.keep_english:
            return ()
        asked = tasks(turn.instruction, turn.input)
        return [span for task in asked if task.tag in self.keep_english for span in task.about]

    def _passage(self, record: Record, place: Place, prose: Prose) -> Passage:
        return Passage(prose.xml, *place, self.register.of(place[1]), _beside(record, place))

    def _turn(self, turn: Turn, n: int, drafts: dict[Place, _Draft]) -> Turn:
        mine = {name: drafts[n, name] for name in self.fields if (n, name) in drafts}
        by = sorted({who for draft in mine.values() for who in draft.by})
        done = turn.translated({name: draft.text for name, draft in mine.items()}, ", ".join(by) or None)
        fixes = dict.fromkeys((*done.fixes, *(draft.fix for draft in mine.values() if draft.fix)))
        done = done._replace(fixes=tuple(fixes))
        if "output" in self.fields or turn.output_source is not None:  # it is, or was, translated
            return done
        return done._replace(output=None, output_source=turn.output)


@dataclass
class _Draft:
    """A field on its way to Korean: finished stretches and waiting ones, in order."""

    stretches: list[str | Prose]
    fix: str = ""
    by: set[str] = field(default_factory=set)

    @property
    def waiting(self) -> list[Prose]:
        return [stretch for stretch in self.stretches if isinstance(stretch, Prose)]

    @property
    def text(self) -> str:
        """The field in Korean, once nothing waits."""
        return "".join(str(stretch) for stretch in self.stretches)

    def settle(self, replies: Iterator[tuple[str, Answer]]) -> str:
        """Take in the translations of what waits, in order; what a stretch without smaller parts lost, or nothing.

        A stretch that lost something makes way for its smaller parts, which wait instead.
        """
        after: list[str | Prose] = []
        for stretch in self.stretches:
            if isinstance(stretch, str):
                after.append(stretch)
                continue
            xml, answer = next(replies)
            try:
                after.append(joined(restored(xml, stretch)))
            except PieceLost as lost:
                parts: Shielded = smaller(stretch)
                if not parts:
                    why = f"{lost} ({answer.finish})" if answer.finish != "stop" else str(lost)
                    return f"{why}; {stretch.text!r} became {xml!r}"
                after += parts
            else:
                self.by.add(answer.by)
        self.stretches = after
        return ""


def _remembered(place: str, text: str, korean: str, name: str) -> _Draft | Drop:
    """The field as the memory has it, unless that broke something."""
    if not any(isinstance(stretch, Prose) for stretch in shield(text)):
        return _Draft([text], fix=SOURCE_KEPT if korean != text else "")
    if broken := damage(text, korean):
        return Drop("memory-damaged", f"{place}: {broken}; {text!r} is {korean!r} in the memory {name}")
    return _Draft([korean], by={f"memory/{name}"})


def _beside(record: Record, place: Place) -> str:
    """What stands beside a text: the other field of the turn, or the end of the turn before."""
    n, name = place
    turn = record.turns[n]
    above = {"output": turn.instruction, "choices": question(turn.instruction, turn.input)}
    sibling = {"instruction": turn.input, "input": turn.instruction, **above}.get(name, "")
    if sibling or n == 0:
        return sibling[:_CONTEXT]
    before = record.turns[n - 1]
    return (before.output or before.instruction)[-_CONTEXT:]


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
