"""The English that a task is about: what stands in quotation marks, in the input, or after a colon."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

_QUOTED = re.compile(
    r'"([^"\n]+)"|“([^”\n]+)”|`([^`\n]+)`|‘([^’\n]+)’'
    r"|(?<![\w'])'(?!\s)([^'\n]{1,300}(?:'[a-z]{1,2}\b[^'\n]{0,300}){0,3})'(?!\w)"
)
_BREAK = re.compile(r":(?!\S)|\n")
_NAMED = re.compile(
    r"(?i:\b(?:the (?:english |following )?(?:words?|phrase|term|acronym|abbreviation|noun|verb|adjective|adverb"
    r"|letters|idiom|proverb|name)|rhym(?:e|es|ing) with|(?:synonyms?|antonyms?|homophones?|anagrams?|opposite"
    r"|plural(?: form)?|abbreviation|spelling|pronunciation|acronym|past tense|translation) (?:of|for)(?: the word)?"
    r"|say|spell|pronounce|translate|conjugate)) "
    r"((?!(?i:a|an|and|all|any|appears?|below|each|every|for|form|following|from|given|how|in|into|is|are|it|its|letters?"
    r"|list|me|my|of|or|order|out|phrase|provided|sentence|some|text|that|the|their|these|they|this|those|to|used|using"
    r"|what|which|with|words?|you|your)\b)[A-Za-z][\w'-]*)"
)
_CAPITALS = re.compile(r"\b[A-Z]{2,8}\b")
_LETTER = re.compile(r"[A-Za-z]")


class Span(NamedTuple):
    """A stretch of a field: `text[start:end]`."""

    field: Literal["instruction", "input"]
    start: int
    end: int


def objects(instruction: str, input: str) -> tuple[Span, ...]:
    """The English a task is about, in order: quotations and the whole input; else what follows a colon or line break;
    else the word that is named ("the plural of mouse", "rhymes with cat").
    """
    found = [Span("instruction", *span) for span in _quotations(instruction)]
    core = input.strip()
    if _LETTER.search(core):
        start = input.index(core)
        found.append(Span("input", start, start + len(core)))
    if found:
        return tuple(found)
    broken = _BREAK.search(instruction)
    after = instruction[broken.end() :].strip() if broken else ""
    if broken and _LETTER.search(after):
        start = instruction.index(after, broken.end())
        return (Span("instruction", start, start + len(after)),)
    named = _NAMED.search(instruction)
    if named:
        return (Span("instruction", *named.span(1)),)
    return tuple(Span("instruction", *match.span()) for match in _CAPITALS.finditer(instruction))


def _quotations(text: str) -> Iterator[tuple[int, int]]:
    for match in _QUOTED.finditer(text):
        if _LETTER.search(match.group()):
            yield match.span(match.lastindex or 0)
