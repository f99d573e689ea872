"""Syllables of Hangul and their final consonants (batchim)."""

from __future__ import annotations

from typing import Final

FINALS: Final = ("", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ")  # in the order of Unicode
_FIRST, _LAST = ord("가"), ord("힣")


def final(char: str) -> str:
    """The final consonant of a syllable; empty for one that ends in a vowel, and for what is no syllable."""
    return FINALS[(ord(char) - _FIRST) % 28] if "가" <= char <= "힣" else ""


def with_final(*finals: str) -> str:
    """A character class, for regular expressions, of the syllables that end in one of these consonants."""
    places = {FINALS.index(name) for name in finals}
    return f"[{''.join(chr(code) for code in range(_FIRST, _LAST + 1) if (code - _FIRST) % 28 in places)}]"


def without_final(char: str) -> str:
    """The syllable without its final consonant: 합 becomes 하."""
    return chr(ord(char) - (ord(char) - _FIRST) % 28)
