"""Files that are whole or not there."""

from __future__ import annotations

from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write a file beside its place, then put it there: a reader, or a crash, finds the old one or the new one."""
    beside = path.with_name(f".{path.name}.unfinished")
    beside.write_bytes(content)
    beside.replace(path)
