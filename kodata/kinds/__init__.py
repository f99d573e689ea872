"""What a text is, and each line of it: prose, code, data, a formula. Only prose is translated."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice
from typing import Literal, TypeAlias

from kodata.kinds.code_lines import SURE, code_lines, score

LineKind: TypeAlias = Literal["prose", "code", "data", "formula", "blank"]
Kind: TypeAlias = Literal[
    "empty", "prose", "code", "mixed", "json", "yaml", "csv", "table", "formula", "url", "number", "names"
]

_LETTER = re.compile(r"[^\W\d_]")
_URL = re.compile(r"(?:https?://|ftp://|www\.)\S+(?:\s+(?:https?://|ftp://|www\.)\S+)*")
# Names that machines give: files, handles, identifiers. Names of people and things are translated: Rome is 로마.
_NAME = r"(?:[@#]\w+|\w+(?:[./\\-]\w+)*\.[A-Za-z]\w{1,4}|\w*[a-z0-9]_\w+|[a-z]+[A-Z]\w*|[A-Z]+\d\w*|[a-z]+\d+)"
_NAMES = re.compile(rf"{_NAME}(?:[,;]?\s+{_NAME})*")
_LONG_NAMES = 500
_FORMULA = re.compile(
    r"(?:(?<![A-Za-z])[A-Za-z](?![A-Za-z])|\b(?:sin|cos|tan|cot|sec|log|ln|exp|sqrt|lim|max|min|mod|pi|dx|dy|dt)\b"
    r"|\d[\dA-Za-z]?(?![A-Za-z])|[\s+*/^=()\[\]{}.,<>|!%:;'~_≤≥≠≈±√∞π∫∑∂∆θαβ×÷·²³∪∩∈∉⊂→∧∨¬−–-])++"
)
_SIGNS = re.compile(r"[\d+*/^=<>|≤≥≠≈±√∞∫∑×÷²³∪∩∈−]|[A-Za-z]\(")
_COLONS, _LONG_TAIL = 5, 1_000  # colons of a line that are tried, and characters after one
_COLON = re.compile(r":\s+(?=\S)")
_EQUATION = re.compile(r"[A-Za-z].*[=^+*<>²]|[=^+*<>²].*[A-Za-z]")
_RULE = re.compile(r"[-+=|:_ ]*(?:--|==)[-+=|:_ ]*")  # between the head and the rows of a table
_NO_CSV = re.compile(r",(?:\s|$)|\d,\d{3}(?!\d)|[\[({]")  # a sentence, a large number, a list
_CELL_WORDS = 5  # of a table of values; what is longer is a sentence
_KEY = re.compile(r"(?P<indent>\s*)(?:-\s+)?[a-z_][\w.-]*:(?P<value>\s+\S.*)?|(?P<item>\s*)-\s+\S.*")


def line_kinds(lines: Sequence[str]) -> list[LineKind]:
    """The kind of each line. Blank lines between two lines of code or data are "blank" too."""
    is_code, is_data, inline = code_lines(lines), _data_lines(lines), _inline_fences(lines)
    return [
        "prose" if n in inline
        else "blank" if not line or line.isspace()
        else "code" if code
        else "data" if data
        else "formula" if is_formula(line)
        else "prose"
        for n, (line, code, data) in enumerate(zip(lines, is_code, is_data, strict=True))
    ]  # fmt: skip


def kind_of(text: str) -> Kind:  # noqa: PLR0911  # one line a kind
    """What a whole text is. "mixed" is prose with lines of another kind; what is neither is not translated."""
    text = text.strip()
    if not text:
        return "empty"
    if not _LETTER.search(text):
        return "number"
    if _URL.fullmatch(text):
        return "url"
    if len(text) <= _LONG_NAMES and _NAMES.fullmatch(text):
        return "names"
    lines = text.split("\n")
    kinds = set(line_kinds(lines)) - {"blank"}
    if "prose" in kinds:
        return "mixed" if len(kinds) > 1 else "prose"
    if "code" in kinds:
        return "json" if text[0] in "[{" and text[-1] in "]}" and '"' in text else "code"
    if "data" in kinds:
        return "table" if "|" in text or "\t" in text else "yaml" if _is_yaml(lines) else "csv"
    return "formula"


def prose_of(text: str) -> str:
    """The lines of a text that are prose."""
    lines = text.split("\n")
    return "\n".join(line for line, kind in zip(lines, line_kinds(lines), strict=True) if kind == "prose")


def is_formula(line: str) -> bool:
    """Whether the line is of numbers, signs and single letters, with a sign or number among them."""
    return _SIGNS.search(line) is not None and _FORMULA.fullmatch(line) is not None


def _inline_fences(lines: Sequence[str]) -> set[int]:
    """The lines of a fence that opens in the middle of one: they are a piece of the sentence."""
    inline: set[int] = set()
    is_open, is_inline = False, False
    for n, line in enumerate(lines):
        marks = line.count("```")
        if marks % 2 and not is_open:
            is_inline = not line.lstrip().startswith("```")
        if is_inline and (is_open or marks):
            inline.add(n)
        is_open ^= marks % 2 == 1
        is_inline = is_inline and is_open
    return inline


def tail_of_code(line: str) -> int | None:
    """Where in a line of prose code or a formula begins that goes on to its end, after a colon; None without one."""
    for colon in islice(_COLON.finditer(line), _COLONS):
        tail = line[colon.end() :]
        if len(tail) > _LONG_TAIL:
            continue
        if score(tail) >= SURE or (is_formula(tail) and _EQUATION.search(tail)):
            return colon.end()
    return None


def _data_lines(lines: Sequence[str]) -> list[bool]:
    """Which lines are rows of a table, of TSV or CSV, or of YAML. One row alone is none."""
    found = [False] * len(lines)
    for separator in _separators(lines):
        start = 0
        while start < len(lines):
            end = start
            while end < len(lines) and _is_row(lines[end], separator):
                end += 1
            if _is_table([line for line in lines[start:end] if not _RULE.fullmatch(line.strip())], separator):
                found[start:end] = [True] * (end - start)
            start = end + 1
    return [True] * len(lines) if _is_yaml(lines) else found


def _separators(lines: Sequence[str]) -> list[str]:
    if len(lines) < 2:
        return []
    return [separator for separator in "|\t," if sum(separator in line for line in lines) > 1]


def _is_row(line: str, separator: str) -> bool:
    return separator in line.strip() or (separator == "|" and _RULE.fullmatch(line.strip()) is not None)


def _is_table(rows: Sequence[str], separator: str) -> bool:
    """Whether all rows have as many cells, and none of them holds a sentence. No blank follows the commas of CSV."""
    cells = [row.strip().strip("|").split(separator) for row in rows]
    if len(rows) < 2 or len({len(row) for row in cells}) > 1 or len(cells[0]) < 2:
        return False
    if separator == "," and any(_NO_CSV.search(row) for row in rows):
        return False
    return max(len(cell.split()) for row in cells for cell in row) <= _CELL_WORDS


def _is_yaml(lines: Sequence[str]) -> bool:
    """Whether all lines are keys, values and items of YAML, and some stand below a key, indented."""
    rows = [_KEY.fullmatch(line) for line in lines if line.strip()]
    if len(rows) < 3 or not all(rows):
        return False
    keys = [row for row in rows if row and row["item"] is None]
    return any(not row["value"] for row in keys) and len({row["indent"] for row in keys}) > 1
