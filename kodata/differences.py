"""What sets two builds apart, record by record; one that was edited upstream is paired with its former self."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple, TypeAlias

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
    left_a, left_b = _left(old), _left(new)
    gone = _Whys("gone upstream", "dropped", left_b, left_a, frozenset(new.unreadable()))
    come = _Whys("new upstream", "was dropped", left_a, left_b, frozenset(old.unreadable()))
    was = pl.lit(None, pl.String).alias("was")
    changes = [
        *_changes("added", added.join(edited, on="id", how="anti").with_columns(was), come.of),
        *_changes("edited", edited, lambda *_: "edited upstream"),
        *_changes("removed", removed.join(edited, left_on="id", right_on="was", how="anti").with_columns(was), gone.of),
        *_changes("changed", changed.with_columns(was), lambda *_: "other rows"),
    ]
    return Difference(tuple(changes))


class _Gone(NamedTuple):
    """Where and why a record left, of which source and with which upstream key, where that is known."""

    why: str
    source: str = ""
    upstream_key: str = ""


@dataclass(frozen=True)
class _Whys:
    """Why a record is in one build only: it left the other (`left`), or it is as upstream has it.

    One that left under another id with the same key was edited, unless it had left (`before`) already. `unread` are
    sources with items that cannot be read in the other build.
    """

    upstream: str
    here: str
    left: Mapping[str, _Gone]
    before: Mapping[str, _Gone]
    unread: frozenset[str]

    def of(self, ident: str, source: str, key: str) -> str:
        if ident in self.left:
            return f"{self.here}: {self.left[ident].why}"
        if found := self._edited.get((source, key)):
            return f"edited upstream, {self.here}: {found}"
        return f"{self.upstream}, or not readable there" if source in self.unread else self.upstream

    @cached_property
    def _edited(self) -> dict[tuple[str, str], str]:
        fresh = (gone for ident, gone in self.left.items() if ident not in self.before and gone.source)
        return {(gone.source, gone.upstream_key): gone.why for gone in fresh}


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


def _left(build: Build) -> dict[str, _Gone]:
    """The records that left a build, by id."""
    left = {}
    for item in build.dropped_items():
        first = (item["record"] or [{}])[0]
        where = f"{item['stage']}, {item['reason']}"
        left[item["id"]] = _Gone(where, first.get("source", ""), first.get("upstream_key", ""))
    return left


def _changes(what: What, records: pl.DataFrame, why: Callable[[str, str, str], str]) -> Iterator[Change]:
    for ident, source, key, was in records.select(*_NAMED, "was").sort("id").iter_rows():
        yield Change(what, ident, source, key, why(ident, source, key), was)
