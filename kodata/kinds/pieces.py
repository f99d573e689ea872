"""What in a line of prose must survive a translation: code, URLs, formulas, markup, placeholders, blanks.

The time for a text grows with its length: what has an end is looked for once, and not again once it is missing.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple, TypeAlias

PieceKind: TypeAlias = Literal[
    "code", "url", "email", "path", "tag", "latex", "formula", "placeholder", "blank", "english", "unsendable"
]


Span: TypeAlias = tuple[int, int]  # start and end in a text


class Piece(NamedTuple):
    """A piece of a text, and what it is."""

    text: str
    kind: PieceKind


# What begins here ends with its fellow; the text between is of the piece, whatever it holds.
_PAIRED: dict[str, tuple[str, PieceKind]] = {
    "```": ("```", "code"),
    "``": ("``", "code"),
    "$$": ("$$", "latex"),
    "\\[": ("\\]", "latex"),
    "\\(": ("\\)", "latex"),
    "<!--": ("-->", "tag"),
    "<pre>": ("</pre>", "code"),
    "<code>": ("</code>", "code"),
    "<PRE>": ("</PRE>", "code"),
    "<CODE>": ("</CODE>", "code"),
}
_OPERAND = (  # a number, a letter, f(x), (a + b)
    r"(?:\d+(?:\.\d+)?[A-Za-z]?(?![A-Za-z\d])|[A-Za-z](?![A-Za-z'’])(?:\([\w\s,]{1,9}\))?|\([^()\n]{1,30}\))[²³]?"
)
_FILE = (
    "py|ipynb|jsx?|java|cpp|php|html?|css|csv|tsv|json|xml|ya?ml|toml|sql|bat|exe|txt|md|log|pdf|docx?|xlsx?|pptx?|png|"
    "jpe?g|gif|svg|zip|mp3|mp4"
)
# Tried in this order at each place. A particle may follow at once: Hangul is no \w here.
_PATTERNS: dict[str, tuple[PieceKind, str]] = {
    "paired": ("code", "|".join(re.escape(opening) for opening in _PAIRED)),
    "environment": ("latex", r"\\begin\{(?P<name>\w+\*?)\}"),
    "span": ("code", r"`[^`\n]+`"),
    "dollar": (  # $x^2$, not "$5 and $6"
        "latex",
        r"(?<![\w$\\])\$(?=[^\s$])(?:(?=[^$\n]*[\\^_={}])[^$\n]++|[A-Za-z])(?<=\S)\$(?![\w$])",
    ),
    "command": ("latex", r"\\(?:d?frac|sqrt|boxed|text|vec|overline)\{[^{}\n]*\}(?:\{[^{}\n]*\})?"),
    "markup": ("tag", r"</?[A-Za-z][\w:.'-]*(?:\s[^<>]*)?/?>|\[(?:MASK|PAD|CLS|SEP|UNK)\]"),
    "url": (
        "url",
        r"(?:(?:https?://|ftp://|www\.)|(?<!\S)/?\?\w+=[\w.%-]+&)"
        r"[^\s<>\"'`가-힣]*[^\s<>\"'`가-힣.,;:!?)\]}*]",
    ),
    "email": ("email", r"(?<![\w.+-])[\w.+-]++@[\w-]+(?:\.[\w-]+)+"),  # from the start of a word only
    "braces": ("placeholder", r"\{\{[^{}\n]+\}\}|\$?\{[A-Za-z_][\w .-]*\}|%\([A-Za-z_]\w*\)[sd]|(?<![\w%])%[sd]\b"),
    "json": (
        "code",
        r"[\[{](?=[\[{\s]{0,9}\\?[\"'‘“])"
        r"(?:[^\[\]{}\n]|\[[^\[\]\n]{0,200}\]|\{[^{}\n]{0,200}\}){1,400}(?<=[\"'’”\d\]}])[\]}]",
    ),
    "square": ("placeholder", r"\[[A-Z][A-Za-z_]*(?:[ ][A-Z][A-Za-z_]*)*\]|\[[\d\s.,:x*_-]{0,200}\]"),
    "blank": ("blank", r"_{2,}"),
    "path": (
        "path",
        r"(?<![\w/.])(?:~|\.{1,2})?/[\w.-]+(?:/[\w.-]+)+/?(?<!\.)|\b[A-Z]:\\[\w\\.-]+"
        rf"|(?<![\w.-])[\w-]++(?:\.[\w-]++)*?\.(?:{_FILE})\b(?![\w(])",
    ),
    "call": ("code", r"(?<![\w.])[A-Za-z_]\w*+(?:\.\w++)*+\(\)|(?<![\w.])[A-Za-z_]\w*+(?:\.\w++)++\([^()\n]*\)"),
    "identifier": (
        "code",
        r"(?<![\w@])(?:[A-Za-z][A-Za-z0-9]*+(?:_+[A-Za-z0-9]++)++|[a-z]{2,}(?:[A-Z][a-z0-9]+)+)(?!\w)"
        r"|(?<![\w-])--[a-z][\w-]+|\b[a-z]\[\w{1,3}\]|(?<!\w)[A-Za-z_]\w*(?:::\w+)+",
    ),
    "handle": ("code", r"(?<![\w.@/])@[A-Za-z_]\w+|(?<!\w)#(?=\w*\d)[0-9A-Fa-f]{6}\b|\b0x[0-9A-Fa-f]+\b"),
    "formula": (
        "formula",
        rf"(?<![\w.,'’(])(?=[^\n]{{0,40}}?[=^+*<>]){_OPERAND}"
        rf"(?:(?:\s?[-+*/=^≤≥×÷·]\s?|\s?[<>=]=\s?|\s[<>]\s){_OPERAND})+(?![\w(])",
    ),
    "bold": ("tag", r"(?<![A-Za-z0-9*])\*\*(?=[^\s*])|(?<=[^\s*])\*\*(?![A-Za-z0-9*])"),
    "bracket": ("tag", r"[\[\]]"),  # DeepL eats one that begins a sentence: 8 of 168
    "unsendable": ("unsendable", "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]+"),  # no character of XML
}
_PATTERN = re.compile("|".join(f"(?P<{name}>{pattern})" for name, (_, pattern) in _PATTERNS.items()), re.ASCII)
# What every piece holds in the line in which it begins; looking for that is many times faster than for pieces.
_HINT = re.compile(
    r"[`$\\<>{}\[\]%@_/(#=^+*\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]|\.\S|[a-z][A-Z]|--|::|0x",
    re.ASCII,
)
_LETTER = re.compile(r"[A-Za-z]")
_PLACEHOLDER_WORDS = 3  # <Your Full Name>; more words in angle brackets are prose: <image of a train station>


def pieces_of(text: str, english: Sequence[Span] = ()) -> list[tuple[int, Piece]]:
    """The pieces of a text with the places where they begin, in order; none overlap.

    `english` are stretches, start and end, in order and apart, that must stay English, and so are pieces too.
    """
    found = list(_found(text))
    if not english:
        return found
    starts = [start for start, _ in english]

    def is_in_english(start: int, piece: Piece) -> bool:
        before = bisect_left(starts, start + len(piece.text)) - 1
        return before >= 0 and english[before][1] > start

    own = [found_one for found_one in found if not is_in_english(*found_one)]
    return sorted([*own, *((a, Piece(text[a:b], "english")) for a, b in english)])


def _found(text: str) -> Iterator[tuple[int, Piece]]:
    missing: set[str] = set()  # ends that do not come any more
    at = 0
    while (hint := _HINT.search(text, at)) and (match := _PATTERN.search(text, _line_of(text, at, hint.start()))):
        name, start, at = str(match.lastgroup), match.start(), match.end()
        kind = _PATTERNS[name][0]
        if name in ("paired", "environment"):
            closing, kind = _PAIRED.get(match.group()) or (f"\\end{{{match['name']}}}", "latex")
            end = -1 if closing in missing else text.find(closing, at)
            if end < 0 and closing != "```":  # an open fence runs to the end
                missing.add(closing)
                if closing[:2] == "</":  # a tag that is named, not used
                    yield start, Piece(match.group(), "tag")
                continue
            at = end + len(closing) if end >= 0 else len(text)
        elif _is_prose(name, match.group()):
            at = at if kind == "formula" else start + 1
            continue
        yield start, Piece(text[start:at], kind)


def _line_of(text: str, at: int, place: int) -> int:
    """Where the line of a place begins, or `at` where it begins before."""
    return max(at, text.rfind("\n", at, place) + 1)


def _is_prose(name: str, found: str) -> bool:
    """What only looks like a piece: words in angle brackets, a sum of numbers."""
    if name == "markup":
        return "=" not in found and len(found.split()) > _PLACEHOLDER_WORDS
    return name == "formula" and not _LETTER.search(found)
