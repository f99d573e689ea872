"""Sets of numbers, found in other sets: which items share how many of their n-grams with which texts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kodata.twins.grams import Codes, Ints, Sets, first_of_each, in_threads, spread

_AT_ONCE = 1 << 21  # meetings of a text and an item counted together: bounds memory


@dataclass(frozen=True)
class Lookup:
    """Which items have which code: `item[first[n] : first[n] + count[n]]` have `codes[n]`; `size` is by item."""

    codes: Codes
    first: Ints
    count: Ints
    item: Ints
    size: Ints

    @classmethod
    def of(cls, items: Sets) -> Lookup:
        """All codes of the items."""
        return cls._of(*_flat(items), len(items.size))

    @classmethod
    def of_rarer_half(cls, items: Sets) -> Lookup:
        """Of each item, the half of its codes that the fewest items have, and the one in the middle."""
        codes, item = _flat(items)
        whole = cls._of(codes, item, len(items.size))
        often = whole.count[np.searchsorted(whole.codes, codes)]
        order = np.lexsort((codes, often, item))  # of each item, the rarest first
        place = np.arange(len(order)) - np.repeat(np.cumsum(items.size) - items.size, items.size)
        rarer = order[place <= items.size[item[order]] // 2]
        return cls._of(codes[rarer], item[rarer], len(items.size))

    @classmethod
    def _of(cls, codes: Codes, item: Ints, items: int) -> Lookup:
        order = np.lexsort((item, codes))
        first = first_of_each(codes[order]).nonzero()[0]
        count = np.diff(first, append=len(order))
        return cls(codes[order][first], first, count, item[order], np.bincount(item, minlength=items))

    def shares(self, texts: Sets, least: float) -> tuple[Ints, Ints, npt.NDArray[np.float64]]:
        """Rows of texts, items, and the share (0..1) of the item's codes in the text, where it is over `least`."""
        if not len(self.codes):
            return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
        codes, row = _flat(texts)
        place = np.minimum(np.searchsorted(self.codes, codes), len(self.codes) - 1)
        there = (self.codes[place] == codes).nonzero()[0]
        place, row = place[there], row[there]
        ends = np.cumsum(self.count[place])
        cuts = np.searchsorted(ends, np.arange(_AT_ONCE, int(ends[-1]) if len(ends) else 0, _AT_ONCE))
        cuts = np.unique(np.searchsorted(row, row[cuts]))  # a text is not cut in two
        parts = list(zip(np.split(place, cuts), np.split(row, cuts), strict=True))
        found = in_threads(lambda part: self._counted(*part), parts)
        rows, items, counts = (np.concatenate(numbers) for numbers in zip(*found, strict=True))
        share = counts / self.size[items]
        over = share > least
        return rows[over], items[over], share[over]

    def _counted(self, place: Ints, row: Ints) -> tuple[Ints, Ints, Ints]:
        """Rows and items that have a code in common, and how many."""
        places, which = spread(self.first[place], self.count[place])
        meetings = (row[which] * len(self.size) + self.item[places]).astype(np.uint64)
        meetings.sort()
        first = first_of_each(meetings).nonzero()[0]
        rows, items = np.divmod(meetings[first].astype(np.int64), len(self.size))
        return rows, items, np.diff(first, append=len(meetings))


def _flat(of: Sets) -> tuple[Codes, Ints]:
    """All codes, by row, and the row of each."""
    places, row = spread(of.start, of.size)
    return of.codes[places], row
