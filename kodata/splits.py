"""`[split]`: which records are held out for evaluation, none of them like one that is trained on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Annotated, ClassVar, Literal

import polars as pl
from annotated_types import Gt, Lt

from kodata.shards import Shards
from kodata.stages.dedupe import Dedupe
from kodata.twins.similar import LEAST_SHARE

# ShareGPT's long conversations were cut: `QWJhYvA_0`, `QWJhYvA_7`. Ids that only count (`identity_0`, `example_1`) have
# no such seven letters and digits.
_PART, _IS_MIXED = r"^[A-Za-z0-9]{7}_\d+$", r"^[A-Za-z0-9]{1,6}[A-Z0-9]"


@dataclass(frozen=True)
class HoldOut:
    """Holds out about the share `test` of the groups of records, chosen by the hash of `seed` and a group's lowest id.

    A group is what must not be torn apart: records whose texts are near duplicates, down to half of their character
    3-grams, and the pieces of one conversation of a source. `by = "record"` makes each record a group of its own.
    Groups stay on their side while a corpus grows, unless a new record joins two of them.
    """

    version: ClassVar[int] = 2

    test: Annotated[float, Gt(0), Lt(1)]
    seed: int = 0
    by: Literal["group", "record"] = "group"

    def chosen(self, frames: Iterable[pl.DataFrame], sketches: Shards) -> frozenset[str]:
        """The ids of the records of a corpus, given in pieces, that are held out.

        What is compared of them is put into `sketches`, which are empty.
        """
        twins = Dedupe(ngram=3, min_share=LEAST_SHARE)
        pieces = []
        for frame in frames:
            pieces.append(frame.filter(turn=0).select("id", piece=_conversation()))
            if self.by == "group":
                sketches.add(twins.sketch(frame))
        records = pl.concat(pieces)
        leaders = {ident: ident for ident in records["id"]}
        if self.by == "group":
            pairs = twins.pairs(sketches.mapped())
            same = records.with_columns(first=pl.col("id").min().over("piece"))
            for a, b in (*pairs.select("better", "other").iter_rows(), *same.select("id", "first").iter_rows()):
                _join(leaders, a, b)
        return frozenset(ident for ident in leaders if self._is_out(_leader(leaders, ident)))

    def _is_out(self, group: str) -> bool:
        lot = int.from_bytes(blake2b(f"{self.seed} {group}".encode(), digest_size=8).digest(), "little")
        return lot < self.test * 2**64


def _conversation() -> pl.Expr:
    """What the records of one conversation of a source have in common; of others their own id."""
    key = pl.col("upstream_key")
    cut = pl.format("{} {}", "source", key.str.head(7))
    return pl.when(key.str.contains(_PART) & key.str.contains(_IS_MIXED)).then(cut).otherwise("id")


def _leader(leaders: dict[str, str], ident: str) -> str:
    """The lowest id of the group; the way there is shortened."""
    while leaders[ident] != ident:
        leaders[ident] = leaders[leaders[ident]]
        ident = leaders[ident]
    return ident


def _join(leaders: dict[str, str], a: str, b: str) -> None:
    low, high = sorted((_leader(leaders, a), _leader(leaders, b)))
    leaders[high] = low
