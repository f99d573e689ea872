"""Exports: the form each trainer reads, the same bytes every time, and no text changed on the way."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest
import yaml

from kodata.building import Options, build, silent
from kodata.errors import BuildError, PipelineError
from kodata.exports import export, named
from kodata.published import Build
from kodata.workspace import Workspace
from tests.conftest import items, write_items


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """The first dozen of the shipped sample."""
    workspace = Workspace.of({"KODATA_HOME": str(tmp_path_factory.mktemp("home"))})
    return build("alpaca-ko", Options(demo=True, limit=12), workspace, {}, silent)


def published(folder: Path, talks: Sequence[Sequence[tuple[str, str, str]]], **more: Any) -> Build:
    """A build by hand whose records have these turns of instruction, input and output."""
    lines = []
    for n, talk in enumerate(talks):
        rows = [dict(zip(("instruction", "input", "output"), turn, strict=True)) for turn in talk]
        item = {
            "id": f"s-{n:016x}",
            **rows[-1],
            "history": rows[:-1],
            "system": None,
            "output_translated": None,
            **more,
        }
        lines.append(orjson.dumps(item))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "corpus.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    manifest = {
        "pipeline": {"name": "own-ko"},
        "records": {"kept": len(talks)},
        "built_at": "2026-11-01T00:00:00+00:00",
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return Build(folder)


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def test_a_system_line_stands_first(tmp_path: Path) -> None:
    made = published(tmp_path / "build", [[("안녕하세요?", "", "네, 안녕하세요.")]], system="친절히 답하세요.")
    export(made, "openai", tmp_path / "out")
    (row,) = lines_of(tmp_path / "out" / "train.jsonl")
    assert row["messages"][0] == {"role": "system", "content": "친절히 답하세요."}


def test_a_preference_is_the_answer_written_anew_over_the_translated_one(tmp_path: Path) -> None:
    made = published(tmp_path / "build", [[("질문", "", "새 답")]], output_translated="번역된 답")
    export(made, "preference", tmp_path / "out")
    assert lines_of(tmp_path / "out" / "train.jsonl") == [
        {
            "prompt": [{"role": "user", "content": "질문"}],
            "chosen": [{"role": "assistant", "content": "새 답"}],
            "rejected": [{"role": "assistant", "content": "번역된 답"}],
        }
    ]


def test_a_build_without_both_answers_has_no_preferences(sample: Build, tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="no record has both"):
        export(sample, "preference", tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_a_template_of_ones_own_sees_every_turn(tmp_path: Path) -> None:
    (tmp_path / "own.jinja").write_text("{% for t in turns %}<{{ t.instruction }}|{{ t.output }}>{% endfor %}")
    made = published(tmp_path / "build", [[("하나", "", "1"), ("둘", "", "2")]])
    export(made, "text", tmp_path / "out", str(tmp_path / "own.jinja"))
    assert lines_of(tmp_path / "out" / "train.jsonl") == [{"text": "<하나|1><둘|2>"}]


@pytest.mark.parametrize(
    ("template", "what"),
    [
        ("", "needs --template: koalpaca, kullm"),
        ("kulm", 'did you mean "kullm"'),
        ("broken.jinja", "is not Jinja: line 1"),
        ("unknown.jinja", "cannot be used on s-0000000000000000"),
        ("escape.jinja", "cannot be used on"),
    ],
)
def test_a_template_that_cannot_be_used_is_named(template: str, what: str, tmp_path: Path) -> None:
    texts = {"broken": "{% for %}", "unknown": "{{ nobody }}", "escape": "{{ turns.__class__.__mro__ }}"}
    for name, text in texts.items():
        (tmp_path / f"{name}.jinja").write_text(text)
    made = published(tmp_path / "build", [[("질문", "", "답")]])
    path = str(tmp_path / template) if template.endswith(".jinja") else template
    with pytest.raises(PipelineError, match=what):
        export(made, "text", tmp_path / "out", path)


def test_an_export_is_replaced_and_other_files_are_not(sample: Build, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    export(sample, "axolotl", folder)
    export(sample, "messages", folder)
    assert sorted(path.name for path in folder.iterdir()) == ["export.json", "train.jsonl"]
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(PipelineError, match=r"holds notes\.txt, which no export wrote"):
        export(sample, "messages", folder)


def test_forms_do_not_care_for_case_and_hyphens() -> None:
    assert [named(name) for name in ("TRL", "LLaMA-Factory", "lm_eval", "Prompt-Completion")] == [
        "trl", "llamafactory", "lm-eval", "prompt-completion",
    ]  # fmt: skip


def test_a_file_is_no_folder_to_export_to(sample: Build, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x", encoding="utf-8")
    with pytest.raises(PipelineError, match=r"/mine is a file. Name a folder with --out$"):
        export(sample, "alpaca", tmp_path / "mine")


def test_an_unknown_form_is_named_with_the_nearest(sample: Build, tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match='no export "sharegtp" - did you mean "sharegpt"'):
        export(sample, "sharegtp", tmp_path / "out")


def test_the_axolotl_file_is_yaml_and_trains_on_answers_only(sample: Build, tmp_path: Path) -> None:
    export(sample, "axolotl", tmp_path / "out")
    config = yaml.safe_load((tmp_path / "out" / "axolotl.yaml").read_text(encoding="utf-8"))
    assert config["datasets"][0]["roles_to_train"] == ["assistant"]


def test_the_training_script_is_python(sample: Build, tmp_path: Path) -> None:
    export(sample, "trl", tmp_path / "out")
    compile((tmp_path / "out" / "train.py").read_text(encoding="utf-8"), "train.py", "exec")


def own_pipeline(folder: Path, publish: str) -> Path:
    path = folder / "own-ko.toml"
    path.write_text(
        f"""{publish}
[[source]]
use = "alpaca"
path = "items.json"
[[stage]]
use = "regenerate"
prompt = "prompt.md"
with = {{ use = "echo" }}
"""
    )
    (folder / "prompt.md").write_text("한국어로 답하세요.")
    write_items(folder / "items.json", items(3))
    return path


def test_every_build_of_a_pipeline_gets_the_forms_it_publishes(tmp_path: Path) -> None:
    path = own_pipeline(tmp_path, '[[publish]]\nto = "messages"\n[[publish]]\nto = "text"\ntemplate = "kullm"')
    made = build(str(path), Options(), Workspace.of({"KODATA_HOME": str(tmp_path / "home")}), {}, silent)
    found = sorted(file.relative_to(made.path).as_posix() for file in (made.path / "exports").rglob("train*"))
    assert found == ["exports/messages/train.jsonl", "exports/text/train.jsonl"]


def test_a_copy_of_a_build_holds_no_form_of_an_earlier_one(tmp_path: Path) -> None:
    workspace, copy = Workspace.of({"KODATA_HOME": str(tmp_path / "home")}), Options(out=tmp_path / "copy")
    for form in ("alpaca", "messages"):
        path = own_pipeline(tmp_path, f'[[publish]]\nto = "{form}"')
        build(str(path), copy, workspace, {}, silent)
    assert [form.name for form in (tmp_path / "copy" / "exports").iterdir()] == ["messages"]


def test_two_forms_of_one_name_would_be_one_folder(tmp_path: Path) -> None:
    path = own_pipeline(tmp_path, '[[publish]]\nto = "alpaca"\n[[publish]]\nto = "alpaca"')
    with pytest.raises(PipelineError, match=r'own-ko.toml: \[\[publish\]\] names "alpaca" twice'):
        build(str(path), Options(), Workspace.of({"KODATA_HOME": str(tmp_path / "home")}), {}, silent)


def test_a_form_that_is_not_there_is_named_before_anything_runs(tmp_path: Path) -> None:
    path = own_pipeline(tmp_path, '[[publish]]\nto = "mesages"')
    with pytest.raises(PipelineError, match=r'\[\[publish\]\] 1: no export "mesages" - did you mean "messages"'):
        build(str(path), Options(), Workspace.of({"KODATA_HOME": str(tmp_path / "home")}), {}, silent)


@pytest.fixture
def mixed(tmp_path: Path) -> Build:
    """A build of two records under each of two licences, one with a name that is none."""
    return under(tmp_path, "CC-BY-NC-4.0", "../our own | licence")


def under(folder: Path, *licences: str) -> Build:
    """A build of two records under each of these licences."""
    (folder / "own-ko.toml").write_text(
        "\n".join(
            f"""[[source]]
use = "alpaca"
name = "s{n}"
path = "s{n}.json"
licence = "{licence}"
"""
            for n, licence in enumerate(licences)
        )
        + """[[stage]]
use = "regenerate"
prompt = "prompt.md"
with = { use = "echo" }
""",
        encoding="utf-8",
    )
    (folder / "prompt.md").write_text("한국어로 답하세요.")
    for n in range(len(licences)):
        write_items(folder / f"s{n}.json", items(2 * len(licences))[2 * n : 2 * n + 2])
    workspace = Workspace.of({"KODATA_HOME": str(folder / "home")})
    return build(str(folder / "own-ko.toml"), Options(), workspace, {}, silent)


def test_a_corpus_of_one_licence_loads_as_the_hub_loads_it(sample: Build, tmp_path: Path) -> None:
    from datasets import load_dataset

    export(sample, "hf", tmp_path / "out")
    export(sample, "messages", tmp_path / "messages")
    loaded = load_dataset(str(tmp_path / "out"), split="train", cache_dir=str(tmp_path / "cache"))
    assert loaded.select_columns(["id", "messages"]).to_list() == lines_of(tmp_path / "messages" / "train.jsonl")


def test_licences_are_never_merged(mixed: Build, tmp_path: Path) -> None:
    from datasets import get_dataset_config_names, load_dataset

    export(mixed, "hf", tmp_path / "out")
    names = get_dataset_config_names(str(tmp_path / "out"))
    assert sorted(names) == ["cc-by-nc-4.0", "our-own---licence"]
    for name, licence in zip(sorted(names), ["CC-BY-NC-4.0", "../our own | licence"], strict=True):
        loaded = load_dataset(str(tmp_path / "out"), name, split="train", cache_dir=str(tmp_path / "cache"))
        assert loaded["licence"] == [licence] * 2


def test_licences_that_would_share_a_name_have_files_of_their_own(tmp_path: Path) -> None:
    licences = ["CC BY 4.0", "CC-BY-4.0", "공공누리", "우리 것"]
    export(under(tmp_path, *licences), "hf", tmp_path / "out")
    found = {path.parent.name: pl.read_parquet(path)["licence"].to_list() for path in tmp_path.glob("out/data/*/*")}
    names = ["cc-by-4.0", "cc-by-4.0-2", "other", "other-2"]
    assert found == {name: [licence] * 2 for name, licence in zip(names, licences, strict=True)}


def test_the_head_of_a_card_is_what_the_hub_takes(sample: Build, mixed: Build, tmp_path: Path) -> None:
    from huggingface_hub import DatasetCard

    for made, licence in ((sample, "apache-2.0"), (mixed, ["cc-by-nc-4.0", "unknown"])):
        (card,) = [path for path in export(made, "hf", tmp_path / "out") if path.name == "README.md"]
        data = DatasetCard.load(card).data
        assert (data.language, data.license, data.size_categories) == (["ko"], licence, ["n<1K"])


def test_a_name_is_no_picture_and_no_link_in_the_card(tmp_path: Path) -> None:
    card = (under(tmp_path, "MIT", "![x](http://x.example/y) \\\\|").path / "README.md").read_text(encoding="utf-8")
    assert "| !\\[x\\](http://x.example/y) \\\\\\| | 2 |" in card


def test_what_a_source_says_cannot_break_out_of_the_card(mixed: Build) -> None:
    (row,) = [
        line
        for line in (mixed.path / "README.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| ../our")
    ]
    assert row.startswith("| ../our own \\| licence | 2 | not known here: read it |")
