"""Keeps code, URLs, formulas, markup, blanks and placeholders from translation, and puts them back, verified.

A text goes out as XML: what must survive is a mark such as `<x id="0"/>`, the rest is escaped. DeepL does not bill
marks. Coming back, every mark must occur exactly once and the line breaks must be as many as before.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias
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
_LINE_END = re.compile(r"(?<=\n)")
_SENTENCE_END = re.compile(r"(?<=[.!?])(?=[ \t])")


class PieceLost(ValueError):
    """A translation dropped or doubled a mark, or a line break."""


@dataclass(frozen=True, slots=True)
class Prose:
    """A stretch of a text that is to be translated.

    `text` is the stretch, `xml` what is sent: escaped, with a mark for each piece, white space at the ends of lines
    left out. `pieces[n]` stands behind `<x id="n"/>`; `margins` are the white space before and after each line.
    """

    text: str
    xml: str
    pieces: tuple[str, ...]
    margins: tuple[tuple[str, str], ...]


Shielded: TypeAlias = tuple["str | Prose", ...]


def shield(text: str) -> Shielded:
    """The text in stretches, in order: strings stay as they are, `Prose` is to be translated.

    A stretch is prose when there is a letter outside its pieces. The strings, and `unshield(prose.xml, prose)` for
    each prose, joined are the text again, for any text.
    """
    core = text.strip()
    start = text.index(core) if core else len(text)
    prose = _prose(core)
    return tuple(s for s in (text[:start], prose, text[start + len(core) :]) if s)


def _prose(text: str) -> Prose | str:
    pieces: list[str] = []
    xml: list[str] = []
    end = 0
    is_prose = False
    for match in _PIECE.finditer(text):
        between = text[end : match.start()]
        is_prose = is_prose or _LETTER.search(between) is not None
        xml += [escape(between), f'<x id="{len(pieces)}"/>']
        pieces.append(match.group())
        end = match.end()
    xml.append(escape(text[end:]))
    if not is_prose and not _LETTER.search(text, end):
        return text
    lines = "".join(xml).split("\n")
    bare = [line.strip() for line in lines]
    margins = tuple(_margin(line, core) for line, core in zip(lines, bare, strict=True))
    return Prose(text, "\n".join(bare), tuple(pieces), margins)


def _margin(line: str, core: str) -> tuple[str, str]:
    start = line.index(core) if core else len(line)
    return line[:start], line[start + len(core) :]


def unshield(xml: str, prose: Prose) -> str:
    """The translated stretch with the pieces back where their marks stand, and the white space of its lines.

    A piece may move with its sentence. Raises PieceLost naming the pieces dropped or doubled, or the line
    breaks that are missing.
    """
    xml = xml.strip()
    if not xml:
        raise PieceLost("the text itself")
    numbers = [int(number) for number in _MARK.findall(xml)]
    if sorted(numbers) != list(range(len(prose.pieces))):
        lost = [piece for n, piece in enumerate(prose.pieces) if numbers.count(n) != 1]
        raise PieceLost(", ".join(lost) or "a mark that was never sent")
    lines = xml.split("\n")
    if len(lines) != len(prose.margins):
        raise PieceLost(f"{len(prose.margins) - 1} line breaks became {len(lines) - 1}")
    spaced = [before + line.strip() + after for line, (before, after) in zip(lines, prose.margins, strict=True)]
    parts = _MARK.split("\n".join(spaced))  # text, number, text, number, ..., text
    return "".join(prose.pieces[int(part)] if n % 2 else _unescape(part) for n, part in enumerate(parts))


def _unescape(xml: str) -> str:
    return _ENTITY.sub(lambda match: html.unescape(match.group()), xml)


def smaller(text: str) -> Sequence[str]:
    """The lines of a text, or the sentences of a line, in order; joined they are the text again. Pieces stay whole."""
    inside = [match.span() for match in _PIECE.finditer(text)]
    for ends in (_LINE_END, _SENTENCE_END):
        cuts = [end.start() for end in ends.finditer(text) if not any(a < end.start() < b for a, b in inside)]
        parts = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True) if a < b]
        if len(parts) > 1:
            return parts
    return parts


def by_hand(text: str, korean: str) -> dict[str, str]:
    """What is sent for a text, stretch by stretch, and a translation by hand as a service would send it: with marks.

    A translation in which something that must survive does not stand is there as it is.
    """
    shielded = shield(text)
    sent: dict[str, str] = {}
    end = 0
    for n, stretch in enumerate(shielded):
        if isinstance(stretch, str):
            continue
        fixed = shielded[n + 1].strip() if n + 1 < len(shielded) else ""  # type: ignore[union-attr]  # between prose
        start = korean.find(fixed, end) if fixed else len(korean)
        part = korean[end:start] if start >= 0 else korean
        sent[stretch.xml] = _marked(part.strip(), stretch.pieces) or part
        end = start + len(fixed) if start >= 0 else end
    return sent


def _marked(korean: str, pieces: Sequence[str]) -> str | None:
    found = _prose(korean)
    if isinstance(found, str):
        return None
    free = list(range(len(pieces)))
    number = {}
    for n, piece in enumerate(found.pieces):
        match = next((m for m in free if pieces[m] == piece), None)
        if match is None:
            return None
        free.remove(match)
        number[n] = match
    return None if free else _MARK.sub(lambda m: f'<x id="{number[int(m.group(1))]}"/>', found.xml)
