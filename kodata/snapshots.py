"""What a paid or corpus-wide stage made of a record, remembered: only records not in its table run again.

A table per stage key, appended to as Parquet parts that are written beside and then renamed. Snapshots save time, never
money (that is the ledger's), and may be deleted at any moment.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from os import SEEK_END
from pathlib import Path
from uuid import uuid4

import polars as pl

from kodata.corpus import COLUMNS, DROPPED_COLUMNS, Split

_UNUSED_DAYS = 30.0
_LAYOUT = blake2b(",".join(COLUMNS).encode(), digest_size=2).hexdigest()  # rows of other columns are not recalled
_PART = {"fingerprint": pl.Binary(), "reason": pl.String(), "evidence": pl.String(), **COLUMNS}


@dataclass(frozen=True)
class Snapshots:
    """The tables of all stages below one folder; `Snapshots(None)` remembers nothing."""

    folder: Path | None

    def recall(self, stage: str, fingerprints: pl.DataFrame) -> Split:
        """What the stage made of those records that it has seen: rows kept, records dropped; in no order.

        `fingerprints` has the columns id and fingerprint.
        """
        parts = self._parts(stage)
        if not parts:
            return Split(pl.DataFrame(schema=COLUMNS))
        # Fingerprints first: most parts hold none of these records, and their texts need not be read.
        # Of what two builds at once remembered of one record, the first part counts, whole.
        wanted = fingerprints.lazy().select("fingerprint")
        names = pl.scan_parquet(parts, include_file_paths="part").select("fingerprint", "part")
        found = (
            names.join(wanted, on="fingerprint", how="semi").group_by("fingerprint").agg(pl.col("part").min()).collect()
        )
        if not len(found):
            return Split(pl.DataFrame(schema=COLUMNS))
        used = sorted(found["part"].unique())
        _touch(used)
        here = pl.scan_parquet(used, include_file_paths="part")
        rows = here.join(found.lazy(), on=["fingerprint", "part"], how="semi").collect()
        dropped = rows.filter(pl.col("reason").is_not_null())
        return Split(
            rows.filter(pl.col("reason").is_null()).select(list(COLUMNS)), dropped.select(list(DROPPED_COLUMNS))
        )

    def remember(self, stage: str, fingerprints: pl.DataFrame, split: Split) -> None:
        """Add what the stage made of records. Records in neither part of the split are not remembered."""
        kept = split.kept.with_columns(reason=pl.lit(None, pl.String), evidence=pl.lit(None, pl.String))
        rows = pl.concat([kept, split.dropped], how="diagonal").join(fingerprints, on="id")
        if self.folder is not None and len(rows):
            self._write(stage, f"{uuid4().hex}.parquet", rows.select(list(_PART)).cast(_PART))  # type: ignore[arg-type]

    def recall_decision(self, stage: str, fingerprints: pl.DataFrame) -> pl.DataFrame | None:
        """The records that a corpus stage dropped from exactly these, or None when it has not seen them together."""
        paths = [path for path in self._parts(stage) if path.name == _whole(fingerprints)]
        _touch(paths)
        return pl.read_parquet(paths[0]) if paths else None

    def remember_decision(self, stage: str, fingerprints: pl.DataFrame, dropped: pl.DataFrame) -> None:
        if self.folder is not None:
            self._write(stage, _whole(fingerprints), dropped)

    def prune(self, days: float = _UNUSED_DAYS) -> None:
        """Delete what no build has used for that many days, and what killed ones left half written."""
        oldest = time.time() - days * 86_400
        for path in self.folder.glob("*/*") if self.folder is not None else ():
            with suppress(FileNotFoundError):  # another build of the workspace may do the same
                if path.stat().st_mtime < oldest:
                    path.unlink()

    def _parts(self, stage: str) -> list[Path]:
        """The parts that can be read; one torn by a power cut is as good as deleted."""
        return [path for path in sorted(self._home(stage).glob("*.parquet")) if _is_whole(path)] if self.folder else []

    def _home(self, stage: str) -> Path:
        assert self.folder is not None
        return self.folder / f"{stage}-{_LAYOUT}"

    def _write(self, stage: str, name: str, rows: pl.DataFrame) -> None:
        folder = self._home(stage)
        folder.mkdir(parents=True, exist_ok=True)
        beside = folder / f".{uuid4().hex}"
        rows.write_parquet(beside, compression="lz4")
        beside.replace(folder / name)


def _touch(parts: Iterable[str | Path]) -> None:
    """They are in use: `prune` spares them."""
    for part in parts:
        with suppress(OSError):  # a folder that may only be read
            os.utime(part)


def _whole(fingerprints: pl.DataFrame) -> str:
    digest = blake2b(b"".join(fingerprints["fingerprint"].sort()), digest_size=16)
    return f"all-{digest.hexdigest()}.parquet"


def _is_whole(path: Path) -> bool:
    """Whether a Parquet file begins and ends as one does."""
    with path.open("rb") as part:
        head = part.read(4)
        if head != b"PAR1":
            return False
        part.seek(-4, SEEK_END)
        return part.read(4) == head
