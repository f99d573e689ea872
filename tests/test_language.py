"""The language of a record: what is asked decides, whatever is answered."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from kodata.corpus import COLUMNS, Turn, frame_of
from kodata.sources import Source, read
from kodata.sources.language import with_language
from kodata.sources.opening import open_source
from tests.conftest import SHARED


def lang(*turns: tuple[str, str] | tuple[str, str, str], system: str | None = None) -> str:
    """The language of one record, its turns given as (instruction, output) or (instruction, input, output)."""
    rows = [
        Turn("a", n, system if n == 0 else None, turn[0], turn[1] if len(turn) == 3 else "", turn[-1])
        for n, turn in enumerate(turns)
    ]
    (label,) = with_language(frame_of(rows))["lang"].unique().to_list()
    assert isinstance(label, str)
    return label


ENGLISH = [
    ("List 5 different fruit", "Apples\nBananas\nOranges\nGrapes\nStrawberries"),
    ("Generate a random sentence in French.", "Il danse tous les jours dans les rues de la ville."),
    ("Translate the sentence into Spanish: Good morning, my friends.", "Buenos días, mis amigos."),
    ("Translate this into Korean.", "이 문장을 한국어로 옮긴 것입니다."),
    ("Please summarize the following article for me.\n\n" + "서울시는 오늘 새 도서관을 열었다. " * 3, "A library."),
    ("2 + 2 = ?", "4"),
    ("Hello!", "Hi there!"),
    ("```python\nprint(1)\n```", "It prints 1."),
    ("https://example.com/page", ""),
    ("", ""),
    ("fix `x = = 1`", "x = 1"),
]
KOREAN = [
    ("바닷물은 왜 짠가요?", "소금이 녹아 있기 때문입니다."),
    ("Python의 list comprehension을 설명하세요.", "..."),
    ("1", "하나를 뜻하는 숫자입니다."),
    ("ChatGPT란?", "OpenAI가 만든 대화형 인공지능입니다."),
]
OTHERS = [
    ("es", "¿Cuáles son las mejores maneras de aprender a cocinar en casa sin gastar mucho dinero?"),
    ("fr", "Peux-tu m'expliquer comment fonctionne un moteur à vapeur en quelques phrases simples ?"),
    ("de", "Kannst du mir bitte erklären, warum der Himmel am Tag blau und am Abend rot aussieht?"),
    ("pt", "Quais são as principais diferenças entre o clima e o tempo, e por que isso importa tanto?"),
    ("nl", "Kun je uitleggen waarom de bladeren van bomen in de herfst van kleur veranderen?"),
    ("tr", "Bana yeni başlayanlar için basit bir ekmek tarifi ve gerekli malzemeleri verir misin?"),
    ("vi", "Bạn có thể giải thích tại sao bầu trời có màu xanh vào ban ngày không?"),
    ("ru", "Объясни, пожалуйста, почему листья осенью меняют цвет и опадают с деревьев."),
    ("ar", "اشرح لي من فضلك لماذا تتغير ألوان أوراق الشجر في فصل الخريف."),
    ("zh", "请解释为什么树叶在秋天会变颜色。"),
    ("ja", "秋に葉の色が変わるのはなぜですか。説明してください。"),
]


@pytest.mark.parametrize("turn", ENGLISH, ids=lambda turn: turn[0][:30])
def test_what_is_asked_in_english_is_english(turn: tuple[str, str]) -> None:
    assert lang(turn) == "en"


@pytest.mark.parametrize("turn", KOREAN, ids=lambda turn: turn[0])
def test_what_is_asked_in_korean_is_korean(turn: tuple[str, str]) -> None:
    assert lang(turn) == "ko"


@pytest.mark.parametrize(("expected", "text"), OTHERS)
def test_another_language_is_named(expected: str, text: str) -> None:
    assert lang((text, "42")) == expected


def test_a_short_question_is_known_by_its_long_answer() -> None:
    answer = "El cielo es azul porque las moléculas del aire dispersan más la luz azul que la luz roja."
    assert lang(("¿Azul?", answer)) == "es"


def test_all_turns_of_a_conversation_have_one_language() -> None:
    assert (
        lang(("안녕하세요?", "안녕하세요!"), ("서울의 인구는 얼마나 되나요?", "약 940만 명입니다."), ("OK", "네"))
        == "ko"
    )
    assert (
        lang(("How are you today?", "Fine."), ("Say it in German.", "Gut, danke, und wie geht es dir heute?")) == "en"
    )


def test_a_system_line_decides_where_nothing_else_says_anything() -> None:
    assert lang(("42", "42"), system="당신은 친절한 도우미입니다.") == "ko"


def test_nothing_but_the_language_of_the_rows_changes() -> None:
    rows = [Turn("a", n, instruction="하늘은 왜 파란가요?", output="빛 때문입니다.", flags=("x",)) for n in range(3)]
    frame = frame_of([*rows, Turn("b", 0, instruction="Why?")])
    after = with_language(frame)
    assert after.schema == pl.Schema(COLUMNS)
    assert after["lang"].to_list() == ["ko", "ko", "ko", "en"]
    assert after.drop("lang").equals(frame.drop("lang"))


def test_a_corpus_without_records_stays_one() -> None:
    assert with_language(frame_of([])).schema == pl.Schema(COLUMNS)


def test_a_huge_text_is_judged_by_its_beginning() -> None:
    assert lang(("Why is the sea salty? " + "a" * 1_000_000, "")) == "en"


@pytest.mark.parametrize(("declared", "expected"), [("", "es"), ("ko", "ko"), ("en", "en")])
def test_a_source_may_declare_its_language(tmp_path: Path, declared: str, expected: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps([{"instruction": OTHERS[0][1], "output": "Cocinando mucho."}]), encoding="utf-8")
    source = Source("alpaca", "alpaca", path=str(path), lang=declared)  # type: ignore[arg-type]
    assert read(source, open_source(source)).frame["lang"].to_list() == [expected]


@pytest.mark.skipif(not SHARED.exists(), reason=f"no {SHARED}")
def test_next_to_nothing_of_dolly_is_taken_for_another_language() -> None:
    lines = (SHARED / "dolly" / "dolly_en_6400.jsonl").read_text(encoding="utf-8").splitlines()
    items = [json.loads(line) for line in lines]
    frame = frame_of(Turn(f"d{n}", 0, instruction=i["instruction"], output=i["text"]) for n, i in enumerate(items))
    other = with_language(frame).filter(pl.col("lang") != "en").select("lang", "instruction").rows()
    assert [label for label, _ in other] == ["fr", "nl"]  # and they are
