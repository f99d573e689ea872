"""Alignment: two files that lost their ids find each other again, whatever either of them lacks."""

from __future__ import annotations

import json
import random
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kodata
from kodata.alignment import Gap, Pair, align
from kodata.alignment.path import best_path
from kodata.alignment.words import english_words, korean_words
from kodata.errors import PipelineError, SourceError
from kodata.pairing import Paired
from tests.conftest import SHARED

# A language of our own: each English word has one Korean word, and sentences are made of them.
KOREAN = {
    "explain": "설명", "describe": "묘사", "compare": "비교", "river": "강물", "mountain": "산악", "garden": "정원",
    "library": "도서관", "bicycle": "자전거", "engine": "엔진", "winter": "겨울", "summer": "여름", "music": "음악",
    "painting": "그림", "history": "역사", "market": "시장", "kitchen": "부엌", "letter": "편지", "window": "창문",
}  # fmt: skip
WORDS = sorted(KOREAN)


def corpus(count: int, seed: int = 0) -> list[str]:
    """English sentences, every third with a number that may repeat."""
    rnd = random.Random(seed)
    return [
        f"{rnd.choice(WORDS)} {rnd.choice(WORDS)} {rnd.choice(WORDS)}"
        + (f" {rnd.randrange(400)}" if n % 3 == 0 else "")
        for n in range(count)
    ]


def translated(text: str) -> str:
    return " ".join(f"{KOREAN.get(word, word)}을" for word in text.split())


def without(texts: list[str], gone: range | set[int]) -> tuple[list[str], list[int]]:
    """The others, and their numbers."""
    left = [n for n in range(len(texts)) if n not in gone]
    return [texts[n] for n in left], left


def numbers(pairs: tuple[Pair, ...]) -> list[tuple[int, int]]:
    return [(pair.english, pair.korean) for pair in pairs]


ENGLISH = corpus(400)
TRANSLATED = [translated(text) for text in ENGLISH]


def test_files_that_lack_nothing_are_paired_one_to_one() -> None:
    found = align(ENGLISH, TRANSLATED)
    assert numbers(found.pairs) == [(n, n) for n in range(400)]
    assert found.gaps == ()


@pytest.mark.parametrize("start", [0, 37, 390])
def test_a_lost_call_of_ten_is_a_gap_of_ten(start: int) -> None:
    korean, left = without(TRANSLATED, range(start, start + 10))
    found = align(ENGLISH, korean)
    assert numbers(found.pairs) == [(n, place) for place, n in enumerate(left)]
    assert found.gaps == (Gap("english", start, 10, start),)


def test_what_only_the_korean_file_has_is_a_gap_too() -> None:
    english, left = without(ENGLISH, {120})
    found = align(english, TRANSLATED)
    assert numbers(found.pairs) == [(place, n) for place, n in enumerate(left)]
    assert found.gaps == (Gap("korean", 120, 1, 120),)


def test_a_file_may_cover_the_beginning_only() -> None:
    found = align(corpus(5_000), TRANSLATED[:300])
    assert numbers(found.pairs) == [(n, n) for n in range(300)]
    assert found.gaps == (Gap("english", 300, 4_700, 300),)


def test_a_record_that_was_not_translated_stands_between_its_neighbours() -> None:
    korean = [*TRANSLATED[:50], "???", *TRANSLATED[51:]]
    found = align(ENGLISH, korean)
    assert found.pairs[50] == Pair(50, 50, 0.0)


def test_repeated_texts_are_paired_in_their_order() -> None:
    english = [text for text in ENGLISH[:100] for _ in range(2)]
    found = align(english, [translated(text) for text in english])
    assert numbers(found.pairs) == [(n, n) for n in range(200)]


@pytest.mark.parametrize(
    ("english", "korean", "pairs"),
    [([], [], []), (["a 1"], [], []), ([], ["가 1"], []), (["a 17"], ["가 17"], [(0, 0)])],
)
def test_small_files_end_well(english: list[str], korean: list[str], pairs: list[tuple[int, int]]) -> None:
    assert numbers(align(english, korean).pairs) == pairs


def test_files_with_nothing_in_common_are_refused() -> None:
    with pytest.raises(SourceError, match=r"^English records 1 to 8,000 and Korean ones 1 to 8,000 have too little"):
        align(["river"] * 8_000, ["강물"] * 8_000)


@given(seed=st.integers(0, 2**32), lost=st.sets(st.integers(0, 199), max_size=30), more=st.sets(st.integers(0, 199)))
@settings(max_examples=25, deadline=None)
def test_pairs_and_gaps_are_each_record_once_and_in_order(seed: int, lost: set[int], more: set[int]) -> None:
    texts = corpus(200, seed)
    english, _ = without(texts, more)
    korean, _ = without([translated(text) for text in texts], lost)
    found = align(english, korean)
    for which, count in (("english", len(english)), ("korean", len(korean))):
        paired = [getattr(pair, which) for pair in found.pairs]
        alone = [n for gap in found.gaps if gap.of == which for n in range(gap.start, gap.start + gap.count)]
        assert paired == sorted(paired)
        assert sorted(paired + alone) == list(range(count))


@given(st.integers(1, 7), st.integers(1, 7), st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_the_best_path_is_the_best_of_all_paths(rows: int, columns: int, seed: int) -> None:
    like = np.random.default_rng(seed).uniform(-0.2, 0.6, (rows, columns)).astype(np.float32)
    left, right = best_path(like)
    best = max(_worth(like, pairs) for pairs in _all_paths(rows, columns))
    assert _worth(like, list(zip(left.tolist(), right.tolist(), strict=True))) == pytest.approx(best, abs=1e-5)


def _all_paths(rows: int, columns: int, start: tuple[int, int] = (0, 0)) -> list[list[tuple[int, int]]]:
    found: list[list[tuple[int, int]]] = [[]]
    for row in range(start[0], rows):
        for column in range(start[1], columns):
            found += [[(row, column), *rest] for rest in _all_paths(rows, columns, (row + 1, column + 1))]
    return found


def _worth(like: np.ndarray, pairs: list[tuple[int, int]]) -> float:
    steps = list(zip([(-1, -1), *pairs], [*pairs, like.shape], strict=True))
    gaps = sum((after[0] - before[0] > 1) + (after[1] - before[1] > 1) for before, after in steps)
    return float(sum(like[pair] - 0.08 for pair in pairs) - 0.4 * gaps)


def test_words_are_cut_to_what_translation_keeps() -> None:
    assert english_words("Explained: explains 12 times!") == ["explai", "12", "times"]
    assert korean_words("도서관에서 Python 3을") == ["도서", "서관", "관에", "에서", "python", "3", "을"]


# -- files


def files(tmp_path: Path, english: list[dict[str, str]], korean: list[dict[str, str]]) -> tuple[Path, Path]:
    paths = tmp_path / "en.json", tmp_path / "ko.json"
    for path, items in zip(paths, (english, korean), strict=True):
        path.write_text(json.dumps(items, ensure_ascii=False), encoding="utf-8")
    return paths


def aligned(tmp_path: Path) -> Paired:
    english = [{"instruction": text, "input": "", "output": "x"} for text in ENGLISH]
    korean = [{"instruction": text, "input": "", "output": "엑스"} for text in TRANSLATED]
    english.insert(3, "no record")  # type: ignore[arg-type]
    return kodata.align(*files(tmp_path, english, korean[:100] + korean[110:]))


def test_a_pair_says_where_it_stood_and_what_it_says(tmp_path: Path) -> None:
    found = aligned(tmp_path)
    line = {**found.lines[150], "score": 0.0}
    en, ko = ENGLISH[160], TRANSLATED[160]
    assert line == {
        "id": line["id"],
        "en_index": 161,
        "ko_index": 150,
        "turn": 0,
        "score": 0.0,
        "en": {"instruction": en, "input": "", "output": "x"},
        "ko": {"instruction": ko, "input": "", "output": "엑스"},
    }
    assert found.lines[150]["score"] > 0.3


def test_gaps_are_counted_in_items_of_the_file(tmp_path: Path) -> None:
    found = aligned(tmp_path)
    assert (found.records, found.english, found.korean) == (390, 401, 390)
    assert found.gaps == (Gap("english", 101, 10, 100),)


def test_the_pairs_are_written_as_lines(tmp_path: Path) -> None:
    found = aligned(tmp_path)
    found.write(tmp_path / "pairs.jsonl")
    written = (tmp_path / "pairs.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in written] == found.lines


def test_each_turn_of_a_conversation_is_a_pair(tmp_path: Path) -> None:
    def talks(texts: list[str], turns: int) -> list[dict[str, object]]:
        said = [("human", "gpt")[n % 2] for n in range(2 * turns)]
        return [
            {"conversations": [{"from": who, "value": f"{text} {n}"} for n, who in enumerate(said)]} for text in texts
        ]

    korean = [*talks(TRANSLATED[:20], 2), *talks(TRANSLATED[20:21], 1), *talks(TRANSLATED[21:40], 2)]
    found = kodata.align(*files(tmp_path, talks(ENGLISH[:40], 2), korean), use="sharegpt")  # type: ignore[arg-type]
    assert (found.records, found.uneven, len(found.lines)) == (40, 1, 78)
    assert [line["turn"] for line in found.lines[:4]] == [0, 1, 0, 1]


def test_the_english_file_comes_first(tmp_path: Path) -> None:
    english, korean = ([{"instruction": text, "output": "x"} for text in texts] for texts in (ENGLISH, TRANSLATED))
    en, ko = files(tmp_path, english, korean)
    with pytest.raises(SourceError, match=r"the texts of .*ko.json are Korean: the English file comes first$"):
        kodata.align(ko, en)
    with pytest.raises(SourceError, match=r"hardly a text of .*en.json is Korean: the English file comes first"):
        kodata.align(en, en)


def test_a_format_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r'^no format "alpacca" - did you mean "alpaca"\?$'):
        kodata.align(*files(tmp_path, [], []), use="alpacca")


def test_pairs_that_cannot_be_written_are_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r"pairs.jsonl cannot be written \(No such file or directory\)"):
        aligned(tmp_path).write(tmp_path / "nowhere" / "pairs.jsonl")


# -- real data


@pytest.mark.skipif(not SHARED.exists(), reason=f"no {SHARED}")
@pytest.mark.parametrize("english", [6_000, pytest.param(52_002, marks=pytest.mark.slow)])
def test_koalpaca_finds_the_alpaca_it_came_from(english: int) -> None:
    """At least 99.5 % of the pairs, and every lost call of ten."""
    items = json.loads((SHARED / "alpaca" / "alpaca_data.json").read_text(encoding="utf-8"))[:english]
    lines = (SHARED / "koalpaca" / "koalpaca_aligned.jsonl").read_text(encoding="utf-8").splitlines()
    truth = [json.loads(line) for line in lines]
    found = align([_asked(item) for item in items], [_asked(line["ko"]) for line in truth])
    right = sum(truth[pair.korean]["en_index"] == pair.english for pair in found.pairs)
    assert right >= 0.995 * len(truth)
    indexes = [line["en_index"] for line in truth]
    lost = {(before + 1, after - before - 1) for before, after in pairwise(indexes) if after > before + 1}
    assert {(gap.start, gap.count) for gap in found.gaps if gap.start < indexes[-1]} == lost


def _asked(item: dict[str, str]) -> str:
    return f"{item['instruction']}\n{item['input']}"
