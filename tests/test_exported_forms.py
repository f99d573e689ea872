"""Every form of `kodata export`: golden files, Korean as Korean, and any text read back as it was."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest

from kodata.building import Options, build, silent
from kodata.corpus import question
from kodata.exports import EXPORTS, export
from kodata.exports.text import shipped_templates
from kodata.korean import clean
from kodata.published import Build
from kodata.sources import Source, read
from kodata.sources.opening import open_source
from kodata.workspace import Workspace
from tests.consumers.corpora import corpus
from tests.test_exports import lines_of, published

CONSUMERS, GOLDEN = Path(__file__).parent / "consumers", Path(__file__).parent / "golden" / "exports"
TEMPLATED = [("text", name) for name in shipped_templates()]
FORMS = [(name, "") for name in EXPORTS if name != "text"] + TEMPLATED
OF_PAIRS = ("preference", "lm-eval")  # need both answers, or records held out
DATED = {"built_at": "2026-11-01T00:00:00+00:00"}


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Build]:
    """Of the shipped samples, as the consumers get them, and made on a fixed day by fixed versions of everything."""
    found = {}
    for name, limit in (("sample", 12), ("pairs", None)):
        made = corpus(name, tmp_path_factory.mktemp("home"), limit)
        versions = dict.fromkeys(made.manifest["versions"], "1.0.0")
        pipeline = made.manifest["pipeline"] | {"hash": "0" * 32}
        manifest = made.manifest | DATED | {"versions": versions, "pipeline": pipeline}
        (made.path / "manifest.json").write_bytes(orjson.dumps(manifest))
        found[name] = Build(made.path)
    return found


def readable(path: Path, folder: Path) -> str:
    """What a file holds as text: of Parquet, whose bytes are its library's, the rows; elsewhere no hash of Parquet."""
    if path.suffix == ".parquet":
        return "".join(
            f"{json.dumps(row, ensure_ascii=False)}\n" for row in pl.read_parquet(path).iter_rows(named=True)
        )
    text = path.read_text(encoding="utf-8")
    for file in folder.rglob("*.parquet"):
        text = text.replace(sha256(file.read_bytes()).hexdigest(), f"<sha256 of {file.name}>")
    return text


@pytest.mark.parametrize(("to", "template"), FORMS)
def test_the_sample_gives_the_golden_files(builds: dict[str, Build], to: str, template: str, tmp_path: Path) -> None:
    """KODATA_GOLDEN=1 writes them anew: read the difference before you commit it."""
    golden, out = GOLDEN / (f"{to}-{template}" if template else to), tmp_path / "out"
    paths = export(builds["pairs" if to in OF_PAIRS else "sample"], to, out, template)
    written = {
        path.relative_to(out).as_posix().replace(".parquet", ".parquet.jsonl"): readable(path, out) for path in paths
    }
    del written["export.json"]  # hashes of these files
    if os.environ.get("KODATA_GOLDEN"):
        for name, text in written.items():
            (golden / name).parent.mkdir(parents=True, exist_ok=True)
            (golden / name).write_text(text, encoding="utf-8")
    wanted = {path.relative_to(golden).as_posix(): path for path in golden.rglob("*") if path.is_file()}
    assert written == {name: path.read_text(encoding="utf-8") for name, path in wanted.items()}


@pytest.mark.parametrize(("to", "template"), FORMS)
def test_korean_stays_korean(builds: dict[str, Build], to: str, template: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    files = {path.name: readable(path, out) for path in export(builds["pairs"], to, out, template)}
    assert not [name for name, text in files.items() if "\\u" in text]
    assert all(re.search("[가-힣]", text) for name, text in files.items() if name.startswith(("train.j", "test.")))


# -- any text, read back

HARD = [
    'He said "좋아요"\\n그리고 <b>굵게</b> &amp; {"a": [1]}, \'따옴표\'',
    "줄\n바꿈\n\n\t들여쓰기  두 칸",
    "👩‍👩‍👧 이모지와\u2028ㄱ½㈜",
    unicodedata.normalize("NFD", "한글 자모"),
    "[INST] <|im_end|> ### 답변: </s> {{ turns }} {% raw %} \\u00e9",
]
TALK = [(HARD[n % 5], HARD[(n + 1) % 5] if n % 3 else "", HARD[(n + 2) % 5]) for n in range(100)]
SAID = [text for asked, beside, answered in TALK for text in (question(asked, beside), answered)]


def contents(*names: str, key: str = "content") -> Callable[[dict[str, Any]], list[str]]:
    return lambda row: [message[key] for name in names for message in row[name]]


def alpaca_texts(row: dict[str, Any]) -> list[str]:
    return [text for turn in row["history"] for text in turn] + [
        question(row["instruction"], row["input"]),
        row["output"],
    ]


CHAT = contents("messages")
READ_BACK: dict[str, Callable[[dict[str, Any]], list[str]]] = {
    "alpaca": alpaca_texts,
    "messages": CHAT,
    "prompt-completion": contents("prompt", "completion"),
    "preference": contents("prompt", "chosen"),
    "sharegpt": contents("conversations", key="value"),
    "llamafactory": CHAT,
    "axolotl": CHAT,
    "trl": contents("prompt", "completion"),
    "openai": CHAT,
    "hf": CHAT,
    "croissant": CHAT,
}
ONLY_WRITTEN = ("lm-eval", "text")  # one text: where a turn ends cannot be told
OWN_SOURCE = {"sharegpt": "sharegpt", **dict.fromkeys((to for to in READ_BACK if READ_BACK[to] is CHAT), "messages")}


PIPELINE = """
[split]
test = 0.5
seed = 5
by = "record"
[[source]]
use = "messages"
path = "talks.jsonl"
lang = "ko"
licence = "CC0-1.0"
[[stage]]
use = "validate"
"""


@pytest.fixture(scope="module")
def hard(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """A build whose records, of 100 turns, hold any text in place of their own: what hygiene would have changed too."""
    folder = tmp_path_factory.mktemp("hard")
    plain = [{"role": ("user", "assistant")[n % 2], "content": f"글 {n}"} for n in range(200)]
    (folder / "talks.jsonl").write_bytes(b"".join(orjson.dumps({"id": n, "messages": plain}) + b"\n" for n in (1, 2)))
    (folder / "own-ko.toml").write_text(PIPELINE, encoding="utf-8")
    workspace = Workspace.of({"KODATA_HOME": str(folder / "home")})
    made = build(str(folder / "own-ko.toml"), Options(), workspace, {}, silent)
    items = lines_of(made.path / "corpus.jsonl")
    for item in items:
        for row, turn in zip((*item["history"], item), TALK, strict=True):
            row |= dict(zip(("instruction", "input", "output"), turn, strict=True))
        item["output_translated"] = "번역된 답"
    assert sorted(item["split"] for item in items) == ["test", "train"]
    (made.path / "corpus.jsonl").write_bytes(b"".join(orjson.dumps(item) + b"\n" for item in items))
    return made


def test_it_is_said_of_every_form_whether_it_can_be_read_back() -> None:
    assert sorted((*READ_BACK, *ONLY_WRITTEN)) == sorted(EXPORTS)


@pytest.mark.parametrize("to", READ_BACK)
def test_datasets_reads_a_hundred_turns_of_anything_as_they_were(hard: Build, to: str, tmp_path: Path) -> None:
    from datasets import load_dataset

    paths = export(hard, to, tmp_path / "out")
    for path in [path for path in paths if path.stem in ("train", "test") and path.suffix != ".py"]:
        kind = "parquet" if path.suffix == ".parquet" else "json"
        loaded = load_dataset(kind, data_files=str(path), split="train", cache_dir=str(tmp_path / "cache"))
        assert [READ_BACK[to](row) for row in loaded] == [SAID], path


@pytest.mark.parametrize("to", OWN_SOURCE)
def test_kodata_reads_its_own_export_back_up_to_its_hygiene(hard: Build, to: str, tmp_path: Path) -> None:
    """What stands composed, and without spaces at the ends of a question, is a record of a corpus already."""
    paths = export(hard, to, tmp_path / "out")
    (path,) = [path for path in paths if path.stem == "train"]
    source = Source(OWN_SOURCE[to], name="s", path=str(path))
    (frame,) = read(source, open_source(source), None, tmp_path / "shards").records
    texts = [text for turn in frame.iter_rows(named=True) for text in (turn["instruction"], turn["output"])]
    assert texts == [clean(text).strip() for text in SAID]


def test_alpaca_of_one_turn_is_read_back_by_kodata(tmp_path: Path) -> None:
    talks = [[turn] for turn in TALK]
    export(published(tmp_path / "build", talks), "alpaca", tmp_path / "out")
    for file in ("train.json", "train.jsonl"):
        source = Source("alpaca", name="s", path=str(tmp_path / "out" / file))
        (frame,) = read(source, open_source(source), None, tmp_path / file).records
        texts = frame.select("instruction", "input", "output").rows()
        assert texts == [tuple(clean(text).strip() for text in turn) for turn in TALK]


@pytest.mark.parametrize(("to", "template"), [("lm-eval", ""), *TEMPLATED])
def test_what_is_one_text_holds_every_text_as_it_was(hard: Build, to: str, template: str, tmp_path: Path) -> None:
    export(hard, to, tmp_path / "out", template)
    (row,) = lines_of(tmp_path / "out" / "test.jsonl")
    told = row["text"] if to == "text" else row["prompt"] + row["answer"]
    assert all(text in told for turn in TALK for text in turn)


# -- what reads them here; other consumers have environments of their own: python -m tests.consumers


def test_datasets_loads_every_file_of_lines(builds: dict[str, Build], tmp_path: Path) -> None:
    from datasets import load_dataset

    for to, template in FORMS:
        for path in export(builds["pairs"], to, tmp_path / to / template, template):
            if path.suffix in (".json", ".jsonl") and path.stem in ("train", "test"):
                loaded = load_dataset("json", data_files=str(path), split="train", cache_dir=str(tmp_path / "cache"))
                assert len(loaded) == builds["pairs"].manifest["split"][path.stem], path


def test_datasets_loads_the_layout_of_the_hub_by_its_card(builds: dict[str, Build], tmp_path: Path) -> None:
    from datasets import load_dataset

    export(builds["pairs"], "hf", tmp_path / "out")
    loaded = load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    assert {split: len(rows) for split, rows in loaded.items()} == builds["pairs"].manifest["split"]


def test_lines_for_openai_are_chats_as_its_library_types_them(builds: dict[str, Build], tmp_path: Path) -> None:
    from openai.types.chat import ChatCompletionMessageParam
    from pydantic import TypeAdapter

    line = TypeAdapter(list[ChatCompletionMessageParam])
    export(builds["pairs"], "openai", tmp_path / "out")
    for row in lines_of(tmp_path / "out" / "train.jsonl"):
        assert line.validate_python(row["messages"], strict=True)
        assert (list(row), row["messages"][-1]["role"]) == (["messages"], "assistant")


def test_mlcroissant_validates_the_description_and_reads_by_it(builds: dict[str, Build], tmp_path: Path) -> None:
    for to in ("croissant", "messages"):
        export(builds["pairs"], to, tmp_path / "pairs" / to)
    subprocess.run([sys.executable, CONSUMERS / "check_mlcroissant.py", tmp_path], check=True)
