"""The core of a Korean text: the same in another tone, another when something else is asked."""

from __future__ import annotations

from unicodedata import normalize

import polars as pl
import pytest

from kodata.korean.core import core


def cores(*texts: str) -> list[str]:
    found = pl.DataFrame({"text": texts}).select(core(pl.col("text"))).to_series()
    return [normalize("NFC", text) for text in found]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (
            ("수도를 알려 주세요.", "수도는 알려줘!", "수도를 알려 주시기 바랍니다", "수도를 알립니다"),
            "수도알리",
        ),
        (
            (
                "원자의 구조를 설명하세요.", "원자의 구조를 설명해 주세요", "원자 구조를 설명하십시오",
                "원자의 구조를 설명해 주시겠어요?", "원자의 구조에 대해 설명해 줘.", "원자 구조 설명하기",
            ),
            "원자구조설명",
        ),
        (("세 가지 색은 무엇인가요?", "세 가지 색이 무엇입니까", "세 가지 색은 무엇인가?"), "세가지색무엇?"),
        (("시를 쓰세요", "시를 써 주세요", "시를 써라", "시 쓰기", "시를 씁니다."), "시쓰"),
        (("표를 만드세요", "표를 만들어 주세요", "표를 만들어라"), "표만드"),
        (("답을 고르세요", "답을 골라 주세요", "답을 고르시오"), "답고르"),
        (("Python으로 쓰세요", "python을 써 보세요"), "python쓰"),
    ],
)  # fmt: skip
def test_particles_and_endings_are_no_part_of_it(texts: tuple[str, ...], expected: str) -> None:
    assert cores(*texts) == [expected] * len(texts)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("이 글을 한 문장으로 요약하세요", "이 글을 세 문장으로 요약하세요"),
        ("책을 읽으세요", "책을 읽지 마세요"),
        ("책을 읽었습니다", "책을 읽습니다"),
        ("파리는 수도입니까?", "파리는 수도입니다."),
        ("풍력이 무엇인지 설명하세요", "풍요가 무엇인지 설명하세요"),
        ("경로를 설명하세요", "경과를 설명하세요"),
        ("나라를 설명하세요", "나이를 설명하세요"),
        ("사과를 그리세요", "사이를 그리세요"),
        ("남자와 썸을 타는 중이에요", "여자와 썸을 타는 중이에요"),
        ("반지름이 3.5인 원", "반지름이 35인 원"),
        ("C#으로 쓰세요", "C로 쓰세요"),
    ],
)
def test_what_is_asked_is_part_of_it(one: str, other: str) -> None:
    assert len(set(cores(one, other))) == 2


def test_a_text_of_nothing_else_has_none() -> None:
    assert cores("", "?!", "해 주세요.") == ["", "?", ""]
