"""All pairs of texts that may be near twins: those that hold a rare token in common and pass every cheap bound.

The lookup of a set-similarity join of the AllPairs and PPJoin family (Bayardo et al. 2007, "Scaling up all pairs
similarity search"; Xiao et al. 2011, "Efficient similarity joins for near-duplicate detection"), in numpy: postings are
one sorted array of 64-bit keys, and texts are numbered by size, so that the partners of a text are one stretch of it.
Pairs come in pieces, each of some texts with all that they meet, so that memory is bounded however many meet.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from kodata.twins.grams import Codes, Ints, first_of_each, in_threads, spread

Tokens: TypeAlias = npt.NDArray[np.uint32]
Chosen: TypeAlias = npt.NDArray[np.bool_]
Pairs: TypeAlias = tuple[Ints, Ints]

EPSILON = 1e-9  # a share computed as 0.7999999999 is 0.8
PLACE_BITS = 10
_MOST = 1 << 22  # postings and meetings of a piece, beyond those of its last text
_POSTINGS_AT_ONCE = 1 << 20  # whose meetings are counted
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
    """The postings of `left` and those of `right`, of the same token, that they meet: of texts of about their size.

    Where both are the same, a posting meets only those after it, and only at the first `head` places of its text.
    """

    left: Postings
    right: Postings
    smallest: Ints  # by rank: the lowest rank that is large enough to be near
    beyond: Ints  # and the lowest that is too large
    head: Ints

    def of(self, mine: Ints) -> tuple[Ints, Ints]:
        """Where what these postings of `left` meet begins in `right`, and how many it is."""
        keys, rank = self.left.keys[mine], self.left.rank[mine]
        end = self.right.first(keys, self.beyond[rank])
        if self.left is not self.right:
            first = self.right.first(keys, self.smallest[rank])
            return first, end - first
        return mine + 1, np.where(self.left.place[mine] < self.head[rank], end - mine - 1, 0)

    def weights(self) -> Ints:
        """By rank: how often a text of `left` meets another."""
        found = np.zeros(len(self.head), dtype=np.int64)
        for start in range(0, len(self.left.keys), _POSTINGS_AT_ONCE):
            mine = np.arange(start, min(start + _POSTINGS_AT_ONCE, len(self.left.keys)))
            counts = np.bincount(self.left.rank[mine], weights=self.of(mine)[1], minlength=len(found))
            found += counts.astype(np.int64)
        return found

    def pieces(self) -> Iterator[Ints]:
        """The postings of `left`, those of a text together, in pieces of about as many postings and meetings."""
        ends = np.cumsum(self.weights() + np.bincount(self.left.rank, minlength=len(self.head)))
        total = int(ends[-1]) if len(ends) else 0
        cuts = [0, *(np.searchsorted(ends, np.arange(_MOST, total, _MOST)) + 1).tolist(), len(ends)]
        for low, high in pairwise(cuts):
            if low == 0 and high == len(ends):
                yield np.arange(len(self.left.keys))
            elif low < high:
                yield np.flatnonzero((self.left.rank >= low) & (self.left.rank < high))


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
        ordered, rank = size[self._text], np.argsort(self._text).astype(np.int32)
        self._smallest = np.searchsorted(ordered, np.maximum(np.ceil(ordered * min_share - EPSILON), 1))
        self._beyond = np.searchsorted(ordered, np.floor(ordered / min_share + EPSILON), side="right")
        tokens, text, place = postings
        self._postings = Postings.of(tokens, rank[text], place, len(size))

    def within(self, texts: Chosen) -> Iterator[Pairs]:
        """Possible pairs of these texts in pieces, each pair once, the lower place first."""
        postings = self._postings.only(texts[self._text])
        return self._possible(self._meetings(postings, postings))

    def between(self, texts: Chosen, others: Chosen) -> Iterator[Pairs]:
        """The same for pairs of one of `texts` and one of `others`, which have none in common."""
        left, right = self._postings.only(texts[self._text]), self._postings.only(others[self._text])
        return self._possible(self._meetings(left, right))

    def weight(self, texts: Chosen) -> int:
        """How often two of these texts meet: what `within` would look at."""
        postings = self._postings.only(texts[self._text])
        return int(self._meetings(postings, postings).weights().sum())

    def _meetings(self, left: Postings, right: Postings) -> Meetings:
        return Meetings(left, right, self._smallest, self._beyond, self._head)

    def _possible(self, meetings: Meetings) -> Iterator[Pairs]:
        left, right = meetings.left, meetings.right
        _ = left.rank, left.place, right.rank, right.place  # computed once, before the threads begin
        for mine in meetings.pieces():
            first, count = meetings.of(mine)

            def look(part: slice, mine: Ints = mine, first: Ints = first, count: Ints = count) -> Codes:
                theirs, which = spread(first[part], count[part])
                return self._near(left, right, mine[part][which], theirs)

            found = in_threads(look, _parts(count))
            yield unpaired(each_once(np.concatenate([np.zeros(0, np.uint64), *found])))

    def _near(self, left: Postings, right: Postings, mine: Ints, theirs: Ints) -> Codes:
        """The texts of postings that meet, as pairs that pass every bound."""
        rank_a, place_a = left.rank[mine], left.place[mine]
        rank_b, place_b = right.rank[theirs], right.place[theirs]
        if left is not right:
            smaller = rank_a < rank_b
            met = np.where(smaller, place_a, place_b) < self._head[np.where(smaller, rank_a, rank_b)]
            rank_a, rank_b, place_a, place_b = rank_a[met], rank_b[met], place_a[met], place_b[met]
        a, b = self._text[rank_a], self._text[rank_b]
        near = self._bound.by_place(a, b, place_a, place_b) & (a != b)  # two n-grams of a text may have one token
        pairs = each_once(paired(a[near], b[near]))
        pieces = (pairs[n : n + _SKETCHES_AT_ONCE] for n in range(0, len(pairs), _SKETCHES_AT_ONCE))
        return np.concatenate([np.zeros(0, np.uint64), *(p[self._bound.by_sketch(*unpaired(p))] for p in pieces)])


def _parts(count: Ints) -> list[slice]:
    """Stretches that meet about as many others."""
    ends = np.cumsum(count)
    cuts = np.searchsorted(ends, np.arange(_AT_ONCE, int(count.sum()), _AT_ONCE)).tolist()
    return [slice(a, b) for a, b in pairwise([0, *cuts, len(count)]) if a < b]


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
