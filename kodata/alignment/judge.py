"""How much an English and a Korean text look like each other's translation, learned from records pinned together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kodata.alignment.words import Bags, Ints, crossed

Floats = npt.NDArray[np.float32]

_LEARNED_FROM = 12_000  # pairs of records
_MEET = 3  # of which so many must have an English and a Korean word that go together
_MIN_MUTUAL = 0.7  # nats
_BEST = 12  # Korean words that an English word stands for
_WIDTH = 1024  # of a vector into which words are hashed
_CHUNK = 2_000  # texts whose vectors are made at once; bounds memory only


class Table(NamedTuple):
    """What Korean words a word stands for: rows of word, Korean word and weight, in order of the word."""

    words: Ints
    korean: Ints
    weights: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Judge:
    """Row n of `english` is what the Korean of English text n should look like, row n of `korean` what Korean text n
    looks like: float32, shape texts x `_WIDTH`, each row of length one, or zero where nothing is known.

    The likeness of two texts is their product: of 5,920 pairs of KoAlpaca v1.0 it is above 0.16 for 98 %, of texts
    seven records apart below 0.10 for 95 %; of two neighbours the right one is the more like in 99.7 %.
    """

    english: Floats
    korean: Floats

    @classmethod
    def of(cls, english: Bags, korean: Bags, left: Ints, right: Ints) -> Judge:
        """Learned from the English texts `left`, each of which goes with the Korean text in `right`."""
        step = max(1, len(left) // _LEARNED_FROM)
        every = np.arange(len(korean.vocabulary))
        rarity = np.log((len(korean) + 1) / (korean.in_texts + 0.5))
        return cls(
            _vectors(english, _learned(english, korean, left[::step], right[::step])),
            _vectors(korean, Table(every, every, rarity)),
        )

    def likeness(self, left: Ints, right: Ints) -> Floats:
        """Of pairs of texts, one by one."""
        return np.asarray(np.einsum("nd,nd->n", self.english[left], self.korean[right]), dtype=np.float32)


def _learned(english: Bags, korean: Bags, left: Ints, right: Ints) -> Table:
    """The Korean words that an English word meets more often than by chance, and itself where it stays as it is."""
    places = crossed(english.starts[left], english.sizes[left], korean.starts[right], korean.sizes[right])
    width = max(1, len(korean.vocabulary))
    met, times = np.unique(english.codes[places[0]] * width + korean.codes[places[1]], return_counts=True)
    met, times = met[times >= _MEET], times[times >= _MEET]
    word, other = met // width, met % width
    seen, seen_other = english.counted(left)[word], korean.counted(right)[other]
    mutual = np.log(times * len(left) / (seen * seen_other))
    weight = np.where(mutual > _MIN_MUTUAL, mutual * np.sqrt(times / seen), 0.0)
    order = np.lexsort((-weight, word))
    rank = np.arange(len(word)) - np.searchsorted(word[order], word[order])
    order = order[(rank < _BEST) & (weight[order] > 0)]
    same = english.shared_with(korean)
    itself = np.log(len(korean) / korean.in_texts[same[:, 1]])
    words, others = np.concatenate([word[order], same[:, 0]]), np.concatenate([other[order], same[:, 1]])
    weights = np.concatenate([weight[order], itself])
    by_word = np.argsort(words, kind="stable")
    return Table(words[by_word], others[by_word], weights[by_word])


def _vectors(texts: Bags, table: Table) -> Floats:
    """The weights of all that the words of a text stand for, hashed into a vector of length one."""
    starts = np.searchsorted(table.words, np.arange(len(texts.vocabulary) + 1))
    hashed = table.korean.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    place = (hashed >> np.uint64(32)).astype(np.int64) % _WIDTH
    signed = np.where(hashed >> np.uint64(63), table.weights, -table.weights)
    vectors = np.zeros((len(texts), _WIDTH), dtype=np.float32)
    for start in range(0, len(texts), _CHUNK):
        end = min(start + _CHUNK, len(texts))
        within = slice(texts.starts[start], texts.starts[end])
        codes, text = texts.codes[within], texts.texts[within] - start
        ones = np.ones(len(codes), dtype=np.int64)
        at, of = crossed(np.arange(len(codes)), ones, starts[codes], np.diff(starts)[codes])
        flat = np.bincount(text[at] * _WIDTH + place[of], signed[of], (end - start) * _WIDTH)
        vectors[start:end] = flat.reshape(-1, _WIDTH)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), dtype=np.float32)
