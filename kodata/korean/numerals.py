"""The numbers that a Korean text names, in figures (1만 2,000, 오후 3시) and in words (세, 첫째, 삼백)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

FIGURE: Final = r"\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_DIGITS = {char: value for value, char in enumerate("영일이삼사오육칠팔구")} | {"공": 0}
_SMALL = {"십": 10, "백": 100, "천": 1_000}
_LARGE = {"만": 10**4, "억": 10**8, "조": 10**12}
_ONES = {
    word: Decimal(value)
    for value, words in enumerate(
        ("하나 한 첫", "둘 두", "셋 세 석", "넷 네 넉", "다섯", "여섯", "일곱", "여덟", "아홉"), 1
    )
    for word in words.split()
}
_TENS = {
    word: Decimal(value * 10)
    for value, words in enumerate(("열", "스물 스무", "서른", "마흔", "쉰", "예순", "일흔", "여든", "아흔"), 1)
    for word in words.split()
}
_UNIT = r"(?:[십백천]?[만억조]|[십백천])"
_QUANTITY = re.compile(
    rf"(?<![A-Za-z])(?:{FIGURE})(?:\s?{_UNIT}(?:\s?(?:{FIGURE})\s?{_UNIT}){{0,5}}(?:\s?(?:{FIGURE}))?)?"
)
_PART = re.compile(rf"({FIGURE})\s?([십백천]?)([만억조]?)")
_COUNTED = r"[개명분마리권장살시달잔병대채벌쌍곳군가사해차층주년월일초회배점원위등]"
# 이 is "this" and most of the others are syllables of words: alone they count only before what is counted.
_SINO = re.compile(
    rf"[영공일이삼사오육칠팔구십백천만억조]{{2,40}}|(?<![가-힣])[영공일삼사오육칠팔구십백천만](?= ?{_COUNTED})"
)
_NATIVE = re.compile(
    rf"(?<![가-힣])({'|'.join(_TENS)})?({'|'.join(_ONES)})?(?:(?=\W|$|째|번|{_COUNTED})|(?<=하나|다섯|여섯|일곱|여덟"
    rf"|아홉))"
)
_AFTERNOON = re.compile(r"(?:오후|저녁|밤)\s?(\d{1,2})(?!\d)")
_HALF = re.compile(r"절반|(?<![가-힣])반(?![가-힣])")


def figure(text: str) -> Decimal:
    """The value of a figure such as `1,234.5`."""
    return Decimal(text.replace(",", ""))


def quantities(text: str) -> Iterator[tuple[str, frozenset[Decimal]]]:
    """Each number in figures with its unit, and what it may stand for: `3만 5천` is 35,000, also 3 and 30,000."""
    for match in _QUANTITY.finditer(text):
        values, total = set(), Decimal(0)
        for number, small, large in _PART.findall(match.group()):
            of_unit = figure(number) * _SMALL.get(small, 1) * _LARGE.get(large, 1)
            total += of_unit
            values |= {figure(number), of_unit}
        yield match.group().strip(), frozenset(values | {total})


def numbers(text: str) -> frozenset[Decimal]:
    """All that a text may mean as a number; more rather than less, as 이 and 사 are syllables of words too."""
    found = {value for _, values in quantities(text) for value in values}
    found |= {_value(run) for run in _SINO.findall(text)}
    native = ((tens, ones) for tens, ones in _NATIVE.findall(text) if tens or ones)
    found |= {_TENS.get(tens, Decimal(0)) + _ONES.get(ones, Decimal(0)) for tens, ones in native}
    found |= {Decimal(hour) + 12 for hour in _AFTERNOON.findall(text)}
    return frozenset(found | {Decimal("0.5"), Decimal(2)} if _HALF.search(text) else found)


def _value(run: str) -> Decimal:
    """The value of a number in Sino-Korean words: 이십오, 백만, 이공일구."""
    total = section = digit = 0
    for char in run:
        if char in _DIGITS:
            digit = digit * 10 + _DIGITS[char]
        elif char in _SMALL:
            section, digit = section + (digit or 1) * _SMALL[char], 0
        else:
            total, section, digit = total + (section + digit or 1) * _LARGE[char], 0, 0
    return Decimal(total + section + digit)
