"""What `kodata inspect` says of a stranger's data set, and the pipeline that `kodata init` makes of it."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from kodata import sources
from kodata.building import silent
from kodata.errors import PipelineError, SourceError
from kodata.events import Event, SourceRead
from kodata.inspecting import Inspection, Quirk, draft, inspect, source_at, template_of, write_draft
from kodata.pipeline import load_pipeline, shipped
from kodata.sources import SOURCES, Source
from kodata.sources.slugs import DROPS, FIXES
from kodata.sources.sniffing import Way, layout_of
from kodata.stages.withhold import Withhold
from tests.conftest import Ended, Kodata
from tests.servers.hub import SHA, Hub

TALKS: list[object] = [
    {"conversations": [{"from": "human", "value": "2 / 3Name a tea."}, {"from": "gpt", "value": "Green tea."}]},
    {"conversations": [{"from": "human", "value": "Why does it rain in summer?"}, {"from": "gpt", "value": "Clouds."}]},
    {
        "conversations": [
            {"from": "human", "value": "a"},
            {"from": "human", "value": "b"},
            {"from": "gpt", "value": "c"},
        ]
    },
    {"conversations": [{"from": "human", "value": "비가 왜 오나요?"}, {"from": "gpt", "value": "구름 때문입니다."}]},
]


def written(path: Path, items: object) -> Path:
    path.write_text(json.dumps(items, ensure_ascii=False), encoding="utf-8")
    return path


def of(tmp_path: Path, items: object, use: str = "", fields: Mapping[str, str] | None = None) -> Inspection:
    return inspect(source_at(str(written(tmp_path / "a.json", items))), silent, use=use, fields=fields)


# -- formats are told by what sets them apart


@pytest.mark.parametrize(
    ("item", "uses"),
    [
        ({"instruction": "a", "input": "", "output": "b"}, ["alpaca"]),
        ({"Instruction": "a", "Output": "b"}, ["alpaca"]),
        ({"instruction": "a", "instances": [{"input": "b", "output": "c"}]}, ["alpaca"]),
        ({"instruction": "a", "dataset": "x"}, ["alpaca"]),
        ({"prompt": "a", "completion": "b"}, ["alpaca"]),
        ({"instruction": "a", "context": "", "response": "b", "category": "c"}, ["dolly"]),
        ({"prompt": "ab", "response": "b", "source": "c"}, ["gpt4all"]),
        ({"conversations": [{"from": "human", "value": "a"}]}, ["sharegpt"]),
        ({"items": [{"from": "human", "value": "a"}]}, ["sharegpt"]),
        ({"conversations": [{"from": "human", "value": "a"}], "instruction": "a", "response": "b"}, ["sharegpt"]),
        ({"messages": [{"role": "user", "content": "a"}]}, ["messages"]),
        ({"data": ["a", "b"], "id": "0"}, ["messages"]),
        ({"system_prompt": "a", "question": "b", "response": "c"}, ["messages"]),
        ({"title": "a", "body": "b", "answer": "c", "url": "d"}, ["kin"]),
        ({"ctx": "a", "endings": ["b", "c"], "label": "0"}, ["hellaswag"]),
        ({"question": "a", "choices": {"text": ["b", "c"], "label": ["A", "B"]}, "answerKey": "A"}, ["arc"]),
        ({"question": "a", "choices": ["b", "c"], "answer": 1}, ["mmlu"]),
        ({"question": "a", "mc1_targets": {"choices": ["b", "c"], "labels": [1, 0]}}, ["truthfulqa"]),
        ({"instruction": "a", "text": "b", "id": 1}, ["alpaca", "dolly"]),
        ({"instruction": "a", "response": "b"}, ["alpaca", "dolly"]),
        ({"prompt": "ab", "response": "b"}, ["alpaca", "gpt4all"]),
        ({"messages": [{"role": "user", "content": "a"}], "instruction": "a", "output": "b"}, ["alpaca", "messages"]),
    ],
    ids=", ".join,
)
def test_a_format_is_told_by_what_sets_it_apart(item: dict[str, object], uses: list[str]) -> None:
    layout = layout_of([item])
    assert (layout.is_known, [way.use for way in layout.ways]) == (True, uses)
    for use in uses:
        if "from" not in str(item) and "role" not in str(item):  # those end on the question
            assert SOURCES[use].read(item).turns


@pytest.mark.parametrize(
    ("item", "ways"),
    [
        ({"question": "a", "answer": "b"}, [Way("alpaca", {"instruction": "question", "output": "answer"})]),
        (
            {"n": 0, "en": {"instruction": "a", "output": "b"}, "ko": {"instruction": "가", "output": "나"}},
            [
                Way("alpaca", {"instruction": "en.instruction", "output": "en.output"}),
                Way("alpaca", {"instruction": "ko.instruction", "output": "ko.output"}),
            ],
        ),
        (
            {"dialog": [{"speaker": "human", "utterance": "a", "n": 1}]},
            [Way("messages", {"messages": "dialog", "role": "speaker", "content": "utterance"})],
        ),
        ({"질문": "가", "답변": "나"}, [Way("alpaca", {"instruction": "질문", "output": "답변"})]),
        ({"premise": "a", "hypothesis": "b"}, []),
        ({"tags": [1, 2], "n": None}, []),
        ({}, []),
    ],
    ids=lambda value: ", ".join(value) if isinstance(value, dict) else "",
)  # fmt: skip
def test_an_unknown_layout_may_be_read_by_the_names_of_its_fields(item: dict[str, object], ways: list[Way]) -> None:
    layout = layout_of([item])
    assert (layout.is_known, list(layout.ways)) == (False, ways)


def test_an_unknown_layout_is_shown_field_by_field() -> None:
    items = [{"q": "a", "sub": {"n": 1}}, {"q": 2, "sub": {"n": None}}, {"q": None, "tags": ["x"]}]
    assert [(f.path, round(f.share, 2), f.kind, f.example) for f in layout_of(items).fields] == [
        ("q", 0.67, "text or number", "a"),
        ("sub.n", 0.33, "number", "1"),
        ("tags", 0.33, "list", "['x']"),
    ]


def test_one_item_in_five_may_be_odd() -> None:
    good, odd = {"instruction": "a", "output": "b"}, {"x": 1}
    assert layout_of([good] * 4 + [odd]).is_known
    assert not layout_of([good] * 3 + [odd]).is_known


# -- what is found


def test_a_source_is_counted_as_it_would_be_read(tmp_path: Path) -> None:
    found = of(tmp_path, TALKS)
    assert (found.origin, found.container, found.items, found.records, found.turns, found.most_turns) == (
        "a.json", "JSON array", 4, 3, 3, 1,
    )  # fmt: skip
    assert (found.with_input, found.with_output, found.languages) == (0, 3, {"en": 2, "ko": 1})
    assert found.characters == len("Name a tea.") + len("Why does it rain in summer?")
    assert [record.turns[0].output for record in found.examples] == ["Green tea.", "Clouds.", "구름 때문입니다."]


def test_quirks_have_a_count_an_example_and_an_outcome(tmp_path: Path) -> None:
    assert list(of(tmp_path, [*TALKS, 7, 7, TALKS[1]]).quirks) == [
        Quirk("not-an-object", 2, "a.json, item 5: holds int, not an object", f"dropped: {DROPS['not-an-object']}"),
        Quirk(
            "not-alternating", 1, "a.json, item 3: message 2 is the user's, not the assistant's",
            f"dropped: {DROPS['not-alternating']}",
        ),
        Quirk("page-number", 1, "2 / 3Name a tea.", f"mended: {FIXES['page-number']}"),
        Quirk("repeated", 1, of(tmp_path, TALKS).examples[1].id + "~2", "numbered; a dedupe stage keeps one of them"),
    ]  # fmt: skip


def test_an_example_of_what_was_mended_is_the_place_where_it_was(tmp_path: Path) -> None:
    fine = {"instruction": "a", "context": "", "response": "b", "category": "c"}
    context = "The sea is salty, and nobody knows it better than a sailor.[12] It was so in 1900."
    (quirk,) = of(tmp_path, [fine, {**fine, "context": context}]).quirks
    assert quirk == Quirk("citations", 1, "than a sailor.[12] It was so in 1900.", f"mended: {FIXES['citations']}")


def test_what_the_first_filters_find_is_a_quirk(tmp_path: Path) -> None:
    found = of(tmp_path, [{"instruction": " ", "input": "", "output": "b"}]).quirks
    assert found == (Quirk("empty", 1, "instruction", "dropped by the rule empty"),)


def test_a_limit_looks_at_the_first_items(tmp_path: Path) -> None:
    found = inspect(source_at(str(written(tmp_path / "a.json", TALKS))), silent, limit=2)
    assert (found.items, found.is_part, found.records) == (2, True, 2)


def test_where_two_formats_fit_nothing_is_read(tmp_path: Path) -> None:
    item = {"instruction": "a", "text": "b"}
    found = of(tmp_path, [item])
    assert (found.source, found.items, [way.use for way in found.layout.ways]) == (None, 1, ["alpaca", "dolly"])
    chosen = of(tmp_path, [item], use="dolly").source
    assert chosen is not None
    assert chosen.use == "dolly"


def test_fields_say_how_an_unknown_layout_is_read(tmp_path: Path) -> None:
    found = of(tmp_path, [{"q": "Name a tea.", "a": "Green tea."}], fields={"instruction": "q", "output": "a"})
    assert [turn[3:6] for record in found.examples for turn in record.turns] == [("Name a tea.", "", "Green tea.")]


@pytest.mark.parametrize(
    ("use", "fields", "said"),
    [
        ("alpcaa", {}, 'no format "alpcaa" - did you mean "alpaca"?'),
        ("kin", {"titel": "a"}, 'kin has no field "titel" - did you mean "title"?'),
    ],
)
def test_a_way_to_read_that_nobody_knows_is_named(use: str, fields: dict[str, str], said: str, tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=f"^{said.replace('?', '[?]')}$"):
        of(tmp_path, TALKS, use, fields)


def test_inspecting_tells_when_it_is_through(tmp_path: Path) -> None:
    told: list[Event] = []
    inspect(source_at(str(written(tmp_path / "a.json", TALKS))), told.append)
    assert told == [SourceRead("sharegpt", "a.json", 4, 1, {"not-alternating": 1})]


def test_a_source_that_is_none_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file"):
        inspect(source_at(str(tmp_path / "b.json")), silent)


def test_every_reason_and_every_fix_is_explained() -> None:
    """Slugs are written where they arise; what they mean stands in `slugs`."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in Path(sources.__file__).parent.rglob("*.py")]
    texts = {node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    raised = [call.args[0] for call in calls if isinstance(call.func, ast.Name) and call.func.id == "Unreadable"]
    assert {node.value for node in raised if isinstance(node, ast.Constant)} <= set(DROPS)
    assert set(DROPS) | set(FIXES) <= texts


# -- a pipeline file


@pytest.mark.parametrize("use", SOURCES)
def test_a_draft_is_a_pipeline(use: str, tmp_path: Path) -> None:
    fields = {SOURCES[use].fields[0]: 'a "quoted" place'}
    source = Source(use, path="데이터/a.json", licence="CC-BY-4.0", fields=fields)
    first, *others = write_draft("mine-ko", source, tmp_path)
    loaded = load_pipeline(str(first))
    assert loaded.sources == (
        replace(source, name="mine-ko", path=str(tmp_path / "데이터/a.json"), publish_source=use != "kin"),
    )
    model = load_pipeline(template_of(use))
    withheld = tuple(
        replace(step, stage=Withhold(("mine-ko",))) if step.name == "withhold" else step for step in model.steps
    )
    assert (loaded.steps, loaded.limits) == (withheld, model.limits)
    assert all(
        path.read_bytes() == shipped("pipelines", str(path.relative_to(tmp_path))).read_bytes() for path in others
    )


def test_a_draft_of_a_hub_data_set_names_the_commit(tmp_path: Path) -> None:
    source = Source("alpaca", hub="kim/tea", config="ko", split="test", revision=SHA)
    (first, *_) = write_draft("tea", source, tmp_path)
    assert load_pipeline(str(first)).sources == (
        Source("alpaca", "tea", hub="kim/tea", config="ko", split="test", revision=SHA),
    )


def test_the_first_line_of_a_draft_says_what_to_do() -> None:
    text = draft("mine", Source("alpaca", path="a.json"))
    assert text.splitlines()[0] == (
        "# Stages as in alpaca-ko. See what a build would ask and cost: kodata plan mine.toml --limit 200"
    )


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    source = Source("alpaca", path="a.json")
    files = write_draft("one", source, tmp_path)
    write_draft("two", source, tmp_path)  # the same prompt
    with pytest.raises(PipelineError, match=r"one\.toml is there already and is not overwritten"):
        write_draft("one", source, tmp_path)
    next(path for path in files if path.suffix == ".md").write_text("내 프롬프트", encoding="utf-8")
    with pytest.raises(PipelineError, match=r"\.md is there already and is not overwritten"):
        write_draft("three", source, tmp_path)
    assert not (tmp_path / "three.toml").exists()


@pytest.mark.parametrize("name", ["", "../a", "a b", "-a", "a/b"])
def test_a_name_that_is_no_file_name_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="is no name for a pipeline"):
        write_draft(name, Source("alpaca", path="a.json"), tmp_path)


# -- the commands


def test_inspect_shows_what_is_odd_and_what_becomes_of_it(kodata: Kodata, tmp_path: Path) -> None:
    written(tmp_path / "talks.json", TALKS)
    ended: Ended = kodata("inspect", "talks.json", "--progress", "none")
    lines = ended.out.splitlines()
    assert (ended.code, ended.err) == (0, "")
    assert lines[:6] == [
        "talks.json: JSON array, 4 items",
        f"format        sharegpt ({SOURCES['sharegpt'].about}"[:119].rstrip() + "…",
        "records       3; 1 item cannot be read",
        "turns         3; 0 with an input, 3 answered",
        "languages     en 2, ko 1",
        "to translate  38 characters of instructions, inputs and system lines",
    ]
    assert [line.split()[:2] for line in lines if line.startswith(("not-", "page"))] == [
        ["not-alternating", "1"], ["page-number", "1"],
    ]  # fmt: skip
    assert lines[-1] == "Next: kodata init NAME --from talks.json"


def test_inspect_asks_where_two_formats_fit(kodata: Kodata, tmp_path: Path) -> None:
    written(tmp_path / "a.json", [{"instruction": "a", "text": "b"}])
    ended: Ended = kodata("inspect", "a.json", "--progress", "none")
    assert ended.out.splitlines()[-7:] == [
        "alpaca and dolly fit equally well. Which is it? In the pipeline file:",
        f'  use = "alpaca" # {SOURCES["alpaca"].about}',
        f'  use = "dolly" # {SOURCES["dolly"].about}',
        "",
        "Next, to see its records:",
        "  kodata inspect a.json --use alpaca",
        "  kodata inspect a.json --use dolly",
    ]


def test_inspect_says_how_an_unknown_layout_may_be_mapped(kodata: Kodata, tmp_path: Path) -> None:
    written(tmp_path / "a.json", [{"question": "a", "answer": "b"}])
    ended: Ended = kodata("inspect", "a.json", "--progress", "none")
    assert ended.out.splitlines()[2:] == [
        "field     present  kind  for example",
        "question  100%     text  a",
        "answer    100%     text  b",
        "",
        "No format that is known fits. From the names of the fields, it may be read so:",
        '  use = "alpaca", fields = { instruction = "question", output = "answer" }',
        "",
        "Next, to see its records:",
        "  kodata inspect a.json --use alpaca --map instruction=question --map output=answer",
    ]


def test_what_a_data_set_holds_cannot_reach_the_terminal(kodata: Kodata, tmp_path: Path) -> None:
    written(tmp_path / "a.json", [{"\x1b[31mq": "\x1b[2J\u202e", "\r\nz": 1}, {"instruction": "\x1b]0;t\x07a"}])
    for more in ((), ("--use", "alpaca")):
        out = kodata("inspect", "a.json", "--progress", "none", *more).out
        assert not set(out) & set("\x1b\x07\r\u202e")
    written(tmp_path / "a.json", [{"\x1b[31m": {"question": "a", "answer": "b"}}])
    for more in ((), ("--map", "instruction=\x1b[31m.question")):
        assert "\x1b" not in kodata("inspect", "a.json", "--progress", "none", *more).out


def test_inspect_prints_json(kodata: Kodata, tmp_path: Path) -> None:
    written(tmp_path / "a.json", TALKS)
    found = json.loads(kodata("inspect", "a.json", "--json", "--progress", "none").out)
    assert (found["records"], found["quirks"][1]["name"], len(found["examples"])) == (3, "page-number", 3)


def test_a_strangers_data_set_is_quoted_in_two_commands(kodata: Kodata, tmp_path: Path) -> None:
    written(
        tmp_path / "qa.json", [{"question": f"Why is tea number {n} green?", "answer": "So it is."} for n in range(9)]
    )
    made: Ended = kodata("init", "qa-ko", "--from", "qa.json", "--progress", "none")
    assert (made.code, made.err) == (0, "")
    assert "fields        instruction = question, output = answer" in made.out.splitlines()
    *_, files, next_line = made.out.splitlines()
    assert files == "Written: qa-ko.toml, glossaries/en-ko.tsv, prompts/answer-ko.md (stages as in alpaca-ko)"
    assert next_line == "Next: kodata plan qa-ko.toml --limit 200"
    assert 'path = "qa.json"' in Path("qa-ko.toml").read_text(encoding="utf-8").splitlines()
    planned: Ended = kodata("plan", "qa-ko.toml", "--progress", "none")
    assert planned.code == 0
    assert ["translate", "9"] in [line.split()[:2] for line in planned.out.splitlines()]


@pytest.mark.parametrize(
    ("items", "words", "said"),
    [
        ([{"instruction": "a", "text": "b"}], (), "nothing is written: say how it is to be read, with --use or --map"),
        ([{"x": 1}], (), "nothing is written: say how it is to be read, with --use or --map"),
        (
            [{"x": 1}],
            ("--use", "alpaca"),
            "nothing is written: none of its items is a record. Say with --map where its fields are",
        ),
        (TALKS, ("--map", "x"), "\"x\" is not of the form FIELD=PLACE"),
    ],
)  # fmt: skip
def test_init_writes_nothing_that_it_does_not_know(
    items: object,
    words: tuple[str, ...],
    said: str,
    kodata: Kodata,
    tmp_path: Path,
) -> None:
    written(tmp_path / "a.json", items)
    ended: Ended = kodata("init", "a", "--from", "a.json", "--progress", "none", *words)
    assert ended.code == 2
    assert said in ended.err
    assert not Path("a.toml").exists()


def test_init_refuses_to_overwrite(kodata: Kodata, tmp_path: Path) -> None:
    written(tmp_path / "a.json", TALKS)
    Path("a.toml").write_text("# mine", encoding="utf-8")
    ended: Ended = kodata("init", "a", "--from", "a.json", "--progress", "none")
    assert (ended.code, ended.err) == (
        2, "kodata: a.toml is there already and is not overwritten. Take another name, or move it away\n",
    )  # fmt: skip
    assert Path("a.toml").read_text(encoding="utf-8") == "# mine"


# -- the hub, in a process of its own: its client reads its environment once

FILES = {
    "README.md": b"---\nlicense: cc-by-4.0\n---\n",
    "data/train.jsonl": b"".join(b'{"instruction": "Name tea %d.", "output": "Green."}\n' % n for n in range(30)),
    "data/test.jsonl": b'{"instruction": "Name a cup.", "output": "Blue."}\n',
}
LOOK = """
from kodata.sources import Source, read
from kodata.sources.opening import open_source
for whole in (True, False):
    for split in ("train", "test"):
        source = Source("alpaca", "tea", hub="kim/tea", split=split, revision={sha!r})
        opened = open_source(source, {token!r}, whole=whole)
        found = read(source, opened)
        print(whole, split, opened.origin, len(found.rows), found.rows.row(-1)[1:], found.digest)
"""


@pytest.fixture
def at_hub(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    def run(hub: Hub, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        plain = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING"))}
        ours = {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "hf"), **env}
        return subprocess.run(
            [sys.executable, *words], check=False, env={**plain, **ours}, capture_output=True, text=True, timeout=120
        )

    return run


def test_a_data_set_of_the_hub_is_the_same_downloaded_and_streamed(
    at_hub: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    with Hub("kim/tea", FILES, token="hf_secret") as hub:
        done = at_hub(hub, "-c", LOOK.format(sha=SHA, token="hf_secret"))
        refused = at_hub(hub, "-c", LOOK.format(sha=SHA, token=None), HF_HOME="elsewhere")
    whole_train, whole_test, train, test = done.stdout.splitlines()
    assert whole_train.split()[1:-1] == f"train hf://kim/tea@{SHA[:12]} 30 ('kim/tea@{SHA[:12]}', 30)".split()
    assert (train.split()[1:], test.split()[1:]) == (whole_train.split()[1:], whole_test.split()[1:])
    assert "kim/tea@0123456789ab cannot be loaded from the hub" in refused.stderr
    assert "hf_secret" not in done.stdout + done.stderr


def test_init_pins_the_commit_and_takes_the_licence_of_the_card(
    at_hub: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    with Hub("kim/tea", FILES) as hub:
        done = at_hub(hub, "-m", "kodata", "init", "tea", "--from", "hf://kim/tea", "--progress", "none")
    assert done.returncode == 0, done.stderr
    (source,) = load_pipeline("tea.toml").sources
    assert source == Source("alpaca", "tea", hub="kim/tea", revision=SHA, licence="cc-by-4.0")


def test_a_data_set_that_is_not_there_is_one_clear_error(
    at_hub: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    with Hub("kim/tea", FILES) as hub:
        done = at_hub(hub, "-m", "kodata", "inspect", "hf://kim/coffee", "--progress", "none")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("kodata: kim/coffee cannot be loaded from the hub (")
