"""Opens what holds the items: a file of JSON, CSV, TSV or Parquet, a folder of such files, or a data set on the hub.

Content decides, not the extension. Items come one after another, so that a source may be larger than memory.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from hashlib import blake2b, file_digest
from pathlib import Path
from typing import TYPE_CHECKING

from kodata.errors import NoSource, SourceError
from kodata.sources.opening.documents import items_of, layout_of
from kodata.sources.opening.hub import hub_facts, open_hub
from kodata.sources.opening.items import Item, NoItems, Opened
from kodata.sources.opening.streams import open_stream
from kodata.sources.opening.tables import PARQUET, dialect_of, parquet_items, ragged, table_items

if TYPE_CHECKING:
    from kodata.sources.source import Source

__all__ = ["Item", "NoItems", "Opened", "hub_facts", "open_source", "state_of"]

_COMMIT = re.compile("[0-9a-f]{40}")


def open_source(source: Source, token: str | None = None, *, whole: bool = True) -> Opened:
    """The items of a source; `token` opens what is private on the hub, `whole` claims that all of them are wanted.

    Raises SourceError when it is missing, damaged, or nothing that holds items, here or while it is read.
    """
    if source.hub:
        return open_hub(source, token, whole=whole)
    path = Path(source.path).expanduser()
    return _open_folder(path) if path.is_dir() else _open_file(path, _name(Path(path.name)))


def _open_file(path: Path, name: str) -> Opened:
    stream = open_stream(path)
    if stream.head.startswith(PARQUET) and not stream.wrapping:
        return Opened(parquet_items(path, name), path.name, "Parquet")
    notes = ", ".join(filter(None, (stream.wrapping, "with a byte order mark" if stream.has_mark else "")))
    if layout := layout_of(stream):
        return Opened(
            items_of(stream, layout, name), path.name, f"{layout}, {notes}" if notes else layout, stream.share
        )
    if dialect := dialect_of(stream):
        container = f"{dialect.name}, {notes}" if notes else dialect.name
        return Opened(table_items(stream, dialect, name), path.name, container, stream.share)
    start = stream.head.lstrip()[:20]
    raise NoItems(f"{path} is neither JSON, CSV, TSV nor Parquet: it begins with {start!r}{ragged(stream)}")


def state_of(source: Source, token: str | None = None) -> str:
    """What stays the same as long as a source does: the commit on the hub, else a hash of its files and their names.

    Raises SourceError when it is missing.
    """
    if source.hub:
        return (
            source.revision if _COMMIT.fullmatch(source.revision) else hub_facts(source.hub, source.revision, token)[0]
        )
    path = Path(source.path).expanduser()
    digest = blake2b(digest_size=16)
    for file in _files(path) if path.is_dir() else [path]:
        try:
            with file.open("rb") as content:
                name = os.fsencode(file.relative_to(path))
                digest.update(name + b" " + file_digest(content, "blake2b").digest())
        except OSError as error:
            raise NoSource(f"{file}: {error.strerror}") from error
    return digest.hexdigest()


def _files(folder: Path) -> list[Path]:
    files = sorted(f for f in folder.rglob("*") if f.is_file() and not _is_hidden(f.relative_to(folder)))
    if not files:
        raise SourceError(f"{folder} is a folder without files")
    return files


def _open_folder(path: Path) -> Opened:
    files = _files(path)
    read: list[Path] = []
    items = _folder_items(path, files, read)
    return Opened(items, path.name, f"folder of {len(files):,} files", lambda: len(read) / len(files))


def _name(path: Path) -> str:
    """The name as text, whatever bytes the system has for it."""
    return os.fsencode(path.as_posix()).decode(errors="replace")


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _folder_items(folder: Path, files: list[Path], read: list[Path]) -> Iterator[Item]:
    """The items of all files, in the order of their names. A file without items is an item with an error.

    Raises SourceError when none of the files holds an item.
    """
    found = False
    for path in files:
        name = _name(path.relative_to(folder))
        try:
            for item in _open_file(path, name).items:
                found = found or not item.error
                yield item
        except NoItems as error:
            what = str(error).removeprefix(f"{path} ")
            yield Item(name, 1, "file", unread=name.encode(), error=what, reason="no-data-file")
        read.append(path)
    if not found:
        raise SourceError(f"{folder}: none of its {len(files):,} files is JSON, CSV, TSV or Parquet with items")
