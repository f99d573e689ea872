"""Particles that agree with the sound before them: `print`를, CPU는, 3을, 인덱스로.

Korean spells most particles in two ways, after a consonant and after a vowel. A translator that sees a mark instead of
a word cannot know which; once the word is back, its last sound is looked up here as Koreans read it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

Sound: TypeAlias = Literal["vowel", "rieul", "consonant"]  # after ㄹ it is 로, as after a vowel

# After a consonant, after a vowel.
_PAIRS: Final = (
    ("을", "를"), ("은", "는"), ("이", "가"), ("과", "와"), ("으로", "로"), ("이나", "나"), ("이라", "라"),
    ("이란", "란"), ("이랑", "랑"), ("아", "야"),
)  # fmt: skip
_PAIR_OF: Final = {form: pair for pair in _PAIRS for form in pair}
# What is written where the sound is not known: 을(를), 를(을), 을/를, (으)로, (이)라.
_BOTH: Final = {form: pair for pair in _PAIRS for a, b in (pair, pair[::-1]) for form in (f"{a}({b})", f"{a}/{b}")} | {
    f"({a.removesuffix(b)}){b}": (a, b) for a, b in _PAIRS if a.endswith(b)
}
_UNDECIDED: Final = re.compile("|".join(map(re.escape, sorted(_BOTH, key=len, reverse=True))))
_CLOSING: Final = re.compile(r"[\"'”’»)\]*`]{0,4}")
_PARTICLE: Final = re.compile(
    r"(?:[을를은는이가]|[아야](?=[,!]))(?![가-힣])|[과와](?=[의는도만](?![가-힣])|(?![가-힣]))"
    r"|(?:으로|로)(?=(?:서|써|부터|는|도|만|의)?(?![가-힣]))|(?:이나|나|이랑|랑|이란|란)(?![가-힣])"
    r"|(?:이라|라)(?=[는고면도서며]|(?![가-힣]))"
)

_LETTERS: Final[dict[str, Sound]] = {"l": "rieul", "r": "rieul", "m": "consonant", "n": "consonant"}  # others: vowel
_DIGITS: Final[dict[str, Sound]] = {
    **dict.fromkeys("2459", "vowel"), **dict.fromkeys("178", "rieul"), **dict.fromkeys("036", "consonant"),
}  # fmt: skip
_SIGNS: Final[dict[str, Sound]] = {  # 퍼센트, 도, 플러스, 앤드, 샤프; 제곱
    **dict.fromkeys("%℃°+&#", "vowel"), **dict.fromkeys("@²³", "consonant"),
}  # fmt: skip
# Words that are not read as their last letters tell: 비트, 체크, 키트, 세트; 그룹, 타입, 템플릿.
_WORDS: Final[dict[str, Sound]] = {
    **dict.fromkeys(
        ("bit", "check", "dot", "edit", "exit", "github", "hit", "hub", "kit", "net", "nut", "set", "theme"), "vowel"
    ),
    **dict.fromkeys(("group", "opec", "private", "sleep", "template", "type"), "consonant"),
    **dict.fromkeys(("px", "url"), "rieul"),
}
_UNITS: Final[dict[str, Sound]] = {"kg": "consonant", "mg": "consonant", "g": "consonant"}  # others: 미터, 리터, 바이트
_UNIT: Final = re.compile(r"\d\s?([kcm]?m|[km]?g|m?[lL]|[KMGT]B|[kMG]?Hz)$")
_ENDINGS: Final[tuple[tuple[Sound, str], ...]] = (  # of a word in small letters; the first that fits
    ("rieul", r"(?:l|le)$"),
    ("consonant", r"(?:ng|m|n|[aeiou][mn]e|pp|tt|bb|ck)$"),
    ("vowel", r"(?:[aeiouwysxzrfvhdgjq]|[^aeiou]t|(?:ea|ee|oa|oo|ai|ei|ie)t)$"),
    ("vowel", r"(?:[^aeiou]k|(?:ea|ee|oa|ai|ie)k|[^aeiou]p|(?:ea|ee|oa|oo|ou)p|[^aeiou][bc])$"),
    ("consonant", r"[tkpbc]$"),
)
_WORD: Final = re.compile(r"(_?)([A-Z]?[a-z]+|[A-Z]+)$")
_SPELT: Final = 5  # letters of capitals that are read one by one: HTML; more are a word
_NUMBER: Final = re.compile(r"([$€£]?)[\d,]*(\.\d+)?$", re.ASCII)
_TAG: Final = re.compile(r"<(/?)([A-Za-z][\w-]*)[^<>]*>$")
_POWER: Final = re.compile(r"\^(?:\w|\{\w+\})$")
_FRACTION: Final = re.compile(r"\\d?frac\{([^{}]*)\}\{[^{}]*\}$")
_COMMAND: Final = re.compile(r"(?:\\[A-Za-z]+|_)\{([^{}]*)\}$")
_CALLED: Final = re.compile(r"[a-z]\w*$", re.ASCII)
_FAR: Final = 200  # characters before a particle that are looked at


def sound(text: str) -> Sound | None:  # noqa: PLR0911  # one line a script
    """The last sound of a text as Koreans read it; None where nobody can tell, as after a blank or a placeholder."""
    text = text[-_FAR:]
    while text:
        last = text[-1]
        if _POWER.search(text):
            return "consonant"  # 제곱
        if last.isascii() and last.isalnum():
            return _of_number(text) if last.isdigit() else _of_word(text)
        if "가" <= last <= "힣":
            batchim = (ord(last) - 0xAC00) % 28
            return "vowel" if batchim == 0 else "rieul" if batchim == 8 else "consonant"
        if last in _SIGNS:
            return _SIGNS[last]
        if last.isalpha() or last == "_":
            return None
        if last == "}":
            inner = _FRACTION.search(text) or _COMMAND.search(text)
            if not inner:
                return None
            text = inner[1]
        else:
            text = _before_closing(text)
    return None


def _before_closing(text: str) -> str:
    """The text without the bracket, tag or sign at its end; a gloss in brackets and a closing tag are not read.

    사과(apple) and HTML(HyperText Markup Language) end with 과 and L, but `len(items)` ends with items.
    """
    if text[-1] == ")":
        opened = text.rfind("(")
        before, inner = text[: max(opened, 0)], text[opened + 1 : -1]
        is_call = inner.isascii() and _CALLED.search(before) is not None
        return (
            before if before and (before[-1].isalnum() or before[-1] == "`") and not (is_call and inner) else text[:-1]
        )
    if text[-1] == ">" and (tag := _TAG.search(text)):
        before = text[: tag.start()]
        return before if tag[1] and before.strip() else tag[2]
    return text[:-1]


def _of_number(text: str) -> Sound:
    number = _NUMBER.search(text)
    if number and number[1]:
        return "vowel"  # 달러, 유로, 파운드
    if text[-1] != "0" or (number and number[2]):
        return _DIGITS[text[-1]]
    digits = number.group().replace(",", "") if number else ""
    zeros = len(digits) - len(digits.rstrip("0"))
    return "vowel" if 12 <= zeros < 16 else "consonant"  # 조; 십, 백, 천, 만, 억


def _of_word(text: str) -> Sound:
    if unit := _UNIT.search(text):
        return _UNITS.get(unit[1], "vowel")
    found = _WORD.search(text)
    assert found  # it ends with a letter
    word = found[2].lower()
    if word in _WORDS:
        return _WORDS[word]
    is_spelt = found[2].isupper() and len(word) <= _SPELT and not found[1]
    if is_spelt or not re.search(r"[aeiouy]", word):
        return _LETTERS.get(word[-1], "vowel")
    return next((of for of, ending in _ENDINGS if re.search(ending, word)), "consonant")


def agree(before: str, after: str) -> str:
    """What follows `before`, its particle in the form that fits; as it is when there is none, or nobody can tell."""
    closing = _CLOSING.match(after)
    at = closing.end() if closing else 0
    found = _PARTICLE.match(after, at)
    heard = sound(before + after[:at]) if found else None
    if not found or heard is None:
        return after
    return after[:at] + _fitting(_PAIR_OF[found.group()], heard) + after[found.end() :]


def decided(text: str, before: str = "") -> str:
    """The text with one form where both were written, as in 을(를); the one after a consonant where nobody can tell."""

    def one(found: re.Match[str]) -> str:
        return _fitting(_BOTH[found.group()], sound(before + text[: found.start()]) or "consonant")

    return _UNDECIDED.sub(one, text)


def joined(parts: Sequence[str]) -> str:
    """Text, piece, text, piece, ..., text as one, the particles after the pieces in agreement with them."""
    whole = [decided(parts[0])]
    for piece, text in zip(parts[1::2], parts[2::2], strict=True):
        before = (whole[-1] + piece)[-_FAR:]
        whole += [piece, agree(before, decided(text, before))]
    return "".join(whole)


def _fitting(pair: tuple[str, str], heard: Sound) -> str:
    after_consonant = heard == "consonant" or (heard == "rieul" and pair[0] != "으로")
    return pair[0] if after_consonant else pair[1]
