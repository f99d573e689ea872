"""Who stays: records in order of merit, each dropped only for a twin that is kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from kodata.twins.grams import Ints
from kodata.twins.similar import Found, Similar

WEIGHT = 1 << 28  # possible pairs; beyond, records are taken in parts, and compared with what was kept of those before


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
                self._drop(similar.between(kept, rest), {}, ())
                rest &= ~np.isin(rows, list(self.gone))
            self._drop(similar.within(rest), first_of_core, rows[rest & (self.core >= 0)].tolist())
            kept |= rest & ~np.isin(rows, list(self.gone))

    def drop_within(self, found: Found) -> None:
        """Drop what has a twin among these pairs of rows, or the same core."""
        self._drop(found, {}, np.flatnonzero(self.core >= 0).tolist())

    def _drop(self, found: Found, first_of_core: dict[int, int], cored: Iterable[int]) -> None:
        """Go through the rows that have a twin among those found, or may have one of the same core."""
        twins = defaultdict(list)
        for a, b, share in zip(*(numbers.tolist() for numbers in found), strict=True):
            twins[b].append((share, -a))
        for row in sorted({*twins, *cored}):
            share, minus_a = max((twin for twin in twins[row] if -twin[1] not in self.gone), default=(None, 0))
            core = int(self.core[row])
            if share is not None:
                self.gone[row] = (-minus_a, share)
            elif core >= 0 and core in first_of_core:
                self.gone[row] = (first_of_core[core], None)
            elif core >= 0:
                first_of_core[core] = row
