"""Statements of Korean verbs as requests: every way a stem can change, and where no request can be meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kodata.korean import request

REQUESTS = {
    "vowel": ("설명합니다 설명하세요", "봅니다 보세요", "고릅니다 고르세요", "바꿉니다 바꾸세요", "나눕니다 나누세요",
              "지웁니다 지우세요", "밝힙니다 밝히세요", "셉니다 세세요", "냅니다 내세요", "돕니다 도세요",
              "회전시킵니다 회전시키세요"),
    "으": ("씁니다 쓰세요", "끕니다 끄세요", "따릅니다 따르세요", "모읍니다 모으세요"),
    "ㄹ": ("만듭니다 만드세요", "엽니다 여세요", "팝니다 파세요", "풉니다 푸세요", "늘립니다 늘리세요"),
    "consonant": ("찾습니다 찾으세요", "읽습니다 읽으세요", "적습니다 적으세요", "넣습니다 넣으세요",
                  "섞습니다 섞으세요",
                  "앉습니다 앉으세요", "깎습니다 깎으세요", "뽑습니다 뽑으세요", "잡습니다 잡으세요",
                  "씻습니다 씻으세요",
                  "받습니다 받으세요", "믿습니다 믿으세요", "뒤집습니다 뒤집으세요"),
    "ㅂ": ("돕습니다 도우세요", "줍습니다 주우세요", "굽습니다 구우세요"),
    "ㅅ": ("짓습니다 지으세요", "잇습니다 이으세요", "긋습니다 그으세요", "붓습니다 부으세요"),
    "ㄷ": ("듣습니다 들으세요", "걷습니다 걸으세요", "묻습니다 물으세요", "싣습니다 실으세요"),
    "이": ("줄입니다 줄이세요", "높입니다 높이세요", "붙입니다 붙이세요"),
    "helped": ("써 봅니다 써 보세요", "알려 줍니다 알려 주세요", "보여줍니다 보여주세요",
               "생각해 냅니다 생각해 내세요"),
}  # fmt: skip


def halves(pair: str) -> tuple[str, str]:
    words = pair.split(" ")
    return " ".join(words[: len(words) // 2]), " ".join(words[len(words) // 2 :])


@pytest.mark.parametrize(("kind", "pair"), [(kind, pair) for kind, pairs in REQUESTS.items() for pair in pairs])
def test_a_statement_becomes_a_request(kind: str, pair: str) -> None:
    statement, wanted = halves(pair)
    assert request(statement) == wanted


def test_what_stands_before_the_verb_stays() -> None:
    assert request("다음 글을 “세 줄”로 요약합니다") == "다음 글을 “세 줄”로 요약하세요"


@pytest.mark.parametrize(
    "sentence",
    ["있습니다", "없습니다", "재미있습니다", "학생입니다", "것입니다", "아닙니다", "했습니다", "열었습니다",
    "하겠습니다", "됩니다",
     "주어집니다", "해야 합니다", "써야만 합니다", "하려고 합니다", "하기로 합니다", "할 수 있습니다", "필요합니다",
     "중요합니다",
     "같습니다", "좋습니다", "않습니다", "모릅니다", "바랍니다", "설명하세요", "설명한다", "니다", "습니다", "",
     "ㅂ니다"],
)  # fmt: skip
def test_where_no_request_can_be_meant_there_is_none(sentence: str) -> None:
    assert request(sentence) is None


@given(st.text(st.sampled_from("가합습니다있 .는을쓰만듭"), max_size=12))
def test_any_text_is_a_request_or_none(text: str) -> None:
    mended = request(text)
    assert mended is None or mended.endswith("세요")
