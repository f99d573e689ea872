"""A month of nights: a source that moves, services that fail, crashes; run by `pytest -m slow`."""

from __future__ import annotations

import json
import os
import random
import re
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from kodata.corpus import COLUMNS
from kodata.differences import difference
from kodata.history import History
from kodata.pipeline import schema
from kodata.published import Build
from tests.conftest import files_of, items, own_pipeline
from tests.servers.deepl import DeepLServer
from tests.servers.openai import OpenAIServer

pytestmark = pytest.mark.slow
NIGHTS, FIRST, PARALLEL, BATCH = 30, 120, 4, 50
HUB = 'use = "alpaca"\nhub = "tatsu-lab/alpaca"\nrevision = "dce01c9b08f87459cf36a430d809084718273017"'


@dataclass
class Night:
    """How a refresh ended."""

    code: int
    out: str
    outcome: dict[str, Any]


@dataclass
class World:
    """A source that moves every night, two services, and a workspace."""

    folder: Path
    deepl: DeepLServer
    openai: OpenAIServer
    chance: random.Random = field(default_factory=lambda: random.Random(30))
    rows: list[dict[str, Any]] = field(default_factory=list)
    fresh: Iterator[dict[str, str]] = field(default_factory=lambda: iter(items(2_000)))
    ids: int = 0

    @property
    def home(self) -> Path:
        return self.folder / "home" / "builds" / "own"

    @property
    def env(self) -> dict[str, str]:
        services = {"DEEPL_SERVER_URL": self.deepl.url, "OPENAI_BASE_URL": f"{self.openai.url}/v1"}
        keys = {"DEEPL_AUTH_KEY": "test-key:fx", "OPENAI_API_KEY": "test-key"}
        return {**os.environ, **services, **keys, "KODATA_HOME": str(self.folder / "home")}

    def add(self, count: int) -> None:
        for _ in range(count):
            self.ids += 1
            self.rows.append({"id": f"talk{self.ids}", "messages": self.talk()})

    def talk(self) -> list[dict[str, str]]:
        item = next(self.fresh)
        question = f"{item['instruction']}\n{item['input']}".strip()
        return [{"role": "user", "content": question}, {"role": "assistant", "content": item["output"]}]

    def move(self) -> None:
        """Records are added, edited, removed and shuffled."""
        for row in self.chance.sample(self.rows, 2):
            row["messages"] = self.talk()
        for row in self.chance.sample(self.rows, 2):
            self.rows.remove(row)
        self.add(5)
        self.chance.shuffle(self.rows)

    def write(self, text: str | None = None) -> None:
        (self.folder / "talks.json").write_text(text if text is not None else json.dumps(self.rows), encoding="utf-8")

    def start(self, **settings: Any) -> subprocess.Popen[str]:
        flags = ["--budget", "5", "--parallel", str(PARALLEL), "--progress", "none", "--keep", "7"]
        command = [sys.executable, "-m", "kodata", "refresh", str(self.folder / "own.toml"), *flags]
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        return subprocess.Popen(command, env=self.env, **streams, **settings)

    def refresh(self, **settings: Any) -> Night:
        return self.ended(self.start(**settings))

    def ended(self, process: subprocess.Popen[str]) -> Night:
        out = process.communicate()[0]
        path = self.home / "run.json"
        return Night(process.returncode, out, json.loads(path.read_bytes()) if path.exists() else {})

    def kodata(self, *words: str | Path) -> str:
        command = [sys.executable, "-m", "kodata", *map(str, words)]
        return subprocess.run(command, env=self.env, capture_output=True, text=True, check=True).stdout

    def uncommitted(self) -> int:
        """Answers that the services gave and the ledger does not have: they were on the way at a crash."""
        ledger = sqlite3.connect(self.folder / "home" / "ledger.sqlite")
        (kept,) = ledger.execute("SELECT count(*) FROM answers WHERE sample = 0").fetchone()
        ledger.close()
        return int(self.deepl.counts()["distinct"] + self.openai.counts()["distinct"] - kept)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    own_pipeline(tmp_path, (HUB, 'use = "messages"\npath = "talks.json"'))
    with DeepLServer(latency=0.03) as deepl, OpenAIServer(latency=0.03) as openai:
        yield World(tmp_path, deepl, openai)


@dataclass
class Reader:
    """Somebody who reads `latest` all the time; every corpus that is found must be whole."""

    home: Path
    reads: int = 0
    wrong: list[str] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Reader:
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.is_over.set()
        self.thread.join()

    def _read(self) -> None:
        while not self.is_over.wait(0.05):
            if not (self.home / "latest").exists():
                if self.reads:
                    self.wrong.append("latest is gone")
                continue
            folder = (self.home / "latest").resolve()  # one corpus, though another may be next
            kept = json.loads((folder / "manifest.json").read_bytes())["records"]["kept"]
            lines = (folder / "corpus.jsonl").read_bytes().count(b"\n")
            if kept != lines:
                self.wrong.append(f"{folder.name}: {lines} of {kept} records")
            self.reads += 1


def crash(world: World) -> Night:
    """Killed when a few more requests have reached the services."""
    world.add(30)
    world.write()
    before = world.openai.counts()["requests"]
    process = world.start()
    wanted = before + world.chance.randint(1, 20)
    while process.poll() is None and world.openai.counts()["requests"] < wanted:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    night = world.ended(process)
    time.sleep(0.3)  # what was on the way reaches the servers
    return night


def full_disk(world: World) -> Night:
    """No file may grow over 100 kB, as the ledger must. What was paid and not kept is taken in, as the message says."""
    night = world.refresh(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)))
    for file in re.findall(r"take in (\S+) with", night.out):
        world.kodata("ledger", "import", file)
    return night


def no_quota(world: World) -> Night:
    world.deepl.quota = world.deepl.counts()["billed"]
    try:
        return world.refresh()
    finally:
        world.deepl.quota = None


def truncated(world: World) -> Night:
    world.write(json.dumps(world.rows)[: 200 * len(world.rows) // 2])
    return world.refresh()


def shut_down(world: World) -> Night:
    models, world.openai.models = world.openai.models, ("gpt-7-other",)
    try:
        return world.refresh()
    finally:
        world.openai.models = models


def half_english(world: World) -> Night:
    world.add(20)
    world.write()
    world.openai.faults(english=0.5)
    try:
        return world.refresh()
    finally:
        world.openai.faults()


def two_at_once(world: World) -> Night:
    both = [world.start(), world.start()]
    nights = sorted((world.ended(process) for process in both), key=lambda night: night.code)
    assert [night.code for night in nights] == [0, 1]
    assert "another refresh" in nights[1].out
    return nights[0]


BAD: dict[int, tuple[Callable[[World], Night], int, str]] = {
    5: (crash, -signal.SIGKILL, ""),
    9: (full_disk, 1, "ledger"),
    12: (no_quota, 1, "quota"),
    15: (truncated, 1, "is not a JSON array"),
    18: (shut_down, 1, "model gpt-6-luna"),
    21: (half_english, 6, "answer-not-korean"),
    24: (two_at_once, 0, ""),
    27: (crash, -signal.SIGKILL, ""),
}


def test_thirty_nights(world: World) -> None:
    check = jsonschema_rs.validator_for(json.loads(schema("record")))
    on_the_way, rejected, published = 0, 0, 0
    world.add(FIRST)
    with Reader(world.home) as reader:
        for number in range(1, NIGHTS + 1):
            world.move()
            world.write()
            before = (world.home / "latest").resolve().name
            what, code, said = BAD.get(number, (World.refresh, 0, ""))
            night = what(world)
            assert night.code == code, f"night {number}: {night.out}"
            assert said in night.out, night.out
            stands = Build((world.home / "latest").resolve())
            if code == 0:
                published += 1
                assert night.outcome["end"] == "published"
            else:
                assert stands.path.name == before
            if what is crash:
                lost = world.uncommitted()
                assert lost <= PARALLEL * BATCH
                on_the_way += lost
            if night.code == 6:
                command = next(line for line in night.out.splitlines() if "xargs" in line)
                names = Path(command.rpartition("< ")[2]).read_text().split()
                told = world.kodata("ledger", "reject", *names)
                rejected += int(told.split()[0])
            for row in stands.corpus.select(list(COLUMNS)).iter_rows(named=True):
                check.validate({name: value for name, value in row.items() if value is not None})
    assert (reader.wrong, reader.reads > 100) == ([], True)
    assert rejected > 5
    texts, prompts = world.deepl.counts(), world.openai.counts()
    again = texts["repeated"] + prompts["repeated"]
    assert rejected <= again <= rejected + on_the_way  # asks answered = distinct asks, but for these
    versions = History(world.home).versions()
    assert [version.number for version in versions] == list(range(1, published + 1))
    assert sum(version.count("edited") for version in versions) >= published
    assert versions[-1].records == len(world.rows) - sum(stands.manifest["dropped"].get("source", {}).values()) - sum(
        sum(whys.values()) for stage, whys in stands.manifest["dropped"].items() if stage != "source"
    )
    assert len(list(world.home.glob("2*/manifest.json"))) == 7
    alone = world.folder / "alone"
    alone.mkdir()
    (world.folder / "home" / "ledger.sqlite").rename(alone / "ledger.sqlite")
    asked = (texts["requests"], prompts["requests"])
    command = [sys.executable, "-m", "kodata", "build", str(world.folder / "own.toml"), "--progress", "none"]
    subprocess.run(command, env={**world.env, "KODATA_HOME": str(alone)}, check=True, stdout=subprocess.DEVNULL)
    anew = Build((alone / "builds" / "own" / "latest").resolve())
    assert (world.deepl.counts()["requests"], world.openai.counts()["requests"]) == asked
    assert files_of(anew) == files_of(stands)
    assert difference(anew, stands).changes == ()
    assert world.refresh().code == 1  # there is no ledger any more, and nobody pays twice
