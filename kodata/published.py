"""A build on disk: its corpus, what was dropped from it, and how it was made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl

from kodata.corpus import COLUMNS
from kodata.errors import BuildError, did_you_mean

if TYPE_CHECKING:
    import datasets

_DROPPED: dict[str, pl.DataType] = {
    "id": pl.String(), "stage": pl.String(), "reason": pl.String(), "evidence": pl.String(),
    "source_file": pl.String(), "source_row": pl.Int64(),
}  # fmt: skip
_PIECE = 20_000  # rows
HELD = "held"  # the folder of builds that `latest` did not move to
GATES = "gates.json"  # in one of those: which gates it did not get through, and why
REJECT = "reject.txt"  # beside it: what to give `kodata ledger reject`, a line each


@dataclass(frozen=True)
class Build:
    """One published build, by its folder."""

    path: Path

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """The manifest, as `schemas/manifest.schema.json` describes it."""
        try:
            manifest: dict[str, Any] = orjson.loads((self.path / "manifest.json").read_bytes())
        except (OSError, orjson.JSONDecodeError) as error:
            raise BuildError(f"{self.path}: its manifest.json cannot be read. Build it again") from error
        return manifest

    @cached_property
    def corpus(self) -> pl.DataFrame:
        """One row a turn, in the order of the source: `kodata.corpus.COLUMNS`, source_file, source_row."""
        return self._read(pl.scan_parquet(self.path / "corpus.parquet"))

    def frames(self, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """These columns of the corpus (`id` among them) in pieces of whole records, so that only one is in memory."""
        rows, start, rest = pl.scan_parquet(self.path / "corpus.parquet").select(columns), 0, None
        while len(piece := self._read(rows.slice(start, _PIECE))):
            start += len(piece)
            rest = piece if rest is None else pl.concat([rest, piece])
            is_last = pl.col("id") == rest["id"][-1]
            if len(whole := rest.filter(~is_last)):
                yield whole
            rest = rest.filter(is_last)
        if rest is not None:
            yield rest

    def _read(self, rows: pl.LazyFrame) -> pl.DataFrame:
        try:
            return rows.collect()
        except (OSError, pl.exceptions.PolarsError) as error:
            advice = "Delete that folder, then build again"
            raise BuildError(f"{self.path}: its corpus.parquet cannot be read. {advice}") from error

    @cached_property
    def dropped(self) -> pl.DataFrame:
        """One row a dropped record: id, stage, reason, evidence, source_file, source_row."""
        lines = self.dropped_items()
        return pl.DataFrame([[item[name] for name in _DROPPED] for item in lines], schema=_DROPPED, orient="row")

    def with_duplicates(self, *, of_sources: bool = False) -> pl.DataFrame:
        """The corpus and the records that were dropped from it as duplicates, as a corpus frame.

        Those dropped before translation are there, and all texts are the source texts, only where these are asked for.
        """
        gone = [
            row
            for item, row in self._dropped_rows()
            if item["reason"] in ("duplicate", "near-duplicate")
            and (of_sources or row.get("instruction_source") is not None or row.get("lang") == "ko")
        ]
        frame = pl.concat([self.corpus.select(list(COLUMNS)), frame_of_rows(gone)])
        texts = ("instruction", "input", "output")
        sources = [pl.coalesce(f"{name}_source", name).alias(name) for name in texts]
        return frame.with_columns(sources) if of_sources else frame

    def dropped_at(self, stages: Collection[str], reason: str | None = None) -> pl.DataFrame:
        """The rows of records that left at these stages (for that reason), as they stood there, as a corpus frame."""
        rows = (
            row for item, row in self._dropped_rows() if item["stage"] in stages and reason in (None, item["reason"])
        )
        return frame_of_rows(list(rows))

    @property
    def held_back_by(self) -> str:
        """The limit that keeps the build from being the latest; empty when none."""
        return str(self.manifest["held_back_by"])

    @property
    def not_exported(self) -> dict[str, str]:
        """The forms of `[[publish]]` that its corpus cannot be put in, and why."""
        return dict(self.manifest.get("not_exported", {}))

    def unreadable(self) -> Counter[str]:
        """How many items of each source could not be read; their ids begin with its name."""
        ids = self.dropped.filter(pl.col("stage") == "source")["id"]
        return Counter(ident.rpartition("-")[0] for ident in ids)

    def dropped_items(self) -> Iterator[dict[str, Any]]:
        """What `dropped.jsonl` says of each record that left, its rows as `record` included, one at a time."""
        with (self.path / "dropped.jsonl").open("rb") as lines:
            yield from map(orjson.loads, lines)

    @property
    def gates(self) -> list[dict[str, Any]]:
        """The gates that it did not get through, with their figures and the records responsible; see `kodata.gates`."""
        path = self.path / GATES
        gates: list[dict[str, Any]] = orjson.loads(path.read_bytes()) if path.exists() else []
        return gates

    def dropped_record(self, ident: str) -> dict[str, Any] | None:
        """What `dropped.jsonl` says of a record, its rows included; None when it was not dropped."""
        return next((item for item in self.dropped_items() if item["id"] == ident), None)

    def remarks_of(self, ident: str, file: str) -> list[dict[str, Any]]:
        """What `review.jsonl` or `mended.jsonl` says of a record: turn, stage, rule, evidence."""
        lines = map(orjson.loads, (self.path / file).read_bytes().splitlines())
        return [line for line in lines if line["id"] == ident]

    def to_datasets(self) -> datasets.Dataset:
        """The corpus as a `datasets.Dataset`, one row a turn."""
        from datasets import Dataset

        return Dataset.from_polars(self.corpus)

    def _repr_html_(self) -> str:
        """A summary and the first records; every text escaped, no script."""
        records = self.manifest["records"]
        name = escape(f"{self.manifest['pipeline']['name']} {self.path.name}")
        head = f"<b>{name}</b>: {records['kept']:,} of {records['in']:,} records, {records['dropped']:,} dropped"
        rows = self.corpus.select("id", "instruction", "input", "output").head(5)
        cells = ("".join(f"<td>{escape(str(value or '')[:300])}</td>" for value in row) for row in rows.iter_rows())
        titles = "".join(f"<th>{name}</th>" for name in rows.columns)
        body = "".join(f"<tr>{row}</tr>" for row in cells)
        return f"<div>{head}<table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table></div>"

    def _dropped_rows(self) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        """What is said of each dropped record that could be read, beside each of its rows."""
        for item in self.dropped_items():
            yield from ((item, {"id": item["id"], **row}) for row in item["record"] or ())


def frame_of_rows(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """The rows, as `dropped.jsonl` has them, as a corpus frame; what they do not hold is null."""
    values = [[row.get(name) for name in COLUMNS] for row in rows]
    return pl.DataFrame(values, schema=COLUMNS, orient="row", infer_schema_length=None)


def build_at(folder: Path) -> Build | None:
    """The build in that folder, or the latest of those that it holds; None when there is none."""
    for place in (folder, folder / "latest"):
        if _is_build(place):
            return Build(place.resolve())
    found = builds_in(folder) or builds_in(folder / HELD)
    return found[-1] if found else None


def builds_in(home: Path) -> list[Build]:
    """The builds right below a folder, the oldest first."""
    return [Build(path.parent) for path in sorted(home.glob("*/manifest.json")) if not path.parent.is_symlink()]


def _is_build(folder: Path) -> bool:
    return (folder / "manifest.json").is_file()


def find_build(name: str, builds: Path) -> Build:
    """The build in that folder, or the latest of that pipeline or variant (`alpaca-ko@demo`), by name or folder.

    Raises BuildError naming the nearest there is.
    """
    for folder in (Path(name).expanduser(), builds / name):
        if (build := build_at(folder)) is not None:
            return build
    there = [home.name for home in sorted(builds.glob("*")) if build_at(home) is not None]
    raise BuildError(f'no build "{name}" in {builds}{did_you_mean(name, there)} (`kodata build` makes one)')
