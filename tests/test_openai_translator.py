"""A model that translates: a record in one question of a fixed shape, with the same shield and the same checks."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from kodata.asks import Answer, Ask
from kodata.corpus import Record
from kodata.glossary import glossary_of
from kodata.providers.openai_translator import OpenAITranslator
from kodata.published import Build
from kodata.stages import Drop
from kodata.stages.translate import Registers, Translate
from tests.conftest import items, own_pipeline
from tests.servers.deepl import DeepLServer
from tests.servers.openai import OpenAIServer
from tests.test_translate import record
from tests.test_translators import WITH

Run = Callable[..., Build]

MODEL = OpenAITranslator("gpt-6-luna", "번역하세요.")


def story(
    stage: Translate, one: Record, answer: Callable[[dict[str, str]], object]
) -> tuple[list[dict[str, str]], Record | Drop]:
    """What was asked, question by question, and how the story ended."""
    asked: list[dict[str, str]] = []
    told = stage.story(one)
    try:
        asks: Sequence[Ask] = next(told)
        while True:
            texts = [json.loads(messages(ask)[-1]["content"]) for ask in asks]
            asked += texts
            said = [answer(one) for one in texts]
            asks = told.send([Answer(s if isinstance(s, str) else json.dumps(s), "openai/gpt-6-luna") for s in said])
    except StopIteration as end:
        return asked, end.value


def messages(ask: Ask) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(ask.content)
    return found


KOREAN = {"Name a tea.": "차를 말하세요.", "It is cold.": "날이 춥습니다.", "Use it.": "그것을 쓰세요."}


def test_all_fields_of_a_record_are_in_one_question_of_a_fixed_shape() -> None:
    one = record("Name a tea.", "Use `x`   It is cold.")
    (ask,) = next(Translate(MODEL).story(one))
    assert json.loads(messages(ask)[-1]["content"]) == {
        "instruction": "Name a tea.", "input": 'Use <x id="0"/>', "input_2": "It is cold.",
    }  # fmt: skip
    asked, end = story(
        Translate(MODEL), record("Name a tea.", "It is cold."), lambda texts: {n: KOREAN[t] for n, t in texts.items()}
    )
    assert asked == [{"instruction": "Name a tea.", "input": "It is cold."}]
    assert isinstance(end, Record)
    assert (end.turns[0].instruction, end.turns[0].input) == ("차를 말하세요.", "날이 춥습니다.")
    assert '"additionalProperties":false' in ask.settings
    assert '"required":["instruction","input","input_2"]' in ask.settings


def test_the_turns_of_a_conversation_are_asked_together_with_their_names() -> None:
    first = record("Name a tea.").turns[0]
    asked, _ = story(
        Translate(MODEL),
        Record((first, first._replace(turn=1, instruction="Use it."))),
        lambda texts: {name: KOREAN[text] for name, text in texts.items()},
    )
    assert asked == [{"instruction": "Name a tea.", "turn2_instruction": "Use it."}]


def test_a_long_conversation_is_asked_in_parts_that_know_what_stood_before() -> None:
    first = record("Tell me more. " * 300).turns[0]
    turns = tuple(first._replace(turn=n, instruction=f"{n}. {first.instruction}") for n in range(3))
    asks = next(Translate(MODEL).story(Record(turns)))
    assert [list(json.loads(messages(ask)[-1]["content"])) for ask in asks] == [
        ["instruction"], ["turn2_instruction"], ["turn3_instruction"],
    ]  # fmt: skip
    before = [messages(ask)[0]["content"].partition("(번역하지 않음):\n")[2] for ask in asks]
    assert before[0] == ""
    assert [len(text) for text in before[1:]] == [400, 400]
    assert [turns[n].instruction.endswith(before[n + 1]) for n in range(2)] == [True, True]


def test_speech_levels_and_the_terms_that_occur_are_in_the_system_message() -> None:
    stage = Translate(
        replace(MODEL, glossary=glossary_of("en-ko", "odd one out\t나머지와 다른 하나\nraven\t까마귀")),
        register=Registers(input="haeyo"),
    )
    (ask,) = next(stage.story(record("Find the Odd one out.", "It is cold.")))
    system = messages(ask)[0]["content"]
    assert "- input: 해요체" in system
    assert "- odd one out: 나머지와 다른 하나" in system
    assert "까마귀" not in system
    assert "- instruction:" not in system


def test_a_field_that_the_answer_lacks_is_asked_again_in_smaller_pieces() -> None:
    def answer(texts: dict[str, str]) -> dict[str, str]:
        return {name: KOREAN.get(text, "") for name, text in texts.items() if text in KOREAN}

    asked, end = story(Translate(MODEL), record("Name a tea. Use it.", "It is cold."), answer)
    assert asked == [
        {"instruction": "Name a tea. Use it.", "input": "It is cold."},
        {"instruction": "Name a tea.", "instruction_2": "Use it."},
    ]
    assert isinstance(end, Record)
    assert end.turns[0].instruction == "차를 말하세요. 그것을 쓰세요."


@pytest.mark.parametrize(
    "said",
    ["[]", "{", '{"instruction": 3}', "{}", '{"instruction": ""}'],
    ids=["list", "cut", "number", "none", "empty"],
)
def test_a_sentence_that_is_never_answered_drops_the_record_with_a_reason(said: str) -> None:
    asked, end = story(Translate(MODEL), record("Name a tea. Use it."), lambda _: said)
    assert len(asked) == 2
    assert end == Drop("mark-lost", "turn 0 instruction: lost the text itself; 'Name a tea.' became ''")


def test_a_mark_that_a_model_loses_is_asked_again_and_then_drops_the_record() -> None:
    asked, end = story(Translate(MODEL), record("Use `x` now. Use it."), lambda texts: dict.fromkeys(texts, "쓰세요."))
    assert [list(texts) for texts in asked] == [["instruction"], ["instruction", "instruction_2"]]
    assert end == Drop("mark-lost", "turn 0 instruction: lost `x`; 'Use `x` now.' became '쓰세요.'")


def test_an_answer_that_was_cut_is_none() -> None:
    told = Translate(MODEL).story(record("Name a tea."))
    next(told)
    with pytest.raises(StopIteration) as end:
        told.send([Answer('{"instruction": "차를', "openai/gpt-6-luna", "length")])
    assert end.value.value == Drop(
        "mark-lost", "turn 0 instruction: lost the text itself (length); 'Name a tea.' became ''"
    )


def test_a_model_translates_a_corpus_with_one_question_a_record(
    run: Run, openai: OpenAIServer, deepl: DeepLServer, tmp_path: Path
) -> None:
    own = own_pipeline(
        tmp_path, (WITH, 'with = { use = "openai", model = "gpt-6-luna", glossary = "glossaries/en-ko.tsv" }')
    )
    b = run(items(30), pipeline=str(own))
    assert (len(b.corpus), deepl.counts()["requests"], openai.counts()["ok"]) == (30, 0, 60)
    assert {by.partition("@")[0] for by in b.corpus["translated_by"]} == {"openai"}
    for piece in ("`print(n)`", "https://example.com/page", "___", "{name}"):
        assert b.corpus["instruction"].str.count_matches(piece, literal=True).sum() == sum(
            item["instruction"].count(piece) for item in items(30)
        )


def test_marks_that_a_model_spoils_are_never_published(run: Run, openai: OpenAIServer, tmp_path: Path) -> None:
    openai.faults(drop_marks=0.3, double_marks=0.3)
    own = own_pipeline(tmp_path, (WITH, 'with = { use = "openai", model = "gpt-6-luna" }'))
    b = run(items(40), pipeline=str(own))
    assert set(b.dropped["reason"]) == {"mark-lost"}
    assert 0 < len(b.dropped) < 30
    for english, korean in b.corpus.select("instruction_source", "instruction").iter_rows():
        assert all(english.count(piece) == korean.count(piece) for piece in ("`print(n)`", "{name}", "___"))
