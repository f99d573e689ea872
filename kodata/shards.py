"""Frames of whole records, one after another: on disk, so that only one is in memory, unless all are few."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import polars as pl

# Where a reader cuts. They bound memory and decide nothing else: a shard of long conversations has fewer records.
SHARD_RECORDS: Final = 20_000
SHARD_CHARACTERS: Final = 16_000_000


@dataclass
class Shards:
    """Frames in order, each of whole records; without a `folder` they are held in memory."""

    folder: Path | None = None
    records: int = 0
    _parts: list[Path | pl.DataFrame] = field(default_factory=list)

    def add(self, frame: pl.DataFrame, records: int | None = None) -> None:
        """One more frame. `records` is how many it holds, where that is not the number of its ids."""
        self._parts.append(self._kept(len(self._parts), frame))
        self.records += frame["id"].n_unique() if records is None else records

    def replace(self, number: int, frame: pl.DataFrame) -> None:
        """Put a frame of as many records in the place of one."""
        self._parts[number] = self._kept(number, frame)

    def __len__(self) -> int:
        return len(self._parts)

    def __getitem__(self, number: int) -> pl.DataFrame:
        part = self._parts[number]
        return part if isinstance(part, pl.DataFrame) else pl.read_ipc(part)

    def __iter__(self) -> Iterator[pl.DataFrame]:
        return (self[number] for number in range(len(self)))

    def mapped(self) -> pl.DataFrame:
        """All frames as one: what is on disk stays there until it is looked at, and is not held then."""
        if self.folder is None:
            return pl.concat(self)
        import pyarrow as pa

        files = [pa.ipc.open_file(pa.memory_map(str(path))) for path in self.paths]
        return pl.concat([pl.DataFrame(file.read_all()) for file in files])

    @property
    def paths(self) -> list[Path]:
        """The files of shards that are on disk."""
        return [part for part in self._parts if isinstance(part, Path)]

    def joined(self, other: Shards) -> Shards:
        """These shards, then the others; the files stay where they are."""
        return Shards(self.folder, self.records + other.records, [*self._parts, *other._parts])

    def delete(self) -> None:
        """Remove what is on disk; nothing can be read any more."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _kept(self, number: int, frame: pl.DataFrame) -> Path | pl.DataFrame:
        if self.folder is None:
            return frame
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{number:06d}.arrow"
        path.unlink(missing_ok=True)  # what was read of it may still be mapped
        frame.write_ipc(path)
        return path
