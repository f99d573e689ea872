"""Whether an answer is in Korean, and in nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from kodata.corpus import TextField
from kodata.korean import by_letters, has_code, is_english_prose
from kodata.rules.asked import question, unless_asked, where
from kodata.rules.kinds import Example, Severity
from kodata.rules.translation import KOREAN_ENOUGH

_ASKS_FOR_OTHER = r"번역|영어|영문|코드|함수|프로그램|스크립트|쿼리|중국어|일본어|프랑스어|스페인어|독일어|English"
_OTHER_SCRIPT = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Cyrillic}\p{Arabic}\p{Hebrew}\p{Thai}\p{Devanagari}]"
_CJK = r"[\p{Han}\p{Hiragana}\p{Katakana}]"
_GLOSS = r"([가-힣A-Za-z]['\"’”]?\s?)[(（\[][^()（）\[\]\n]{1,40}[)）\]]"
_ABOUT_SCRIPT = (
    r"한자|한문|중국|일본|러시아|아랍|태국|인도|히브리|성어|어원|유래|번역|언어|키릴|가나|도교|불교|유교|외국어|漢|"
    r"(?i:chinese|japan|kanji|translat|etymolog)"
)


@dataclass(frozen=True)
class NotKoreanAnswer:
    """An answer in another language although nobody asked for one.

    Fires on English prose in answer to a Korean question; does not fire on code, labels, names and titles, nor
    when instruction or input speaks of a translation, a language or code: 90 % of the answers of KoAlpaca
    v1.0 without Hangul are legitimate in that way. For review or writing anew: of what is left some two thirds are
    wrong, the others titles, lyrics and abbreviations.
    """

    name: ClassVar[str] = "answer-not-korean"
    version: ClassVar[str] = "2"
    fires: ClassVar[Example] = {
        "instruction": "건강을 지키는 방법을 알려 주세요.",
        "output": "Eat well, sleep enough and take a walk with the dog every day.",
    }
    passes: ClassVar[Example] = {
        "instruction": "다음 문장을 영어로 번역하세요.",
        "input": "도서관은 몇 시에 문을 여나요?",
        "output": "What time is it that the library opens in the morning?",
    }

    severity: Severity = "review"

    def evidence(self) -> pl.Expr:
        output = pl.col("output")
        may_be = is_english_prose(output) | output.str.contains(_CJK)
        answer = where(may_be & ~where(may_be, question()).str.contains(_ASKS_FOR_OTHER), output)
        label = where(~has_code(answer), answer).map_batches(by_letters, return_dtype=pl.String)  # empty is "und"
        found = label.fill_null("en")  # two English words are in it, so langdetect has nothing to add
        return pl.when(~found.is_in((*KOREAN_ENOUGH, "short-latin"))).then(pl.format("output is {}", found))


@dataclass(frozen=True)
class StrayScript:
    """Han, kana, Cyrillic or another script in the midst of Korean.

    Fires on "환경 문제를引起합니다"; does not fire on a gloss such as 한글(漢字), on a text without Hangul, nor where
    the question has that script or is about a language, a country or an origin that has. 4 of 5,970 answers of
    KoAlpaca v1.0 without the glosses; more in answers of multilingual models.
    """

    name: ClassVar[str] = "stray-script"
    version: ClassVar[str] = "1"
    fires: ClassVar[Example] = {
        "instruction": "온난화를 설명하세요.",
        "output": "온실가스가 환경 문제를引起합니다.",
    }
    passes: ClassVar[Example] = {
        "instruction": "단색의 뜻을 설명하세요.",
        "output": "'단색(單色)'은 한 가지 빛깔입니다.",
    }

    columns: tuple[TextField, ...] = ("output",)
    severity: Severity = "review"

    def evidence(self) -> pl.Expr:
        return pl.coalesce(self._of(column) for column in self.columns)

    def _of(self, column: str) -> pl.Expr:
        text = pl.col(column)
        mixed = where(text.str.contains(_OTHER_SCRIPT) & text.str.contains(r"\p{Hangul}"), text)
        found = mixed.str.replace_all(_GLOSS, "$1").str.extract(rf"\S{{0,8}}\s?{_OTHER_SCRIPT}+\S{{0,8}}", 0)
        topics = (_ABOUT_SCRIPT, _OTHER_SCRIPT) if column == "output" else (_ABOUT_SCRIPT,)
        return pl.format("{}: {}", pl.lit(column), unless_asked(found, *topics))
