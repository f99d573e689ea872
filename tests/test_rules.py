"""Rules: each fires on what it is for, and holds still on what looks like it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import polars as pl
import pytest

from kodata.corpus import Turn, frame_of
from kodata.rules import RULES, Rule
from kodata.rules.kinds import Example, Severity
from kodata.rules.manners import Refusal
from kodata.rules.source import Empty
from kodata.rules.translation import LengthRatio, NotKorean
from kodata.stages.filter import Filter
from tests.cases import answers, pii, translation


def turn(**texts: Any) -> Turn:
    return Turn("alpaca-1", 0, **texts)


def found(rule: Rule, one: Turn) -> str | None:
    """The evidence of the rule on one row."""
    evidence: str | None = frame_of([one]).select(rule.evidence())[0, 0]
    return evidence


QUESTION = "건강을 유지하는 세 가지 방법을 알려 주세요."

# By rule: the evidence and the row it fires on.
FIRES: dict[str, list[tuple[str, Turn]]] = {
    "copies-source": [
        (
            "output: 하루에두번이를닦고자기전에는치실까지꼭쓰시는것이좋",
            turn(
                instruction="이를 관리하는 법을 알려 주세요.",
                output="하루에 두 번 이를 닦고 자기 전에는 치실까지 꼭 쓰시는 것이 좋습니다.",
                output_source="저는요, 하루에 두 번 이를 닦고 자기 전에는 치실까지 꼭 쓰시는 것이 좋더라고요.",
            ),
        ),
        (
            "instruction: 주말에아이와함께갈만한서울근교의조용한공원을추천해",
            turn(
                instruction="주말에 아이와 함께 갈 만한 서울 근교의 조용한 공원을 추천해 주세요.",
                input_source="주말에 아이와 함께 갈 만한 서울 근교의 조용한 공원을 추천해 달래요.",
            ),
        ),
    ],
    "empty": [
        ("instruction", turn(instruction="", output="답")),
        ("instruction", turn(instruction=" \n\t\u3000")),
    ],
    "foreign-language": [
        ("es: ¿Qué hora es?", turn(instruction="¿Qué hora es?", lang="es")),
        ("zh: " + "你好" * 50, turn(instruction="你好" * 200, lang="zh")),
    ],
    "about-english": [
        ("rhyme: rhymes with", turn(instruction="Find a word that rhymes with cat.")),
        (
            "spelling: letters in the word; counting: Count the letters in",
            turn(
                instruction="낱말의 글자를 세세요.",
                instruction_source="Count the letters in the word.",
                input_source="pear",
            ),
        ),
    ],
    "not-korean": [
        (
            "instruction is en",
            turn(
                instruction="Give three tips for staying healthy and happy.",
                instruction_source="Give three tips for staying healthy and happy.",
            ),
        ),
        ("instruction is cjk", turn(instruction="请给出三个保持健康的建议。", instruction_source="Give three tips.")),
        ("instruction is short-latin", turn(instruction="Give tips.", instruction_source="Give tips.")),
        (
            "input is en",
            turn(
                instruction="다음 글을 요약하세요.",
                instruction_source="Summarize the text.",
                input="The town closed its main street and it was good for the cafes.",
                input_source="The town closed its main street and it was good for the cafes.",
            ),
        ),
        (
            "input is cjk",
            turn(instruction="요약하세요.", input="小镇关闭了主要街道。", input_source="The town closed."),
        ),
    ],
    "length-ratio": [
        (
            "instruction: 36 -> 4 characters",
            turn(instruction="세 가지", instruction_source="Give three tips for staying healthy."),
        ),
        (
            "input: 20 -> 33 characters",
            turn(
                instruction="요약하세요.",
                instruction_source="Sum up.",
                input="공용 " * 11,
                input_source="A common public area",
            ),
        ),
    ],
    "answer-not-korean": [
        (
            "output is en",
            turn(
                instruction=QUESTION,
                output="Eat well, sleep enough and take a walk with the dog every day of the week.",
            ),
        ),
        ("output is cjk", turn(instruction=QUESTION, output="要多吃蔬菜，保证睡眠，每天散步。")),
    ],
    "refusal": [
        (
            "죄송하지만 저는 AI 언어 모델이라 그 일을 도울 수 없",
            turn(output="죄송하지만 저는 AI 언어 모델이라 그 일을 도울 수 없습니다."),
        ),
        ("죄송합니다. 저는 그 요청을 들어드릴 수 없", turn(output="죄송합니다. 저는 그 요청을 들어드릴 수 없습니다.")),
        ("AI 언어 모델로서", turn(output="AI 언어 모델로서 저는 의견이 없습니다.")),
        ("인공지능이기 때문", turn(output="인공지능이기 때문에 맛을 모릅니다.")),
        ("As an AI language model", turn(output="As an AI language model, I do not have a name.")),
        ("I'm sorry, but I can", turn(output="I'm sorry, but I can't do that.")),
        ("죄송합니다. 이 작업은 불가능", turn(output="죄송합니다. 이 작업은 불가능합니다.")),
        ("주어진 문장으로는 시를 작성할 수 없습니다.", turn(output="주어진 문장으로는 시를 작성할 수 없습니다.")),
    ],
    "truncated": [
        ("1 code fences", turn(output="이렇게 합니다.\n```python\nprint('안녕')")),
        ("3 code fences", turn(output="```\na\n```\n그리고\n  ```\nb")),
    ],
}

HOLDS_STILL: dict[str, list[Turn]] = {
    "copies-source": [
        turn(instruction="이를 관리하는 법을 알려 주세요.", output="하루에 두 번 이를 닦습니다."),
        turn(
            instruction="이를 관리하는 법을 알려 주세요.",
            output="식사 뒤에 이를 닦고 잠들기 전에 치실을 씁니다.",
            output_source="하루에 두 번 이를 닦고 자기 전에는 치실까지 꼭 쓰시는 것이 최고예요.",
        ),
        turn(
            instruction="목록을 뒤집으세요.",
            output="def backwards(numbers):\n    return numbers[::-1]",
            output_source="def backwards(numbers):\n    return numbers[::-1]",
        ),
    ],
    "about-english": [
        turn(instruction="Write a poem that rhymes."),
        turn(instruction="Write a function that counts the letters in a word."),
        turn(instruction="Describe autumn in exactly 50 words."),
        turn(instruction="영어 단어의 synonym을 찾으세요.", lang="ko"),
    ],
    "empty": [
        turn(instruction="이름을 말하세요.", input="", output=None),
        turn(instruction="."),
    ],
    "foreign-language": [
        turn(instruction="What time is it?", lang="en"),
        turn(instruction="지금 몇 시인가요?", lang="ko"),
        turn(instruction="¿Qué hora es?", lang="en"),
    ],
    "not-korean": [
        turn(instruction="Python의 list comprehension을 설명하세요.", instruction_source="Explain list comprehension."),
        turn(instruction="42", instruction_source="42"),
        turn(instruction="```\nx\n```", instruction_source="```\nx\n```"),
        turn(instruction="Give three tips for staying healthy and happy.", instruction_source=None),
        turn(
            instruction="분류하세요.",
            input="Apple, Banana, Dragonfruit, Elderberry",
            input_source="Apple, Banana, Dragonfruit, Elderberry",
        ),
        turn(
            instruction="고치세요.",
            input="def the_sum(of, a):\n    return of + a",
            input_source="def the_sum(of, a):\n    return of + a",
        ),
        turn(instruction="고르세요.", input="", input_source=""),
    ],
    "length-ratio": [
        turn(
            instruction="건강을 유지하는 세 가지 방법을 알려 주세요.",
            instruction_source="Give three tips for staying healthy.",
        ),
        turn(instruction="말", instruction_source="Say a word, please."),
        turn(instruction="말", instruction_source=None),
        turn(
            instruction="요약하세요.",
            instruction_source="Sum up.",
            input="https://example.com/page",
            input_source="https://example.com/page",
        ),
    ],
    "answer-not-korean": [
        turn(instruction=QUESTION, output="충분히 자고, 고르게 먹고, 걷습니다."),
        turn(instruction="다음 문장을 영어로 번역하세요.", output="The sky is blue and the sea is deep in the summer."),
        turn(
            instruction="문장을 고치세요.",
            input="영어: He go to school.",
            output="He goes to the school that is in the town.",
        ),
        turn(
            instruction="정렬하세요.",
            output="def sort(items):\n    return sorted(items)  # the list is sorted in order of size",
        ),
        turn(instruction="밴드 이름을 대세요.", output="Radiohead, Coldplay, Blackpink, Nirvana"),
        turn(instruction="수도는?", output="Paris"),
        turn(instruction="몇 개입니까?", output="42"),
        turn(instruction=QUESTION, output=None),
    ],
    "refusal": [
        turn(output="고객에게: 늦어져서 죄송합니다. 내일 보내 드리겠습니다."),
        turn(output="죄송합니다. 회의에 늦었습니다. 내일은 일찍 오겠습니다."),
        turn(output="인공지능은 사람의 지능을 흉내 내는 기술입니다."),
        turn(output="챗봇이 이렇게 말합니다. AI 언어 모델로서 저는 의견이 없습니다."),
        turn(instruction="고객에게 환불을 거절하는 답장을 쓰세요.", output="죄송하지만 환불해 드릴 수 없습니다."),
        turn(output="운전할 수 없습니다."),
        turn(output=None),
    ],
    "truncated": [
        turn(output="```python\nprint('안녕')\n```"),
        turn(output="마침표가 없는 문장"),
        turn(output="펜스는 ``` 세 개로 씁니다"),
        turn(output="다음과 같습니다.\n```import random\nprint(random.random())```"),
        turn(output=None),
    ],
}


FIRES |= answers.FIRES | pii.FIRES | translation.FIRES
HOLDS_STILL |= answers.HOLDS_STILL | pii.HOLDS_STILL | translation.HOLDS_STILL


def test_every_rule_has_an_example_on_which_it_fires() -> None:
    assert {name for name, rows in FIRES.items() if rows} == set(RULES)


def test_every_rule_has_an_example_on_which_it_holds_still() -> None:
    assert {name for name, rows in HOLDS_STILL.items() if rows} == set(RULES)


@pytest.mark.parametrize(
    ("name", "evidence", "one"), [(name, *case) for name, cases in FIRES.items() for case in cases]
)
def test_a_rule_fires_and_shows_why(name: str, evidence: str, one: Turn) -> None:
    assert found(RULES[name](), one) == evidence


@pytest.mark.parametrize(("name", "one"), [(name, one) for name, ones in HOLDS_STILL.items() for one in ones])
def test_a_rule_holds_still(name: str, one: Turn) -> None:
    assert found(RULES[name](), one) is None


@pytest.mark.parametrize("name", RULES)
def test_a_rule_gives_text_for_no_rows_too(name: str) -> None:
    assert frame_of([]).select(RULES[name]().evidence().alias("e")).schema == {"e": pl.String}


@pytest.mark.parametrize("name", RULES)
def test_a_rule_judges_every_row_by_itself(name: str) -> None:
    rows = [one for _, one in FIRES[name]] + HOLDS_STILL[name]
    together = frame_of(rows).select(RULES[name]().evidence()).to_series().to_list()
    assert together == [found(RULES[name](), one) for one in rows]


@pytest.mark.parametrize("name", RULES)
def test_the_name_of_a_rule_is_the_name_it_is_registered_under(name: str) -> None:
    assert RULES[name].name == name


def test_empty_looks_at_the_columns_it_is_given() -> None:
    assert found(Empty(("output",)), turn(instruction="", output=None)) == "output"


def test_the_first_empty_column_is_the_evidence() -> None:
    assert found(Empty(("instruction", "output")), turn(instruction="", output="")) == "instruction"


def test_not_korean_looks_at_the_columns_it_is_given() -> None:
    one = turn(output="It is the best of the days.", output_source="It is the best of the days.")
    assert found(NotKorean(("output",)), one) == "output is en"


@pytest.mark.parametrize(
    ("characters", "evidence"),
    [(14, "instruction: 100 -> 14 characters"), (15, None), (160, None), (161, "instruction: 100 -> 161 characters")],
)
def test_a_length_at_the_edge_is_kept(characters: int, evidence: str | None) -> None:
    assert found(LengthRatio(), turn(instruction="가" * characters, instruction_source="a" * 100)) == evidence


@pytest.mark.parametrize(("characters", "evidence"), [(19, None), (20, "instruction: 20 -> 1 characters")])
def test_a_source_of_few_characters_has_no_length_to_compare(characters: int, evidence: str | None) -> None:
    assert found(LengthRatio(), turn(instruction="가", instruction_source="a" * characters)) == evidence


def test_lengths_are_counted_in_characters_not_bytes() -> None:
    assert found(LengthRatio(max=0.5), turn(instruction="가" * 10, instruction_source="a" * 20)) is None


def test_a_filter_keeps_what_no_rule_fires_on() -> None:
    frame = frame_of([turn(instruction="이름을 말하세요.")])
    assert Filter((Empty(),)).run(frame).kept.rows() == frame.rows()


def test_the_first_rule_that_fires_gives_the_reason() -> None:
    rules = (RULES["empty"](), RULES["refusal"]())
    one = turn(instruction="", output="AI 언어 모델로서 답합니다.")
    assert Filter(rules).run(frame_of([one])).dropped.rows() == [("alpaca-1", "empty", "instruction")]


def test_a_rule_that_fires_on_a_later_turn_drops_the_conversation() -> None:
    talk = [Turn("s-1", 0, instruction="안녕"), Turn("s-1", 1, instruction=" "), Turn("s-2", 0, instruction="안녕")]
    split = Filter((Empty(),)).run(frame_of(talk))
    assert (split.kept["id"].to_list(), split.dropped.rows()) == (["s-2"], [("s-1", "empty", "turn 1: instruction")])


@pytest.mark.parametrize("name", RULES)
def test_each_rule_fires_on_its_own_example_and_not_on_the_other(name: str) -> None:
    rule = RULES[name]()
    assert found(rule, turn(**RULES[name].fires)) is not None
    assert found(rule, turn(**RULES[name].passes)) is None


def test_a_rule_for_review_flags_the_turn_and_keeps_it() -> None:
    talk = [Turn("s-1", 0, instruction="안녕"), Turn("s-1", 1, instruction=" ")]
    split = Filter((Empty(severity="review"),)).run(frame_of(talk))
    assert split.kept["flags"].to_list() == [[], ["empty"]]
    assert split.remarks.rows() == [("s-1", 1, "empty", "review", "instruction")]


def test_a_rule_that_only_counts_changes_no_row() -> None:
    frame = frame_of([turn(instruction="")])
    split = Filter((Empty(severity="info"),)).run(frame)
    assert (split.kept.rows(), split.remarks["severity"].to_list()) == (frame.rows(), ["info"])


def test_a_strict_filter_drops_what_is_for_review() -> None:
    split = Filter((Empty(severity="review"), Refusal(severity="info")), strict=True).run(
        frame_of([turn(instruction="", output="AI 언어 모델로서 답합니다.")])
    )
    assert (len(split.kept), split.dropped.rows(), len(split.remarks)) == (0, [("alpaca-1", "empty", "instruction")], 0)


def test_what_is_noticed_of_a_dropped_record_is_no_remark() -> None:
    rules = (Empty(severity="review"), Empty(("output",)))
    assert len(Filter(rules).run(frame_of([turn(instruction="", output="")])).remarks) == 0


@pytest.mark.parametrize(("name", "one", "mended"), [*answers.MENDED, *translation.MENDED])
def test_a_rule_mends_what_it_fires_on(name: str, one: Turn, mended: dict[str, str]) -> None:
    kept = Filter((RULES[name](severity="fix"),)).run(frame_of([one])).kept  # type: ignore[call-arg]
    assert kept.rows() == frame_of([one._replace(fixes=(name,), **mended)]).rows()  # type: ignore[arg-type]


@dataclass(frozen=True)
class Shout:
    """Mends an exclamation mark, so that the mending itself can be tried."""

    name: ClassVar[str] = "shout"
    version: ClassVar[str] = "1"
    fires: ClassVar[Example] = {"output": "네!"}
    passes: ClassVar[Example] = {"output": "네."}

    severity: Severity = "fix"

    def evidence(self) -> pl.Expr:
        return pl.when(pl.col("output").str.contains("!")).then("output")

    def mended(self) -> dict[str, pl.Expr]:
        return {"output": pl.col("output").str.replace_all("!", ".", literal=True)}


def test_a_mending_rule_changes_the_rows_it_fires_on_and_names_itself() -> None:
    split = Filter((Shout(),)).run(frame_of([turn(output="네!"), Turn("alpaca-2", 0, output="네")]))
    assert split.kept.select("output", "fixes").rows() == [("네.", ["shout"]), ("네", [])]
    assert split.remarks.rows() == [("alpaca-1", 0, "shout", "fix", "네!")]


def test_later_rules_see_what_was_mended() -> None:
    rules = (Shout(), Shout(severity="drop"))
    assert len(Filter(rules).run(frame_of([turn(output="네!")])).dropped) == 0


LONG = (
    '"',
    "[",
    "<br",
    "\n",
    "- ",
    "a@",
    "010-",
    "가",
    "가나",
    "죄송",
    "입력:",
    "공용 ",
    "漢字(",
    "1. 지시:\n",
    "the ",
    "=",
)


@pytest.mark.parametrize("name", RULES)
def test_no_rule_takes_more_than_a_moment_for_a_long_text(name: str) -> None:
    """A rule whose pattern is quadratic would not end here."""
    texts = [(piece * 30_000)[:50_000] for piece in LONG]
    rows = [turn(instruction=t, input=t, output=f'{t}"', instruction_source=t, input_source=t) for t in texts]
    assert len(frame_of(rows).select(RULES[name]().evidence())) == len(LONG)


def test_a_speaker_keeps_to_one_speech_level() -> None:
    said = ("사전을 찾아봤어.", "뜻을 알았어. 쉽더라고.", "고맙습니다. 잘 알았습니다.", "네.")
    talk = [Turn("s-1", n, instruction=text) for n, text in enumerate(said)]
    other = [Turn("s-2", 0, instruction="고맙습니다. 잘 알았습니다.")]
    evidence = frame_of([*talk, *other]).select(RULES["speech-level"]().evidence()).to_series()
    assert evidence.to_list() == [None, None, "instruction is hapsyo: 고맙습니다", None, None]


@pytest.mark.parametrize(
    ("register", "evidence"), [("haera", None), ("any", None), ("hapsyo", "output is haera: 짜다")]
)
def test_the_speech_level_of_answers_is_a_setting(register: str, evidence: str | None) -> None:
    one = turn(instruction="바닷물은 어떤가요?", output="짜다.")
    assert found(RULES["speech-level"](output=register), one) == evidence  # type: ignore[call-arg]
