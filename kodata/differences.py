"""What sets two builds apart, record by record; one that was edited upstream is paired with its former self."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import polars as pl

from kodata.corpus import COLUMNS
from kodata.published import Build

What: TypeAlias = Literal["added", "edited", "removed", "changed"]
WHATS: tuple[What, ...] = ("added", "edited", "removed", "changed")

_NAMED = ["id", "source", "upstream_key"]


@dataclass(frozen=True)
class Change:
    """One record that is not as it was.

    `edited` has another id than before (`was`) and the same upstream key; `changed` the same id and other rows. `why`
    says where a record comes from or went, as far as that is seen: upstream, or the stage and reason of a drop.
    """

    what: What
    id: str
    source: str
    upstream_key: str
    why: str
    was: str | None = None


@dataclass(frozen=True)
class Difference:
    """The records that set two builds apart, by what became of them, then by id."""

    changes: tuple[Change, ...]

    def ids(self, what: What) -> list[str]:
        """The ids of those records, sorted; of the edited ones as they are now."""
        return [change.id for change in self.changes if change.what == what]

    def counts(self) -> dict[str, dict[str, dict[str, int]]]:
        """Records by what became of them, then by source, then by why."""
        found = Counter((change.what, change.source, change.why) for change in self.changes)
        counted: dict[str, dict[str, dict[str, int]]] = {}
        for (what, source, why), n in sorted(found.items()):
            counted.setdefault(what, {}).setdefault(source, {})[why] = n
        return counted


def difference(old: Build, new: Build) -> Difference:
    """Records added, edited, removed and changed from one build to another; where they stood in it does not count."""
    a, b = _records(old), _records(new)
    removed = a.join(b, on="id", how="anti")
    added = b.join(a, on="id", how="anti")
    changed = b.join(a, on="id").filter(pl.col("rows") != pl.col("rows_right"))
    edited = _numbered(added).join(_numbered(removed).rename({"id": "was"}), on=["source", "upstream_key", "n"])
    changes = [
        *_changes("added", added.join(edited, on="id", how="anti"), _left(old), "new upstream", "was dropped"),
        *_changes("edited", edited, {}, "edited upstream", ""),
        *_changes("removed", removed.join(edited, left_on="id", right_on="was", how="anti"), _left(new),
                  "gone upstream", "dropped"),
        *_changes("changed", changed, {}, "other rows", ""),
    ]  # fmt: skip
    return Difference(tuple(changes))


def _records(build: Build) -> pl.DataFrame:
    """id, source, upstream_key and a hash of the rows of each record."""
    empty = pl.DataFrame(schema={**{name: COLUMNS[name] for name in _NAMED}, "rows": pl.UInt64()})
    rows = pl.struct(list(COLUMNS)).hash(0).bitwise_xor().alias("rows")  # compared within one process only
    frames = (
        frame.group_by("id", maintain_order=True).agg(pl.first("source", "upstream_key"), rows)
        for frame in build.frames(list(COLUMNS))
    )
    return pl.concat([empty, *frames])


def _numbered(records: pl.DataFrame) -> pl.DataFrame:
    """The records with `n`: which of those that share an upstream key, in order of their ids."""
    named = records.select(_NAMED).sort("id")
    return named.with_columns(n=pl.int_range(pl.len()).over("source", "upstream_key"))


def _left(build: Build) -> dict[str | tuple[str, str], str]:
    """Where and why the records of a build left, by id, and by source and upstream key, which an edited one keeps."""
    left: dict[str | tuple[str, str], str] = {}
    for item in build.dropped_items():
        left[item["id"]] = f"{item['stage']}, {item['reason']}"
        for row in (item["record"] or ())[:1]:
            left.setdefault((row["source"], row.get("upstream_key", "")), left[item["id"]])
    return left


def _changes(
    what: What, records: pl.DataFrame, left: Mapping[str | tuple[str, str], str], upstream: str, here: str
) -> Iterator[Change]:
    for row in records.sort("id").iter_rows(named=True):
        ident, source, key = row["id"], row["source"], row["upstream_key"]
        gone, edited = left.get(ident), left.get((source, key))
        why = f"{here}: {gone}" if gone else f"edited upstream, {here}: {edited}" if edited else upstream
        yield Change(what, ident, source, key, why, row.get("was"))
