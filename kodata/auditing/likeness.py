"""How much each answer resembles the questions around it: cosine of character n-grams, weighed by rarity."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.uint64]

_LATIN = 0x250  # code points below are of alphabets with few letters: five of them say what two syllables say
_OF_LATIN, _OF_OTHERS = 5, 2
_BITS = np.uint64(22)  # of a hashed n-gram: four million buckets, of which a corpus fills a few hundred thousand
_BUCKETS = 1 << 22
_CHUNK = 256  # rows at once; bounds memory only


def likeness(questions: pl.Series, answers: pl.Series, reach: int) -> Floats:
    """Shape (rows, 2 * reach + 1): column `reach + k` is the likeness of an answer to the question k rows on.

    It is the cosine (0 to 1) less what the question has in common with the mean of all answers, so that a long question
    is not like everything; -1 where there is no such row. Texts are compared without case, spacing and punctuation
    (NFKC), by bigrams of syllables and 5-grams of Latin letters. An n-gram weighs 1 + log of how often it stands in the
    text, times log of how rare it is among all. Sums run in the order of rows and n-grams: equal input gives equal
    numbers on any number of threads.
    """
    rows = len(questions)
    bags = [_Bag.of(texts) for texts in (questions, answers)]
    texts_with = np.bincount(np.concatenate([bag.codes for bag in bags]), minlength=_BUCKETS)
    rarity = np.log((1 + 2 * rows) / (1 + texts_with))
    asked, answered = (bag.weighed(rarity, rows) for bag in bags)
    mean_answer = np.bincount(answered.codes, answered.weights, minlength=_BUCKETS) / max(rows, 1)
    common = np.bincount(asked.rows, asked.weights * mean_answer[asked.codes], minlength=rows)
    found = np.zeros((rows, 2 * reach + 1))
    for start in range(0, rows, _CHUNK):
        for row, sums in _shared(asked, answered, start, reach):
            found[row] = sums
    places = np.arange(rows)[:, None] + np.arange(-reach, reach + 1)
    is_there = (places >= 0) & (places < rows)
    return np.where(is_there, found - common[np.where(is_there, places, 0)], -1.0)


@dataclass(frozen=True)
class _Bag:
    """The n-grams of texts, each once a text, in the order of row and code; `weights` are counts at first."""

    rows: Ints
    codes: Ints
    weights: Floats

    @classmethod
    def of(cls, texts: pl.Series) -> _Bag:
        plain = texts.fill_null("").str.normalize("NFKC").str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]+", " ")
        lengths = plain.str.len_chars().to_numpy().astype(np.int64)
        points = np.frombuffer("".join(plain).encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
        rows = np.repeat(np.arange(len(lengths), dtype=np.uint64), lengths)
        keys = np.sort(np.concatenate([_keys(points, rows, _OF_LATIN), _keys(points, rows, _OF_OTHERS)]))
        firsts = _firsts(keys)
        return cls(
            (keys[firsts] >> _BITS).astype(np.int64),
            (keys[firsts] & np.uint64(_BUCKETS - 1)).astype(np.int64),
            np.diff(np.append(firsts, len(keys))).astype(np.float64),
        )

    def weighed(self, rarity: Floats, texts: int) -> _Bag:
        """The same with weights that make each text a vector of length one."""
        weights = (1 + np.log(self.weights)) * rarity[self.codes]
        lengths = np.sqrt(np.bincount(self.rows, weights**2, minlength=texts))
        return _Bag(self.rows, self.codes, weights / np.maximum(lengths, 1e-12)[self.rows])

    def part(self, start: int, end: int) -> _Bag:
        """What belongs to the rows from `start` up to `end`."""
        first, last = np.searchsorted(self.rows, (start, end))
        return _Bag(self.rows[first:last], self.codes[first:last], self.weights[first:last])


def _keys(points: Codes, rows: Codes, n: int) -> Codes:
    """Row and hash of each n-gram within a text: all Latin for `_OF_LATIN`, not all Latin for `_OF_OTHERS`."""
    end = max(len(points) - n + 1, 0)
    hashed, is_latin = np.zeros(end, dtype=np.uint64), np.ones(end, dtype=bool)
    for k in range(n):
        hashed = hashed * np.uint64(0x9E3779B97F4A7C15) + points[k : end + k]
        is_latin &= points[k : end + k] < _LATIN
    hashed *= np.uint64(0xC2B2AE3D27D4EB4F)
    is_wanted = (rows[:end] == rows[n - 1 : n - 1 + end]) & (is_latin == (n == _OF_LATIN))
    keys = (rows[:end] << _BITS) | (hashed >> (np.uint64(64) - _BITS))
    return np.asarray(keys[is_wanted], dtype=np.uint64)


def _firsts(ordered: npt.NDArray[np.generic]) -> Ints:
    """Where each new value begins."""
    if not len(ordered):
        return np.arange(0)
    return np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))


def _shared(asked: _Bag, answered: _Bag, start: int, reach: int) -> Iterator[tuple[Ints, Floats]]:
    """The rows of a chunk whose answers share an n-gram with a question in reach, and the cosine with each."""
    questions, answers = asked.part(start - reach, start + _CHUNK + reach), answered.part(start, start + _CHUNK)
    known, columns = np.unique(questions.codes, return_inverse=True)  # some thousands
    if not len(known):
        return
    table = np.zeros((len(known), _CHUNK + 4 * reach))  # n-gram, question
    table[columns, questions.rows - start + reach] = questions.weights
    at = np.minimum(np.searchsorted(known, answers.codes), len(known) - 1)
    is_shared = known[at] == answers.codes
    rows = answers.rows[is_shared]
    if len(rows):
        around = (rows - start)[:, None] + np.arange(2 * reach + 1)
        parts = table[at[is_shared][:, None], around] * answers.weights[is_shared][:, None]
        yield rows[_firsts(rows)], np.add.reduceat(parts, _firsts(rows), axis=0)
