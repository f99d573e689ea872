"""What an alignment looks at in a text: English words, Korean syllable pairs, and what stands in both."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

_WORD = re.compile(r"[A-Za-z]+|\d+|[가-힣]+")
_STEM = 6  # letters: "explain", "explains" and "explained" are one word
_MOST = 150  # words of a text that are looked at

Ints = npt.NDArray[np.int64]


def english_words(text: str) -> list[str]:
    """The distinct words and numbers of a text, in lower case, words cut to their first letters; in order."""
    return list(dict.fromkeys(word[:_STEM].lower() for word in _WORD.findall(text)[:_MOST]))


def korean_words(text: str) -> list[str]:
    """The distinct pairs of neighbouring syllables, which particles do not change, and words and numbers as above."""
    found: dict[str, None] = {}
    for word in _WORD.findall(text)[:_MOST]:
        if word[0] >= "가":
            found |= dict.fromkeys(word[n : n + 2] for n in range(max(1, len(word) - 1)))
        else:
            found[word[:_STEM].lower()] = None
    return list(found)


@dataclass(frozen=True)
class Bags:
    """The words of each text of a file as numbers: those of text n are `codes[starts[n]:starts[n + 1]]`."""

    codes: Ints
    starts: Ints
    vocabulary: dict[str, int]

    @classmethod
    def of(cls, texts: Iterable[Sequence[str]]) -> Bags:
        bags = list(texts)
        vocabulary = {word: n for n, word in enumerate(sorted({word for bag in bags for word in bag}))}
        coded = [[vocabulary[word] for word in bag] for bag in bags]
        starts = np.cumsum([0, *map(len, coded)])
        return cls(np.array([code for bag in coded for code in bag], dtype=np.int64), starts, vocabulary)

    def __len__(self) -> int:
        return len(self.starts) - 1

    @cached_property
    def texts(self) -> Ints:
        """For each of `codes`, the number of its text."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts))

    @cached_property
    def sizes(self) -> Ints:
        """How many words each text has."""
        return np.diff(self.starts)

    @cached_property
    def in_texts(self) -> Ints:
        """By word, in how many texts it is."""
        return np.bincount(self.codes, minlength=len(self.vocabulary))

    def counted(self, texts: Ints) -> Ints:
        """By word, in how many of those texts it is."""
        places = crossed(self.starts[texts], self.sizes[texts], texts, np.ones_like(texts))[0]
        return np.bincount(self.codes[places], minlength=len(self.vocabulary))

    def shared_with(self, other: Bags) -> Ints:
        """Words that both files have: shape (words, 2), their numbers here and there."""
        shared = sorted(self.vocabulary.keys() & other.vocabulary.keys())
        return np.array([(self.vocabulary[w], other.vocabulary[w]) for w in shared], dtype=np.int64).reshape(-1, 2)


def crossed(left_starts: Ints, left_counts: Ints, right_starts: Ints, right_counts: Ints) -> tuple[Ints, Ints]:
    """Places of all pairs of each left run with the right run of the same number."""
    sizes = left_counts * right_counts
    run = np.repeat(np.arange(len(sizes)), sizes)
    within = np.arange(len(run)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return left_starts[run] + within // right_counts[run], right_starts[run] + within % right_counts[run]
