"""Hygiene of texts, and which language they are in."""

from __future__ import annotations

import subprocess
import sys
import unicodedata

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kodata.korean import LANGDETECT, clean, has_code, is_english_prose, language, languages


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        (unicodedata.normalize("NFD", "한국어를 배웁니다."), "한국어를 배웁니다."),
        ("ㄱ, ½, ㈜, ｆｕｌｌ, ①", "ㄱ, ½, ㈜, ｆｕｌｌ, ①"),
        ("하나\r\n둘\r셋\n넷", "하나\n둘\n셋\n넷"),
        ("하나\u2028둘\u2029셋\x85넷\x0b다섯\x0c여섯", "하나\n둘\n셋\n넷\n다섯\n여섯"),
        ("가\ud800나\udfff다", "가나다"),
        ("\ufeff가\x00나\x07다\x1b라\x7f마\x9f바\uffff", "가나다라마바"),
        ("가\t나 다\u3000라\u200b마", "가\t나 다\u3000라\u200b마"),
        ("👩‍🔬 🇰🇷", "👩‍🔬 🇰🇷"),
        ("", ""),
    ],
    ids=["NFD", "no NFKC", "CRLF", "U+2028", "surrogates", "control characters", "blanks", "emoji", "empty"],
)
def test_a_text_is_cleaned(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


any_text = st.text(st.characters() | st.sampled_from("\r\n\x00\x85\u2028\ud800\u1100\u1161가e\u0301"), max_size=30)


@given(any_text)
def test_a_clean_text_stays_as_it_is(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(any_text)
def test_a_clean_text_can_be_written_as_utf_8(text: str) -> None:
    assert clean(text).encode().decode() == clean(text)


@given(any_text)
def test_a_clean_text_has_one_kind_of_line_break(text: str) -> None:
    assert clean(text).splitlines() == [line for line in clean(text).removesuffix("\n").split("\n") if clean(text)]


CASES = {
    "ko": (
        "안녕하세요",
        unicodedata.normalize("NFD", "안녕하세요"),
        "사과 3개를 5명이 나누면 몇 개씩입니까?",
        "한글(漢字)은 소리글자입니다.",
        "ㅋㅋㅋ",
        "다음 코드를 고치세요.\n```python\ndef add(a, b):\n    return a - b\n```",
        "`sorted(names, key=len)` 함수를 설명하세요.",
        "https://example.com/a/very/long/path 페이지를 요약하세요.",
        '<p class="introduction">문단입니다</p>',
    ),
    "ko-mixed": (
        "Python에서 list comprehension을 사용하는 방법",
        "print('안녕')",
        "def greet(name):\n    return f'안녕하세요 {name}님, 반갑습니다'",
        "Samsung Electronics의 본사 주소",
    ),
    "und": (
        "", " \n", "42", "3.14159", "1 + 1 = ?", "2024-05-01", "👍🎉", "!?", "____",
        "https://example.com/page", "me@example.com", "<br/>", "```python\nx = 1\n```", "`x`",
    ),
    "cjk": ("今天天气很好，我们去公园。", "漢字", "今日は良い天気ですね。", "ひらがな", "我每天学习 Python 编程"),
    "short-latin": ("Hello", "Apple, Banana", "x", "12 apples", "a" * 14),
    "en": (
        "The capital of France is Paris and it is a beautiful city.",
        "The word for apple is 사과 in the Korean language, as everyone knows.",
    ),
    "fr": ("Ceci est une phrase en français, écrite pour le test.",),
    "ru": ("Привет, как дела? Сегодня очень хорошая погода.",),
}  # fmt: skip
LABELLED = [(text, label) for label, texts in CASES.items() for text in texts]


@pytest.mark.parametrize(("text", "label"), LABELLED)
def test_a_text_has_its_label(text: str, label: str) -> None:
    assert language(text) == label


def test_labels_come_in_the_order_of_the_texts() -> None:
    texts, labels = zip(*LABELLED, strict=True)
    assert languages(pl.Series(texts)).to_list() == list(labels)


@given(st.permutations([text for text, _ in LABELLED]))
def test_labels_do_not_depend_on_the_order_of_the_texts(texts: list[str]) -> None:
    assert dict(zip(texts, languages(pl.Series(texts)), strict=True)) == dict(LABELLED)


DOUBTFUL = ["Amo te, terra mia bella", "Sol y luna en la casa", "Das ist gut so, oder was", "Qwrt zxcv bnmk plkj hgfd"]


def test_doubtful_texts_have_the_same_labels_every_time() -> None:
    assert len({tuple(languages(pl.Series(DOUBTFUL))) for _ in range(20)}) == 1


def test_doubtful_texts_have_the_same_labels_in_another_process() -> None:
    code = (
        f"import polars as pl; from kodata.korean import languages; print(languages(pl.Series({DOUBTFUL})).to_list())"
    )
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert there == f"{languages(pl.Series(DOUBTFUL)).to_list()}\n"


def test_null_is_labelled_as_an_empty_text() -> None:
    assert languages(pl.Series(["안녕", None], dtype=pl.String)).to_list() == ["ko", "und"]


def test_no_texts_have_no_labels() -> None:
    assert languages(pl.Series([], dtype=pl.String)).to_list() == []


@given(st.lists(any_text, max_size=5))
def test_any_text_gets_a_label(texts: list[str]) -> None:
    assert languages(pl.Series([clean(text) for text in texts], dtype=pl.String)).null_count() == 0


def test_the_judging_library_is_named_with_its_version() -> None:
    assert LANGDETECT.split(".")[0] == "langdetect 1"


def holds(expression: pl.Expr) -> bool:
    found: bool = pl.select(expression).item()
    return found


@pytest.mark.parametrize(
    "text",
    [
        "```python\nx\n```",
        "def add(a, b):\n    return a + b",
        "for i in range(10):\n    print(i)",
        "int main() {\n  return 0;\n}",
        "SELECT name FROM users WHERE age > 20;",
        "import os.path",
        "total = price * 3",
        "print('안녕')",
        "<ul><li>하나</li></ul>",
    ],
)
def test_a_program_is_code(text: str) -> None:
    assert holds(has_code(pl.lit(text)))


@pytest.mark.parametrize(
    "text",
    [
        "물은 100도에서 끓습니다.",
        "For the trip we need three things: water, bread and a map.",
        "사과; 배; 감을 사세요",
        "Return the book to the library.",
        "",
    ],
)
def test_prose_is_no_code(text: str) -> None:
    assert not holds(has_code(pl.lit(text)))


@pytest.mark.parametrize(
    ("text", "is_prose"),
    [
        ("The cat is on the mat", True),
        ("It was late and THEY left", True),
        ("Apple, Banana, Cherry, Dragonfruit", False),
        ("The Beatles", False),
        ("Theatre, Island, Often", False),
        ("그는 the one 입니다", False),
    ],
)
def test_english_prose_has_two_function_words(text: str, is_prose: bool) -> None:
    assert holds(is_english_prose(pl.lit(text))) == is_prose


def test_languages_asked_for_by_two_threads_at_once_are_the_same() -> None:
    """In a process of its own: langdetect loads its profiles once, and not safely."""
    code = (
        "import polars as pl; from kodata.korean import languages\n"
        "s = pl.Series(['The cat is on the mat today.'] * 9)\n"
        "ask = lambda name: pl.col('t').map_batches(languages, return_dtype=pl.String).alias(name)\n"
        "print(pl.DataFrame({'t': s}).select(*map(ask, 'abcd')).to_numpy().ravel().tolist() == ['en'] * 36)"
    )
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout == "True\n"
