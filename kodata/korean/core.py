"""The core of a Korean text: what is left of it without particles and the endings of its sentences.

Two short texts with the same core ask for the same thing in another tone: "수도를 알려 주세요", "수도는 알려 줘!". A
question keeps a mark, and tense, negation and numerals stay: "했습니다", "하지 마세요" and "세 문장" are not "하세요"
and "한 문장". There is no dictionary: what may go follows from the sound before it, so "사과" and "국가" stay whole.
"""

from __future__ import annotations

from itertools import product
from typing import Final
from unicodedata import normalize

import polars as pl

_VOWEL, _FINAL = r"[\x{1161}-\x{1175}]", r"[\x{11A8}-\x{11C2}]"  # conjoining jamo: texts are decomposed
_N, _L, _M, _B = "\u11ab", "\u11af", "\u11b7", "\u11b8"  # ㄴ ㄹ ㅁ ㅂ at the end of a syllable


def _any(*texts: str) -> str:
    """The alternatives of these patterns in one, the longest first, decomposed."""
    return "|".join(sorted(normalize("NFD", "|".join(texts)).split("|"), key=len, reverse=True))


_PLEASE = (
    "세요|셔요|십시오|십시요|시오|시라|라|요|다|자|실래요|시겠어요|시겠습니까|기|시기|죠|지요|시죠|시면 됩니다|"
    f"시면 돼요|도록 하세요|도록 하십시오|{_N}다|{_B}니다|{_B}시다|{_L}래|{_L}래요|는 것|{_N} 것|{_L} 것|을 것|"
    "으세요|으십시오|으시오|으라|습니다|는다|읍시다|으시기|음"
)
_STATED = f"{_PLEASE}|이다|이{_B}니다|이에요|예요|에요|이죠|이지요|네요|군요|거든요|{_M}"
_ASKED = (
    f"이{_B}니까|이{_N}가요|이{_N}가|이{_L}까요|이{_L}까|이냐|습니까|{_B}니까|{_N}가요|{_N}가|{_L}까요|{_L}까|"
    "나요|는가요|는가|은가요|은가|을까요|을까|느냐|으냐|냐"
)
_HELPED = "|".join(verb + ending for verb, ending in product("주보", _PLEASE.split("|"))) + "|줘|줘요|줘라|봐|봐요|봐라"
_WISHED = "바랍니다|바라요|바란다|부탁드립니다|부탁드려요|부탁해요|부탁합니다|부탁해"
# Vowels in front of 어, and alone: 그려 and 그리, 바꿔 and 바꾸, 봐 and 보, 돼 and 되, 써 and 쓰.
_FUSED = {"\u1167": "\u1175", "\u116f": "\u116e", "\u116a": "\u1169", "\u116b": "\u116c", "\u1165": "\u1173"}

# Particles behind a consonant, a vowel, a vowel or ㄹ, any sound.
_CLOSED = "은|이|을|과|이란|이라는|이나|이랑|으로|으로는|으로도|으로서|으로써|으로의"
_OPEN = "는|가|를|와|란|라는|랑"
_OPEN_OR_L = "로|로는|로도|로서|로써|로의"
_EITHER = (
    "에|에서|에게|에는|에도|에서는|에서도|에서의|에게는|께|께서|한테|까지|까지의|부터|부터의|처럼|와는|과는|와의|과의|"
    "만을|만은|에 대해|에 대해서|에 대하여|에 대한|에 관해|에 관하여|에 관한"
)
_LONG_ONLY = "의|도|만"  # behind two syllables: 회의, 온도 and 불만 are words
_SYLLABLE: Final = rf"[\x{{1100}}-\x{{1112}}]{_VOWEL}{_FINAL}?"
_END = r"(\??\n)"  # of a sentence
_WORD_END = r"([ \n?])"

_STEPS: Final = (
    # Sentences end in a line break, questions in a mark and a line break; quotes and commas go.
    (r"(\d)[.,:](\d)", "${1}_$2"),
    (r"""[,;:'"“”‘’…、]""", ""),
    (r"\s*\?[\s.!?。]*", "?\n"),
    (r"\s*[.!。\n][\s.!。]*", "\n"),
    (r"[^\S\n]+", " "),
    # Endings, from the last word of a sentence: first auxiliary verbs, then its own.
    (rf" ?(?:{_any(_WISHED)})\n", "\n"),
    (rf" ?(?:{_any(_HELPED)})\??\n", "\n"),
    (rf"\x{{11AF}}\x{{1105}}[\x{{1161}}\x{{1165}}]{_END}", "\u1105\u1173$1"),
    (rf"(?:{_any(_ASKED)})\??\n", "?\n"),
    (rf"(?:{_any(_STATED)}){_END}", "$1"),
    # What is left of the verb, as its stem: 해 to 하, 찾아 to 찾, 그려 to 그리, 만들 to 만드; 하 goes.
    (rf"\x{{1112}}\x{{1162}}{_END}", "\u1112\u1161$1"),
    (rf"\x{{110B}}[\x{{1161}}\x{{1165}}]{_END}", "$1"),
    *((rf"{fused}{_END}", f"{alone}$1") for fused, alone in _FUSED.items()),
    (rf"\x{{11AF}}{_END}", "$1"),
    (rf" ?\x{{1112}}\x{{1161}}{_END}", "$1"),
    # Particles, from every word.
    (rf"([a-z0-9_)\]])(?:{_any(_CLOSED, _OPEN, _OPEN_OR_L, _EITHER, _LONG_ONLY)}){_WORD_END}", "$1$2"),
    (rf"({_VOWEL}|{_FINAL})(?:{_any(_EITHER)}){_WORD_END}", "$1$2"),
    (rf"({_FINAL})(?:{_any(_CLOSED)}){_WORD_END}", "$1$2"),
    (rf"({_VOWEL}|\x{{11AF}})(?:{_any(_OPEN_OR_L)}){_WORD_END}", "$1$2"),
    (rf"({_VOWEL})(?:{_any(_OPEN)}){_WORD_END}", "$1$2"),
    (rf"({_SYLLABLE}{_SYLLABLE})(?:{_any(_LONG_ONLY)}){_WORD_END}", "$1$2"),
    (r"\s", ""),
)  # fmt: skip


def core(text: pl.Expr) -> pl.Expr:
    """The core of each text, for comparison only: decomposed, without spaces; empty when nothing is left."""
    bare = text.str.to_lowercase().str.normalize("NFKD") + pl.lit("\n")
    for pattern, to in _STEPS:
        bare = bare.str.replace_all(pattern, to)
    return bare
