"""What tells a number of a person from other digits: dates, check digits, and the placeholders that stand for none."""

from __future__ import annotations

from calendar import monthrange
from itertools import pairwise

_CENTURY = {"1": 1900, "2": 1900, "5": 1900, "6": 1900, "3": 2000, "4": 2000, "7": 2000, "8": 2000}
_TEST_CARDS = frozenset({"4111111111111111", "4242424242424242", "5555555555554444", "378282246310005"})
_NO_SSN = frozenset({"123456789", "078051120", "987654321", "111223333", "123121234"})


def is_resident_number(digits: str) -> bool:
    """13 digits that begin with a date of birth that there was, in the century that the seventh names."""
    if digits[6] not in _CENTURY:
        return False
    year, month, day = _CENTURY[digits[6]] + int(digits[:2]), int(digits[2:4]), int(digits[4:6])
    is_date = 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]
    return is_date and not is_placeholder(digits[6:])


def fits_resident_checksum(digits: str) -> bool:
    """The last of 13 digits checks the others. Numbers given since October 2020 end in any digit."""
    weighed = sum(
        int(digit) * weight for digit, weight in zip(digits, (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5), strict=False)
    )
    return (11 - weighed % 11) % 10 == int(digits[12])


def is_business_number(digits: str) -> bool:
    """The last of the ten digits of a business registration checks the others."""
    weighed = sum(int(digit) * weight for digit, weight in zip(digits, (1, 3, 7, 1, 3, 7, 1, 3, 5), strict=False))
    return (10 - (weighed + int(digits[8]) * 5 // 10) % 10) % 10 == int(digits[9]) and not is_placeholder(digits)


def is_card_number(digits: str) -> bool:
    """It fits the check digit of ISO/IEC 7812 (Luhn) and is none of the numbers that are published for trials."""
    doubled = (int(digit) * (2 - (len(digits) - n) % 2) for n, digit in enumerate(digits))
    fits = sum(n - 9 if n > 9 else n for n in doubled) % 10 == 0
    return fits and digits not in _TEST_CARDS and not is_placeholder(digits)


def is_social_security_number(digits: str) -> bool:
    """Nine digits as the Social Security Administration gives them, and none that is known from advertisements."""
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    is_given = area not in ("000", "666") and area[0] != "9" and group != "00" and serial != "0000"
    return is_given and digits not in _NO_SSN and not is_placeholder(digits)


def is_placeholder(digits: str) -> bool:
    """Digits that stand for none: counted up or down (1234567), or one or two of them over and over (0000, 1212)."""
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(digits)}
    return steps in ({1}, {9}, {0}) or len(set(digits)) <= 1 or (len(digits) > 4 and len(set(digits)) <= 2)
