"""Which instructions are about English itself, or make a demand that does not survive translation.

"Find a word that rhymes with cat" has no Korean: the cat becomes 고양이 and the rhyme is gone. "Answer in 50 words" has
one, but no longer the same. 9.0 % of Alpaca's instructions are of the first kind (11,421 records of KoAlpaca v1.0).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, get_args

from kodata.tasks.objects import Span, objects
from kodata.tasks.patterns import CLUES, NO_TASK, STEMS, About, Constraint, Tag

__all__ = ["TAGS", "About", "Constraint", "Span", "Tag", "Task", "stems", "tasks"]

TAGS: tuple[Tag, ...] = (*get_args(About), *get_args(Constraint))
_CONSTRAINTS: frozenset[Tag] = frozenset(get_args(Constraint))
_NEEDS_AN_OBJECT: frozenset[Tag] = frozenset({"idiom"})  # "a proverb about friendship" may as well be a Korean one


class Task(NamedTuple):
    """One thing that an instruction asks.

    `clue` are the words that say so. `about` is the English that must stay English for the task to keep its sense, in
    order; empty for a constraint, and where the instruction names none ("Tell a pun").
    """

    tag: Tag
    clue: str
    about: tuple[Span, ...] = ()


def stems(tags: Iterable[Tag]) -> list[str]:
    """Plain texts of which one stands in every instruction that has one of the tags, whatever its case; sorted."""
    return sorted({stem for tag in tags for stem in STEMS[tag]})


def tasks(instruction: str, input: str = "", among: Iterable[Tag] | None = None) -> tuple[Task, ...]:
    """What an English instruction asks of English itself, each tag at most once, in the order of `TAGS`.

    `among` are the tags that are looked for, in that order: those whose `stems` are known to stand in it.
    """
    if among is None:
        lowered = instruction.lower()
        among = (tag for tag in CLUES if any(map(lowered.__contains__, STEMS[tag])))
    clues = {tag: clue.group() for tag in among if (clue := CLUES[tag].search(instruction))}
    if not clues or NO_TASK.search(instruction):
        return ()
    spans = objects(instruction, input)
    return tuple(
        Task(tag, clue, () if tag in _CONSTRAINTS else spans)
        for tag, clue in clues.items()
        if spans or tag not in _NEEDS_AN_OBJECT
    )
