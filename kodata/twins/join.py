"""All pairs of texts that may be near twins: those that hold a rare token in common and pass every cheap bound.

The lookup of a set-similarity join of the AllPairs and PPJoin family (Bayardo et al. 2007, "Scaling up all pairs
similarity search"; Xiao et al. 2011, "Efficient similarity joins for near-duplicate detection"), in numpy: postings are
one sorted array of 64-bit keys, and texts are numbered by size, so that the partners of a text are one stretch of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from kodata.twins.grams import Codes, Ints, first_of_each, in_threads, spread

Tokens: TypeAlias = npt.NDArray[np.uint32]
Chosen: TypeAlias = npt.NDArray[np.bool_]
Pairs: TypeAlias = tuple[Ints, Ints]

EPSILON = 1e-9  # a share computed as 0.7999999999 is 0.8
PLACE_BITS = 10
_AT_ONCE = 1 << 16  # pairs looked at together: bounds memory, and gives each thread some
_SKETCHES_AT_ONCE = 1 << 12  # of them, when sketches of some hundred bytes are compared: stays in the cache of a core


class Bound(Protocol):
    """What is known of two texts before their n-grams are compared."""

    def by_place(self, a: Ints, b: Ints, place_a: Ints, place_b: Ints) -> Chosen:
        """False where texts a[i] and b[i], which met at these places of theirs, cannot be near twins."""

    def by_sketch(self, a: Ints, b: Ints) -> Chosen:
        """False where texts a[i] and b[i] cannot be near twins, wherever they met."""


@dataclass(frozen=True)
class Postings:
    """Which texts hold which token: ascending keys of token, rank (the text's number by size) and place in it."""

    keys: Codes
    rank_bits: int

    @classmethod
    def of(cls, tokens: Tokens, rank: Ints, place: Ints, ranks: int) -> Postings:
        rank_bits = max(1, ranks.bit_length())
        too_many = max(0, 32 + rank_bits + PLACE_BITS - 64)  # merges tokens, which costs time and no pair
        keys = tokens.astype(np.uint64) >> np.uint64(too_many)
        for numbers, bits in ((rank, rank_bits), (place, PLACE_BITS)):
            keys <<= np.uint64(bits)
            keys |= numbers.astype(np.uint64)
        keys.sort()
        return cls(keys, rank_bits)

    @cached_property
    def rank(self) -> npt.NDArray[np.int32]:
        return ((self.keys >> np.uint64(PLACE_BITS)) & np.uint64((1 << self.rank_bits) - 1)).astype(np.int32)

    @cached_property
    def place(self) -> npt.NDArray[np.int16]:
        return (self.keys & np.uint64((1 << PLACE_BITS) - 1)).astype(np.int16)

    def only(self, chosen: Chosen) -> Postings:
        """The postings of the ranks that are chosen."""
        return self if chosen.all() else Postings(self.keys[chosen[self.rank]], self.rank_bits)

    def first(self, token_of: Codes, rank: Ints) -> Ints:
        """For each key, where the postings of its token begin that have at least this rank."""
        shift = np.uint64(self.rank_bits + PLACE_BITS)
        wanted = (token_of >> shift << shift) + (rank.astype(np.uint64) << np.uint64(PLACE_BITS))
        return np.searchsorted(self.keys, wanted)


@dataclass(frozen=True)
class Meetings:
    """Posting `mine[i]` of `left` meets the `count[i]` postings of `right` from `first[i]` on."""

    left: Postings
    right: Postings
    mine: Ints
    first: Ints
    count: Ints

    def parts(self) -> list[slice]:
        """Stretches of `mine` that meet about as many others."""
        ends = np.cumsum(self.count)
        cuts = np.searchsorted(ends, np.arange(_AT_ONCE, int(self.count.sum()), _AT_ONCE)).tolist()
        return [slice(a, b) for a, b in zip([0, *cuts], [*cuts, len(self.mine)], strict=True) if a < b]

    def numbers(self, part: slice) -> tuple[Ints, Ints]:
        """The numbers of the postings of `left` and `right` that meet."""
        theirs, which = spread(self.first[part], self.count[part])
        return self.mine[part][which], theirs


class Join:
    """Texts, by their places in a sequence, ready to be compared with one another.

    `size` is the number of n-grams of each (0: in no pair); `postings` says by which token which text is looked up, and
    at which place of it. Of two texts, the smaller is met at its first `head` places only.
    """

    def __init__(
        self, size: Ints, postings: tuple[Tokens, Ints, Ints], head: Ints, bound: Bound, min_share: float
    ) -> None:
        self._text = np.argsort(size, kind="stable")
        self._head, self._bound = head[self._text], bound
        ordered, rank = size[self._text], np.argsort(self._text)
        self._smallest = np.searchsorted(ordered, np.maximum(np.ceil(ordered * min_share - EPSILON), 1))
        self._beyond = np.searchsorted(ordered, np.floor(ordered / min_share + EPSILON), side="right")
        tokens, text, place = postings
        self._postings = Postings.of(tokens, rank[text], place, len(size))

    def within(self, texts: Chosen) -> Pairs:
        """Possible pairs of these texts, each once, the lower place first."""
        return self._possible(self._meetings_within(texts))

    def between(self, texts: Chosen, others: Chosen) -> Pairs:
        """Possible pairs of one of `texts` and one of `others`, which have none in common; the lower place first."""
        left, right = self._postings.only(texts[self._text]), self._postings.only(others[self._text])
        first = right.first(left.keys, self._smallest[left.rank])
        beyond = right.first(left.keys, self._beyond[left.rank])
        return self._possible(Meetings(left, right, np.arange(len(first)), first, beyond - first))

    def weight(self, texts: Chosen) -> int:
        """How often two of these texts meet: what `within` would look at."""
        return int(self._meetings_within(texts).count.sum())

    def _meetings_within(self, texts: Chosen) -> Meetings:
        postings = self._postings.only(texts[self._text])
        mine = np.flatnonzero(postings.place < self._head[postings.rank])
        beyond = postings.first(postings.keys[mine], self._beyond[postings.rank[mine]])
        return Meetings(postings, postings, mine, mine + 1, beyond - mine - 1)

    def _possible(self, meetings: Meetings) -> Pairs:
        left, right = meetings.left, meetings.right
        _ = left.rank, left.place, right.rank, right.place  # computed once, before the threads begin

        def look(part: slice) -> Codes:
            mine, theirs = meetings.numbers(part)
            rank_a, place_a = left.rank[mine], left.place[mine]
            rank_b, place_b = right.rank[theirs], right.place[theirs]
            if left is not right:
                smaller = rank_a < rank_b
                met = np.where(smaller, place_a, place_b) < self._head[np.where(smaller, rank_a, rank_b)]
                rank_a, rank_b, place_a, place_b = rank_a[met], rank_b[met], place_a[met], place_b[met]
            a, b = self._text[rank_a], self._text[rank_b]
            near = self._bound.by_place(a, b, place_a, place_b)
            pairs = each_once(paired(a[near], b[near]))
            pieces = (pairs[n : n + _SKETCHES_AT_ONCE] for n in range(0, len(pairs), _SKETCHES_AT_ONCE))
            return np.concatenate([np.zeros(0, np.uint64), *(p[self._bound.by_sketch(*unpaired(p))] for p in pieces)])

        found = in_threads(look, meetings.parts())
        return unpaired(each_once(np.concatenate([np.zeros(0, np.uint64), *found])))


def paired(a: Ints, b: Ints) -> Codes:
    """Pairs as one number each, the lower first."""
    low, high = np.minimum(a, b).astype(np.uint64), np.maximum(a, b).astype(np.uint64)
    return (low << np.uint64(32)) | high


def unpaired(pairs: Codes) -> Pairs:
    """The lower and the higher of each pair."""
    return (pairs >> np.uint64(32)).astype(np.int64), (pairs & np.uint64(0xFFFFFFFF)).astype(np.int64)


def each_once(pairs: Codes) -> Codes:
    """The pairs in order, each once; they are sorted in place."""
    pairs.sort()
    return pairs[first_of_each(pairs)]
