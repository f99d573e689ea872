"""Pins: records that share words which survive translation, as one chain that runs through both files."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kodata.alignment.words import Bags, Ints, crossed

_MOST_PAIRS = 200  # in how many pairs of records a word may stand
_LOOK_BACK = 200  # candidates; a stretch without any is shorter
_STEP_COST = 1.0  # per doubling of the distance by which one file runs ahead of the other


def pinned(english: Bags, korean: Bags) -> tuple[Ints, Ints]:
    """English and Korean numbers of the records that are pinned together, both rising.

    The chain with the most evidence: a shared word counts by how few English records have it, and a jump of one file
    against the other costs by its length.
    """
    left, right, weight = _candidates(english, korean)
    best = weight.copy()
    before = np.full(len(left), -1)
    for n in range(1, len(left)):
        start = max(0, n - _LOOK_BACK)
        ahead, along = left[n] - left[start:n], right[n] - right[start:n]
        gain = best[start:n] - _STEP_COST * np.log2(1 + np.abs(ahead - along))
        gain[(ahead <= 0) | (along <= 0)] = -np.inf
        if (most := gain.max()) > 0:
            best[n] += most
            before[n] = start + int(gain.argmax())
    chain = []
    at = int(best.argmax()) if len(best) else -1
    while at >= 0:
        chain.append(at)
        at = int(before[at])
    chain.reverse()
    return left[chain], right[chain]


def _candidates(english: Bags, korean: Bags) -> tuple[Ints, Ints, npt.NDArray[np.float64]]:
    """Pairs of records with a rare word in common, and the evidence of all they share; by English number."""
    codes = english.shared_with(korean)
    counts = np.stack([english.in_texts[codes[:, 0]], korean.in_texts[codes[:, 1]]])
    rare = counts.prod(axis=0) <= _MOST_PAIRS
    codes, counts = codes[rare], counts[:, rare]
    lists = [_by_word(bags) for bags in (english, korean)]
    starts = [(np.cumsum(bags.in_texts) - bags.in_texts)[codes[:, n]] for n, bags in enumerate((english, korean))]
    at_left, at_right = crossed(starts[0], counts[0], starts[1], counts[1])
    left, right = lists[0][at_left], lists[1][at_right]
    weight = np.repeat(np.log(len(english) / counts[0]), counts.prod(axis=0))
    pairs, place = np.unique(left * len(korean) + right, return_inverse=True)
    evidence = np.bincount(place, weight, len(pairs))
    return pairs // len(korean), pairs % len(korean), evidence.astype(np.float64)


def _by_word(bags: Bags) -> Ints:
    """The numbers of the texts, word by word."""
    return bags.texts[np.argsort(bags.codes, kind="stable")]


def filled(left: Ints, right: Ints) -> tuple[Ints, Ints]:
    """The pins, and between two pins where both files go on alike the records that lie between."""
    alike = np.diff(left) == np.diff(right)
    runs = [np.arange(a, b) for a, b, same in zip(left[:-1], left[1:], alike, strict=True) if same]
    shift = np.repeat(right[:-1] - left[:-1], np.where(alike, np.diff(left), 0))
    inner = np.concatenate(runs) if runs else left[:0]
    lefts, rights = np.concatenate([inner, left]), np.concatenate([inner + shift, right])
    kept = np.unique(lefts, return_index=True)[1]
    return lefts[kept], rights[kept]
