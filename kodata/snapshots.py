"""What a paid or corpus-wide stage made of a record, remembered: only records not in its table run again.

A table per stage key, appended to as Parquet parts that are written beside and then renamed. Snapshots save time, never
money (that is the ledger's), and may be deleted at any moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from uuid import uuid4

import polars as pl

from kodata.corpus import COLUMNS, DROPPED_COLUMNS, Split

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
        seen = pl.scan_parquet(parts).join(fingerprints.lazy().select("fingerprint"), on="fingerprint", how="semi")
        rows = seen.unique(["fingerprint", "id", "turn"]).collect()
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
        path = self.folder / stage / _whole(fingerprints) if self.folder is not None else None
        return pl.read_parquet(path) if path is not None and path.exists() else None

    def remember_decision(self, stage: str, fingerprints: pl.DataFrame, dropped: pl.DataFrame) -> None:
        if self.folder is not None:
            self._write(stage, _whole(fingerprints), dropped)

    def _parts(self, stage: str) -> list[Path]:
        return sorted((self.folder / stage).glob("*.parquet")) if self.folder is not None else []

    def _write(self, stage: str, name: str, rows: pl.DataFrame) -> None:
        assert self.folder is not None
        folder = self.folder / stage
        folder.mkdir(parents=True, exist_ok=True)
        beside = folder / f".{uuid4().hex}"
        rows.write_parquet(beside, compression="lz4")
        beside.replace(folder / name)


def _whole(fingerprints: pl.DataFrame) -> str:
    digest = blake2b(b"".join(fingerprints["fingerprint"].sort()), digest_size=16)
    return f"all-{digest.hexdigest()}.parquet"
