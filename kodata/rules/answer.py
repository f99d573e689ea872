"""What can be asked of an answer that a model wrote."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from kodata.korean import LANGDETECT, has_code, is_english_prose
from kodata.rules.kinds import Example, Severity
from kodata.rules.translation import KOREAN_ENOUGH, LABEL, by_label

_ASKS_FOR_OTHER = r"번역|영어|영문|코드|함수|프로그램|스크립트|쿼리|중국어|일본어|프랑스어|스페인어|독일어|English"
_REFUSAL = (  # anchored: the keyword anywhere is false five times of five
    r"(?i)^\W*(?:(?:죄송|미안)(?:[^.\n]{0,40}|합니다\.\s*(?:저는|제가)?[^.\n]{0,20})"
    r"(?:AI|인공지능|언어 ?모델|수 없|수는 없)"
    r"|(?:저는 |나는 )?(?:AI|인공지능)(?: 언어)? ?(?:모델|어시스턴트)?(?:로서|이기 때문|이므로|이라서|라서)"
    r"|as an ai(?: language)? (?:model|assistant)|i(?:'m| am) sorry,? (?:but )?i (?:can|am)"
    r"|i can(?:not|'t) (?:help|assist))"
)


@dataclass(frozen=True)
class NotKoreanAnswer:
    """An answer in another language although nobody asked for one.

    Fires on English prose in answer to a Korean question; does not fire on code, labels, names and titles, nor
    when instruction or input speaks of a translation, a language or code: 90 % of the answers of KoAlpaca
    v1.0 without Hangul are legitimate in that way.
    """

    name: ClassVar[str] = "answer-not-korean"
    version: ClassVar[str] = f"1, {LANGDETECT}"
    fires: ClassVar[Example] = {
        "instruction": "건강을 지키는 방법을 알려 주세요.",
        "output": "Eat well, sleep enough and take a walk with the dog every day.",
    }
    passes: ClassVar[Example] = {
        "instruction": "다음 문장을 영어로 번역하세요.",
        "input": "도서관은 몇 시에 문을 여나요?",
        "output": "What time is it that the library opens in the morning?",
    }

    severity: Severity = "drop"

    def evidence(self) -> pl.Expr:
        found = pl.col(LABEL)
        question = pl.concat_str("instruction", "input", separator="\n", ignore_nulls=True)
        foreign = (found == "cjk") | (
            ~found.is_in((*KOREAN_ENOUGH, "short-latin")) & is_english_prose(pl.col("output"))
        )
        asked_for = question.str.contains(_ASKS_FOR_OTHER) | has_code(pl.col("output"))
        found_as = pl.when(foreign & ~asked_for).then(pl.format("output is {}", found))
        return by_label("output", ("instruction", "input"), found_as)


@dataclass(frozen=True)
class Refusal:
    """An answer that begins by declining to answer.

    Fires on "죄송하지만 AI 언어 모델로서 ..."; does not fire on an apology that was asked for, nor on the same words
    later in the answer.
    """

    name: ClassVar[str] = "refusal"
    version: ClassVar[str] = "1"
    fires: ClassVar[Example] = {"output": "죄송하지만 저는 AI 언어 모델이라 그 일을 도울 수 없습니다."}
    passes: ClassVar[Example] = {"output": "늦어서 죄송합니다. 내일 오전까지 보고서를 보내 드리겠습니다."}

    severity: Severity = "drop"

    def evidence(self) -> pl.Expr:
        return pl.col("output").str.extract(_REFUSAL, 0)


@dataclass(frozen=True)
class Truncated:
    """An answer with an opened code block that never closes.

    Fires on an odd number of code fences; does not fire on a missing full stop: what the service itself reports as
    cut off is dropped when it is written, and punctuation tells nothing.
    """

    name: ClassVar[str] = "truncated"
    version: ClassVar[str] = "1"
    fires: ClassVar[Example] = {"output": "이렇게 합니다.\n```python\nprint('안녕')"}
    passes: ClassVar[Example] = {"output": "세 가지입니다. 빨강, 파랑, 노랑"}

    severity: Severity = "drop"

    def evidence(self) -> pl.Expr:
        fences = pl.col("output").str.count_matches(r"(?m)^\s*```")
        return pl.when(fences % 2 == 1).then(pl.format("{} code fences", fences))
