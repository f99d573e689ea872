"""Benchmarks: loaded from files, task files and the hub; one that cannot be loaded is an error that names it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from kodata.benchmarks import load_benchmark, load_benchmarks
from kodata.errors import BuildError, PipelineError, SourceError
from kodata.leaks.benchmark import Benchmark
from kodata.leaks.known import KNOWN, wanted
from kodata.published import Build
from tests.conftest import items, own_pipeline

ROWS = [
    {"question": "고래는 물고기인가?", "choices": ["예", "아니요"]},
    {"question": "해는 뜨는가?", "choices": ["예"]},
]
ITEMS = [("1", "고래는 물고기인가?\n예\n아니요"), ("2", "해는 뜨는가?\n예")]


def write(path: Path, content: object) -> Path:
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    path.write_text(text, encoding="utf-8")
    return path


def loaded(entry: object) -> Benchmark:
    (benchmark,) = wanted([entry])
    return load_benchmark(benchmark)


def said(entry: object) -> str:
    with pytest.raises(SourceError) as caught:
        loaded(entry)
    return str(caught.value)


def test_the_items_of_a_file_are_what_its_usual_columns_ask(tmp_path: Path) -> None:
    benchmark = loaded(str(write(tmp_path / "whales.json", ROWS)))
    assert (benchmark.name, benchmark.items.rows()) == ("whales", ITEMS)


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"text": ["question"]}, [("1", "고래는 물고기인가?"), ("2", "해는 뜨는가?")]),
        ({"text": ["choices"], "each": True}, [("1.1", "예"), ("1.2", "아니요"), ("2", "예")]),
        ({"name": "click"}, ITEMS),
    ],
    ids=["columns", "entries", "the columns of a known one"],
)
def test_a_table_says_what_makes_up_an_item(
    table: Mapping[str, object], expected: list[tuple[str, str]], tmp_path: Path
) -> None:
    path = write(tmp_path / "whales.json", ROWS)
    assert loaded({"path": str(path), **table}).items.rows() == expected


TASK = """
include: _default.yaml
task: whales
test_split: test
"""
DEFAULT = """
dataset_path: json
dataset_kwargs:
  data_files:
    test: whales.jsonl
output_type: multiple_choice
doc_to_text: !function utils.doc_to_text
doc_to_target: label
should_decontaminate: true
"""


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("doc_to_decontamination_query: question", ["고래는 물고기인가?", "해는 뜨는가?"]),
        ('doc_to_text: "{{question}} {{choices[0]}}"', ["고래는 물고기인가? 예", "해는 뜨는가? 예"]),
    ],
)
def test_a_task_file_says_where_the_items_are_and_what_it_asks(query: str, expected: list[str], tmp_path: Path) -> None:
    write(tmp_path / "_default.yaml", DEFAULT)
    write(tmp_path / "whales.jsonl", "\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS))
    path = write(tmp_path / "whales.yaml", TASK + query)
    assert loaded(str(path)).items["text"].to_list() == expected


def test_a_task_file_may_name_a_data_set_on_the_hub(tmp_path: Path) -> None:
    from kodata.benchmarks.tasks import read_task
    from kodata.leaks.benchmark import Origin

    task = "dataset_path: HAERAE-HUB/HAE_RAE_BENCH\ndataset_name: history\ntest_split: test\ndoc_to_text: '{{query}}'"
    read = read_task(write(tmp_path / "history.yaml", task))
    assert read.origin == Origin(hub="HAERAE-HUB/HAE_RAE_BENCH", config="history", split="test")
    assert read.asked({"query": "세종이 만든 글자는?"}) == ["세종이 만든 글자는?"]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.json", [{"label": 1}], "benchmark a: a.json, item 1: has the columns label, but no question, prompt, "),
        ("a.json", ["x"], "benchmark a: holds str, not an object"),
        ("a.json", "", "benchmark a: {path} is empty"),
        ("a.yaml", "task: x", "benchmark a: {path} is no task of lm-evaluation-harness: it has no dataset_path"),
        ("a.yaml", "a: [", "benchmark a: {path} cannot be read as YAML: "),
        ("a.yaml", "include: a.yaml", "benchmark a: {path} includes itself"),
        (
            "a.yaml",
            "dataset_path: x/y\ndoc_to_text: !function utils.text",
            "benchmark a: {path} asks by a Python function. Name the columns that make up an item with `text`",
        ),
    ],
)
def test_a_file_without_items_is_an_error_that_names_it(
    name: str, content: object, expected: str, tmp_path: Path
) -> None:
    path = write(tmp_path / name, content)
    assert said(str(path)).startswith(expected.format(path=path))


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    assert said(str(tmp_path / "none.jsonl")).startswith(f"benchmark none: {tmp_path}/none.jsonl: no such file")


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ("some", "it is neither \"all\" nor a list, but 'some'"),
        (["kmlu"], 'no benchmark "kmlu" - did you mean "kmmlu"? (a file is given by its path)'),
        ([5], "a benchmark is a name, a path or a table, not 5"),
        ([{"path": "a.json", "txt": ["x"]}], 'a benchmark has no "txt" - did you mean "text"?'),
        ([{"name": "a"}], "a benchmark in a table has one of `path` and `hub`"),
        (["kmmlu", "kmmlu"], 'the benchmark "kmmlu" stands twice. Give one a `name` of its own'),
        ([{"path": "a.json", "each": "x"}], 'benchmark a, "each": Input should be a valid boolean'),
    ],
)
def test_a_setting_that_names_no_benchmark_is_refused(entries: object, expected: str) -> None:
    with pytest.raises(PipelineError) as caught:
        wanted(entries)
    assert str(caught.value).startswith(expected)


def test_all_are_those_that_are_known() -> None:
    assert [benchmark.name for benchmark in wanted("all")] == list(KNOWN)


OFFLINE = """
from kodata.benchmarks import load_benchmarks
from kodata.leaks.known import wanted
found = load_benchmarks(wanted(["kmmlu", "ifeval-ko"]))
print(found.benchmarks, *found.missing.items(), sep="\\n")
"""


def test_a_hub_that_cannot_be_reached_leaves_each_benchmark_named_and_unloaded(tmp_path: Path) -> None:
    env = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", OFFLINE], env=env, capture_output=True, text=True, check=True)
    loaded, kmmlu, ifeval = done.stdout.splitlines()
    assert loaded == "()"
    assert kmmlu.startswith("('kmmlu', 'benchmark kmmlu: HAERAE-HUB/KMMLU cannot be loaded from the hub (")
    assert ifeval.startswith("('ifeval-ko', 'benchmark ifeval-ko: allganize/IFEval-Ko cannot be loaded from the hub (")


def test_what_can_be_loaded_is_loaded_and_the_rest_is_named(tmp_path: Path) -> None:
    there, missing = str(write(tmp_path / "whales.json", ROWS)), str(tmp_path / "none.json")
    found = load_benchmarks(wanted([there, missing]))
    assert [benchmark.name for benchmark in found.benchmarks] == ["whales"]
    assert list(found.missing) == ["none"]


# -- in a build


def leaked(rows: list[dict[str, str]], tmp_path: Path) -> str:
    """A benchmark file that holds the third of these items, as a setting."""
    path = write(
        tmp_path / "leaks.json", [{"prompt": rows[2]["instruction"]}, {"prompt": "Nobody asks this anywhere."}]
    )
    return f'decontaminate-english.benchmarks=["{path}"]'


def test_a_leak_leaves_before_anything_is_paid_and_the_card_says_so(run: Callable[..., Build], tmp_path: Path) -> None:
    rows = items(4)
    rows[2]["instruction"] = "Explain to a child of seven years why the leaves of trees turn red in autumn."
    build = run(rows, overrides=(leaked(rows, tmp_path),))
    (gone,) = [row for row in build.dropped.to_dicts() if row["stage"] == "decontaminate-english"]
    assert (gone["reason"], gone["evidence"]) == ("benchmark", "leaks 1 (1.0)")
    found = build.manifest["benchmarks"]
    assert found["decontaminate-english"] == {
        "checked": [{"benchmark": "leaks", "items": 2, "seen": 1, "share": 0.5, "records": 1}],
        "not_checked": list(KNOWN),
    }
    card = (build.path / "README.md").read_text(encoding="utf-8")
    assert "| decontaminate-english | leaks | 2 | 1 | 1 |" in card
    assert "Not compared with, in decontaminate-korean: kmmlu, hae-rae, " in card


def test_a_benchmark_that_cannot_be_loaded_stops_the_build_before_it_begins(
    run: Callable[..., Build], tmp_path: Path
) -> None:
    setting = f'decontaminate-korean.benchmarks=["{tmp_path}/none.jsonl"]'
    with pytest.raises(SourceError) as caught:
        run(items(3), overrides=(setting,))
    assert str(caught.value) == (
        "stage decontaminate-korean:\n"
        f"benchmark none: {tmp_path}/none.jsonl: no such file\n"
        "Give `benchmarks` without them to go on: the card will say that they were not checked"
    )


def test_records_of_a_published_build_leave_before_anything_is_paid(run: Callable[..., Build], tmp_path: Path) -> None:
    first = run(items(4))
    stage = 'name = "dedupe-english"\nuse = "dedupe"\n'
    second = own_pipeline(tmp_path, (stage, f'{stage}against = ["{first.path.parent.name}"]\n'))
    build = run(items(6), pipeline=str(second), limit=6)
    gone = [(row["id"], row["stage"], row["evidence"]) for row in build.dropped.to_dicts()]
    name = first.path.parent.name
    assert gone == [(i, "dedupe-english", f"equal to {name}:{i}") for i in first.corpus["id"]]


def test_a_build_that_is_not_there_is_an_error_and_its_own_too(run: Callable[..., Build]) -> None:
    with pytest.raises(BuildError, match='no build "dolly-ko"'):
        run(items(3), overrides=('dedupe-english.against=["dolly-ko"]',))
    with pytest.raises(PipelineError, match="its own builds hold a twin of every record"):
        run(items(3), overrides=('dedupe-english.against=["alpaca-ko"]',))
