"""Tasks about English, recognised on instructions written for it and on real ones."""

from __future__ import annotations

import json
from collections import Counter
from hashlib import blake2b
from pathlib import Path

import pytest

from kodata.tasks import TAGS, Tag, tasks
from kodata.tasks.patterns import CLUES, STEMS
from tests.conftest import SHARED

HERE = Path(__file__).parent
ALPACA = SHARED / "alpaca" / "alpaca_data.json"
_LINES = (HERE / "data" / "tasks.tsv").read_text(encoding="utf-8").splitlines()[1:]
LABELLED = [(set(line.split("\t")[0].split(",")) - {"-"}, *line.split("\t")[1:]) for line in _LINES]
GOLDEN = json.loads((HERE / "golden" / "tasks.json").read_text(encoding="utf-8"))


def tags(instruction: str, given: str = "") -> set[str]:
    return {task.tag for task in tasks(instruction, given)}


def about(instruction: str, given: str = "") -> list[str]:
    """The English that the first task found is about."""
    texts = {"instruction": instruction, "input": given}
    return [texts[span.field][span.start : span.end] for span in tasks(instruction, given)[0].about]


def test_the_labelled_instructions_are_many_and_of_every_tag() -> None:
    counts = Counter(tag for wanted, _, _ in LABELLED for tag in wanted)
    assert len(LABELLED) >= 200
    assert set(counts) == set(TAGS)
    assert sum(not wanted for wanted, _, _ in LABELLED) >= 80  # nothing to be found in them


def test_tags_are_right_on_the_labelled_instructions() -> None:
    found = [(wanted, tags(instruction, given)) for wanted, instruction, given in LABELLED]
    right = sum(len(wanted & got) for wanted, got in found)
    precision, recall = right / sum(len(got) for _, got in found), right / sum(len(wanted) for wanted, _ in found)
    assert precision >= 0.97
    assert recall >= 0.98


@pytest.mark.parametrize("tag", TAGS)
def test_each_tag_is_found_on_the_labelled_instructions(tag: Tag) -> None:
    with_it = [tags(instruction, given) for wanted, instruction, given in LABELLED if tag in wanted]
    assert sum(tag in got for got in with_it) / len(with_it) >= 0.9


@pytest.mark.parametrize(
    ("instruction", "given", "objects"),
    [
        ('Find a synonym for "brave".', "", ["brave"]),
        ("Correct the sentence “He go home”.", "", ["He go home"]),
        ("Is 'don't' a contraction in this sentence?", "I don't know.", ["don't", "I don't know."]),
        ("Fix the spelling mistakes.", " I recieve mail. ", ["I recieve mail."]),
        ("Put this in the past tense: I sing.", "", ["I sing."]),
        ("Change to passive voice.\nThe dog bit the man.", "", ["The dog bit the man."]),
        ("Find a word that rhymes with cat.", "", ["cat"]),
        ("What is the plural of mouse?", "", ["mouse"]),
        ("What does NATO stand for?", "", ["NATO"]),
        ("Make a pun about bread.", "", []),
        ("Describe autumn in exactly 50 words.", "It is cold.", []),
    ],
)
def test_a_task_names_the_english_it_is_about(instruction: str, given: str, objects: list[str]) -> None:
    assert about(instruction, given) == objects


def test_a_tag_is_found_only_where_one_of_its_stems_stands() -> None:
    for _, instruction, _ in LABELLED:
        for tag, pattern in CLUES.items():
            if pattern.search(instruction):
                assert any(stem in instruction.lower() for stem in STEMS[tag]), (tag, instruction)


@pytest.mark.parametrize(
    "piece", ["arrange words ", "'a ", 'a "', "grammar, ", "the word ", "\n", " ", "identify verb in ", "A", "1"]
)
def test_a_text_of_100_000_characters_takes_no_time(piece: str) -> None:
    """It would take hours if a pattern were quadratic."""
    text = piece * (100_000 // len(piece))
    assert isinstance(tasks(f"spelling {text}", text), tuple)


@pytest.mark.skipif(not ALPACA.exists(), reason=f"{ALPACA} is not there")
def test_what_is_found_in_alpaca_is_what_was_read() -> None:
    """The golden file holds, by tag, how many there are, and of 30 by lot whether they were found rightly."""
    found: dict[str, list[int]] = {tag: [] for tag in TAGS}
    for n, item in enumerate(json.loads(ALPACA.read_text(encoding="utf-8"))):
        for tag in tags(item["instruction"], item["input"]):
            found[tag].append(n)
    assert {tag: len(ids) for tag, ids in found.items()} == {tag: of["found"] for tag, of in GOLDEN.items()}
    for tag, ids in found.items():
        assert by_lot(tag, ids) == [int(n) for n in GOLDEN[tag]["read"]]


def by_lot(tag: str, ids: list[int]) -> list[int]:
    return sorted(ids, key=lambda n: blake2b(f"{tag} {n}".encode(), digest_size=8).digest())[:30]


@pytest.mark.parametrize("tag", TAGS)
def test_the_precision_of_a_tag_is_that_of_the_verdicts(tag: Tag) -> None:
    verdicts = GOLDEN[tag]["read"].values()
    assert GOLDEN[tag]["precision"] == round(sum(verdicts) / len(verdicts), 3) >= 0.9
