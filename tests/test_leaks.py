"""Leaks: the items of a benchmark are found in records, whatever was done to them, and nothing else is."""

from __future__ import annotations

import polars as pl
import pytest

from kodata.corpus import Turn, frame_of
from kodata.errors import PipelineError, SourceError
from kodata.leaks.benchmark import Benchmark
from kodata.leaks.known import KNOWN
from kodata.leaks.report import report, unchecked
from kodata.leaks.search import HITS, Search, covered
from kodata.stages.decontaminate import Decontaminate

CRANE = "두루미는 시베리아에서 여름을 보내고 겨울이 되면 철원 평야로 내려와서 떨어진 낟알을 먹는다. 두루미는 텃새인가?"
TEA = "다음 중 찻잎을 완전히 발효시켜서 만드는 차는 무엇인가? 녹차 백차 홍차 황차"
SHORT = "고래는 물고기인가요?"
TINY = "해는 뜨는가?"
ENGLISH = "A farmer has seventeen sheep and all but nine of them run away through the gate. How many sheep are left?"
FEW_WORDS = "Is a whale a fish?"
KOREAN = Benchmark("birds").loaded([("1", CRANE), ("2", TEA), ("3", SHORT), ("4", TINY)])
SHEEP = Benchmark("sheep").loaded([("a", ENGLISH), ("b", FEW_WORDS)])


def hits(*turns: Turn, benchmarks: tuple[Benchmark, ...] = (KOREAN, SHEEP)) -> list[tuple[str, str, str]]:
    found = Search(benchmarks).hits(frame_of(turns))
    assert found.schema == pl.Schema(HITS)
    return [(ident, benchmark, item) for ident, benchmark, item, _ in found.rows()]


def turn(instruction: str, output: str = "네, 그렇습니다.", **more: str) -> Turn:
    return Turn("r", 0, instruction=instruction, output=output, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        CRANE,
        CRANE.replace(" ", ""),
        f"다음 글을 읽고 물음에 답해 주세요. {CRANE} 답을 고른 까닭도 써 주세요.",
        CRANE.replace("먹는다", "먹습니다").replace("텃새인가", "텃새입니까"),
        "두루미가 시베리아에서 여름은 보내고 겨울은 되면 철원 평야에 내려와서 떨어진 낟알은 먹는다. 두루미가 텃새인가?",
        "두루미는 시베리아에서 여름을 보내고 되면 철원 평야로 내려와서 낟알을 먹는다. 두루미는 텃새인가?",
        CRANE.replace(" ", "  ").replace(".", "!!"),
    ],
    ids=["as it is", "spaces", "inside", "speech level", "particles", "every fifth word", "punctuation"],
)
def test_an_item_is_found_whatever_was_done_to_it(text: str) -> None:
    assert hits(turn(text)) == [("r", "birds", "1")]


@pytest.mark.parametrize(
    "text",
    [
        "두루미는 무엇을 먹고 사나요? 겨울이 되면 어디로 가나요?",
        "다음 중 완전히 익힌 음식은 무엇인가? 육회 회 불고기 물회",
        "고래는 어떤 물고기를 먹나요?",
        "해는 언제 뜨는가?",
        "오늘 아침에 해는 뜨는가? 아니면 구름에 가렸는가?",
        "A farmer has seven cows and sells all but two of them at the market. How many cows are left?",
        "Why is a whale not a fish?",
    ],
)
def test_a_text_that_only_resembles_an_item_is_none(text: str) -> None:
    assert hits(turn(text)) == []


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (turn(f"Solve it: {ENGLISH}"), [("r", "sheep", "a")]),
        (turn(ENGLISH.partition(" How")[0]), [("r", "sheep", "a")]),
        (turn("문제를 푸세요", input_source=ENGLISH), [("r", "sheep", "a")]),
        (
            turn("고래는 물고기인가요", instruction_source="is a whale a fish"),
            [("r", "birds", "3"), ("r", "sheep", "b")],
        ),
        (turn("문제를 하나 내세요", CRANE), [("r", "birds", "1")]),
        (turn("해는", input="뜨는가?"), [("r", "birds", "4")]),
        (turn(f"{CRANE}\n{TEA}"), [("r", "birds", "1"), ("r", "birds", "2")]),
    ],
    ids=["inside", "half of the words", "source", "short", "in the answer", "over two fields", "two"],
)
def test_every_text_of_a_record_is_looked_at(made: Turn, expected: list[tuple[str, str, str]]) -> None:
    assert hits(made) == expected


def test_an_item_may_stand_in_any_turn() -> None:
    turns = [Turn("r", n, instruction=text, output="네") for n, text in enumerate(("안녕하세요", CRANE))]
    assert hits(*turns) == [("r", "birds", "1")]


def test_coverage_is_the_share_of_the_letters_in_their_order() -> None:
    assert covered("가나다라", "아가나마라카") == 0.75
    assert covered("가나다라", "라다나가") == 0.25
    assert covered("가나다라", "") == 0.0


def test_a_record_leaves_with_benchmark_item_and_coverage() -> None:
    frame = frame_of([Turn("a", 0, instruction=f"{TEA} {CRANE}"), Turn("b", 0, instruction="안녕하세요")])
    split = Decontaminate((KOREAN,)).run(frame)
    assert split.dropped.rows() == [("a", "benchmark", "birds 1 (1.0), birds 2 (1.0)")]
    assert split.kept["id"].to_list() == ["b"]


def test_the_evidence_names_five_items_and_counts_the_others() -> None:
    many = Benchmark("many").loaded((str(n), f"{n}번 문항입니다. {CRANE}") for n in range(8))
    split = Decontaminate((many,)).run(frame_of([Turn("a", 0, instruction=f"3번 문항입니다. {CRANE}")]))
    (evidence,) = split.dropped["evidence"]
    assert evidence.startswith("many 3 (1.0), many 0 (0.98)")
    assert evidence.endswith(" and 3 more")


def test_without_benchmarks_every_record_stays() -> None:
    frame = frame_of([turn(CRANE)])
    assert Decontaminate(()).run(frame).kept.equals(frame)


def test_a_benchmark_that_is_not_loaded_is_not_passed_over() -> None:
    stage = Decontaminate((Benchmark("kmmlu", origin=KNOWN["kmmlu"]),))
    with pytest.raises(PipelineError, match="benchmark kmmlu has not been loaded"):
        stage.run(frame_of([turn(CRANE)]))


def test_a_report_counts_in_both_directions() -> None:
    frame = frame_of([Turn(i, 0, instruction=text) for i, text in (("a", CRANE), ("b", f"{CRANE} {TEA}"), ("c", "네"))])
    found = report((KOREAN, SHEEP), Decontaminate((KOREAN, SHEEP)).hits(frame))
    assert found.rows() == [("birds", 4, 2, 0.5, 2), ("sheep", 2, 0, 0.0, 0)]
    assert found.columns == ["benchmark", "items", "seen", "share", "records"]


def test_known_benchmarks_that_are_not_given_are_named() -> None:
    assert unchecked([Benchmark(name) for name in KNOWN if name != "click"]) == ["click"]


def test_a_benchmark_is_known_by_what_its_items_say() -> None:
    again, other = Benchmark("birds").loaded([("1", CRANE)]), Benchmark("birds").loaded([("1", TEA)])
    assert again.digest == Benchmark("birds").loaded([("1", CRANE)]).digest != other.digest


def test_a_benchmark_without_text_is_refused() -> None:
    with pytest.raises(SourceError, match="benchmark none has no item with text"):
        Benchmark("none").loaded([("1", "?!"), ("2", "")])
