"""JSON in all its containers: an array, lines, an object that wraps a list, an object of columns, one object.

Arrays are read item by item, so that memory holds one of them: the decoder of the standard library is started where
each item begins. It keeps what faster parsers lose (lone surrogates, NaN, long numbers), tells where a broken item
breaks, and reads as many bytes a second as ijson with yajl.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from io import StringIO
from typing import Literal, TextIO, TypeAlias

from kodata.errors import SourceError
from kodata.sources.opening.items import Item, NoItems
from kodata.sources.opening.streams import Stream

Layout: TypeAlias = Literal["JSON array", "JSON lines", "JSON object"]

_CHUNK = 1 << 20  # characters read at a time
_SPAN = 16  # characters: an error nearer to the end of what was read may be the cut itself
_DECODER = json.JSONDecoder()
_BLANK = re.compile(r"[\s,]*")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+("|\Z)|[{}\[\]]', re.DOTALL)
_SCALAR = re.compile(r"[^,\]}]*+")
_IN_A_RECORD = frozenset({"conversations", "conversation", "messages", "turns", "instances", "answers", "choices"})
_OF_A_MESSAGE = frozenset({"from", "role", "value", "content"})


class _Broken(ValueError):
    """What cannot be decoded; `is_cut` when it might be whole if the text went on."""

    def __init__(self, why: str, *, is_cut: bool = False) -> None:
        super().__init__(why)
        self.is_cut = is_cut


class _Text:
    """A text read on demand, and one JSON value after another decoded from it."""

    def __init__(self, source: TextIO) -> None:
        self.source = source
        self.buffer = ""
        self.at = 0
        self.before = 0  # characters of the source before the buffer
        self.held: int | None = None  # where to come back to
        self.has_bad_bytes = False

    def more(self) -> bool:
        """Whether there was more to read. What is behind is let go."""
        chunk = self.source.read(max(_CHUNK, len(self.buffer) - self.at))
        if chunk:
            try:
                chunk.encode()
            except UnicodeEncodeError:
                self.has_bad_bytes = True
            gone = self.at if self.held is None else self.held
            self.before += gone
            self.buffer, self.at = self.buffer[gone:] + chunk, self.at - gone
            self.held = None if self.held is None else 0
        return bool(chunk)

    def first_in_list(self) -> object:
        """The first element of the list that begins here, which is not passed. Raises _Broken."""
        self.held = self.at
        self.at += 1
        try:
            return None if self.next() in ("]", "") else self.value()
        finally:
            self.at, self.held = self.held, None

    def next(self) -> str:
        """The next character that is neither blank nor a comma, which is not passed; empty at the end."""
        while True:
            blank = _BLANK.match(self.buffer, self.at)
            assert blank is not None
            self.at = blank.end()
            if self.at < len(self.buffer):
                return self.buffer[self.at]
            if not self.more():
                return ""

    def value(self) -> object:
        """The value that begins here. Raises _Broken, and stays where it is, when none can be decoded."""
        while True:
            try:
                value, end = _DECODER.raw_decode(self.buffer, self.at)
            except json.JSONDecodeError as error:
                is_cut = error.msg.startswith("Unterminated") or error.pos > len(self.buffer) - _SPAN
                if is_cut and self.more():
                    continue
                raise _Broken(f"{error.msg}, at character {self.before + error.pos + 1:,}", is_cut=is_cut) from error
            except (ValueError, RecursionError) as error:
                raise _Broken(why_of(error)) from error
            may_go_on = isinstance(value, int | float) and end > len(self.buffer) - _SPAN
            if may_go_on and self.more():
                continue
            if self.has_bad_bytes and (bad := _bad_byte(self.buffer[self.at : end])) is not None:
                raise _Broken(f"not UTF-8, at character {self.before + self.at + bad + 1:,}")
            self.at = end
            return value

    def broken_value(self) -> str | None:
        """The text of a value that cannot be decoded, passed over; None when its end cannot be told."""
        while (end := self._end_of_broken()) is None:
            if not self.more():
                return None
        text, self.at = self.buffer[self.at : end], end
        return text if text and self.next() in ("]", "{", "[", '"', "") else None

    def _end_of_broken(self) -> int | None:
        """Where the brackets that open here are closed, text in quotes not counted; None when that is further on."""
        if self.buffer[self.at] not in "{[":
            scalar = _SCALAR.match(self.buffer, self.at)
            return scalar.end() if scalar and scalar.end() < len(self.buffer) else None
        depth = 0
        for token in _TOKEN.finditer(self.buffer, self.at):
            if token[0][0] == '"':
                if not token[1]:
                    return None
                continue
            depth += 1 if token[0] in "{[" else -1
            if depth == 0:
                return token.end()
        return None


def why_of(error: Exception) -> str:
    """What `json.loads` says, without the text it says it of."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg}, at character {error.pos + 1:,}"
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8, at byte {error.start + 1:,}"
    return "nested too deep" if isinstance(error, RecursionError) else "a number with too many digits"


def layout_of(stream: Stream) -> Layout | None:
    """How the JSON in a file is laid out, from its beginning; None when it is no JSON."""
    head = stream.head.decode(errors="surrogateescape").lstrip()
    if head.startswith("["):
        return "JSON array"
    lines = head.split("\n")
    if not head.startswith("{"):
        return "JSON lines" if any(_is_object(line) for line in lines[1:20]) else None
    if _is_object(lines[0]):
        is_alone = stream.is_whole and not "".join(lines[1:]).strip()
        return "JSON object" if is_alone else "JSON lines"
    return "JSON object" if _is_one_object(head, spans_lines=len(lines) > 1) else "JSON lines"


def items_of(stream: Stream, layout: Layout, name: str) -> Iterator[Item]:
    """The items of a JSON file; `name` is what the file is called in them.

    Raises SourceError when the file breaks off, or not one of its items can be read.
    """
    if layout == "JSON lines":
        with stream.bytes() as content:
            yield from _some(stream, layout, _lines(content, name), "lines")
        return
    with stream.text() as content:
        text = _Text(content)
        items = _array(stream, text, name) if layout == "JSON array" else _object(stream, text, name)
        yield from _some(stream, layout, items, "items")
        if text.next():
            where = f"at character {text.before + text.at + 1:,}"
            raise SourceError(f"{stream.path} is not a {layout}: Extra data, {where}")


def _some(stream: Stream, layout: Layout, items: Iterator[Item | None], unit: str) -> Iterator[Item]:
    """The items (None stands for a blank line). Raises NoItems when there are none, or none of them can be read."""
    count, read, first = 0, 0, ""
    for item in items:
        count += 1
        if item is not None:
            read += not item.error
            first = first or item.error
            yield item
    if not count or not (read or first):
        raise NoItems(f"{stream.path} is an empty {layout}")
    if not read:
        what = f"none of its {count:,} {unit} can be read; the first is {first}"
        raise NoItems(f"{stream.path} is not {'' if layout == 'JSON lines' else 'a '}{layout}: {what}")


def _lines(content: Iterator[bytes], name: str) -> Iterator[Item | None]:
    for n, line in enumerate(content, 1):
        line = line.removesuffix(b"\n")  # noqa: PLW2901
        if not line.strip():
            yield None
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield Item(name, n, "line", unread=line, error=f"not JSON: {why_of(error)}")
            continue
        yield Item(name, n, "line", value)


def _array(stream: Stream, text: _Text, name: str) -> Iterator[Item]:
    """The elements of the list that begins here; a broken one whose end can be told is an item with an error."""
    assert text.next() == "["
    text.at += 1
    n = 0
    while (char := text.next()) != "]":
        n += 1
        if not char:
            raise SourceError(f"{stream.path} is not a JSON array: it is cut off after {n - 1:,} items")
        try:
            yield Item(name, n, "item", text.value())
        except _Broken as error:
            broken = text.broken_value()
            if broken is None:
                where = f" (item {n:,})" if n > 1 else ""
                raise SourceError(f"{stream.path} is not a JSON array: {error}{where}") from error
            unread = broken.encode(errors="surrogateescape")
            yield Item(name, n, "item", unread=unread, error=f"not JSON: {error}")
    text.at += 1


def _object(stream: Stream, text: _Text, name: str) -> Iterator[Item]:
    """The items of one object or of several: the list that it wraps, the rows of its columns, or the object itself."""
    n = 0
    while text.next() == "{":
        text.at += 1
        members: dict[str, object] = {}
        wrapped = ""
        try:
            for key in _keys(text):
                if _begins_a_wrapped_list(text, key):
                    if wrapped:
                        raise SourceError(f'{stream.path} holds two lists, "{wrapped}" and "{key}". Split the file')
                    yield from _array(stream, text, name)
                    wrapped = key
                else:
                    members[key] = text.value()
        except _Broken as error:
            raise SourceError(f"{stream.path} is not a JSON object: {error}") from error
        if wrapped:
            return
        rows = _rows(stream, members)
        for row in [members] if rows is None else rows:
            n += 1
            yield Item(name, n, "item", row)


def _keys(text: _Text) -> Iterator[str]:
    """The keys of the object whose bracket was passed; the reader passes the value before it asks for the next."""
    while (char := text.next()) != "}":
        key = text.value() if char == '"' else None
        if not isinstance(key, str) or text.next() != ":":
            at = text.before + text.at
            raise _Broken(f"Expecting a name and a colon, at character {at + 1:,}", is_cut=not char or not text.next())
        text.at += 1
        text.next()
        yield key
    text.at += 1


def _begins_a_wrapped_list(text: _Text, key: str) -> bool:
    """Whether a list begins here whose elements are records: objects, and not the messages or parts of one."""
    if text.next() != "[" or key in _IN_A_RECORD:
        return False
    first = text.first_in_list()
    return isinstance(first, dict) and not _OF_A_MESSAGE & first.keys()


def _rows(stream: Stream, members: dict[str, object]) -> list[dict[str, object]] | None:
    """The rows of an object of columns, two or more lists of one length; None when it is none."""
    columns = [column for column in members.values() if isinstance(column, list)]
    if len(columns) < 2 or len(columns) != len(members):
        return None
    if len({len(column) for column in columns}) > 1:
        sizes = ", ".join(f"{key} {len(column):,}" for key, column in zip(members, columns, strict=True))
        raise SourceError(f"{stream.path} holds columns of unequal length: {sizes}")
    return [dict(zip(members, row, strict=True)) for row in zip(*columns, strict=True)]


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _is_one_object(head: str, *, spans_lines: bool) -> bool:
    """Whether the text is an object, or the beginning of one that wraps a list, holds columns or spans lines."""
    text = _Text(StringIO(head))
    text.next()
    text.at += 1
    is_list = False
    try:
        for key in _keys(text):
            is_list = text.next() == "[" and key not in _IN_A_RECORD
            if _begins_a_wrapped_list(text, key):
                return True
            text.value()
    except _Broken as error:
        return error.is_cut and (spans_lines or is_list)
    return True


def _bad_byte(text: str) -> int | None:
    """Where the first byte stands that was not UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return error.start
    return None
