"""Opens what holds the items: a JSON array or JSON lines in a file, or a data set on the Hugging Face hub.

Content decides, not the extension.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kodata.errors import SourceError
from kodata.sources.raw import Unreadable

if TYPE_CHECKING:
    from kodata.sources import Source

_LFS = b"version https://git-lfs.github.com/spec/"


@dataclass(frozen=True, slots=True)
class Item:
    """One item as found: where it stood (`row` counts `unit`s from 1), its value, or its bytes and why not."""

    file: str
    row: int
    unit: str
    decoded: object = None
    unread: bytes = b""
    error: str = ""

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
            raise Unreadable("not-json", self.error)
        if not isinstance(self.decoded, dict):
            raise Unreadable("not-an-object", f"holds {type(self.decoded).__name__}, not an object")
        return self.decoded


@dataclass(frozen=True)
class Opened:
    """The items of a source, one after another, and where they are from (no path of this machine)."""

    items: Iterator[Item]
    origin: str


def open_source(source: Source, token: str | None = None) -> Opened:
    """The items of a source; `token` opens what is private on the hub.

    Raises SourceError when it is missing, empty, or nothing that holds items.
    """
    if source.hub:
        return _open_hub(source, token)
    path = Path(source.path).expanduser()
    return Opened(_file_items(path), path.name)


def _file_items(path: Path) -> Iterator[Item]:
    if not path.exists():
        raise SourceError(f"{path}: no such file. Name it with --source PATH, or try --demo")
    if path.is_dir():
        raise SourceError(f"{path} is a directory. Name the JSON file in it")
    try:
        content = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}") from error
    if content.startswith(_LFS):
        raise SourceError(f"{path} is a Git LFS pointer, not the data. Fetch it with `git lfs pull`")
    if not content.strip():
        raise SourceError(f"{path} is empty")
    if content.lstrip()[:1] == b"[":
        yield from _array(path, content)
    elif content.lstrip()[:1] == b"{":
        yield from _lines(path, content)
    else:
        raise SourceError(
            f"{path} is not JSON: it begins with {content.lstrip()[:20]!r}. A JSON array or JSON lines are read"
        )


def _array(path: Path, content: bytes) -> Iterator[Item]:
    try:
        values = json.loads(content)
    except UnicodeDecodeError as error:
        raise SourceError(f"{path} is not UTF-8, first at byte {error.start:,}") from error
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{path} is not a JSON array: {_why(error)}") from error
    if not values:
        raise SourceError(f"{path} is an empty JSON array")
    for n, value in enumerate(values, 1):
        yield Item(path.name, n, "item", value)


def _lines(path: Path, content: bytes) -> Iterator[Item]:
    read = 0
    lines = content.split(b"\n")
    for n, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield Item(path.name, n, "line", unread=line, error=f"not JSON: {_why(error)}")
            continue
        read += 1
        yield Item(path.name, n, "line", value)
    if not read:
        raise SourceError(f"{path} is not JSON lines: none of its {len(lines):,} lines can be read")


def _why(error: Exception) -> str:
    """What `json.loads` says, without the text it says it of."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg}, at character {error.pos + 1:,}"
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8, at byte {error.start + 1:,}"
    return "nested too deep" if isinstance(error, RecursionError) else "a number with too many digits"


def _open_hub(source: Source, token: str | None) -> Opened:
    import datasets
    from datasets.exceptions import DatasetsError
    from huggingface_hub.errors import HfHubHTTPError

    where = f"{source.hub}@{source.revision[:12]}" if source.revision else source.hub
    try:
        table = datasets.load_dataset(
            source.hub, source.config or None, split=source.split, revision=source.revision or None, token=token
        )
    except (OSError, ValueError, DatasetsError, HfHubHTTPError) as error:
        raise SourceError(
            f"{where} cannot be loaded from the hub ({type(error).__name__}). Check the name and the network, "
            "or name a local file with --source PATH"
        ) from error
    items = (Item(where, n, "row", row) for n, row in enumerate(table, 1))
    return Opened(items, f"hf://{where}")
