"""Keeps code, URLs, formulas, markup, blanks and placeholders from translation, and puts them back, verified.

A text goes out as XML: what must survive is a mark such as `<x id="0"/>`, the rest is escaped. DeepL does not bill
marks. Coming back, every mark must occur exactly once and the line breaks must be as many as before.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

# Alternatives are tried in this order at each position: longer-reaching kinds first.
_PIECE = re.compile(
    r"""
      ```.*?(?:```|\Z)                                # fenced code; an unclosed fence runs to the end
    | `[^`\n]+`                                       # inline code
    | \$\$.+?\$\$ | \\\[.+?\\\] | \\\(.+?\\\)         # LaTeX, displayed and inline
    | \\begin\{(?P<env>\w+\*?)\}.*?\\end\{(?P=env)\}
    | (?<![\w$\\])\$(?=[^\s$])(?:(?=[^$\n]*[\\^_={}])[^$\n]++|[A-Za-z])(?<=\S)\$(?![\w$])  # $x^2$, not "$5 and $6"
    | <!--.*?--> | </?[A-Za-z][\w:-]*(?:\s[^<>]*)?/?> # HTML and XML tags, comments
    | <[A-Za-z][\w .-]*> | \[(?:MASK|PAD|CLS|SEP|UNK)\]
    | (?:https?://|ftp://|www\.)[^\s<>"'`가-힣]*[^\s<>"'`가-힣.,;:!?)\]}]
    | (?<![\w.+-])[\w.+-]++@[\w-]+(?:\.[\w-]+)+       # e-mail; from the start of a word only, or base64 takes forever
    | \{\{[^{}\n]+\}\} | \$?\{[A-Za-z_][\w .-]*\} | %\([A-Za-z_]\w*\)[sd]  # placeholders
    | \[[A-Z][A-Za-z_]*(?:[ ][A-Z][A-Za-z_]*)*\]     # [Company], [Your Name]
    | _{2,}                                           # blanks
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,  # a particle may follow a piece at once
)
_MARK = re.compile(r'<x\s+id="(\d+)"\s*(?:/>|>\s*</x>)')
_ENTITY = re.compile(r"&(?:#\d+|#x[0-9a-fA-F]+|\w+);")
_LETTER = re.compile(r"[^\W\d_]")
_SENTENCE_END = re.compile(r"(?<=[.!?])(?=[ \t])|(?<=\n)")


class PieceLost(ValueError):
    """A translation dropped or doubled a mark, or a line break."""


@dataclass(frozen=True, slots=True)
class Shielded:
    """A text ready to be sent: `xml` with marks, `pieces[n]` what stands behind `<x id="n"/>`.

    `before` and `after` are the white space around the text, which translators lose.
    """

    xml: str
    pieces: tuple[str, ...]
    before: str = ""
    after: str = ""

    @property
    def is_prose(self) -> bool:
        """Whether there is anything to translate besides the pieces: a letter of some script."""
        return bool(_LETTER.search(_unescape(_MARK.sub("", self.xml))))


def shield(text: str) -> Shielded:
    """The text as XML with a mark for each piece that must survive translation.

    `unshield(shield(text).xml, shield(text))` is the text again, for any text.
    """
    core = text.strip()
    start = text.index(core) if core else len(text)
    pieces: list[str] = []
    xml: list[str] = []
    end = 0
    for match in _PIECE.finditer(core):
        xml += [escape(core[end : match.start()]), f'<x id="{len(pieces)}"/>']
        pieces.append(match.group())
        end = match.end()
    xml.append(escape(core[end:]))
    return Shielded("".join(xml), tuple(pieces), text[:start], text[start + len(core) :])


def unshield(xml: str, shielded: Shielded) -> str:
    """The translated text with the pieces back where their marks stand.

    A piece may move with its sentence. Raises PieceLost naming the pieces dropped or doubled, or the line
    breaks that are missing.
    """
    parts = _MARK.split(xml.strip())  # text, number, text, number, ..., text
    numbers = [int(number) for number in parts[1::2]]
    if sorted(numbers) != list(range(len(shielded.pieces))):
        lost = [piece for n, piece in enumerate(shielded.pieces) if numbers.count(n) != 1]
        raise PieceLost(", ".join(lost) or "a mark that was never sent")
    breaks, expected = xml.strip().count("\n"), shielded.xml.count("\n")
    if breaks != expected:
        raise PieceLost(f"{expected} line breaks became {breaks}")
    text = "".join(shielded.pieces[int(part)] if n % 2 else _unescape(part) for n, part in enumerate(parts))
    return shielded.before + text + shielded.after


def _unescape(xml: str) -> str:
    return _ENTITY.sub(lambda match: html.unescape(match.group()), xml)


def smaller(text: str) -> Sequence[str]:
    """The lines and sentences of a text, in order; joined they are the text again. Pieces stay whole."""
    inside = [match.span() for match in _PIECE.finditer(text)]
    cuts = [
        match.start()
        for match in _SENTENCE_END.finditer(text)
        if not any(start < match.start() < end for start, end in inside)
    ]
    return [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True) if a < b]


def put_marks(text: str, shielded: Shielded) -> str | None:
    """A translation written by hand as a translation service would send it: XML with the same marks.

    None when a piece does not stand in the text.
    """
    found = shield(text)
    free = list(range(len(shielded.pieces)))
    number = {}
    for n, piece in enumerate(found.pieces):
        match = next((m for m in free if shielded.pieces[m] == piece), None)
        if match is None:
            return None
        free.remove(match)
        number[n] = match
    return None if free else _MARK.sub(lambda m: f'<x id="{number[int(m.group(1))]}"/>', found.xml)
