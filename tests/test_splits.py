"""Held-out records: nothing like them is trained on, and they are the same ones whoever builds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import yaml

from kodata.building import Options, build, silent
from kodata.corpus import Turn, frame_of
from kodata.errors import BuildError, PipelineError
from kodata.exports import export
from kodata.published import Build
from kodata.shards import Shards
from kodata.splits import HoldOut
from kodata.workspace import Workspace
from tests.conftest import write_items

SUBJECTS = ["강", "산", "바다", "하늘", "구름", "바람", "나무", "꽃", "새", "물고기"]


def turn(ident: str, instruction: str, upstream_key: str = "") -> Turn:
    return Turn(ident, 0, instruction=instruction, output="답", source="s", upstream_key=upstream_key)


def unlike(n: int) -> str:
    """A question that shares few n-grams with that of any other number."""
    return f"{SUBJECTS[n % 10]}에서 {n * 7919 % 9973}번째로 {chr(0xAC00 + n * 97 % 11172) * 9} {n} 설명"


def out(*turns: Turn, **settings: object) -> frozenset[str]:
    return HoldOut(**{"test": 0.5, **settings}).chosen([frame_of(turns)], Shards())  # type: ignore[arg-type]


def test_about_the_wanted_share_is_held_out() -> None:
    turns = [turn(f"s-{n:04}", unlike(n)) for n in range(2_000)]
    assert 60 < len(out(*turns, test=0.05)) < 140


def test_a_seed_draws_others_and_the_same_seed_the_same() -> None:
    turns = [turn(f"s-{n:04}", unlike(n)) for n in range(200)]
    assert out(*turns) == out(*reversed(turns))
    assert out(*turns) != out(*turns, seed=1)


@pytest.mark.parametrize("seed", range(8))
def test_near_duplicates_and_pieces_of_a_conversation_stay_together(seed: int) -> None:
    long = "우리 집 뒷산에 사는 다람쥐가 겨울을 나려고 도토리를 모으는 과정을 차례대로 설명하고 이유도 적어 주세요."
    twins = [turn("s-1", f"{long} 예를 들어 주세요."), turn("s-2", f"{long} 꼭 예를 들어 주세요!")]
    pieces = [turn("s-3", unlike(3), "QWJhYvA_0"), turn("s-4", unlike(4), "QWJhYvA_12")]
    chosen = out(*twins, *pieces, seed=seed)
    assert ("s-1" in chosen, "s-3" in chosen) == ("s-2" in chosen, "s-4" in chosen)


@pytest.mark.parametrize("key", ["identity_{}", "seed_task_{}", "example_{}"])
def test_records_whose_ids_only_count_are_no_pieces_of_one_conversation(key: str) -> None:
    assert 0 < len(out(*(turn(f"s-{n}", unlike(n), key.format(n)) for n in range(64)))) < 64


def test_records_may_be_drawn_one_by_one() -> None:
    pieces = [turn(f"s-{n}", "같은 질문입니다.", f"QWJhYvA_{n}") for n in range(64)]
    assert len(out(*pieces)) in (0, 64)
    assert 0 < len(out(*pieces, by="record")) < 64


def test_who_is_held_out_stays_so_while_a_corpus_grows() -> None:
    turns = [turn(f"s-{n:04}", unlike(n)) for n in range(300)]
    assert out(*turns[:200]) == out(*turns) & {t.id for t in turns[:200]}


PIPELINE = """
[split]
test = 0.3
[[source]]
use = "alpaca"
path = "items.json"
licence = "CC0-1.0"
lang = "ko"
[[stage]]
use = "filter"
rules = ["empty"]
"""


@pytest.fixture
def own(tmp_path: Path) -> Callable[[str], Build]:
    def made(text: str) -> Build:
        rows = [{"instruction": unlike(n), "input": "", "output": f"{n}번 답입니다."} for n in range(40)]
        write_items(tmp_path / "items.json", rows)
        (tmp_path / "own-ko.toml").write_text(text, encoding="utf-8")
        workspace = Workspace.of({"KODATA_HOME": str(tmp_path / "home")})
        return build(str(tmp_path / "own-ko.toml"), Options(), workspace, {}, silent)

    return made


def test_a_build_says_of_each_record_on_which_side_it_is(own: Callable[[str], Build], tmp_path: Path) -> None:
    b = own(PIPELINE)
    counts = dict(b.corpus.group_by("split").len().iter_rows())
    assert b.manifest["split"] == counts
    lines = [json.loads(line) for line in (b.path / "corpus.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["split"] for line in lines] == b.corpus["split"].to_list()
    export(b, "messages", tmp_path / "out")
    written = {path.stem: len(path.read_text(encoding="utf-8").splitlines()) for path in (tmp_path / "out").glob("t*")}
    assert written == counts


def test_the_held_out_part_is_a_task_for_evaluation(own: Callable[[str], Build], tmp_path: Path) -> None:
    b = own(PIPELINE)
    export(b, "lm-eval", tmp_path / "out")
    task = yaml.safe_load((tmp_path / "out" / "own-ko.yaml").read_text(encoding="utf-8"))
    assert (task["task"], task["test_split"], [m["metric"] for m in task["metric_list"]]) == (
        "own-ko", "test", ["exact_match", "chrf"],
    )  # fmt: skip
    rows = [json.loads(line) for line in (tmp_path / "out" / "test.jsonl").read_text(encoding="utf-8").splitlines()]
    held_out = b.corpus.filter(pl.col("split") == "test")
    assert [row["prompt"] for row in rows] == held_out["instruction"].to_list()
    assert [row["answer"] for row in rows] == held_out["output"].to_list()


def test_without_a_split_nothing_is_held_out(own: Callable[[str], Build], tmp_path: Path) -> None:
    b = own(PIPELINE.replace("[split]\ntest = 0.3\n", ""))
    assert ("split" in b.corpus.columns, "split" in b.manifest) == (False, False)
    with pytest.raises(BuildError, match=r"no record is held out.*\[split\]"):
        export(b, "lm-eval", tmp_path / "out")


@pytest.mark.parametrize("test", ["0", "1", "1.5", '"many"'])
def test_a_share_of_nothing_or_of_all_is_refused(own: Callable[[str], Build], test: str) -> None:
    with pytest.raises(PipelineError, match=r'own-ko.toml, \[split\]: setting "test"'):
        own(PIPELINE.replace("0.3", test))
