"""The auditor of answers: it finds runs that go with other questions, and nothing where each answer has its own."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from kodata.auditing.belonging import Run, runs
from kodata.auditing.likeness import likeness
from tests.conftest import SHARED

THINGS = (
    "도서관", "자전거", "화산", "김치", "나침반", "고래", "태극기", "반도체", "무지개", "한옥", "철도", "꿀벌", "달력",
    "등대", "인삼", "빙하", "탈춤", "우표", "온천", "대나무", "망원경", "해녀", "수묵화", "지하철", "판소리", "두루미",
    "연필", "소금", "지도", "거북선", "비행기", "세종대왕", "감기", "은행나무", "피아노", "축구", "라면", "태풍",
    "박물관", "씨름",
)  # fmt: skip
QUESTIONS = [f"{thing}에 대해 두 문장으로 설명해 주세요." for thing in THINGS]
ANSWERS = [f"{thing}에는 오랜 이야기가 있습니다. 사람들은 {thing} 덕분에 여러 가지를 배웠습니다." for thing in THINGS]


def found(answers: list[str], questions: list[str] | None = None) -> list[Run]:
    return runs(pl.Series(questions or QUESTIONS), pl.Series(answers))


def test_where_each_answer_has_its_question_nothing_is_found() -> None:
    assert found(ANSWERS) == []


def test_a_collapsed_call_is_found_with_the_question_that_was_answered() -> None:
    ways = ("먹는 법", "담그는 법", "나는 때", "사는 곳", "파는 곳", "맛", "색", "값", "역사")
    answers = ANSWERS.copy()
    answers[10:19] = [f"배추김치의 {way}을 말하자면 김치는 겨울마다 새롭습니다." for way in ways]
    questions = QUESTIONS.copy()
    questions[19] = "김치에 대해 아는 것을 말해 주세요."
    (run,) = found(answers, questions)
    assert (run.rows, run.target) == (list(range(10, 19)), 19)


@pytest.mark.parametrize("offset", [-3, 1, 5])
def test_a_slipped_run_is_found_with_its_offset(offset: int) -> None:
    answers = ANSWERS.copy()
    answers[12:28] = ANSWERS[12 + offset : 28 + offset]
    (run,) = found(answers)
    assert (run.offset, run.target) == (offset, None)
    assert set(range(13, 27)) <= set(run.rows) <= set(range(12, 28))


def test_three_answers_in_the_wrong_place_prove_nothing() -> None:
    answers = ANSWERS.copy()
    answers[12:15] = ANSWERS[13:16]
    assert found(answers) == []


def test_short_labels_and_missing_answers_prove_nothing() -> None:
    assert found(["참", "", "42"] * 13 + ["예"]) == []


def test_a_corpus_of_no_or_one_record_is_audited() -> None:
    assert (found([], []), found(["서울"], ["수도는?"])) == ([], [])


def test_an_answer_is_most_like_the_question_it_quotes() -> None:
    like = likeness(pl.Series(QUESTIONS), pl.Series(ANSWERS), 3)
    assert like.shape == (40, 7)
    assert (np.argmax(like, axis=1) == 3).all()
    assert (like[0, :3] == -1).all()


def test_likeness_is_the_same_whatever_the_number_of_rows_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = likeness(pl.Series(QUESTIONS), pl.Series(ANSWERS), 3)
    monkeypatch.setattr("kodata.auditing.likeness._CHUNK", 7)
    assert np.array_equal(whole, likeness(pl.Series(QUESTIONS), pl.Series(ANSWERS), 3))


KOALPACA = SHARED / "koalpaca" / "koalpaca_aligned.jsonl"


@pytest.mark.skipif(not KOALPACA.exists(), reason=f"{KOALPACA} is not there")
def test_the_collapsed_calls_of_koalpaca_come_first_and_alone() -> None:
    """Calls 7 and 276; and 517, whose ten answers are all interview questions, which record 5,179 asks for."""
    items = [json.loads(line) for line in KOALPACA.read_text(encoding="utf-8").splitlines()]
    questions = [f"{item['ko']['instruction']}\n{item['ko']['input']}" for item in items]
    calls = [{items[row]["batch"] for row in run.rows} for run in found([i["ko"]["output"] for i in items], questions)]
    assert calls == [{276}, {7}, {517}]


ALPACA = SHARED / "alpaca" / "alpaca_data.json"


@pytest.mark.slow
@pytest.mark.skipif(not ALPACA.exists(), reason=f"{ALPACA} is not there")
def test_nothing_is_found_in_alpaca_until_answers_slip() -> None:
    items = json.loads(ALPACA.read_text(encoding="utf-8"))[:12_000]
    questions, answers = ([f"{i['instruction']}\n{i['input']}" for i in items], [i["output"] for i in items])
    assert found(answers, questions) == []
    slipped = [*answers[:5_000], *answers[5_003:5_103], *answers[5_100:]]
    (run,) = found(slipped, questions)
    assert (run.offset, len(run.rows) > 90) == (3, True)
