"""Markdown in which what comes from a source or a pipeline file cannot break out of its place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def inline(text: object) -> str:
    """The text on one line, without what would be markup."""
    return re.sub(r"([\\<>|`\[\]])", r"\\\1", " ".join(str(text).split()))


def code(text: str) -> str:
    """The text as code in a line."""
    return f"`{' '.join(text.replace('`', '').split())}`"


def fenced(text: str, language: str = "") -> list[str]:
    """The lines of a text as a block of code, within a fence that is longer than any in it."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return [f"{fence}{language}", *text.strip().splitlines(), fence]


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """A table; nothing in a cell breaks out of it."""
    lines = [tuple(head), ("---",) * len(head), *(tuple(map(inline, row)) for row in rows)]
    return [f"| {' | '.join(cells)} |" for cells in lines]
