"""JSON as the exports write it: one record a line or an array, Korean as Korean, never a record twice in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import orjson


def lines(items: Iterable[object]) -> Iterator[bytes]:
    """JSON Lines."""
    return (orjson.dumps(item, option=orjson.OPT_APPEND_NEWLINE) for item in items)


def array(items: Iterable[object]) -> Iterator[bytes]:
    """One JSON array, an item a line."""
    opened = False
    for item in items:
        yield b",\n" if opened else b"[\n"
        yield orjson.dumps(item)
        opened = True
    yield b"\n]\n" if opened else b"[]\n"


def pretty(value: object) -> Iterator[bytes]:
    """One indented JSON document."""
    yield orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
