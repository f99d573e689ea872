"""Distinct: keeps one of the conversations that are one conversation, scraped at several moments of its growth."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Annotated, ClassVar, Literal, TypeAlias

import polars as pl
from annotated_types import MinLen

from kodata.asks import canonical
from kodata.corpus import DROPPED_COLUMNS, first_key

Key: TypeAlias = Literal["id", "first-pair"]


@dataclass(frozen=True)
class Distinct:
    """Drops a record that has the upstream id of another one of its source, or begins with the same pair as another.

    A pair is the first question and its answer, without regard to white space. FastChat cleans ShareGPT so, keeping
    whichever it sees first; here the one with most turns is kept, then the longest, then the one with the lowest id. A
    record is dropped only for one that is kept. Records to which their source gives no id have none here.
    """

    version: ClassVar[int] = 1

    by: Annotated[tuple[Key, ...], MinLen(1)] = ("id", "first-pair")

    def sketch(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Columns id, turns, characters, and for each key its hash (binary, 16 bytes) or null: one row a record."""
        texts = ("instruction", "input", "output")
        whole = pl.sum_horizontal(pl.col(name).fill_null("").str.len_chars() for name in texts)
        records = frame.group_by("id", maintain_order=True).agg(
            turns=pl.len().cast(pl.Int64),
            characters=whole.sum().cast(pl.Int64),
            source=pl.col("source").first(),
            upstream=pl.col("upstream_key").first(),
            instruction=pl.coalesce("instruction_source", "instruction").first(),
            input=pl.coalesce("input_source", "input").first(),
            output=pl.coalesce("output_source", "output").first(),
        )
        firsts = list(records.select("source", "upstream", *texts).iter_rows())
        return records.select("id", "turns", "characters").with_columns(
            pl.Series("by id", [_own_id(*row[:4]) for row in firsts], dtype=pl.Binary),
            pl.Series("by first-pair", [_pair(*row[2:]) for row in firsts], dtype=pl.Binary),
        )

    def decide(self, sketches: pl.DataFrame) -> pl.DataFrame:
        names = [f"by {key}" for key in self.by]
        is_shared = pl.any_horizontal(pl.col(name).is_duplicated() & pl.col(name).is_not_null() for name in names)
        ranked = sketches.filter(is_shared).sort("turns", "characters", "id", descending=[True, True, False])
        kept: dict[tuple[str, bytes], str] = {}
        rows = []
        for ident, *keys in ranked.select("id", *names).iter_rows():
            own = [(name, key) for name, key in zip(self.by, keys, strict=True) if key is not None]
            if known := next((key for key in own if key in kept), None):
                rows.append((ident, f"repeated-{known[0]}", f"as in {kept[known]}"))
            else:
                kept |= dict.fromkeys(own, ident)
        return pl.DataFrame(rows, schema=DROPPED_COLUMNS, orient="row")


def _own_id(source: str, upstream: str, instruction: str, context: str | None) -> bytes | None:
    """The hash of the upstream id, where the source gives one."""
    return _hash([source, upstream]) if upstream != first_key(instruction, context or "") else None


def _pair(instruction: str, context: str | None, output: str | None) -> bytes | None:
    """The hash of a question and its answer, where there is an answer."""
    texts = [" ".join(text.split()) for text in (instruction, context or "", output or "")]
    return _hash(texts) if texts[2] else None


def _hash(value: list[str]) -> bytes:
    return blake2b(canonical(value).encode(), digest_size=16).digest()
