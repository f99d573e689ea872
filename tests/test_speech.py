"""Speech levels, on sentences written for it: each with the level a reader gives it, and many traps."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kodata.korean import LEVELS, clean, final, sentences, speech_levels, with_final

_LINES = (Path(__file__).parent / "data" / "speech_levels.tsv").read_text(encoding="utf-8").splitlines()[1:]
LABELLED = [(line.split("\t")[0], line.split("\t")[1]) for line in _LINES]


def level(text: str) -> str:
    """The level of a text of one level; `neutral` where it has none, all of them where they are more."""
    counts = speech_levels(pl.Series([text])).row(0, named=True)
    return ", ".join(name for name in LEVELS if counts[name]) or "neutral"


FOUND = [(wanted, level(text), text) for wanted, text in LABELLED]
POLITE, PLAIN = ("hapsyo", "haeyo"), ("haera", "hae")


def recall(levels: tuple[str, ...]) -> float:
    of_them = [wanted == got for wanted, got, _ in FOUND if wanted in levels]
    return sum(of_them) / len(of_them)


def precision(levels: tuple[str, ...]) -> float:
    as_them = [wanted == got for wanted, got, _ in FOUND if got in levels]
    return sum(as_them) / len(as_them)


def test_the_labelled_sentences_are_many_and_of_every_level() -> None:
    counts = Counter(wanted for wanted, _ in LABELLED)
    assert len(set(LABELLED)) == len(LABELLED) >= 350
    assert min(counts[name] for name in (*POLITE, *PLAIN)) >= 50
    assert counts["neutral"] >= 100


def test_polite_sentences_are_known_by_their_endings() -> None:
    assert recall(POLITE) >= 0.99
    assert precision(POLITE) >= 0.99


def test_plain_sentences_are_known_by_their_endings() -> None:
    assert recall(PLAIN) >= 0.96
    assert precision(PLAIN) >= 0.98


def test_nouns_and_nominal_endings_have_no_level() -> None:
    assert recall(("neutral",)) >= 0.98


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("갑니다. 가요! 간다… 가\n가시오", (1, 1, 1, 0, 1)),
        ("먼저 물을 끓입니다.그다음 면을 넣습니다.", (2, 0, 0, 0, 0)),
        ("3.5점입니다. 1. 사과 2. 배", (1, 0, 0, 0, 0)),
        ("그는 “빨리 와.”라고 말했습니다. (조금 화가 났어.)", (1, 0, 0, 0, 0)),
        ("```\nprint('갑니다.')\n```\n출력해요", (0, 1, 0, 0, 0)),
        ("", (0, 0, 0, 0, 0)),
    ],
)
def test_sentences_are_counted_by_level(text: str, counts: tuple[int, ...]) -> None:
    assert speech_levels(pl.Series([text])).row(0) == counts


def test_counts_stand_in_the_order_of_the_texts() -> None:
    texts = pl.Series(["간다.", None, "갑니다. 갑니다.", ""])
    assert speech_levels(texts).rows() == [(0, 0, 1, 0, 0), (0,) * 5, (2, 0, 0, 0, 0), (0,) * 5]


def test_a_sentence_is_shown_without_what_follows_its_ending() -> None:
    assert sentences(pl.Series(["", "네, 갈게요~ ^^ ㅋㅋ"])).rows() == [(1, "네, 갈게요", "haeyo")]


@given(st.lists(st.text(st.characters(codec="utf-8") | st.sampled_from("다요니까해. \n\"('"), max_size=40), max_size=5))
def test_any_texts_have_counts(texts: list[str]) -> None:
    assert len(speech_levels(pl.Series([clean(text) for text in texts], dtype=pl.String))) == len(texts)


@pytest.mark.parametrize("piece", ["가 ", '"', "(", "가.", "다", "'가"])
def test_a_text_of_100_000_characters_takes_no_time(piece: str) -> None:
    """It would take hours if an expression were quadratic."""
    assert len(speech_levels(pl.Series([piece * (100_000 // len(piece))]))) == 1


@pytest.mark.parametrize(
    ("char", "consonant"), [("한", "ㄴ"), ("글", "ㄹ"), ("가", ""), ("값", "ㅄ"), ("힣", "ㅎ"), ("a", "")]
)
def test_a_syllable_ends_in_its_final_consonant(char: str, consonant: str) -> None:
    assert final(char) == consonant


def test_a_class_of_syllables_holds_those_that_end_in_the_consonants() -> None:
    assert [
        char for char in "한국어를 배웁니다" if pl.select(pl.lit(char).str.contains(with_final(*"ㄱㅂ"))).item()
    ] == ["국", "웁"]
