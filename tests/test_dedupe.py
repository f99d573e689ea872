"""Dedupe: finds what brute force finds, and drops a record only for a twin that is kept."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kodata.corpus import DROPPED_COLUMNS, Turn, frame_of
from kodata.errors import PipelineError
from kodata.korean.core import core
from kodata.stages import stage_key
from kodata.stages.dedupe import Dedupe, Published

ENGLISH = (
    "the", "a", "cat", "dog", "house", "tree", "walks", "sleeps", "under", "over", "blue", "small", "river", "quickly",
    "paints", "sings", "book", "reads", "old", "new",
)  # fmt: skip
KOREAN = (
    "사과를", "배를", "강가에서", "고양이가", "강아지가", "천천히", "빨리", "걷습니다", "잡니다", "읽습니다",
    "작은", "큰", "오래된", "나무", "집", "책을", "노래를", "부릅니다", "3개를", "Python",
)  # fmt: skip

Gone = tuple[str, str, str]  # id, reason, evidence


def dropped(turns: Iterable[Turn], stage: Dedupe | None = None) -> list[Gone]:
    """What the stage drops, by id."""
    stage = stage or Dedupe(ngram=3)
    return sorted(stage.decide(stage.sketch(frame_of(turns))).rows())  # type: ignore[arg-type]


def turn(ident: str, instruction: str, output: str | None = None, **more: str) -> Turn:
    return Turn(ident, 0, instruction=instruction, output=output, **more)  # type: ignore[arg-type]


def edited(words: list[str], rng: random.Random) -> list[str]:
    """The words with an ending, a word, a blank, the punctuation or the case changed."""
    words = list(words)
    at = rng.randrange(len(words))
    match rng.randrange(6):
        case 0:
            words[at] = words[at][:-1] + rng.choice("가이은s다")
        case 1:
            del words[at]
        case 2:
            words.insert(at, rng.choice(words))
        case 3:
            words[at : at + 2] = ["".join(words[at : at + 2])]
        case 4:
            words[-1] += rng.choice(".!")
        case 5:
            words[at] = words[at].upper()
    return words


def planted(seed: int, count: int = 300) -> list[Turn]:
    """Texts of Korean or English words; two of five are a twin of an earlier one, edited once or more."""
    rng = random.Random(seed)
    texts: list[list[str]] = []
    for _ in range(count):
        if texts and rng.random() < 0.4:
            words = rng.choice(texts)
            for _ in range(rng.randint(0, 3)):
                words = edited(words, rng) if len(words) > 1 else words
        else:
            words = rng.choices(rng.choice((ENGLISH, KOREAN)), k=rng.randint(1, 30))
        texts.append(words)
    return [turn(f"r-{n:03}", " ".join(words), rng.choice(("", "네", "아니요"))) for n, words in enumerate(texts)]


def by_brute_force(turns: list[Turn], ngram: int, min_share: float) -> list[Gone]:
    """The same by comparing everything with everything, from the docstring and not from the code."""
    merits = sorted(turns, key=lambda t: (-len(t.output or ""), t.id))
    lines = {t.id: "\n".join((t.instruction, t.input, t.output or "")) for t in merits}
    texts = {ident: folded(text) for ident, text in lines.items()}
    gone: dict[str, tuple[str, str]] = {}
    letters: dict[str, str] = {}
    first: dict[str, str] = {}
    for ident, text in texts.items():
        signs = "".join(char for char in text if not char.isspace() and char not in ".,!?;:'\"“”‘’…。、")
        letters[ident] = signs + "\n" + " ".join(re.findall(NUMBER, text))
        first.setdefault(letters[ident], ident)
    kept: dict[str, set[str]] = {}
    cores: dict[str, str] = {}
    for ident in first.values():
        text, guard = texts[ident], guarded(texts[ident])
        grams = {text[n : n + ngram] for n in range(len(text) - ngram + 1)} if is_compared(text) else set()
        core = core_of(lines[ident]) if is_korean(text) and len(text) <= 120 else ""
        key = f"{core}\n{guard}" if core else ident
        near = [
            (share, -n, twin)
            for n, (twin, others) in enumerate(kept.items())
            if grams and guarded(texts[twin]) == guard
            and (share := len(grams & others) / len(grams | others)) >= min_share - 1e-9
        ]  # fmt: skip
        if near:
            share, _, twin = max(near)
            gone[ident] = ("near-duplicate", f"share {share:.3f} of {twin}")
        elif key in cores:
            gone[ident] = ("near-duplicate", f"{cores[key]} but for particles and endings")
        else:
            kept[ident], cores[key] = grams, ident
    for ident in texts:
        if (twin := first[letters[ident]]) != ident:
            near_twin = gone.get(twin)
            gone[ident] = (
                (near_twin[0], f"{near_twin[1]}, as {twin}") if near_twin else ("duplicate", f"equal to {twin}")
            )
    return sorted((ident, *why) for ident, why in gone.items())


def folded(text: str) -> str:
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text).lower())


NUMBER = r"\d+(?:[.,]\d+)*"


def guarded(text: str) -> list[str]:
    return sorted(re.findall(rf"{NUMBER}|[a-z]+" if is_korean(text) else NUMBER, text))


def is_korean(text: str) -> bool:
    return bool(re.search("[가-힣]", text))


def is_compared(text: str) -> bool:
    return not is_korean(text) or len(text) >= 60


def core_of(text: str) -> str:
    return str(pl.DataFrame({"text": [text]}).select(core(pl.col("text"))).item())


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("ngram", "min_share"), [(3, 0.8), (5, 0.8), (3, 0.5), (2, 1.0)])
def test_the_twins_are_those_of_brute_force(seed: int, ngram: int, min_share: float) -> None:
    turns = planted(seed)
    assert dropped(turns, Dedupe(ngram=ngram, min_share=min_share)) == by_brute_force(turns, ngram, min_share)


def test_the_planted_texts_have_twins_of_both_kinds() -> None:
    reasons = [reason for _, reason, _ in by_brute_force(planted(0), 3, 0.8)]
    assert min(reasons.count("duplicate"), reasons.count("near-duplicate")) > 10


short = st.text("가나 ab.1", max_size=7)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(short, st.none() | short), max_size=10), st.sampled_from([1, 2, 3]), st.sampled_from([0.5, 0.8])
)
def test_the_twins_of_short_texts_are_those_of_brute_force(
    texts: list[tuple[str, str | None]], ngram: int, min_share: float
) -> None:
    turns = [turn(f"r-{n}", *text) for n, text in enumerate(texts)]
    assert dropped(turns, Dedupe(ngram=ngram, min_share=min_share)) == by_brute_force(turns, ngram, min_share)


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_arrival_decides_nothing(seed: int) -> None:
    turns = planted(7)
    assert dropped(random.Random(seed).sample(turns, len(turns))) == dropped(turns)


def test_the_order_of_sketches_decides_nothing() -> None:
    stage = Dedupe(ngram=3)
    sketches = stage.sketch(frame_of(planted(7)))
    assert sorted(stage.decide(sketches.reverse()).rows()) == sorted(stage.decide(sketches).rows())


def test_sketches_made_in_parts_are_those_of_the_whole() -> None:
    stage, frame = Dedupe(ngram=3), frame_of(planted(7))
    parts = pl.concat([stage.sketch(frame.head(100)), stage.sketch(frame.tail(200))])
    assert parts.rows() == stage.sketch(frame).rows()


def test_sketches_have_the_same_columns_whatever_the_language() -> None:
    stage, korean, english = Dedupe(), frame_of([turn("r-0", "안녕하세요")]), frame_of([turn("r-1", "Good morning")])
    assert stage.sketch(korean).schema == stage.sketch(english).schema


def chain(length: int) -> Iterator[Turn]:
    """Each text is a near twin of the next, the first and the last have little in common."""
    words = [f"{a}{b}" for a in "가나다라마바사" for b in "강물바람구름"]
    for n in range(length):
        yield turn(f"r-{n:02}", " ".join(words[n : n + 22]))


def test_a_record_is_dropped_only_for_a_twin_that_is_kept() -> None:
    gone = dropped([*chain(20), *planted(3)])
    named = {re.sub(r"(?:equal to|share [\d.]+ of) ([\w-]+).*", r"\1", evidence) for _, _, evidence in gone}
    assert named & {ident for ident, _, _ in gone} == set()


def test_the_duplicate_of_a_near_twin_names_the_record_that_is_kept() -> None:
    rows = [turn("a", LONG, "네네"), turn("b", f"{LONG}요", "네"), turn("c", f"{LONG}요!!", "네")]
    gone = [(ident, evidence[12:]) for ident, _, evidence in dropped(rows, Dedupe(("instruction",), 3))]
    assert gone == [("b", "of a"), ("c", "of a, as b")]


def test_a_chain_of_twins_is_not_dropped_as_a_whole() -> None:
    stage = Dedupe(ngram=3)
    assert dropped(chain(6), stage) == by_brute_force(list(chain(6)), 3, 0.8)


LONG = (
    "강가에서 사과를 파는 사람이 오늘 아침에 모두 몇 개를 팔았는지 계산하고 "
    "그 풀이를 학생이 알아들을 수 있는 문장으로 쓰세요"
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "653에 5를 곱한 값을 구하고 그 풀이를 자세하게 설명하세요",
            "3에 5를 곱한 값을 구하고 그 풀이를 자세하게 설명하세요",
        ),
        (f"{LONG} 12", f"{LONG} 13"),
        (f"{LONG} 3", LONG),
        (
            "Count the apples that she sold at the market on day 12",
            "Count the apples that she sold at the market on day 13",
        ),
        (f"{LONG} Java", f"{LONG} Rust"),
        (f"{LONG} a", LONG),
    ],
)
def test_texts_that_differ_in_a_number_or_in_korean_a_latin_word_are_no_twins(one: str, other: str) -> None:
    assert dropped([turn("a", one), turn("b", other)]) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (f"{LONG}요", LONG),
        (f"{LONG} 12와 3", f"{LONG} 3와 12"),
        (
            "Describe the long and winding road that leads from the river to the old house",
            "Describe the long and winding road that leads from the river to the old barn house",
        ),
    ],
    ids=["ending", "numbers in another order", "an English word"],
)
def test_texts_that_differ_in_little_else_are_twins(one: str, other: str) -> None:
    assert [(ident, reason) for ident, reason, _ in dropped([turn("a", one), turn("b", other)])] == [
        ("b", "near-duplicate")
    ]


@pytest.mark.parametrize(
    "other",
    [
        "파이썬 Python 3 이란?",
        "파이썬python3이란",
        "파이썬, PYTHON 3 이란!!",
        "파이썬 Ｐｙｔｈｏｎ ３ 이란?",
        "파이썬\n\tPython 3 이란",
    ],
    ids=["same", "spaces", "case and punctuation", "width", "line break"],
)
def test_texts_equal_but_for_width_case_spaces_and_punctuation_are_duplicates(other: str) -> None:
    assert dropped([turn("a", "파이썬 Python 3 이란?"), turn("b", other)]) == [("b", "duplicate", "equal to a")]


@pytest.mark.parametrize(("one", "other"), [("😀", "😢"), ("3 < 5", "3 > 5"), ("☀", "☂"), ("कि", "का")])
def test_symbols_are_not_punctuation(one: str, other: str) -> None:
    assert dropped([turn("a", one), turn("b", other)]) == []


def test_the_longest_output_is_kept() -> None:
    rows = [turn("a", LONG, "네"), turn("b", f"{LONG}.", "네, 그렇습니다"), turn("c", f"{LONG}!", None)]
    assert [ident for ident, _, _ in dropped(rows, Dedupe(("instruction",)))] == ["a", "c"]


def test_of_equal_outputs_the_lowest_id_is_kept() -> None:
    assert dropped([turn("b", LONG, "네"), turn("a", f"{LONG}.", "네")]) == [("b", "duplicate", "equal to a")]


def test_the_most_similar_kept_twin_is_named() -> None:
    farther, nearer = f"{LONG} 그리고 또박또박 읽으세요", f"이제 나는 {LONG}"
    rows = [turn("a", farther, "네네"), turn("b", nearer, "네"), turn("c", LONG, "")]
    assert dropped(rows, Dedupe(("instruction",), 3)) == [("c", "near-duplicate", "share 0.918 of b")]


def test_only_the_columns_given_are_compared() -> None:
    rows = [turn("a", LONG, "맞습니다", input="여름"), turn("b", LONG, "틀립니다", input="겨울")]
    assert dropped(rows, Dedupe(("instruction",))) == [("b", "duplicate", "equal to a")]


def test_records_that_differ_in_the_input_only_are_both_kept() -> None:
    assert dropped([turn("a", "요약하세요", input="여름은 덥다"), turn("b", "요약하세요", input="겨울은 춥다")]) == []


def talk(ident: str, *lines: str) -> list[Turn]:
    return [Turn(ident, n, instruction=line, output="네") for n, line in enumerate(lines)]


def test_equal_conversations_are_duplicates() -> None:
    assert dropped([*talk("a", "안녕", "잘 가"), *talk("b", "안녕!", "잘 가.")]) == [("b", "duplicate", "equal to a")]


def test_conversations_that_only_begin_alike_are_both_kept() -> None:
    assert dropped([*talk("a", "안녕", "잘 가"), *talk("b", "안녕", "오늘 날씨가 어때요")]) == []


def test_a_conversation_has_one_sketch() -> None:
    assert Dedupe().sketch(frame_of(talk("a", "안녕", "잘 가")))["id"].to_list() == ["a"]


def test_texts_shorter_than_the_n_gram_are_twins_only_when_equal() -> None:
    rows = [turn("a", "가"), turn("b", "가!"), turn("c", "나"), turn("d", "")]
    assert dropped(rows, Dedupe(ngram=50)) == [("b", "duplicate", "equal to a")]


def test_texts_without_any_letter_are_compared_too() -> None:
    assert dropped([turn("a", ""), turn("b", "")]) == [("b", "duplicate", "equal to a")]


def test_no_records_have_no_twins() -> None:
    stage = Dedupe()
    gone = stage.decide(stage.sketch(frame_of([])))
    assert (gone.rows(), dict(gone.schema)) == ([], DROPPED_COLUMNS)


# -- against published builds, and around the line


def against(*turns: Turn) -> Dedupe:
    """Compares instructions with a published build of these rows."""
    return Dedupe(("instruction",), 3, against=(Published("old-ko", "1", frame_of(turns)),))


def test_a_twin_of_a_published_record_leaves_whatever_its_merit() -> None:
    stage = against(turn("a", LONG, "네"))
    rows = [
        turn("b", f"{LONG}!", "훨씬 더 긴 대답입니다"),
        turn("c", f"{LONG} 빨리", "네네"),
        turn("d", f"이제 {LONG[:30]}"),
    ]
    assert dropped(rows, stage) == [
        ("b", "duplicate", "equal to old-ko:a"),
        ("c", "near-duplicate", "share 0.957 of old-ko:a"),
    ]


def test_a_text_to_be_translated_is_compared_with_what_published_texts_were_translated_from() -> None:
    stage = against(turn("a", "수도는 어디인가요?", instruction_source="Where is the capital of the country?"))
    assert dropped([turn("b", "Where is the capital of the country")], stage) == [
        ("b", "duplicate", "equal to old-ko:a")
    ]


def test_the_core_of_a_published_record_counts() -> None:
    stage = against(turn("a", "수도를 알려 주세요."))
    assert dropped([turn("b", "수도는 알려줘!")], stage) == [
        ("b", "near-duplicate", "old-ko:a but for particles and endings")
    ]


def test_published_records_are_never_dropped() -> None:
    assert dropped([turn("b", "다른 글")], against(turn("a", LONG), turn("c", LONG), turn("d", f"{LONG}요"))) == []


def test_a_build_that_is_not_loaded_is_not_passed_over() -> None:
    with pytest.raises(PipelineError, match="build old-ko has not been loaded"):
        dropped([turn("b", LONG)], Dedupe(against=(Published("old-ko"),)))


def test_a_build_is_compared_with_by_what_it_holds() -> None:
    keys = {stage_key(Dedupe(against=(Published("old-ko", digest, frame_of([])),))) for digest in ("1", "2")}
    assert len({*keys, stage_key(Dedupe())}) == 3


def near_the_line() -> tuple[Dedupe, pl.DataFrame]:
    """A stage, and sketches of a text and of versions of it that are less and less like it."""
    ends = ("", " 꼭", " 꼭 또박또박", " 그리고 크게 읽어 보세요")
    stage = Dedupe(("instruction",), 3)
    return stage, stage.sketch(frame_of(turn(f"r-{n}", f"{LONG}{end}") for n, end in enumerate(ends)))


def test_the_pairs_around_the_line_stand_on_both_sides_of_it() -> None:
    stage, sketches = near_the_line()
    found = stage.borderline(sketches, 3)
    assert found.columns == ["better", "other", "share", "is_twin"]
    assert found.with_columns(pl.col("share").round(3)).rows() == [
        ("r-1", "r-3", 0.829, True),
        ("r-0", "r-3", 0.827, True),
        ("r-2", "r-3", 0.782, False),
    ]


@pytest.mark.parametrize("n", [1, 2, 3, 6])
def test_so_many_pairs_are_shown_as_are_asked_for_the_nearest_first_taken(n: int) -> None:
    stage, sketches = near_the_line()
    shares = stage.borderline(sketches, 100)["share"].to_list()
    nearest = sorted(shares, key=lambda share: abs(share - stage.min_share))[:n]
    assert stage.borderline(sketches, n)["share"].to_list() == sorted(nearest, reverse=True)


def test_equal_records_and_numbers_apart_are_no_borderline_pairs() -> None:
    stage = Dedupe(("instruction",), 3)
    texts = (LONG, f"{LONG}!", f"{LONG} 12", f"{LONG} 13")
    assert stage.borderline(stage.sketch(frame_of(turn(f"r-{n}", text) for n, text in enumerate(texts)))).is_empty()


def test_sketches_are_the_same_whatever_the_threshold() -> None:
    """So another one is tried without looking at the texts again."""
    frame = frame_of(planted(5))
    strict, lax = Dedupe(ngram=3, min_share=0.95), Dedupe(ngram=3, min_share=0.6)
    sketches = strict.sketch(frame)
    assert lax.sketch(frame).equals(sketches)
    assert sorted(lax.decide(sketches).rows()) == by_brute_force(planted(5), 3, 0.6)
    assert sorted(strict.decide(sketches).rows()) == by_brute_force(planted(5), 3, 0.95)


def test_other_thresholds_drop_what_they_would_drop() -> None:
    stage, sketches = near_the_line()
    assert stage.tried(sketches, [0.6, 0.8, 0.95]).rows() == [
        (share, len(replace(stage, min_share=share).decide(sketches))) for share in (0.6, 0.8, 0.95)
    ]
