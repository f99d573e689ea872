"""Who stays: records in order of merit, each dropped only for a twin that is kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from kodata.twins.grams import Ints
from kodata.twins.similar import Found, Similar, together

WEIGHT = 1 << 25  # possible pairs; beyond, records are taken in parts, and compared with what was kept of those before


@dataclass
class Keeping:
    """Rows in order of merit, of which the first `given` stay whatever happens.

    `core` has a number for each row, equal where the cores are, and -1 where there is none or no other like it. `gone`
    says of a dropped row which kept row is its most similar twin, and the share, or None when they have the same core.
    """

    core: Ints
    given: int = 0
    gone: dict[int, tuple[int, float | None]] = field(default_factory=dict)

    def decide(self, similar: Similar) -> None:
        """Fill `gone`."""
        first_of_core = {number: row for row, number in reversed(list(enumerate(self.core[: self.given].tolist())))}
        rows = np.arange(len(self.core))
        kept, new = rows < self.given, rows >= self.given
        parts = max(1, int(np.ceil((similar.weight(new) / WEIGHT) ** 0.5)))
        for part in np.array_split(rows[self.given :], parts):
            rest = np.isin(rows, part)
            if kept.any():
                self._drop(_best(similar.between(kept, rest), len(rows)), {}, ())
                rest &= ~np.isin(rows, list(self.gone))
            self._drop(together(similar.within(rest)), first_of_core, rows[rest & (self.core >= 0)].tolist())
            kept |= rest & ~np.isin(rows, list(self.gone))

    def drop_within(self, found: Found) -> None:
        """Drop what has a twin among these pairs of rows, or the same core."""
        self._drop(found, {}, np.flatnonzero(self.core >= 0).tolist())

    def _drop(self, found: Found, first_of_core: dict[int, int], cored: Iterable[int]) -> None:
        """Go through the rows that have a twin among those found, or may have one of the same core."""
        a, b, share = found
        order = np.lexsort((a, -share, b))  # the most similar twin of a row first
        a, b, share = a[order], b[order], share[order]
        start = np.flatnonzero(np.diff(b, prepend=-1))
        twins = dict(zip(b[start].tolist(), map(range, start.tolist(), [*start[1:].tolist(), len(b)]), strict=True))
        for row in sorted({*twins, *cored}):
            twin = next((n for n in twins.get(row, ()) if int(a[n]) not in self.gone), None)
            core = int(self.core[row])
            if twin is not None:
                self.gone[row] = (int(a[twin]), float(share[twin]))
            elif core >= 0 and core in first_of_core:
                self.gone[row] = (first_of_core[core], None)
            elif core >= 0:
                first_of_core[core] = row


def _best(pieces: Iterable[Found], rows: int) -> Found:
    """Of each row only its most similar twin: for twins of which all are kept."""
    twin, best = np.zeros(rows, dtype=np.int64), np.full(rows, -1.0)
    for a, b, share in pieces:
        order = np.lexsort((a, -share, b))
        first = order[np.flatnonzero(np.diff(b[order], prepend=-1))]
        row, new = b[first], share[first]
        better = (new > best[row]) | ((new == best[row]) & (a[first] < twin[row]))
        twin[row[better]], best[row[better]] = a[first][better], new[better]
    found = np.flatnonzero(best >= 0)
    return twin[found], found, best[found]
