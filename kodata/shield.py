"""Keeps code, URLs, formulas, markup, blanks and placeholders from translation, and puts them back, verified.

Lines of code and data are cut out of a text and never sent. What is left goes out as XML: a piece that must survive is
a mark such as `<x id="0"/>`, the rest is escaped. DeepL does not bill marks. Coming back, every mark must occur exactly
once, in its line, and lines and brackets must be as many as before.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias
from xml.sax.saxutils import escape

from kodata.kinds import line_kinds, tail_of_code
from kodata.kinds.pieces import Piece, Span, pieces_of

_MARK = re.compile(r'<x\s+id="(\d+)"\s*(?:/>|>\s*</x>)')
_ENTITY = re.compile(r"&(?:#\d+|#x[0-9a-fA-F]+|\w+);")
_LETTER = re.compile(r"[^\W\d_]")
_GAP = re.compile(r"(?<=\S)(?:[ ]*\t\s*|[ ]{3,})(?=\S)")  # between columns; two blanks are a habit of typists
_OVER_LINES = re.compile(r"<!--|<\w[^<>\n]*\n|<code>|\$\$|\\\[|\\\(|\\begin")
_LINE_END = re.compile(r"(?<=\n)")
_SENTENCE_END = re.compile(r"(?<=[.!?])(?=[ \t])")
_TAG = re.compile(r"<?(/?)((?<=[</])[A-Za-z][\w:.-]*|[\[\]])(?:[^<>]*?(/?)>)?")
_VOID = frozenset(("br", "hr", "img", "input", "link", "meta"))
_PLAIN = str.maketrans("“”‘’–—−", "\"\"''---")
_STRICT = ("code", "url", "email", "tag", "latex", "placeholder", "blank")


class PieceLost(ValueError):
    """A translation dropped, doubled or broke something that must survive."""


@dataclass(frozen=True, slots=True)
class Prose:
    """A stretch of a text that is to be translated.

    `text` is the stretch, `xml` what is sent: escaped, with a mark for each piece, white space at the ends of lines
    left out. `pieces[n]` stands behind `<x id="n"/>` and begins at `places[n]`; `margins` are the white space before
    and after each line.
    """

    text: str
    xml: str
    pieces: tuple[Piece, ...]
    places: tuple[int, ...]
    margins: tuple[tuple[str, str], ...]


Shielded: TypeAlias = tuple["str | Prose", ...]


def shield(text: str, english: Sequence[Span] = ()) -> Shielded:
    """The text in stretches, in order: strings stay as they are, `Prose` is to be translated.

    Code, data and formulas that fill a line, and gaps between columns, are strings. A stretch is prose when there is a
    letter outside its pieces. `english` are spans of the text that must stay English because it is about them. The
    strings, and `unshield(prose.xml, prose)` for each prose, joined are the text again, for any text.
    """
    stretches: list[str | Prose] = []
    kept = _of_lines(text, english)
    start = 0
    for run, is_prose in _runs(text):
        for stretch in _stretches(run, _within(kept, start, start + len(run))) if is_prose else (run,):
            if isinstance(stretch, str) and stretches and isinstance(stretches[-1], str):
                stretches[-1] += stretch
            elif stretch:
                stretches.append(stretch)
        start += len(run)
    return tuple(stretches)


def _of_lines(text: str, spans: Iterable[Span]) -> list[Span]:
    """The spans cut at line breaks, without white space around them, in order and apart."""
    parts: list[Span] = []
    end = 0
    for start, stop in sorted(spans):
        at = max(start, end)
        for line in text[at:stop].split("\n"):
            core = line.strip()
            if core:
                first = text.index(core, at)
                parts.append((first, first + len(core)))
            at += len(line) + 1
        end = max(end, stop)
    return parts


def _runs(text: str) -> Iterator[tuple[str, bool]]:
    """The text in runs of whole lines, and whether they are prose."""
    lines = text.split("\n")
    is_prose = [kind in ("prose", "blank") for kind in line_kinds(lines)]
    for first, last in _lines_of_pieces(text):
        if is_prose[first] or lines[first].lstrip()[:2] in ("<!", "$$", "\\["):
            is_prose[first : last + 1] = [True] * (last + 1 - first)
    start = 0
    for n in range(1, len(lines) + 1):
        if n == len(lines) or is_prose[n] != is_prose[start]:
            yield "\n".join(lines[start:n]) + "\n" * (n < len(lines)), is_prose[start]
            start = n


def _lines_of_pieces(text: str) -> Iterator[Span]:
    """The first and last line, counted from 0, of each piece that goes over several: a comment, displayed LaTeX."""
    if "\n" not in text or not _OVER_LINES.search(text):
        return
    at = line = 0
    for start, piece in pieces_of(text):
        breaks = piece.text.count("\n")
        if breaks:
            line += text.count("\n", at, start)
            yield line, line + breaks
            at = start


def _stretches(run: str, english: Sequence[Span]) -> Iterator[str | Prose]:
    """Lines of prose cut at their gaps and before the code that ends a line, never in a piece."""
    found = pieces_of(run, english)
    end = 0
    for cut_start, cut_end in _cuts(run, found):
        yield from _stretch(run, end, cut_start, found)
        yield run[cut_start:cut_end]
        end = cut_end
    yield from _stretch(run, end, len(run), found)


def _cuts(run: str, found: Sequence[tuple[int, Piece]]) -> Iterator[Span]:
    """Where stretches begin and end that are not sent, in order."""
    at = 0
    for line in run.split("\n"):
        end = at + len(line)
        tail = tail_of_code(line) if ":" in line else None
        code = end if tail is None or _is_inside(at + tail, found) or _is_inside(end, found) else at + tail
        for gap in _GAP.finditer(run, at, code):
            if not _is_inside(gap.start(), found):
                yield gap.span()
        if code < end:
            yield code, end
        at = end + 1


def _is_inside(place: int, found: Sequence[tuple[int, Piece]]) -> bool:
    """Whether the place is in the middle of a piece."""
    before = bisect_left(found, place, key=_place) - 1
    return before >= 0 and place < found[before][0] + len(found[before][1].text)


def _stretch(run: str, start: int, end: int, found: Sequence[tuple[int, Piece]]) -> Iterator[str | Prose]:
    """A part of a run: the white space around it, and between them prose, or a string when nothing is to translate."""
    core = run[start:end].strip()
    if not core:
        yield run[start:end]
        return
    first = run.index(core, start)
    yield run[start:first]
    last = first + len(core)
    places = range(bisect_left(found, first, key=_place), bisect_left(found, last, key=_place))
    mine = [(found[n][0], found[n][1]) for n in places]
    yield _prose(core, [(at - first, Piece(piece.text[: last - at], piece.kind)) for at, piece in mine])
    yield run[last:end]


def _place(found: tuple[int, Piece]) -> int:
    return found[0]


def _prose(text: str, found: Sequence[tuple[int, Piece]]) -> Prose | str:
    pieces: list[Piece] = []
    xml: list[str] = []
    end = 0
    is_prose = False
    for start, piece in found:
        is_prose = is_prose or _LETTER.search(text, end, start) is not None
        xml += [escape(text[end:start]), f'<x id="{len(pieces)}"/>']
        pieces.append(piece)
        end = start + len(piece.text)
    xml.append(escape(text[end:]))
    if not is_prose and not _LETTER.search(text, end):
        return text
    lines = "".join(xml).split("\n")
    bare = [line.strip() for line in lines]
    margins = tuple(_margin(line, core) for line, core in zip(lines, bare, strict=True))
    return Prose(text, "\n".join(bare), tuple(pieces), tuple(start for start, _ in found), margins)


def _margin(line: str, core: str) -> tuple[str, str]:
    start = line.index(core) if core else len(line)
    return line[:start], line[start + len(core) :]


def unshield(xml: str, prose: Prose) -> str:
    """The translated stretch with its pieces and the white space of its lines; see `restored`."""
    return "".join(restored(xml, prose))


def restored(xml: str, prose: Prose) -> list[str]:
    """The translated stretch as text, piece, text, piece, ..., text, with the white space of its lines.

    A piece may move within its line. Raises PieceLost naming the pieces dropped, doubled or moved to another line, or
    the lines or brackets that are not as many as before.
    """
    lines, sent = xml.strip().split("\n"), prose.xml.split("\n")
    if not xml.strip():
        raise PieceLost("the text itself")
    numbers = [int(number) for number in _MARK.findall(xml)]
    if sorted(numbers) != list(range(len(prose.pieces))):
        times = Counter(numbers)
        lost = [piece.text for n, piece in enumerate(prose.pieces) if times[n] != 1]
        raise PieceLost(", ".join(lost) or "a mark that was never sent")
    if len(lines) != len(sent):
        raise PieceLost(f"{len(sent) - 1} line breaks became {len(lines) - 1}")
    for line, before in zip(lines, sent, strict=True):
        if len(sent) > 1 and sorted(_MARK.findall(line)) != sorted(_MARK.findall(before)):
            raise PieceLost("pieces moved to another line")
    if (now := _brackets(xml)) != (then := _brackets(prose.xml)):
        raise PieceLost(f"brackets {then or 'none'} became {now or 'none'}")
    if _are_nested(prose.pieces) and not _are_nested([prose.pieces[n] for n in numbers]):
        raise PieceLost("the order of tags")
    spaced = [before + line.strip() + after for line, (before, after) in zip(lines, prose.margins, strict=True)]
    parts = _MARK.split("\n".join(spaced))  # text, number, text, number, ..., text
    return [prose.pieces[int(part)].text if n % 2 else _unescape(part) for n, part in enumerate(parts)]


def damage(english: str, korean: str) -> str:
    """What a finished translation broke of what must survive, in words; empty when nothing.

    For translations that were made without marks: lines, brackets, code, and the pieces of the strict kinds.
    """
    if (now := korean.count("\n")) != (then := english.count("\n")):
        return f"{then} line breaks became {now}"
    end, loose = 0, _loose(korean)
    for stretch in shield(english):
        if isinstance(stretch, Prose):
            continue
        at = loose.find(_loose(stretch), end)
        if at < 0:
            return f"{stretch.strip()!r} is not there"
        end = at + len(_loose(stretch))
    had, has = (
        Counter(_loose(piece.text) for _, piece in pieces_of(text) if piece.kind in _STRICT)
        for text in (english, korean)
    )
    if had != has:
        return f"not as often as in the English: {', '.join([*(had - has), *(has - had)])}"
    then_, now_ = _brackets(english), _brackets(korean)
    return "" if then_ == now_ else f"brackets {then_ or 'none'} became {now_ or 'none'}"


def _loose(text: str) -> str:
    """The text as it counts for equality: typographic signs, case and white space are no damage."""
    return " ".join(text.translate(_PLAIN).casefold().split())


def _brackets(text: str) -> str:
    """The brackets of a text or of XML without its marks, sorted.

    Round ones are not counted, only whether each has its fellow: translations add glosses such as UTC, rightly, 9 times
    of 9 where their number differed in 8,577 real ones. The number of square ones differed 5 times, always by damage.
    """
    bare = _unescape(_MARK.sub("", text))
    return "".join(sorted(filter("[]{}<>".__contains__, bare))) + "(" * (bare.count("(") != bare.count(")"))


def _are_nested(pieces: Sequence[Piece]) -> bool:
    """Whether each tag and bracket that opens among the pieces is closed by its fellow, none crossing another."""
    opened: list[str] = []
    for piece in pieces:
        for end, name, is_whole in _TAG.findall(piece.text) if piece.kind == "tag" else ():
            if is_whole or name.lower() in _VOID:
                continue
            if not end and name != "]":
                opened.append(name)
            elif not opened or opened.pop() != name.replace("]", "["):
                return False
    return not opened


def _unescape(xml: str) -> str:
    return _ENTITY.sub(lambda match: html.unescape(match.group()), xml)


def smaller(prose: Prose) -> Shielded:
    """The stretches of the lines of a stretch, or of the sentences of a line; empty when it is a single sentence."""
    found = list(zip(prose.places, prose.pieces, strict=True))
    english = [(at, at + len(piece.text)) for at, piece in found if piece.kind == "english"]
    for ends in (_LINE_END, _SENTENCE_END):
        cuts = [end.start() for end in ends.finditer(prose.text) if not _is_inside(end.start(), found)]
        parts = [(a, b) for a, b in pairwise([0, *cuts, len(prose.text)]) if a < b]
        if len(parts) > 1:
            return tuple(stretch for a, b in parts for stretch in shield(prose.text[a:b], _within(english, a, b)))
    return ()


def _within(spans: Sequence[Span], start: int, end: int) -> list[Span]:
    """The spans that begin there, counted from there."""
    return [(a - start, b - start) for a, b in spans if start <= a < end]


def by_hand(text: str, korean: str) -> dict[str, str]:
    """What is sent for a text, stretch by stretch, and a translation by hand as a service would send it: with marks.

    A translation in which something that must survive does not stand is there as it is.
    """
    sent: dict[str, str] = {}
    korean, end = korean.strip(), 0
    for stretch, after in pairwise([*shield(text.strip()), ""]):
        if isinstance(stretch, str):
            end = _span(korean, stretch, end)[1]
            continue
        stop = _span(korean, after, end)[0] if isinstance(after, str) else len(korean)
        part = korean[end:stop].strip()
        sent[stretch.xml] = _marked(part, stretch.pieces) or part
    return sent


def _span(text: str, fixed: str, start: int) -> tuple[int, int]:
    """Where a string stands that is the same in every language, with or without its white space; the end without."""
    for form in (fixed, fixed.strip()):
        if form and (at := text.find(form, start)) >= 0:
            return at, at + len(form)
    return len(text), start


def _marked(korean: str, pieces: Sequence[Piece]) -> str | None:
    found = _prose(korean, pieces_of(korean))
    if isinstance(found, str):
        return None
    free = list(range(len(pieces)))
    number = {}
    for n, piece in enumerate(found.pieces):
        match = next((m for m in free if pieces[m].text == piece.text), None)
        if match is None:
            return None
        free.remove(match)
        number[n] = match
    return None if free else _MARK.sub(lambda m: f'<x id="{number[int(m.group(1))]}"/>', found.xml)
