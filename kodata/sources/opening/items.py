"""One item as found in a source, before anybody knows whether it is a record."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from kodata.errors import SourceError
from kodata.sources.raw import Unreadable


@dataclass(frozen=True, slots=True)
class Item:
    """One item as found: where it stood (`row` counts `unit`s from 1), its value, or its bytes and why not.

    `reason` is the slug of the drop when there is an `error`.
    """

    file: str
    row: int
    unit: str
    decoded: object = None
    unread: bytes = b""
    error: str = ""
    reason: str = "not-json"

    @property
    def content(self) -> bytes:
        """The bytes that name an item which is no record."""
        return self.unread or json.dumps(self.decoded, sort_keys=True, default=str).encode()

    @property
    def text(self) -> str:
        """The item for a person to read."""
        if self.unread:
            return self.unread.decode(errors="replace")
        return json.dumps(self.decoded, ensure_ascii=False, default=str)

    def value(self) -> Mapping[str, object]:
        """The item as an object. Raises Unreadable when it is none."""
        if self.error:
            raise Unreadable(self.reason, self.error)
        if not isinstance(self.decoded, dict):
            raise Unreadable("not-an-object", f"holds {type(self.decoded).__name__}, not an object")
        return self.decoded


@dataclass(frozen=True)
class Opened:
    """The items of a source, one after another, and where they are from (no path of this machine).

    `container` says what holds them, for a person; `share` how much of it has been read (0..1), where that is known.
    """

    items: Iterator[Item]
    origin: str
    container: str = ""
    share: Callable[[], float | None] = lambda: None


class NoItems(SourceError):
    """A file that can be opened and holds nothing that could be a record."""
