"""What the tests share: workspaces of their own, loopback servers, and sources of any size."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

from kodata.answering import Patience
from kodata.building import Options, build, silent
from kodata.cli import main
from kodata.events import Tell
from kodata.pipeline import shipped
from kodata.published import Build
from kodata.quote.plan import Plan
from kodata.quote.stage import StageQuote
from kodata.workspace import Workspace
from tests.servers.deepl import DeepLServer
from tests.servers.openai import OpenAIServer

os.environ["HF_HUB_DISABLE_XET"] = "1"  # huggingface_hub reads it when it is imported; loopback hubs have no Xet
settings.register_profile("any machine", deadline=None)  # no test asserts a time
settings.load_profile("any machine")
SHARED = Path(__file__).parents[2] / "shared" / "data"
HASTY = Patience(attempts=8, seconds=60, first_s=0.01, longest_s=0.05)

TOPICS = (
    "how a bicycle keeps its balance", "why the sea is salty", "what makes bread rise", "how a library lends books",
    "why leaves turn red", "how to plan a small garden", "what a compass points to", "how glaciers shape valleys",
)  # fmt: skip
PIECES = ("", " Use `print(n)` once.", " See https://example.com/page for more.", " Fill in ___ and {name}.")
VERBS = ("Explain", "Describe in one paragraph", "Summarise for a child", "List three facts about")


def items(count: int) -> list[dict[str, str]]:
    """Alpaca items that are all different: no two are twins, every third has an input, some have code or a URL."""
    made = []
    for n in range(count):
        item = {
            "instruction": f"{VERBS[n % 4]} {TOPICS[n % 8]}, case {n}.{PIECES[n % 4]}",
            "input": f"Notes of visitor {n}: it was a long day." if n % 3 == 0 else "",
            "output": f"Answer {n}.",
        }
        made.append(item)
    return made


def write_items(path: Path, rows: Sequence[Mapping[str, str]]) -> Path:
    path.write_text(json.dumps(list(rows)), encoding="utf-8")
    return path


def own_pipeline(folder: Path, *changes: tuple[str, str]) -> Path:
    """A copy of alpaca-ko in `folder` with some of its text replaced, and what it reads beside it."""
    shutil.copytree(shipped("pipelines"), folder, dirs_exist_ok=True)
    text = (folder / "alpaca-ko.toml").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "own.toml"
    path.write_text(text, encoding="utf-8")
    return path


def stage_of(quote: Plan, name: str) -> StageQuote:
    """What a plan says of the stage of this name."""
    return next(stage for stage in quote.stages if stage.stage == name)


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test sees the keys, the ledger or the `.env` of the person who runs it."""
    for name in ("DEEPL_AUTH_KEY", "DEEPL_SERVER_URL", "OPENAI_API_KEY", "OPENAI_BASE_URL", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KODATA_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def _servers() -> Iterator[tuple[DeepLServer, OpenAIServer]]:
    with DeepLServer() as deepl, OpenAIServer() as openai:
        yield deepl, openai


@pytest.fixture
def deepl(_servers: tuple[DeepLServer, OpenAIServer]) -> DeepLServer:
    """A DeepL on loopback, its counts at zero."""
    _servers[0].faults()
    _servers[0].reset()
    return _servers[0]


@pytest.fixture
def openai(_servers: tuple[DeepLServer, OpenAIServer]) -> OpenAIServer:
    """An OpenAI on loopback, its counts at zero."""
    _servers[1].faults()
    _servers[1].reset()
    return _servers[1]


@pytest.fixture
def env(deepl: DeepLServer, openai: OpenAIServer, tmp_path: Path) -> dict[str, str]:
    """The environment of somebody whose services are the loopback servers."""
    return {
        "KODATA_HOME": str(tmp_path / "home"),
        "DEEPL_AUTH_KEY": "test-key:fx",
        "DEEPL_SERVER_URL": deepl.url,
        "OPENAI_API_KEY": "test-key",
        "OPENAI_BASE_URL": f"{openai.url}/v1",
    }


@pytest.fixture
def run(env: dict[str, str], tmp_path: Path) -> Callable[..., Build]:
    """Builds alpaca-ko from items through the loopback servers; keyword arguments are those of Options."""

    def build_it(
        rows: Sequence[Mapping[str, str]] | Path, tell: Tell = silent, pipeline: str = "alpaca-ko", **options: object
    ) -> Build:
        path = rows if isinstance(rows, Path) else write_items(tmp_path / "items.json", rows)
        settings = {"sources": {"": path}, "budget_usd": 100.0, **options}
        return build(pipeline, Options(**settings), Workspace.of(env), env, tell, HASTY)  # type: ignore[arg-type]

    return build_it


def files_of(build: Build) -> dict[str, bytes]:
    """The files that must be equal byte for byte when input and ledger are."""
    paths = [*sorted(build.path.glob("corpus.*")), build.path / "dropped.jsonl"]
    return {path.name: path.read_bytes() for path in paths}


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The one line on stderr."""
        (line,) = self.err.splitlines()
        assert self.out == ""
        return line


Kodata = Callable[..., Ended]


@pytest.fixture
def kodata(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Kodata]:
    """Runs a command in this process, through the entry point, with nobody at a terminal."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}

    def run(*words: str | Path, typed: str = "") -> Ended:
        monkeypatch.setattr(sys, "argv", ["kodata", *map(str, words)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed.encode())))
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        return Ended(int(end.value.code or 0), *capsys.readouterr())

    yield run
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def live(env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """This process, and those it starts, have the loopback servers as their services."""
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    return env
