"""A translation memory: what is translated already is not asked for, and comes through the same checks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

import kodata
from kodata.corpus import Record
from kodata.memory import memory_of
from kodata.providers.deepl import DeepLTranslator
from kodata.published import Build
from kodata.stages import Drop, stage_key
from kodata.stages.translate import Translate
from tests.conftest import SHARED, own_pipeline
from tests.servers.deepl import DeepLServer
from tests.test_translate import record, told

KOALPACA = SHARED / "koalpaca" / "koalpaca_aligned.jsonl"
TEXTS = ("instruction", "input")
CHANGES = (
    "no-input-marker",  # <no input> is none: taken off at the door, where KoAlpaca has <노인입력>
    "source-kept",  # code, data and names that KoAlpaca translated
)


def lines(*pairs: tuple[Any, Any]) -> bytes:
    return b"".join(orjson.dumps({"en": en, "ko": ko}) + b"\n" for en, ko in pairs)


def nobody(xml: str) -> str:
    raise AssertionError(f"{xml} was asked")


def remembering(*pairs: tuple[Any, Any]) -> Translate:
    return Translate(DeepLTranslator(), memory=memory_of("mine", lines(*pairs)))


PAIRS = (
    ({"instruction": "Name a tea.", "input": ""}, {"instruction": "차 하나를 말하세요.", "input": ""}),
    ("It is cold.", "날이 춥습니다."),
)


def test_what_the_memory_holds_is_asked_of_nobody_and_says_where_it_is_from() -> None:
    rounds, end = told(remembering(*PAIRS), record("Name a tea.", "It is cold."), nobody)
    assert rounds == []
    assert isinstance(end, Record)
    turn = end.turns[0]
    assert (turn.instruction, turn.input, turn.translated_by) == (
        "차 하나를 말하세요.",
        "날이 춥습니다.",
        "memory/mine",
    )


def test_what_the_memory_lacks_is_asked_for() -> None:
    rounds, end = told(remembering(*PAIRS), record("Name a tea.", "It is hot."), lambda _: "날이 덥습니다.")
    assert rounds == [["It is hot."]]
    assert isinstance(end, Record)
    assert (end.turns[0].input, end.turns[0].translated_by) == ("날이 덥습니다.", "deepl/KO, memory/mine")


def test_white_space_around_a_text_does_not_hide_it() -> None:
    rounds, _ = told(remembering(*PAIRS), record(" Name a tea.\n"), nobody)
    assert rounds == []


def test_texts_that_have_more_than_one_korean_are_reported_and_not_used() -> None:
    stage = remembering(("Name a tea.", "차를 말하세요."), ("Name a tea.", "차를 대세요."), ("Stop.", "멈추세요."))
    rounds, _ = told(stage, record("Name a tea.", "Stop."), lambda _: "차 하나를 말하세요.")
    assert (rounds, stage.remarks) == ([["Name a tea."]], {"memory-contradiction": 1})


def test_in_the_turn_it_was_translated_in_a_text_has_the_korean_it_had_there() -> None:
    pairs = [
        ({"instruction": "Sort it.", "input": text}, {"instruction": korean, "input": text})
        for text, korean in (("3 1", "정렬하세요."), ("b a", "차례대로 놓으세요."))
    ]
    _, end = told(remembering(*pairs), record("Sort it.", "b a"), nobody)
    assert isinstance(end, Record)
    assert end.turns[0].instruction == "차례대로 놓으세요."


def test_a_remembered_text_that_lost_what_must_survive_drops_the_record_with_both_texts() -> None:
    stage = remembering(("Use <mask> here.", "여기에 <마스크>를 쓰세요."))
    _, end = told(stage, record("Use <mask> here."), nobody)
    assert end == Drop(
        "memory-damaged",
        "turn 0 instruction: not as often as in the English: <mask>; 'Use <mask> here.' is "
        "'여기에 <마스크>를 쓰세요.' in the memory mine",
    )


def test_of_what_is_no_prose_the_source_stays() -> None:
    code = "def f(x):\n    return x"
    _, end = told(remembering((code, "def f(x):\n    반환 x"), *PAIRS), record("Name a tea.", code), nobody)
    assert isinstance(end, Record)
    assert (end.turns[0].input, end.turns[0].fixes) == (code, ("source-kept",))


def test_another_content_of_the_file_is_another_stage() -> None:
    one, two, same = remembering(*PAIRS), remembering(PAIRS[0]), remembering(*PAIRS)
    assert stage_key(one) != stage_key(two)
    assert stage_key(one) == stage_key(same)
    assert stage_key(one) != stage_key(replace(one, memory=None))


@pytest.mark.parametrize(
    ("line", "said"), [(b"{", "line 2 has no"), (b'{"en": "a"}', "'ko'"), (b'{"en": 1, "ko": 2}', "neither a text")]
)
def test_a_line_that_is_no_pair_is_named(line: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        memory_of("mine", lines(PAIRS[0]) + line)


def translating(folder: Path, memory: str) -> str:
    """A pipeline file of the stage `translate` of alpaca-ko alone, with a memory."""
    fields = 'fields = ["instruction", "input"]'
    path = own_pipeline(folder, (fields, f'memory = "{memory}"\n{fields}'))
    start, *stages = path.read_text(encoding="utf-8").split("[[stage]]")
    path.write_text(start + "[[stage]]" + next(s for s in stages if 'use = "translate"' in s), encoding="utf-8")
    return str(path)


def korean_of(build: Build) -> list[tuple[str, ...]]:
    return build.corpus.select("id", *TEXTS, "translated_by", "fixes").rows()


def test_koalpaca_is_rebuilt_from_its_pairs_without_a_request(
    run: Callable[..., Build], deepl: DeepLServer, tmp_path: Path
) -> None:
    """Byte for byte, except what our checks drop or mend; and the same from what `kodata align` wrote."""
    if not KOALPACA.exists():
        pytest.skip(f"{KOALPACA} is not there")
    items = [orjson.loads(line) for line in KOALPACA.read_bytes().splitlines()]
    sides = {side: tmp_path / f"{side}.json" for side in ("en", "ko")}
    for side, path in sides.items():
        path.write_bytes(orjson.dumps([item[side] for item in items]))
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "pairs.jsonl").write_bytes(KOALPACA.read_bytes())
    (tmp_path / "two").mkdir()
    kodata.align(sides["en"], sides["ko"]).write(tmp_path / "two" / "pairs.jsonl")

    one, two = (run(sides["en"], pipeline=translating(tmp_path / name, "pairs.jsonl")) for name in ("one", "two"))
    assert deepl.counts()["requests"] == 0
    assert korean_of(one) == korean_of(two)

    found = Counter(one.dropped["reason"])
    for row in one.corpus.iter_rows(named=True):
        korean = items[row["source_row"] - 1]["ko"]  # rows count from 1
        is_equal = [row[name] for name in TEXTS] == [korean[name] for name in TEXTS]
        found["equal" if is_equal else ", ".join(fix for fix in row["fixes"] if fix in CHANGES)] += 1
    assert found == {"equal": 5_816, "no-input-marker": 97, "source-kept": 38, "memory-damaged": 19}
