"""What must survive a translation, found without the shield: patterns of its own, and Python's own parser.

Judged are texts that say for sure what they are. Left out, as nobody can tell: `Radius = 3`, a sentence between tags.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections import Counter
from collections.abc import Iterator

_PIECES = {
    "url": r"(?:https?|ftp)://[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]*[A-Za-z0-9/_=-]",
    "email": r"[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}",
    "code span": r"`[^`\n]+`|```(?s:.*?)(?:```|\Z)",
    "tag": r"</?[a-zA-Z][a-zA-Z0-9]*(?:\s[^<>\n]*=[^<>\n]*)?\s?/?>|<!--(?s:.*?)-->|<!DOCTYPE[^<>]*>",
    "token": r"\[(?:MASK|SEP|CLS|PAD|UNK)\]",
    "placeholder": r"\{\{[^{}\n]+\}\}|\$?\{[A-Za-z_]\w*\}|%[sd]\b|%\([a-z_]+\)[sd]|\[(?:[A-Z][a-z]+ ?){1,3}\]",
    "formula": r"\$\$(?s:.+?)\$\$|\\\((?s:.+?)\\\)|\\\[(?s:.+?)\\\]|\\(?:frac|sqrt|boxed)\{[^{}]*\}",
    "name": r"(?<![\w@./-])(?:[a-z]+(?:_[a-z0-9]+)+|[a-z]{2,}(?:[A-Z][a-z]+)+|[a-z]\w*\(\))(?![\w-])",
    "path": r"(?<![\w/.<])/[a-z]+(?:/[\w.-]+)+\b|(?<![\w.-])\w+\.(?:py|js|html|css|txt|csv|json)\b",
    "json": r"[\[{]\s*\"[^\"\n]*\"\s*(?:[:,][^\[\]{}\n]{0,200})?[\]}]",
}  # fmt: skip
_PIECE = {kind: re.compile(pattern) for kind, pattern in _PIECES.items()}
_BLANK = re.compile(r"_{2,}")
_LINE = re.compile(
    r"""\s*(?:
        (?:def|class)\s+\w+.*:\s*(?:\#.*)?
      | (?:for\s+\w+(?:,\s*\w+)*\s+in\s+\S.*|(?:(?:else\ |el)?if|while)\s.*[=<>()].*|else|try|except.*):\s*
      | return(?:\s+[\w.]+\s*[-+*/%<>=(\[].*|;)
      | (?:import\s+[\w.]+(?:\s+as\s+\w+)?|from\s+[\w.]+\s+import\s+.+)
      | [a-z_][\w.\[\]]*\s*[-+*/]?=\s*(?:[\[{("']|[\w.]+\().*
      | (?:print|console\.log|printf|System\.out\.println|echo|cout)\b.*[(<"].*
      | .*[\w)\]"']\s*\{\s*
      | .*(?:[)\]"']|=.*)\s*;\s*(?://.*)?
      | [{}]+[;,)]*\s*
      | \#include.*
      | <(\w+)[^<>]*>(?:\s*[^\s<>]+){0,7}\s*</\1>\s*
      | (?:SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|FROM|WHERE)\s.*
    )""",
    re.VERBOSE,
)
_SENTENCE = re.compile(r"\W*[A-Za-z']+,? [a-z]+,? [a-z]+,? [a-z]+.*;\s*")  # a line of a poem
_BOTH_FORMS = re.compile(r"을\(를\)|를\(을\)|은\(는\)|는\(은\)|이\(가\)|가\(이\)|와\(과\)|과\(와\)|\(으\)로")
_LEFT_OVER = re.compile(r'<x id="\d+"|&(?:lt|gt|amp|quot|#39);')
_STATEMENTS = (ast.FunctionDef, ast.ClassDef, ast.For, ast.While, ast.If, ast.Import, ast.ImportFrom, ast.AugAssign)


def damages(source: str, korean: str) -> Iterator[tuple[str, str]]:
    """What is damaged in the Korean of a text, and how: the kind, and the piece or line."""
    for kind, pattern in _PIECE.items():
        for piece in {found.group() for found in pattern.finditer(source)}:
            if source.count(piece) != korean.count(piece):
                yield kind, piece
    if Counter(_BLANK.findall(source)) != Counter(_BLANK.findall(korean)):
        yield "blank", source
    for sign in "\n[]{}<>":
        if source.count(sign) != korean.count(sign):
            yield "number of signs", sign
    left = iter(korean.split("\n"))
    yield from (("code line", line) for line in code_lines(source) if line not in left)
    if (found := _BOTH_FORMS.search(korean)) and not _BOTH_FORMS.search(source):
        yield "particle", found.group()
    if (found := _LEFT_OVER.search(korean)) and not _LEFT_OVER.search(source):
        yield "left over", found.group()


def code_lines(text: str) -> list[str]:
    """The lines of a text that are surely program text, in order."""
    lines = text.split("\n")
    if is_python(text):
        return [line for line in lines if line.strip()]
    return [line for line in lines if _LINE.fullmatch(line) and not _SENTENCE.fullmatch(line)]


def is_python(text: str) -> bool:
    """Whether the text is a program that Python parses: a statement, an assignment to a name in small letters."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            body = ast.parse(text).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return any(isinstance(node, _STATEMENTS) or (isinstance(node, ast.Assign) and _is_named(node)) for node in body)


def _is_named(node: ast.Assign) -> bool:
    return all(isinstance(target, ast.Name) and target.id.islower() for target in node.targets)


def not_prose(text: str) -> int:
    """Characters of a text that are surely no prose: its code lines, and elsewhere its pieces and blanks."""
    lines = code_lines(text)
    rest = [line for line in text.split("\n") if line not in lines]
    pieces = sum(len(_merged(line)) for line in rest)
    return sum(map(len, lines)) + pieces


def _merged(line: str) -> set[int]:
    """The places in a line where pieces stand."""
    found = [match.span() for pattern in (*_PIECE.values(), _BLANK) for match in pattern.finditer(line)]
    return {place for start, end in found for place in range(start, end)}
