"""How DeepL is told what it needs: the glossary, what stands beside a text, the speech level."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kodata.asks import Passage, Register
from kodata.building import silent
from kodata.building.options import Options
from kodata.errors import PipelineError
from kodata.glossary import glossary_of
from kodata.planning import plan
from kodata.providers.deepl import REGISTERS, DeepLTranslator
from kodata.published import Build
from kodata.stages.translate import Registers, Translate
from kodata.workspace import Workspace
from tests.conftest import items, own_pipeline, stage_of, write_items
from tests.servers.deepl import DeepLServer
from tests.test_translate import record

Run = Callable[..., Build]
WITH = 'with = { use = "deepl", model_type = "quality_optimized", glossary = "glossaries/en-ko.tsv" }'
ODD = glossary_of("en-ko", "odd one out\t나머지와 다른 하나\nraven\t까마귀")
PASSAGE = Passage("Find the odd one out.", context="cat, dog, spoon")


def settings(face: DeepLTranslator, passage: Passage = PASSAGE) -> dict[str, Any]:
    """What is sent beside the text."""
    sent: dict[str, Any] = json.loads(face.ask([passage], "").settings)
    return sent


def key(face: DeepLTranslator, passage: Passage = PASSAGE) -> bytes:
    return face.ask([passage], "").key


# -- the glossary


def test_a_glossary_is_in_the_key_by_its_entries_and_not_by_its_name() -> None:
    face = DeepLTranslator(glossary=ODD)
    renamed = replace(ODD, name="other")
    longer = glossary_of("en-ko", "odd one out\t나머지와 다른 하나\nraven\t갈까마귀")
    assert settings(face)["glossary"] == ODD.digest
    assert key(face) == key(replace(face, glossary=renamed))
    assert len({key(face), key(replace(face, glossary=longer)), key(replace(face, glossary=None))}) == 3


def test_remarks_and_blank_lines_of_a_glossary_do_not_count() -> None:
    assert glossary_of("en-ko", "# traps\n\nodd one out\t나머지와 다른 하나\n \nraven \t 까마귀\n") == ODD


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("raven", "line 1 is not English, a tab and Korean"),
        ("# a\nraven\t까마귀\t새", "line 2 is not English"),
        ("raven\t까마귀\nraven\t새", 'line 2: "raven" stands twice'),
        (f"raven\t{'새' * 342}", "line 1 is longer than 1,024 bytes"),
        ("# nothing", "it has no entries"),
    ],
)
def test_a_glossary_that_deepl_would_not_take_is_refused_with_its_line(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=f"^{said}"):
        glossary_of("en-ko", text)


def test_a_glossary_is_sent_to_deepl_once_and_its_terms_are_used(run: Run, deepl: DeepLServer) -> None:
    deepl.glossaries.clear()
    odd = [
        {"instruction": f"Find the odd one out of list {n}.", "input": "", "output": "It is the spoon."}
        for n in range(60)
    ]
    first = run(odd[:30])
    run(odd)
    (sent,) = deepl.glossaries.values()
    assert "odd one out\t" in sent["tsv"]
    korean = dict(line.split("\t") for line in sent["tsv"].splitlines())["odd one out"]
    assert [korean in text for text in first.corpus["instruction"]] == [True] * 30
    assert deepl.counts()["repeated"] == 0


# -- what stands beside a text


def test_what_stands_beside_a_text_is_sent_only_where_it_is_asked_for() -> None:
    assert "context" not in settings(DeepLTranslator())
    assert settings(DeepLTranslator(context_under=100))["context"] == "cat, dog, spoon"
    assert "context" not in settings(DeepLTranslator(context_under=10))  # a longer text stands for itself


def test_what_stands_beside_a_text_is_part_of_the_question() -> None:
    face = DeepLTranslator(context_under=100)
    other = replace(PASSAGE, context="red, blue, seven")
    assert key(face) != key(face, other)
    assert key(DeepLTranslator()) == key(DeepLTranslator(), other)


def test_a_plan_shows_the_requests_that_contexts_cost(env: dict[str, str], deepl: DeepLServer, tmp_path: Path) -> None:
    source = write_items(tmp_path / "items.json", items(60))
    asked = []
    for under in (0, 1_000):
        own = own_pipeline(tmp_path / str(under), (WITH, WITH.replace(" }", f", context_under = {under} }}")))
        quote = plan(str(own), Options(sources={"": source}), Workspace.of(env), env, silent)
        asked.append(stage_of(quote, "translate"))
    without, with_ = asked
    assert (without.to_ask, without.characters) == (with_.to_ask, with_.characters)
    assert without.requests == 2  # 80 texts
    assert with_.requests == 41  # one for each of 20 inputs and their instructions, and the 40 that stand alone
    assert deepl.counts()["texts"] == 0


# -- the speech level


@pytest.mark.parametrize("level", REGISTERS)
def test_a_speech_level_is_asked_for_in_words_that_deepl_takes(level: Register) -> None:
    sent = settings(DeepLTranslator(custom_instructions=("Keep names.",)), replace(PASSAGE, register=level))
    assert sent["custom_instructions"] == ["Keep names.", REGISTERS[level]]
    assert len(REGISTERS[level]) <= 300


def test_any_speech_level_is_none() -> None:
    assert "custom_instructions" not in settings(DeepLTranslator(), replace(PASSAGE, register="any"))


def test_the_speech_level_is_one_of_ten_instructions() -> None:
    face = DeepLTranslator(custom_instructions=tuple(f"Rule {n}." for n in range(10)))
    assert len(settings(face)["custom_instructions"]) == 10
    with pytest.raises(PipelineError, match="10 at most"):
        settings(face, replace(PASSAGE, register="haeyo"))


def test_each_field_has_its_speech_level() -> None:
    fields = ("instruction", "input", "output")
    stage = Translate(DeepLTranslator(), fields, register=Registers(input="haeyo"))
    asks = next(stage.story(record("Name a tea.", "It is cold.", "Green tea.")))
    sent = [json.loads(ask.settings).get("custom_instructions") for ask in asks]
    assert sent == [None, [REGISTERS["haeyo"]], [REGISTERS["hapsyo"]]]  # people ask as they like, answers are polite


def test_deepl_is_told_the_speech_level_of_the_pipeline_file(run: Run, tmp_path: Path) -> None:
    rows = [
        {"instruction": f"Explain {topic}.", "input": "", "output": "Well."}
        for topic in ("tea", "a compass", "the sea")
    ]
    b = run(rows, pipeline=str(own_pipeline(tmp_path, (WITH, f'{WITH}\nregister = "haeyo"'))))
    assert [text[-2:] for text in b.corpus["instruction"]] == ["요."] * 3
