"""Evaluation sets: items with choices, from their sources through translation and checks to a task."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import datasets
import polars as pl
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kodata.asks import Ask, Translator
from kodata.building import Options, build, silent
from kodata.cli.record import record_lines
from kodata.corpus import Record, Turn, frame_of
from kodata.errors import BuildError
from kodata.exports import EXPORTS, export
from kodata.exports.hub import ITEM
from kodata.pipeline import translation_prompt
from kodata.providers.deepl import DeepLTranslator
from kodata.providers.echo import Echo, EchoFace
from kodata.providers.openai_translator import OpenAITranslator
from kodata.published import Build
from kodata.rules.numbers import NumbersChanged
from kodata.rules.translation import NotKorean
from kodata.sources import SOURCES
from kodata.sources.raw import Raw, Unreadable
from kodata.stages import Drop
from kodata.stages.filter import Filter
from kodata.stages.translate import Translate
from kodata.workspace import Workspace
from tests.test_exports import published
from tests.test_translate import told

EVALUATIONS = ("hellaswag", "arc", "mmlu", "truthfulqa")
TEA = ("Which is a tea?", "", "")

SCENE = {"ind": 7, "activity_label": "Tea", "ctx_a": "A man boils water.", "ctx_b": "he", "split": "val"}
ENDINGS = {"endings": ["[title] Pours it. [step] Waits.", "sings. "], "label": "0"}
ARC = {"id": "a-1", "question": "Which is a tea?", "answerKey": "2"}
MC1 = {"choices": ["Oolong", "Espresso"], "labels": [1, 0]}


@pytest.mark.parametrize(
    ("use", "item", "raw"),
    [
        (
            "hellaswag",
            {**SCENE, "ctx": "A man boils water. he", **ENDINGS},
            Raw(
                (("Tea: A man boils water. He", "", ""),), None, "Tea", "7", {"split": "val"}, (("wikihow-marks",),),
                ("Pours it. Waits.", "sings."), 0,
            ),
        ),
        (
            "arc",
            {**ARC, "choices": {"text": ["Espresso", "Oolong"], "label": ["1", "2"]}},
            Raw((TEA,), None, None, "a-1", choices=("Espresso", "Oolong"), label=1),
        ),
        (
            "mmlu",
            {"question": "Which is a tea?", "subject": "food", "choices": ["Oolong", "Espresso"], "answer": 0},
            Raw((TEA,), None, "food", choices=("Oolong", "Espresso"), label=0),
        ),
        (
            "truthfulqa",
            {"question": "Which is a tea?", "mc1_targets": MC1, "mc2_targets": MC1},
            Raw((TEA,), choices=("Oolong", "Espresso"), label=0),
        ),
    ],
)  # fmt: skip
def test_an_item_has_its_choices_in_their_order_and_a_label(use: str, item: Mapping[str, object], raw: Raw) -> None:
    assert SOURCES[use].read(item) == raw


@pytest.mark.parametrize(
    ("use", "item", "reason"),
    [
        ("hellaswag", {**SCENE, "endings": ["a", "b"], "label": ""}, "no-label"),
        ("hellaswag", {**SCENE, "endings": ["a", "[title]"], "label": "0"}, "no-choices"),
        ("arc", {**ARC, "choices": {"text": ["a", "b"], "label": ["A", "B"]}}, "no-label"),
        ("arc", {**ARC, "choices": ["a", "b"]}, "no-choices"),
        ("mmlu", {"question": "?", "choices": ["a", "b"], "answer": 2}, "no-label"),
        ("mmlu", {"question": "?", "choices": ["a"], "answer": 0}, "no-choices"),
        ("mmlu", {"question": " ", "choices": ["a", "b"], "answer": 0}, "no-question"),
        ("truthfulqa", {"question": "?", "mc1_targets": {"choices": ["a", "b"], "labels": [1, 1]}}, "no-label"),
        ("truthfulqa", {"question": "?"}, "no-choices"),
    ],
)
def test_an_item_without_a_question_choices_or_a_label_is_dropped(
    use: str, item: Mapping[str, object], reason: str
) -> None:
    with pytest.raises(Unreadable) as caught:
        SOURCES[use].read(item)
    assert caught.value.reason == reason


# -- translation


DEEPL = DeepLTranslator()


def item(*choices: str, question: str = "Which is a tea?", label: int = 0) -> Record:
    return Record((Turn("arc-1", 0, instruction=question, choices=choices, label=label, source="arc"),))


def stage(by: Translator = DEEPL) -> Translate:
    return Translate(by, ("instruction", "choices"))


def korean(**texts: str) -> Callable[[str], str]:
    """Answers by hand, line by line: the first English that a line begins with has its Korean."""
    return lambda xml: "\n".join(
        next((ko for en, ko in texts.items() if line.startswith(en)), line) for line in xml.split("\n")
    )


def test_the_choices_of_an_item_are_asked_for_together() -> None:
    answer = korean(Which="차는 무엇인가?", Oolong="우롱차", Espresso="에스프레소")
    rounds, end = told(stage(), item("Oolong", "Espresso", label=1), answer)
    assert rounds == [["Which is a tea?", "Oolong\nEspresso"]]
    assert isinstance(end, Record)
    assert end.turns[0] == item("우롱차", "에스프레소", question="차는 무엇인가?", label=1).turns[0]._replace(
        instruction_source="Which is a tea?", choices_source=("Oolong", "Espresso"), translated_by="deepl/KO"
    )


def test_a_model_sees_question_and_choices_in_one_question() -> None:
    story = stage(OpenAITranslator("gpt-6-luna", translation_prompt())).story(item("Oolong", "Espresso"))
    (ask,) = next(story)
    texts = json.loads(json.loads(ask.content)[-1]["content"])
    assert texts == {"instruction": "Which is a tea?", "choices": "Oolong\nEspresso"}


def test_deepl_sees_the_question_beside_the_choices() -> None:
    asks = next(stage(DeepLTranslator(context_under=100)).story(item("Oolong", "Espresso")))
    assert [json.loads(ask.settings).get("context") for ask in asks] == [None, "Which is a tea?"]


def test_an_item_is_dropped_whole_when_one_choice_fails() -> None:
    answer = korean(Which="차는 무엇인가?", It="보통 녹차라고 한다.", Oolong="우롱차")
    _, end = told(stage(), item("Oolong", "It is `matcha`, mostly."), answer)
    assert end == Drop(
        "mark-lost",
        "turn 0 choices: lost `matcha`; 'It is `matcha`, mostly.' became '보통 녹차라고 한다.'",
    )


def test_choices_that_ran_together_are_asked_one_by_one() -> None:
    answers = {"Which is a tea?": "차는 무엇인가?", "Oolong\nMilk": "우롱차와 우유", "Oolong": "우롱차", "Milk": "우유"}
    rounds, end = told(stage(), item("Oolong", "Milk"), answers.__getitem__)
    assert rounds[1:] == [["Oolong", "Milk"]]
    assert isinstance(end, Record)
    assert end.turns[0].choices == ("우롱차", "우유")


WORDS = st.text("abc xyz 0123.,;:()[]{}<>=+*/$`#|-_'\"\n\t&", min_size=1, max_size=30).map(str.strip).filter(bool)


@given(choices=st.lists(WORDS, min_size=2, max_size=12), data=st.data())
@settings(max_examples=200, deadline=None)
def test_labels_and_the_order_of_choices_never_change(choices: Sequence[str], data: st.DataObject) -> None:
    """What the echo makes of a choice alone stands where the choice stood."""
    label = data.draw(st.integers(0, len(choices) - 1))

    def echo(xml: str) -> str:
        return Echo().answer([Ask("echo", "translate", xml)])[0].text

    marked = [f"{n}\ufe0f {choice}" for n, choice in enumerate(choices)]  # no letter, so that it stays
    _, end = told(stage(EchoFace()), item(*marked, label=label), echo)
    assert isinstance(end, Record)
    (turn,) = end.turns
    assert turn.choices is not None
    assert [choice.partition("\ufe0f")[0] for choice in turn.choices] == [str(n) for n in range(len(choices))]
    assert [choice.count("\n") for choice in turn.choices] == [choice.count("\n") for choice in marked]
    assert (turn.label, turn.choices_source) == (label, tuple(marked))


# -- checks


def test_a_rule_is_asked_of_each_choice() -> None:
    english = "It is the leaf that they pick in the spring."
    translated = {"choices_source": ("Oolong", english), "instruction_source": "?", "label": 0}
    kept = Turn("arc-1", 0, instruction="차는 무엇인가?", choices=("우롱차", "봄에 따는 잎이다."), **translated)  # type: ignore[arg-type]
    wrong = kept._replace(id="arc-2", choices=("우롱차", english))
    split = Filter((NotKorean(("instruction", "choices")),)).run(frame_of([kept, wrong]))
    assert split.kept.rows() == frame_of([kept]).rows()
    assert split.dropped.rows() == [("arc-2", "not-korean", "choices is en")]


def test_a_number_that_moved_to_another_choice_is_seen() -> None:
    one = Turn("mmlu-1", 0, instruction="몇 개인가?", choices=("3개", "5개"), choices_source=("5 of them", "3 of them"))
    split = Filter((NumbersChanged(("choices",)),)).run(frame_of([one]))
    assert split.kept["flags"].to_list() == [["numbers-changed"]]
    assert len(split.remarks) == 1


# -- the task


@pytest.fixture(scope="module", params=EVALUATIONS)
def demo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Build:
    workspace = Workspace.of({"KODATA_HOME": str(tmp_path_factory.mktemp("home"))})
    return build(f"{request.param}-ko", Options(demo=True), workspace, {}, silent)


def test_a_build_publishes_its_items_as_a_task(demo: Build) -> None:
    folder = demo.path / "exports" / "lm-eval"
    task = yaml.safe_load((folder / f"{demo.manifest['pipeline']['name']}.yaml").read_text(encoding="utf-8"))
    assert (task["output_type"], task["doc_to_text"], task["doc_to_choice"], task["doc_to_target"]) == (
        "multiple_choice", "prompt", "choices", "label",
    )  # fmt: skip
    assert [metric["metric"] for metric in task["metric_list"]] == ["acc", "acc_norm"]
    rows = [json.loads(line) for line in (folder / "test.jsonl").read_text(encoding="utf-8").splitlines()]
    published = demo.corpus.select("id", "choices", "label", "category").to_dicts()
    assert [{name: row[name] for name in ("id", "choices", "label", "category")} for row in rows] == published


def test_an_ending_goes_on_and_a_choice_answers(demo: Build) -> None:
    lines = (demo.path / "exports" / "lm-eval" / "test.jsonl").read_text(encoding="utf-8").splitlines()
    asked = demo.corpus["instruction"].to_list()
    goes_on = demo.manifest["sources"][0]["use"] == "hellaswag"
    wanted = asked if goes_on else [f"질문: {text}\n정답:" for text in asked]
    assert [json.loads(line)["prompt"] for line in lines] == wanted


@pytest.mark.parametrize("to", sorted({*EXPORTS} - {"lm-eval", "hf", "croissant", "preference"}))
def test_no_trainer_gets_an_item_without_an_answer(demo: Build, to: str, tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="is an item of an evaluation"):
        export(demo, to, tmp_path / "out", "kullm" if to == "text" else "")
    assert not (tmp_path / "out").exists()


def test_the_hub_gets_choices_and_label(demo: Build, tmp_path: Path) -> None:
    names = {path.name: path for path in export(demo, "croissant", tmp_path / "out")}
    loaded = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    assert {name: loaded["test"][name] for name in ITEM} == {name: demo.corpus[name].to_list() for name in ITEM}
    described = json.loads(names["croissant.json"].read_text(encoding="utf-8"))["recordSet"][0]["field"]
    assert {f["name"].rpartition("/")[2] for f in described if f.get("repeated")} == {"choices", "choices_source"}


def test_items_among_other_records_are_refused(tmp_path: Path) -> None:
    made = published(tmp_path / "build", [[("차는 무엇인가?", "", "")], [("안녕?", "", "네.")]])
    first, second = (made.path / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
    lines = [first, json.dumps({**json.loads(second), "choices": ["우롱차", "우유"], "label": 0})]
    (made.path / "corpus.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(BuildError, match="two corpora"):
        export(made, "messages", tmp_path / "out")


def test_the_array_has_the_choices_and_the_label(demo: Build) -> None:
    rows = json.loads((demo.path / "corpus.json").read_text(encoding="utf-8"))
    assert pl.DataFrame(rows)["label"].to_list() == demo.corpus["label"].to_list()


def test_a_person_sees_the_choices_and_which_is_right(demo: Build) -> None:
    first = demo.corpus.row(0, named=True)
    lines = [line.strip() for line in record_lines(demo, first["id"], demo.path / "none")]
    right = lines.index(f"choice {first['label']} (right):")
    both = [lists[first["label"]] for lists in (first["choices"], first["choices_source"])]
    assert lines[right + 1 : right + 4 : 2] == both


def test_the_card_is_one_of_an_evaluation(demo: Build, tmp_path: Path) -> None:
    export(demo, "hf", tmp_path / "out")
    head = yaml.safe_load((tmp_path / "out" / "README.md").read_text(encoding="utf-8").split("---\n")[1])
    assert (head["task_categories"], head["tags"][0]) == (["multiple-choice"], "evaluation")
