"""620,000 conversations exported in every form: memory, each form in a process of its own."""

from __future__ import annotations

import json
import os
import shutil
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pytest

from kodata.building import Options, build, silent
from kodata.exports import EXPORTS
from kodata.published import Build
from kodata.workspace import Workspace
from tests.benchmarks.test_alpaca import kodata
from tests.benchmarks.test_conversations import written

pytestmark = pytest.mark.bench
RECORDS, DISTINCT = 620_000, 400
SOURCE = """
[[source]]
use = "sharegpt"
name = "{name}"
path = "{name}.json"
licence = "{licence}"
"""
PIPELINE = f"""
[limits]
dropped = 1.0
[split]
test = 0.1
by = "record"
{SOURCE.format(name="one", licence="CC0-1.0")}
{SOURCE.format(name="two", licence="MIT")}
[[stage]]
use = "translate"
fields = ["instruction", "output"]
with = {{ use = "echo" }}
[[stage]]
use = "regenerate"
prompt = "prompt.md"
with = {{ use = "echo" }}
"""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """A build of some conversations under two licences, its records repeated under new ids as often as is wanted."""
    folder = tmp_path_factory.mktemp("corpus")
    (folder / "prompt.md").write_text("한국어로 답하세요.", encoding="utf-8")
    (folder / "own-ko.toml").write_text(PIPELINE, encoding="utf-8")
    for name in ("one", "two"):
        written(folder / f"{name}.json", DISTINCT // 2)
    workspace = Workspace.of({"KODATA_HOME": str(folder / "home")})
    made = build(str(folder / "own-ko.toml"), Options(), workspace, {}, silent)
    lines = (made.path / "corpus.jsonl").read_bytes().splitlines(keepends=True)
    with (made.path / "corpus.jsonl").open("wb") as file:
        for n, line in enumerate(islice(cycle(lines), RECORDS)):
            file.write(line.replace(b'{"id":"', b'{"id":"%d-' % n, 1))
    manifest = made.manifest
    times = RECORDS / manifest["records"]["kept"]
    for counts in (manifest["records"], manifest["split"], manifest["licences"], *manifest["shares"]):
        counts |= {name: round(n * times) for name, n in counts.items() if isinstance(n, int)}
    (made.path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    size = (made.path / "corpus.jsonl").stat().st_size
    print(f"\n{RECORDS:,} conversations, {size / 1e9:.2f} GB", end="")
    return Build(made.path)


@pytest.mark.parametrize("to", EXPORTS)
def test_an_export_stays_small(corpus: Build, to: str, tmp_path: Path) -> None:
    more = ("--template", "kullm") if to == "text" else ()
    used = kodata(dict(os.environ), "export", str(corpus.path), "--to", to, "--out", str(tmp_path / "out"), *more)
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    print(f"\n{to}: peak {used.peak_gb:.2f} GB, {used.cpu_s:,.0f} s CPU, {size / 1e9:.2f} GB written", end="")
    receipt: dict[str, Any] = json.loads((tmp_path / "out" / "export.json").read_text(encoding="utf-8"))
    assert len(receipt["files"]) == len(files) - 1
    shutil.rmtree(tmp_path / "out")
    assert used.peak_gb < 2
