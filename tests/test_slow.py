"""What takes minutes: `kill -9` in the middle of a build, and all of Alpaca. Run by `pytest -m slow`."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kodata.building import Options, build, silent
from kodata.differences import difference
from kodata.published import Build, find_build
from kodata.workspace import Workspace
from tests.conftest import HASTY, SHARED, files_of, items, write_items
from tests.servers.loopback import RemoteServer, own_process

pytestmark = pytest.mark.slow
RECORDS, FEW, KILLS, PARALLEL, BATCH = 2_000, 600, 10, 8, 50


@pytest.fixture(scope="module")
def remote() -> Iterator[tuple[RemoteServer, RemoteServer]]:
    """DeepL and OpenAI in processes of their own, slow enough that requests overlap."""
    servers = ("tests.servers.deepl", "--latency", "0.05"), ("tests.servers.openai", "--latency", "0.01")
    with own_process(*servers[0]) as deepl, own_process(*servers[1]) as openai:
        yield deepl, openai


def environment(servers: tuple[RemoteServer, RemoteServer], home: Path) -> dict[str, str]:
    return {
        "KODATA_HOME": str(home),
        "DEEPL_AUTH_KEY": "test-key:fx",
        "DEEPL_SERVER_URL": servers[0].url,
        "OPENAI_API_KEY": "test-key",
        "OPENAI_BASE_URL": f"{servers[1].url}/v1",
    }


def start(path: Path, env: dict[str, str]) -> subprocess.Popen[bytes]:
    flags = ["--source", str(path), "--budget", "100", "--parallel", str(PARALLEL), "--progress", "none"]
    command = [sys.executable, "-m", "kodata", "build", "alpaca-ko", *flags]
    return subprocess.Popen(command, env={**os.environ, **env}, stdout=subprocess.DEVNULL)


def committed(home: Path) -> tuple[int, int]:
    """Answers in the ledger, of DeepL and of OpenAI."""
    ledger = sqlite3.connect(home / "ledger.sqlite")
    count = dict(ledger.execute("SELECT substr(provider, 1, 5), count(*) FROM answers GROUP BY 1"))
    ledger.close()
    return count.get("deepl", 0), count.get("opena", 0)


def built(path: Path, env: dict[str, str], parallel: int = PARALLEL) -> Build:
    options = Options(sources={"": path}, budget_usd=200, parallel=parallel)
    return build("alpaca-ko", options, Workspace.of(env), env, silent, HASTY)


def test_kill_9_repeats_at_most_what_was_on_the_way(remote: tuple[RemoteServer, RemoteServer], tmp_path: Path) -> None:
    deepl, openai = remote
    rows = items(RECORDS)
    path = write_items(tmp_path / "items.json", rows)
    calm = built(path, environment(remote, tmp_path / "calm"))
    texts, prompts = deepl.counts()["distinct"], openai.counts()["distinct"]
    deepl.reset()
    openai.reset()
    home, chance = tmp_path / "storm", random.Random(9)
    uncommitted = [0, 0]
    for kill in range(KILLS):
        server, goal, part, parts = (deepl, texts, kill, 3) if kill < 3 else (openai, prompts, kill - 3, KILLS - 3)
        at = goal * (part + chance.random()) / parts
        process = start(path, environment(remote, home))
        while server.counts()["distinct"] < at and process.poll() is None:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
        time.sleep(0.3)  # what was on the way reaches the servers
        for n, (side, kept) in enumerate(zip(remote, committed(home), strict=True)):
            lost = side.counts()["distinct"] - kept
            assert lost <= PARALLEL * (BATCH, 1)[n]
            uncommitted[n] += lost
    assert start(path, environment(remote, home)).wait() == 0
    assert deepl.counts()["repeated"] <= uncommitted[0]
    assert openai.counts()["repeated"] <= uncommitted[1]
    assert (deepl.counts()["distinct"], openai.counts()["distinct"]) == (texts, prompts)
    stormy = find_build(calm.path.parent.name, home / "builds")
    assert files_of(stormy) == files_of(calm)


@pytest.mark.parametrize("parallel", [1, 8])
def test_workers_and_order_of_the_source_change_no_row(
    remote: tuple[RemoteServer, RemoteServer], tmp_path: Path, parallel: int
) -> None:
    rows = items(FEW)
    path = write_items(tmp_path / "items.json", rows)
    calm = built(path, environment(remote, tmp_path / "calm"))
    assert files_of(built(path, environment(remote, tmp_path / "workers"), parallel)) == files_of(calm)
    random.Random(1).shuffle(rows)
    shuffled = built(write_items(path, rows), environment(remote, tmp_path / "shuffled"), parallel)
    assert difference(calm, shuffled) == difference(calm, calm)
    assert sorted(shuffled.corpus["id"]) == sorted(calm.corpus["id"])


def test_all_of_alpaca(tmp_path: Path) -> None:
    source = SHARED / "alpaca" / "alpaca_data.json"
    if not source.exists():
        pytest.skip(f"{source} is not there")
    pairs = SHARED / "koalpaca" / "deepl_en_ko.jsonl"
    deepl_process = own_process("tests.servers.deepl", "--pairs", str(pairs))
    with deepl_process as deepl, own_process("tests.servers.openai") as openai:
        env = environment((deepl, openai), tmp_path / "home")
        first = built(source, env, 16)
        records = first.manifest["records"]
        assert (records["in"], records["kept"] + records["dropped"]) == (52_002, 52_002)
        assert records["kept"] > 51_000
        texts, prompts = deepl.counts(), openai.counts()
        assert (texts["repeated"], prompts["repeated"]) == (0, 0)
        assert texts["texts"] == texts["distinct"]
        assert texts["texts"] / texts["requests"] >= 45
        assert [asked["sent"] for asked in first.manifest["asks"].values()] == [texts["texts"], prompts["ok"]]
        deepl.reset()
        openai.reset()
        assert files_of(built(source, env)) == files_of(first)
        assert (deepl.counts()["requests"], openai.counts()["requests"]) == (0, 0)
    korean = [json.loads(line)["instruction"] for line in (first.path / "corpus.jsonl").open(encoding="utf-8")]
    assert len(korean) == records["kept"]
