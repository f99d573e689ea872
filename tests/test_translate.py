"""The translate stage: what is sent of a record, and what becomes of what comes back."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

import pytest

from kodata.asks import Answer, Ask
from kodata.corpus import Record, Turn
from kodata.providers.deepl import DeepLTranslator
from kodata.stages import Drop
from kodata.stages.translate import Translate

DEEPL = DeepLTranslator()


def record(*texts: str, **columns: object) -> Record:
    """Instruction, input and output of one turn."""
    names = ("instruction", "input", "output")
    return Record((Turn(id="alpaca-1", turn=0, source="alpaca", **dict(zip(names, texts, strict=False)), **columns),))  # type: ignore[arg-type]


def told(stage: Translate, record: Record, answer: Callable[[str], str]) -> tuple[list[list[str]], Record | Drop]:
    """What was asked, round by round, and how the story ended."""
    story: Generator[Sequence[Ask], Sequence[Answer], Record | Drop] = stage.story(record)  # type: ignore[assignment]
    rounds: list[list[str]] = []
    try:
        asks = next(story)
        while True:
            rounds.append([ask.content for ask in asks])
            asks = story.send([Answer(answer(ask.content), "deepl/KO") for ask in asks])
    except StopIteration as end:
        return rounds, end.value


def by(**korean: str) -> Callable[[str], str]:
    """Answers by hand: the first English that begins like a key has its Korean."""
    return lambda xml: next((ko for en, ko in korean.items() if xml.startswith(en)), xml)


def test_only_prose_is_sent_and_code_comes_out_as_it_was() -> None:
    code = "def f(x):\n    # add one\n    return x + 1"
    rounds, end = told(Translate(DEEPL), record("Explain this.", code), by(Explain="설명하세요."))
    assert rounds == [["Explain this."]]
    assert isinstance(end, Record)
    assert (end.turns[0].instruction, end.turns[0].input, end.turns[0].input_source) == ("설명하세요.", code, code)


def test_a_record_of_code_alone_is_translated_by_nobody() -> None:
    rounds, end = told(Translate(DEEPL), record("print(1)"), str)
    assert rounds == []
    assert isinstance(end, Record)
    assert end.turns[0].translated_by is None


def test_particles_agree_with_the_pieces_that_come_back() -> None:
    answer = by(Use='<x id="0"/>을(를) 쓰고 <x id="1"/>를 보세요.')
    _, end = told(Translate(DEEPL), record("Use `print` and see `main`."), answer)
    assert isinstance(end, Record)
    assert end.turns[0].instruction == "`print`를 쓰고 `main`을 보세요."


TEXT = "Use `a` now. Then go.\nSee `b`. The end."


def test_a_lost_mark_is_asked_again_line_by_line_then_sentence_by_sentence() -> None:
    answers = {
        'Use <x id="0"/> now. Then go.\nSee <x id="1"/>. The end.': "쓰세요. 가세요.\n보세요. 끝.",
        'Use <x id="0"/> now. Then go.': '<x id="0"/>를 쓰세요. 가세요.',
        'See <x id="0"/>. The end.': "보세요. 끝.",
        'See <x id="0"/>.': '<x id="0"/>를 보세요.',
        "The end.": "끝.",
    }
    rounds, end = told(Translate(DEEPL), record(TEXT), answers.__getitem__)
    whole, first, second, *sentences = answers
    assert rounds == [[whole], [first, second], sentences]
    assert isinstance(end, Record)
    assert end.turns[0].instruction == "`a`를 쓰세요. 가세요.\n`b`를 보세요. 끝."


def test_a_mark_lost_from_a_sentence_drops_the_record_with_both_texts() -> None:
    _, end = told(Translate(DEEPL), record("Use `a` now."), by(Use="쓰세요."))
    assert end == Drop("mark-lost", "turn 0 instruction: lost `a`; 'Use `a` now.' became '쓰세요.'")


def test_each_turn_says_who_translated_it() -> None:
    turns = record("Hello there.").turns + record("print(1)").turns
    _, end = told(Translate(DEEPL), Record((turns[0], turns[1]._replace(turn=1))), by(Hello="안녕하세요."))
    assert isinstance(end, Record)
    assert [turn.translated_by for turn in end.turns] == ["deepl/KO", None]


RHYME = record("Find a word that rhymes with 'cat'.")
FIX = record("Correct the grammar of the sentence.", "He go home.")


@pytest.mark.parametrize(
    ("asked", "sent", "korean", "texts"),
    [
        (
            RHYME,
            ["Find a word that rhymes with '<x id=\"0\"/>'."],
            "'<x id=\"0\"/>'와 운이 맞는 단어",
            ("'cat'과 운이 맞는 단어", ""),
        ),
        (FIX, ["Correct the grammar of the sentence."], "문법을 고치세요.", ("문법을 고치세요.", "He go home.")),
    ],
    ids=["quoted", "input"],
)
def test_the_english_that_a_task_is_about_stays(
    asked: Record, sent: list[str], korean: str, texts: tuple[str, str]
) -> None:
    stage = Translate(DEEPL, keep_english=("rhyme", "correction"))
    rounds, end = told(stage, asked, lambda _: korean)
    assert rounds == [sent]
    assert isinstance(end, Record)
    turn = end.turns[0]
    assert (turn.instruction, turn.input, turn.fixes) == (*texts, ("english-kept",))


def test_the_english_of_other_tasks_is_translated() -> None:
    rounds, end = told(Translate(DEEPL, keep_english=("pun",)), RHYME, lambda _: "'고양이'와 운이 맞는 단어")
    assert rounds == [["Find a word that rhymes with 'cat'."]]
    assert isinstance(end, Record)
    assert end.turns[0].fixes == ()
