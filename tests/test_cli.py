"""The command line as people and scripts meet it: what is printed where, and how each command ends."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shlex
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from jsonschema import Draft202012Validator

from kodata.cli import app
from kodata.pipeline import shipped, shipped_pipelines
from kodata.published import Build, find_build
from kodata.rules import RULES
from kodata.sources.slugs import DROPS
from kodata.stages.reasons import REASONS
from tests.conftest import Ended, Kodata, items, own_pipeline, write_items
from tests.servers.deepl import DeepLServer
from tests.servers.ledger import Answer, Refused
from tests.servers.openai import OpenAIServer

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
ECHO = ("--set", 'translate.with={use="echo"}', "--set", 'regenerate.with={use="echo"}')
QUIET = ("--progress", "none")
HEAVY = ("polars", "openai", "deepl", "datasets", "pandas", "numpy")
KEYS = {"DEEPL_AUTH_KEY": "Zq7Wv9Xk3Jp5Hd2F-3b8e:fx", "OPENAI_API_KEY": "sk-Ty4Rm8Ub6Nc1Gs0L"}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Build:
    import kodata

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KODATA_HOME", str(tmp_path_factory.mktemp("home")))
        return kodata.build("alpaca-ko", demo=True)


@pytest.fixture
def at_demo(demo: Build, monkeypatch: pytest.MonkeyPatch) -> Build:
    """The workspace is the one in which the demo was built; it is only looked at."""
    monkeypatch.setenv("KODATA_HOME", str(demo.path.parents[2]))
    return demo


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_items(tmp_path / "items.json", items(6))


def start(*words: str | Path, **streams: Any) -> subprocess.Popen[str]:
    """The command as a process of its own; signals reach it even where pytest itself ignores them, as under nohup."""
    for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, usual)
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams
    return subprocess.Popen([sys.executable, "-m", "kodata", *map(str, words)], text=True, **streams)


def home() -> Path:
    return Path(os.environ["KODATA_HOME"])


def committed() -> int:
    """How many answers the ledger holds."""
    ledger = sqlite3.connect(home() / "ledger.sqlite")
    (count,) = ledger.execute("SELECT count(*) FROM answers").fetchone()
    ledger.close()
    return int(count)


def until(is_so: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.01)


# -- how commands end


def test_a_build_ends_with_0_and_says_what_comes_next(kodata: Kodata) -> None:
    ended = kodata("build", "alpaca-ko", "--demo", "--limit", "5")
    assert ended.code == 0
    assert ended.out.splitlines()[0] == "alpaca-ko@demo+limit-5: 5 of 5 records kept, 0 dropped"
    assert ended.out.splitlines()[-1] == "Next: kodata show alpaca-ko@demo+limit-5"


def test_the_result_is_on_stdout_and_the_progress_on_stderr(kodata: Kodata) -> None:
    ended = kodata("build", "alpaca-ko", "--demo", "--limit", "5")
    assert [line for line in ended.out.splitlines() if "screen:" in line] == []
    assert [line for line in ended.err.splitlines() if "screen:" in line] == [
        "1/12 screen: 5 records",
        "1/12 screen: 5 of 5 records kept",
    ]


def test_a_missing_key_ends_with_1_and_names_the_variable_and_the_demo(kodata: Kodata, source: Path) -> None:
    ended = kodata("build", "alpaca-ko", "--source", source, "--budget", "1", *QUIET)
    assert ended.code == 1
    assert re.fullmatch(r"kodata: DEEPL_AUTH_KEY is not set.*--demo.*", ended.complaint)


@pytest.mark.parametrize(
    "words",
    [
        ["bild"],
        ["build"],
        ["build", "alpaca-ko", "--demmo"],
        ["build", "alpaca-ko", "--limit", "0"],
        ["build", "alpaca-ko", "--budget", "-1"],
        ["build", "alpaca-ko", "--budget", "nan"],
        ["build", "alpaca-ko", "--progress", "loud"],
        ["build", "alpaca-ko", "--source", "a=1.json", "--source", "a=2.json"],
        ["plan", "alpaca-ko", "--source", "dolly=items.json"],
        ["build", "alpaca-ko", "--demo", "--offline"],
        ["build", "alpaca-k"],
        ["build", "missing.toml"],
        ["plan", "alpaca-ko", "--set", "regenerate.modle=x"],
        ["plan", "alpaca-ko", "--set", "regenerate"],
        ["show"],
        ["ledger", "exprt"],
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_2(kodata: Kodata, words: list[str]) -> None:
    ended = kodata(*words)
    assert (ended.code, ended.out, "Traceback" in ended.err) == (2, "", False)
    assert ended.err


def test_a_misspelt_pipeline_file_ends_with_2_and_the_nearest_name(kodata: Kodata, tmp_path: Path) -> None:
    own_pipeline(tmp_path, ("ngram", "ngramm"))
    for words in (("check", "own.toml"), ("plan", "own.toml"), ("build", "own.toml", "--budget", "1")):
        ended = kodata(*words)
        assert ended.code == 2
        assert "own.toml, stage 10 (dedupe-korean)" in ended.err
        assert '"ngramm" - did you mean "ngram"?' in ended.err


def test_a_build_past_a_limit_ends_with_3_and_is_named_as_held_back(kodata: Kodata, tmp_path: Path) -> None:
    empty = [{"instruction": " ", "input": "", "output": f"{n}"} for n in range(4)]
    path = write_items(tmp_path / "items.json", [*items(6), *empty])
    ended = kodata("build", "alpaca-ko", "--source", path, *ECHO)
    assert ended.code == 3
    assert "Held back, `latest` did not move: 40.0% of the records were dropped, the limit is 30.0%" in ended.out
    assert "held back" in kodata("list").out
    folder = ended.out.split("Next: kodata show ")[1].strip()
    assert kodata("show", folder).code == 0


def test_without_a_budget_or_a_terminal_nothing_is_sent_and_it_ends_with_4(
    kodata: Kodata, live: dict[str, str], deepl: DeepLServer, openai: OpenAIServer, source: Path
) -> None:
    ended = kodata("build", "alpaca-ko", "--source", source, *QUIET)
    assert ended.code == 4
    assert "--budget" in ended.complaint
    assert (deepl.counts()["requests"], openai.counts()["requests"]) == (0, 0)


def test_a_used_up_budget_ends_with_4_and_a_higher_one_goes_on(
    kodata: Kodata, live: dict[str, str], deepl: DeepLServer, openai: OpenAIServer, source: Path
) -> None:
    words = ("build", "alpaca-ko", "--source", source, *QUIET)
    ended = kodata(*words, "--budget", "0.005")
    assert (ended.code, deepl.counts()["texts"] > 0) == (4, True)
    assert "run again with a higher --budget" in ended.complaint
    assert re.search(r"kodata: \d+ asks were answered for \$0\.00\d+; .* \d+ asks are left: \$0\.0\d+", ended.complaint)
    assert not list(home().rglob("manifest.json"))
    again = shlex.split(ended.complaint.partition("To go on: ")[2])
    assert (again[:3], again[-2]) == (["kodata", "build", "alpaca-ko"], "--budget")
    assert kodata(*again[1:], *QUIET).code == 0
    assert (deepl.counts()["repeated"], openai.counts()["repeated"]) == (0, 0)


def test_a_plan_ends_with_5_only_when_asked_and_only_when_there_is_something_to_ask(
    kodata: Kodata, live: dict[str, str], source: Path
) -> None:
    words = ("plan", "alpaca-ko", "--source", source)
    codes = [kodata(*words).code, kodata(*words, "--exit-code").code]
    kodata("build", "alpaca-ko", "--source", source, "--budget", "1", *QUIET)
    codes.append(kodata(*words, "--exit-code").code)
    assert codes == [0, 5, 0]


@pytest.mark.parametrize(
    ("number", "slow"), [(signal.SIGINT, "deepl"), (signal.SIGTERM, "openai"), (signal.SIGHUP, "openai")]
)
def test_a_stopped_build_keeps_what_was_on_the_way_and_the_same_command_goes_on(
    number: signal.Signals,
    slow: str,
    kodata: Kodata,
    live: dict[str, str],
    deepl: DeepLServer,
    openai: OpenAIServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = write_items(tmp_path / "items.json", items(120))
    server = {"deepl": deepl, "openai": openai}[slow]
    monkeypatch.setattr(server, "latency", 0.3)
    words = ("build", "alpaca-ko", "--source", str(path), "--budget", "5", "--parallel", "2", *QUIET)
    process = start(*words)
    until(lambda: server.counts()["ok"] > 0)
    process.send_signal(number)
    out, err = process.communicate(timeout=20)

    assert (process.returncode, out, "Traceback" in err) == (130, "", False)
    assert f"To go on: kodata {shlex.join(words)}" in err
    first = deepl.counts()["texts"] + openai.counts()["ok"]
    assert (deepl.counts()["lost"], openai.counts()["lost"]) == (0, 0)
    assert committed() == first
    assert not list(home().rglob("manifest.json"))

    monkeypatch.setattr(server, "latency", 0.0)
    assert kodata(*words).code == 0
    assert (deepl.counts()["repeated"], openai.counts()["repeated"]) == (0, 0)
    assert 0 < first < deepl.counts()["texts"] + openai.counts()["ok"] == committed()


def test_a_second_ctrl_c_ends_at_once(live: dict[str, str], source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with DeepLServer(latency=20) as stuck:
        monkeypatch.setenv("DEEPL_SERVER_URL", stuck.url)
        process = start("build", "alpaca-ko", "--source", source, "--budget", "1", *QUIET)
        assert process.stderr
        until(lambda: stuck.counts()["requests"] > 0)
        process.send_signal(signal.SIGINT)
        assert process.stderr.readline() == "\n"
        assert "stopping, as soon as the requests on the way are taken in" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=5)
        assert process.returncode == 130


def test_a_reader_that_has_gone_is_no_error(at_demo: Build) -> None:
    readable, writable = os.pipe()
    os.close(readable)
    process = start("show", "alpaca-ko@demo", stdout=writable)
    os.close(writable)
    assert (process.communicate(timeout=20)[1], process.returncode) == ("", 128 + signal.SIGPIPE)


# -- errors are one sentence

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 22773992\n"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "no such file. Name a file with --source PATH, or try --demo"),
        ("Human: hi\nAssistant: there\n", "is neither JSON, CSV, TSV nor Parquet: it begins with b'Human: hi"),
        ('[{"instruction": "Hi"', "is not a JSON array: "),
        ("{oops\n{again\n", "is not JSON lines: none of its 2 lines can be read"),
        (POINTER, "is a Git LFS pointer, not the data. Fetch it with `git lfs pull`"),
        ("", "is empty"),
        ("[]", "is an empty JSON array"),
    ],
)
def test_a_source_that_is_none_is_one_clear_sentence(
    kodata: Kodata, tmp_path: Path, content: str | None, sentence: str
) -> None:
    path = tmp_path / "items.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    for command in ("plan", "build"):
        ended = kodata(command, "alpaca-ko", "--source", path, *ECHO, *QUIET)
        assert ended.code == 1
        assert ended.complaint.startswith(f"kodata: {path}")
        assert sentence in ended.complaint
    assert not list(home().rglob("manifest.json"))


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["show", "alpaca-ko"], 'no build "alpaca-ko" in '),
        (["diff", "one", "two"], 'no build "one" in '),
        (["ledger", "summary"], "no ledger at "),
        (["ledger", "export", "-"], "no ledger at "),
        (["ledger", "import", "missing.jsonl"], "missing.jsonl: No such file or directory"),
        (["ledger", "merge", "missing.sqlite"], "missing.sqlite cannot be read as a ledger"),
    ],
)
def test_what_is_not_there_is_one_sentence_and_makes_nothing(kodata: Kodata, words: list[str], complaint: str) -> None:
    ended = kodata(*words)
    assert (ended.code, ended.complaint[: len(f"kodata: {complaint}")]) == (1, f"kodata: {complaint}")
    assert not home().exists()


# -- build and plan


def test_a_plan_writes_nothing(kodata: Kodata, live: dict[str, str], source: Path, deepl: DeepLServer) -> None:
    ended = kodata("plan", "alpaca-ko", "--source", source)
    assert (ended.code, home().exists(), deepl.counts()["requests"]) == (0, False, 0)


def test_the_command_that_a_plan_ends_with_is_a_build_within_its_bound(
    kodata: Kodata, live: dict[str, str], source: Path
) -> None:
    line = kodata("plan", "alpaca-ko", "--source", source, "--limit", "4").out.splitlines()[-1]
    words = shlex.split(line.removeprefix("Next: "))
    assert words[:2] == ["kodata", "build"]
    ended = kodata(*words[1:])
    assert (ended.code, ended.out.splitlines()[0].split(": ")[1]) == (0, "4 of 4 records kept, 0 dropped")


def test_a_plan_as_json_has_its_sums(kodata: Kodata, live: dict[str, str], source: Path) -> None:
    quote = json.loads(kodata("plan", "alpaca-ko", "--source", source, "--json").out)
    assert (quote["records"], quote["to_ask"]) == (6, sum(stage["to_ask"] for stage in quote["stages"]))
    assert 0 < quote["usd"] < quote["usd_bound"]


def test_out_is_a_copy_of_the_build(kodata: Kodata, tmp_path: Path) -> None:
    kodata("build", "alpaca-ko", "--demo", "--limit", "5", "--out", tmp_path / "copy")
    build = find_build("alpaca-ko@demo+limit-5", home() / "builds")
    copied = {path.name: path.read_bytes() for path in (tmp_path / "copy").iterdir()}
    assert copied == {path.name: path.read_bytes() for path in build.path.iterdir()}
    assert {"corpus.jsonl", "corpus.json", "corpus.parquet", "dropped.jsonl", "manifest.json"} <= copied.keys()


def test_progress_as_json_fits_the_schema(kodata: Kodata) -> None:
    ended = kodata("build", "alpaca-ko", "--demo", "--limit", "5", "--progress", "json")
    schema = Draft202012Validator(json.loads(shipped("schemas", "event.schema.json").read_bytes()))
    lines = [json.loads(line) for line in ended.err.splitlines()]
    assert (lines[0]["event"], lines[-1]["event"]) == ("BuildStarted", "BuildEnded")
    for line in lines:
        schema.validate(line)


class Terminal:
    """A command on a pseudo-terminal: it reads and complains there, its result goes into a pipe."""

    def __init__(self, *words: str | Path) -> None:
        self.master, slave = pty.openpty()
        self.process = start(*words, stdin=slave, stderr=slave, env={**os.environ, "TERM": "xterm"})
        os.close(slave)
        self.screen = ""

    def read_until(self, text: str) -> None:
        """What is on the screen up to that text, or to the end of the command."""
        while text not in self.screen and select.select([self.master], [], [], 20)[0]:
            try:
                self.screen += os.read(self.master, 4096).decode("utf-8", "replace")
            except OSError:  # nobody writes there any more
                return

    def type(self, text: str) -> Ended:
        os.write(self.master, text.encode())
        self.read_until("\0")
        os.close(self.master)
        out, _ = self.process.communicate(timeout=20)
        return Ended(self.process.returncode, out, self.screen)


@pytest.mark.parametrize(("typed", "is_paid"), [("n\n", False), ("y\n", True)])
def test_on_a_terminal_a_build_shows_the_quote_and_asks(
    live: dict[str, str], deepl: DeepLServer, openai: OpenAIServer, source: Path, typed: str, is_paid: bool
) -> None:
    terminal = Terminal("build", "alpaca-ko", "--source", source)
    terminal.read_until("[y/N]")
    assert re.search(r"Pay up to \$\d+\.\d\d \(estimate \$\d\.\d+\)\? \[y/N\]", terminal.screen)
    assert (deepl.counts()["requests"], openai.counts()["requests"]) == (0, 0)
    ended = terminal.type(typed)
    assert ended.code == 0
    assert (deepl.counts()["requests"], openai.counts()["ok"]) == ((1, 6) if is_paid else (0, 0))
    assert ("6 of 6 records kept" in ended.out, bool(list(home().rglob("manifest.json")))) == (is_paid, is_paid)
    assert ("Nothing was sent" in ended.out) != is_paid


def test_the_first_paid_build_on_a_terminal_begins_with_a_pilot_to_read(
    live: dict[str, str], deepl: DeepLServer, openai: OpenAIServer, tmp_path: Path
) -> None:
    path = write_items(tmp_path / "items.json", items(60))
    terminal = Terminal("build", "alpaca-ko", "--source", path, "--progress", "plain")
    terminal.read_until("[y/N]")
    assert "First a pilot of 20 records, to read and to judge the price by, for up to $0.0" in terminal.screen
    assert (deepl.counts()["requests"], openai.counts()["requests"]) == (0, 0)
    os.write(terminal.master, b"y\n")
    terminal.read_until("Pay up to")
    assert openai.counts()["ok"] == 20
    assert re.search(r"│ (Explain|Describe|Summarise|List) .*│ [가-힣]", terminal.screen)
    assert "judged by 20 answers of the past" in " ".join(terminal.screen.split())
    ended = terminal.type("n\n")
    assert (ended.code, openai.counts()["ok"]) == (0, 20)
    assert ended.out.splitlines() == [
        "Nothing more was sent.", f"Next: kodata show {next((home() / 'builds').glob('alpaca-ko@pilot*')).name}"
    ]  # fmt: skip


def test_after_its_pilot_a_build_pays_for_the_rest_and_says_what_was_quoted(
    live: dict[str, str], deepl: DeepLServer, openai: OpenAIServer, tmp_path: Path
) -> None:
    path = write_items(tmp_path / "items.json", items(30))
    terminal = Terminal("build", "alpaca-ko", "--source", path, "--pilot", "5", "--progress", "none")
    terminal.read_until("[y/N]")
    os.write(terminal.master, b"y\n")
    terminal.read_until("Pay up to")
    ended = terminal.type("y\n")
    assert (ended.code, openai.counts()["ok"], deepl.counts()["repeated"], openai.counts()["repeated"]) == (0, 30, 0, 0)
    assert "30 of 30 records kept" in ended.out
    assert re.search(r"^Quoted \$0\.\d+ to \$0\.\d+, paid \$0\.\d+$", ended.out, re.MULTILINE)


@pytest.mark.parametrize("flags", [("--yes",), ("--pilot", "0"), ("--budget", "1")])
def test_a_pilot_can_be_skipped(flags: tuple[str, ...], live: dict[str, str], tmp_path: Path) -> None:
    path = write_items(tmp_path / "items.json", items(30))
    terminal = Terminal("build", "alpaca-ko", "--source", path, "--progress", "none", *flags)
    terminal.read_until("Pay up to" if "--pilot" in flags else "\0")
    assert "a pilot of" not in terminal.screen
    terminal.type("n\n")


def test_a_pilot_needs_a_terminal_unless_nothing_is_paid_for(
    kodata: Kodata, live: dict[str, str], source: Path
) -> None:
    words = ("build", "alpaca-ko", "--source", source, "--pilot", "2", "--budget", "1", *QUIET)
    assert (kodata(*words).code, home().exists()) == (2, False)
    ended = kodata("build", "alpaca-ko", "--demo", "--pilot", "7", *QUIET)
    assert (ended.code, ended.out.split(":")[0]) == (0, "alpaca-ko@demo+pilot-7")


# -- looking at builds


def test_list_shows_pipelines_and_builds(kodata: Kodata, at_demo: Build) -> None:
    lines = kodata("list").out.splitlines()
    assert [line.split()[0] for line in lines if line] == ["pipeline", *shipped_pipelines(), "build", "alpaca-ko@demo"]
    assert lines[-1].split()[1:3] == ["124", "138"]


def test_list_without_builds_says_how_to_make_one(kodata: Kodata) -> None:
    assert kodata("list").out.endswith("Next: kodata build alpaca-ko --demo\n")


def test_check_reads_every_shipped_pipeline(kodata: Kodata) -> None:
    ended = kodata("check")
    assert ended.code == 0
    for words in (
        "Translate(by=DeepLTranslator(",
        "limits  dropped 30.0%",
        "price   deepl: $25 per million characters",
    ):
        assert words in ended.out


def test_show_ends_with_a_command_that_shows_a_record(kodata: Kodata, at_demo: Build) -> None:
    line = kodata("show", "alpaca-ko@demo").out.splitlines()[-1]
    ended = kodata(*shlex.split(line.removeprefix("Next: kodata ")))
    assert (ended.code, ended.err) == (0, "")
    first = at_demo.corpus.row(0, named=True)
    for text in (first["id"], first["instruction"], first["instruction_source"], "recording/hand"):
        assert text in ended.out


def test_show_says_why_a_record_was_dropped(kodata: Kodata, at_demo: Build) -> None:
    gone = at_demo.dropped.row(-1, named=True)
    ended = kodata("show", "alpaca-ko@demo", gone["id"])
    head = f"{gone['id']}: dropped by {gone['stage']} because {gone['reason']}"
    assert (ended.code, ended.out.splitlines()[0]) == (0, head)
    assert f"{gone['source_file']}, item {gone['source_row']}" in ended.out


def test_show_follows_a_record_through_its_stages(kodata: Kodata, at_demo: Build) -> None:
    (gone,) = at_demo.dropped.filter(at_demo.dropped["reason"] == "length-ratio")["id"]
    lines = [line.split(maxsplit=1) for line in kodata("show", "alpaca-ko@demo", gone).out.splitlines()]
    start = lines.index(["stages:"]) + 1
    assert lines[start : start + 5] == [
        ["screen", "passed"],
        ["dedupe-english", "passed"],
        ["decontaminate-english", "passed"],
        ["translate", "translated by recording/hand"],
        ["verify", "dropped length-ratio: instruction: 52 -> 213 characters"],
    ]
    settings = "(min = 0.15, max = 1.6, min_characters = 20)"
    why = f"A translation much longer or shorter than its source, in characters. {settings}"
    assert " ".join(word for line in lines[start + 5 : start + 7] for word in line) == why


def test_every_dropped_record_of_the_demo_can_be_shown(kodata: Kodata, at_demo: Build) -> None:
    assert {kodata("show", "alpaca-ko@demo", ident).code for ident in at_demo.dropped["id"]} == {0}


def test_show_of_an_unknown_record_names_the_nearest(kodata: Kodata, at_demo: Build) -> None:
    ident = at_demo.corpus["id"][0]
    ended = kodata("show", "alpaca-ko@demo", ident[:-3])
    assert ended.code == 1
    assert ended.complaint.endswith(f'neither kept nor dropped - did you mean "{ident}"?')


def test_diff_counts_and_names_what_was_added(kodata: Kodata) -> None:
    for limit in ("3", "5"):
        kodata("build", "alpaca-ko", "--demo", "--limit", limit, *QUIET)
    names = ("alpaca-ko@demo+limit-3", "alpaca-ko@demo+limit-5")
    ended, found = kodata("diff", *names), json.loads(kodata("diff", *names, "--json").out)
    assert ended.out.splitlines()[0] == "2 added, 0 edited, 0 removed, 0 changed"
    assert [change["what"] for change in found] == ["added", "added"]
    assert all(change["id"] in ended.out for change in found)
    assert kodata("diff", names[0], names[0]).out == "0 added, 0 edited, 0 removed, 0 changed\n"


# -- the ledger


def test_answers_go_round_by_export_import_and_merge(
    kodata: Kodata,
    live: dict[str, str],
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    openai: OpenAIServer,
) -> None:
    kodata("build", "alpaca-ko", "--source", source, "--budget", "1", *QUIET)
    built, n = find_build(_variant(), home() / "builds"), committed()
    assert f"a.jsonl: {n} answers" in kodata("ledger", "export", "a.jsonl").out
    mine, sent = home() / "ledger.sqlite", openai.counts()["requests"]

    monkeypatch.setenv("KODATA_HOME", str(tmp_path / "elsewhere"))
    assert kodata("ledger", "import", "a.jsonl").out == f"{n} new, 0 known already\n"
    assert (
        kodata("ledger", "import", "-", typed=Path("a.jsonl").read_text("utf-8")).out == f"0 new, {n} known already\n"
    )
    assert kodata("ledger", "merge", mine).out == f"0 new, {n} known already\n"
    assert kodata("ledger", "export", "-").out == Path("a.jsonl").read_text("utf-8")
    assert kodata("build", "alpaca-ko", "--source", source, *QUIET).code == 0
    again = find_build(_variant(), home() / "builds")
    assert (again.path / "corpus.jsonl").read_bytes() == (built.path / "corpus.jsonl").read_bytes()
    assert openai.counts()["requests"] == sent

    monkeypatch.setenv("KODATA_HOME", str(tmp_path / "third"))
    assert kodata("ledger", "merge", mine).out == f"{n} new, 0 known already\n"


def _variant() -> str:
    (folder,) = (path.name for path in (home() / "builds").iterdir() if path.is_dir())
    return folder


def test_the_summary_is_what_was_paid(
    kodata: Kodata, live: dict[str, str], source: Path, deepl: DeepLServer, openai: OpenAIServer
) -> None:
    kodata("build", "alpaca-ko", "--source", source, "--budget", "1", *QUIET)
    out = kodata("ledger", "summary").out
    paid = deepl.counts()["characters"] * 25e-6
    (line,) = (line for line in out.splitlines() if "deepl@" in line)
    assert line.split()[2:4] == [str(deepl.counts()["texts"]), str(deepl.counts()["characters"])]
    assert line.endswith(f"${paid:.4f}")
    assert str(openai.counts()["tokens_out"]) in out


# -- the doctor, and keys


def test_without_keys_the_doctor_ends_with_1_and_names_them(kodata: Kodata) -> None:
    ended = kodata("doctor")
    assert ended.code == 1
    wrong = [line for line in ended.out.splitlines() if line.startswith("wrong")]
    assert [line.split()[1] for line in wrong] == ["DEEPL_AUTH_KEY", "OPENAI_API_KEY"]


def test_with_all_in_place_the_doctor_ends_with_0_and_sends_nothing_billable(
    kodata: Kodata, live: dict[str, str], deepl: DeepLServer, openai: OpenAIServer
) -> None:
    ended = kodata("doctor")
    assert (ended.code, "wrong" in ended.out) == (0, False)
    assert ended.out.endswith("Next: kodata plan alpaca-ko\n")
    assert (deepl.counts()["requests"], openai.counts()["requests"]) == (0, 0)


def test_with_send_the_doctor_translates_one_text_and_keeps_it(
    kodata: Kodata, live: dict[str, str], deepl: DeepLServer
) -> None:
    assert kodata("doctor", "--send").code == 0
    assert (deepl.counts()["texts"], committed()) == (1, 1)
    assert kodata("doctor", "--send").code == 0
    assert (deepl.counts()["texts"], committed()) == (2, 2)  # what is paid again is written down again


def test_the_doctor_finds_a_wrong_key_and_a_model_that_is_not_there(
    kodata: Kodata, live: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEEPL_AUTH_KEY", "another-key:fx")
    with OpenAIServer(models=["another-model"]) as other:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{other.url}/v1")
        ended = kodata("doctor")
    wrong = [line for line in ended.out.splitlines() if line.startswith("wrong")]
    assert (ended.code, len(wrong)) == (1, 2)
    assert "DEEPL_AUTH_KEY" in wrong[0]
    assert "model" in wrong[1]


@pytest.mark.parametrize("key", ["열쇠-0123456789", "sk-Ty4Rm8Ub6Nc1Gs0L\N{NO-BREAK SPACE}"])
def test_the_doctor_finds_a_key_that_no_request_can_carry(
    kodata: Kodata, live: dict[str, str], monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    for name in KEYS:
        monkeypatch.setenv(name, key)
    ended = kodata("doctor")
    assert (ended.code, ended.out.count("holds characters that no key has"), ended.err) == (1, 2, "")


class LoudDeepL(DeepLServer):
    """Refuses every key, and repeats it."""

    def answer(self, method: str, path: str, authorization: str, body: bytes) -> Answer:
        raise Refused(403, f"No such key: {authorization}")


class LoudOpenAI(OpenAIServer):
    """Refuses every key, and repeats it."""

    def answer(self, method: str, path: str, authorization: str, body: bytes) -> Answer:
        raise Refused(401, f"Incorrect API key provided: {authorization}", "invalid_api_key")


def parts_of_keys(text: str) -> set[str]:
    """Every six characters of a key that stand in the text."""
    return {key[n : n + 6] for key in KEYS.values() for n in range(len(key) - 5) if key[n : n + 6] in text}


@pytest.mark.parametrize(("deepl_kind", "openai_kind"), [(DeepLServer, OpenAIServer), (LoudDeepL, LoudOpenAI)])
def test_no_command_says_or_writes_a_key_not_even_in_part(
    kodata: Kodata,
    source: Path,
    monkeypatch: pytest.MonkeyPatch,
    deepl_kind: type[DeepLServer],
    openai_kind: type[OpenAIServer],
) -> None:
    keys = list(KEYS.values())
    with deepl_kind(key=keys[0]) as deepl, openai_kind(key=keys[1]) as openai:
        here = {**KEYS, "DEEPL_SERVER_URL": deepl.url, "OPENAI_BASE_URL": f"{openai.url}/v1"}
        for name, value in here.items():
            monkeypatch.setenv(name, value)
        build = ("build", "alpaca-ko", "--source", source, "--budget", "1")
        commands: list[tuple[str | Path, ...]] = [
            ("doctor",), ("check",), ("plan", *build[1:4]), (*build, "--progress", "json"), build,
            (*build, "--set", 'translate.with={use="echo"}'), (*build, "--set", "regenerate.model=none"), ("list",),
            ("ledger", "summary"), ("ledger", "export", "-"), ("show", "alpaca-ko"),
        ]  # fmt: skip
        said = [kodata(*words) for words in commands]
    assert [ended.code for ended in said][:5] == ([0] * 5 if deepl_kind is DeepLServer else [1, 0, 0, 1, 1])
    assert parts_of_keys("".join(ended.out + ended.err for ended in said)) == set()
    written = b"".join(path.read_bytes() for path in home().rglob("*") if path.is_file())
    assert parts_of_keys(written.decode("utf-8", "replace")) == set()


def test_keys_are_read_from_a_dotenv_file_and_the_environment_goes_first(
    kodata: Kodata, live: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(".env").write_text("DEEPL_AUTH_KEY=test-key:fx\nOPENAI_API_KEY=wrong\n", encoding="utf-8")
    monkeypatch.delenv("DEEPL_AUTH_KEY")
    assert kodata("doctor").code == 0


# -- align


def test_align_pairs_two_files_and_sums_up_the_gaps(kodata: Kodata, tmp_path: Path) -> None:
    words = ("river", "mountain", "garden", "winter", "summer", "market", "window", "letter")
    english = [{"instruction": f"{words[n % 8]} {words[n * n % 7]} {n}"} for n in range(60)]
    korean = [{"instruction": f"{item['instruction']} 번 설명"} for item in english[:20] + english[30:]]
    paths = [str(write_items(tmp_path / name, rows)) for name, rows in (("en.json", english), ("ko.json", korean))]
    found = kodata("align", *paths, "--out", "pairs.jsonl")
    assert found.code == 0
    assert [line.rstrip() for line in found.out.splitlines()] == [
        "50 records paired, of 60 English and 50 Korean -> pairs.jsonl",
        "",
        "only in  records in a row  times  from item (counted from 0)",
        "English                10      1                          20",
    ]
    assert len((tmp_path / "pairs.jsonl").read_text(encoding="utf-8").splitlines()) == 50


def test_align_says_what_it_cannot_read(kodata: Kodata, tmp_path: Path) -> None:
    there = str(write_items(tmp_path / "en.json", [{"instruction": "Name a tea."}]))
    assert kodata("align", there, "nowhere.json").complaint.endswith("nowhere.json: no such file")


# -- help, and the README


def commands() -> dict[str, Any]:
    """Every command by its words, as click has it: `build`, ..., `ledger summary`, ..."""
    group: Any = typer.main.get_command(app)
    ledger = group.commands["ledger"].commands
    alone = {name: command for name, command in group.commands.items() if name != "ledger"}
    return alone | {f"ledger {name}": command for name, command in ledger.items()}


def readme_lines() -> list[list[str]]:
    """The words after `kodata` of each call in the README's sh blocks."""
    blocks = re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    calls = [shlex.split(call, comments=True) for block in blocks for call in re.split(r"&&|\n", block)]
    return [words[1:] for words in calls if words and Path(words[0]).name == "kodata"]


@pytest.mark.parametrize("name", commands())
def test_every_command_is_named_in_the_readme(name: str) -> None:
    command, _, below = name.partition(" ")
    lines = [line for line in README.splitlines() if f"`kodata {command}" in line]
    assert lines
    assert not below or any(re.search(rf"`(kodata ledger )?{below}`", line) for line in lines)


@pytest.mark.parametrize("words", readme_lines(), ids=" ".join)
def test_every_kodata_line_of_the_readme_parses(words: list[str]) -> None:
    name = " ".join(words[: 1 + (words[0] == "ledger")])
    commands()[name].make_context(name, words[len(name.split()) :])


def test_the_readme_has_lines_to_parse() -> None:
    assert {words[0] for words in readme_lines()} >= {"build", "plan", "show", "list", "doctor"}


def test_every_option_in_the_readme_exists() -> None:
    options = {name for command in commands().values() for parameter in command.params for name in parameter.opts}
    prose = re.sub(r"^```sh\n.*?^```", "", README, flags=re.MULTILINE | re.DOTALL)
    assert set(re.findall(r"`[^`\n]*?(--[a-z-]+)", prose)) <= options


@pytest.mark.parametrize("name", commands())
def test_every_command_and_option_says_what_it_does(name: str) -> None:
    command = commands()[name]
    assert command.help
    assert [parameter.name for parameter in command.params if not parameter.help] == []


def test_help_loads_no_heavy_library() -> None:
    code = f"""
import sys
from kodata.cli import app
for words in (["--help"], ["build", "--help"], ["ledger", "--help"]):
    try:
        app(words)
    except SystemExit as end:
        assert not end.code
print([name for name in {HEAVY} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_version_is_the_installed_one(kodata: Kodata) -> None:
    from importlib.metadata import version

    assert kodata("--version").out == f"kodata {version('kodata')}\n"


@pytest.mark.parametrize(
    ("name", "stage"), [("near-duplicate", "dedupe"), ("mark-lost", "translate"), ("unanswered", "ask a service")]
)
def test_a_reason_of_a_stage_is_said_to_be_no_rule(name: str, stage: str, kodata: Kodata) -> None:
    ended = kodata("rules", name)
    assert (ended.code, f'kodata: "{name}" is no rule but a reason of the stage' in ended.complaint) == (2, True)
    assert stage in ended.complaint


def test_a_reason_of_reading_is_said_to_be_no_rule(kodata: Kodata) -> None:
    said = '"ragged-row" is no rule but a reason of reading a source: the row has more or fewer fields than are named'
    assert kodata("rules", "ragged-row").complaint == f"kodata: {said}"


def test_every_reason_of_a_stage_can_be_looked_up(at_demo: Build) -> None:
    assert set(at_demo.dropped["reason"]) <= {*RULES, *REASONS, *DROPS}


def test_rules_do_not_care_for_case(kodata: Kodata) -> None:
    assert kodata("rules", "EMPTY") == kodata("rules", "empty")


def test_rules_lists_every_rule_with_its_severity(kodata: Kodata) -> None:
    lines = kodata("rules").out.splitlines()
    assert sorted(line.split()[0] for line in lines[1:]) == sorted(RULES)
    assert [line.split()[1] for line in lines if line.startswith("length-ratio ")] == ["drop"]


def test_a_rule_is_explained_with_its_settings_and_two_examples(kodata: Kodata) -> None:
    out = kodata("rules", "refusal").out
    assert 'severity = "drop"' in out
    assert str(RULES["refusal"].fires["output"]) in out
    assert str(RULES["refusal"].passes["output"]) in out


def test_a_rule_that_is_not_there_is_named_with_the_nearest(kodata: Kodata) -> None:
    ended = kodata("rules", "refusl")
    assert (ended.code, ended.err) == (2, 'kodata: no rule "refusl" - did you mean "refusal"?\n')


def test_the_pairs_around_the_line_are_shown_with_their_texts(kodata: Kodata) -> None:
    kodata("build", "alpaca-ko", "--demo")
    ended = kodata("borderline", "alpaca-ko@demo", "--source", "-n", "1")
    assert ended.code == 0
    first, better, text, *_ = ended.out.splitlines()
    assert (first, better) == ("0.936  near twins", "  alpaca-0ee476c355e5f0d2")
    assert text.startswith("    Rewrite the message in a more formal tone")
    assert [line.split() for line in ended.out.splitlines() if line.strip().startswith("0.80")] == [["0.80", "3"]]


def test_another_threshold_is_tried_on_a_build(kodata: Kodata, at_demo: Build) -> None:
    (gone,) = at_demo.dropped.filter(at_demo.dropped["reason"] == "length-ratio")["id"]
    lines = kodata("rethreshold", "alpaca-ko@demo", "length-ratio", "--max", "5").out.splitlines()
    assert [line for line in lines if gone in line] == [f"4.096  passes  {gone}"]
    assert lines[-2:] == [
        "verify, length-ratio: max = 5 instead of 1.6",
        "0 records more would leave; 1 fewer",
    ]
    as_json = json.loads(kodata("rethreshold", "alpaca-ko@demo", "length-ratio", "--max", "5", "--json").out)
    assert [use["fewer"] for use in as_json] == [[gone]]
    assert kodata("rethreshold", "alpaca-ko@demo", "length-ratio").code == 2


def test_translators_are_compared_within_a_budget(kodata: Kodata, live: dict[str, str], source: Path) -> None:
    words = ("compare", "alpaca-ko", "--source", source, "--translators", "deepl,openai", *QUIET)
    assert kodata(*words).code == 4
    ended = kodata(*words, "--budget", "1", "-n", "1")
    assert ended.code == 0
    rows = [line.split() for line in ended.out.splitlines()]
    assert [row for row in rows if row[:1] in (["records"], ["kept"])] == [["records", "6", "6"], ["kept", "6", "6"]]
    shown = [shlex.split(line.partition(": kodata ")[2]) for line in ended.out.splitlines() if ": kodata show" in line]
    assert [kodata(*command).code for command in shown] == [0, 0]
    assert ("characters: $0.0" in ended.out, "tokens in" in ended.out) == (True, True)


def test_on_a_terminal_a_comparison_asks_before_it_pays(
    live: dict[str, str], deepl: DeepLServer, openai: OpenAIServer, source: Path
) -> None:
    terminal = Terminal("compare", "alpaca-ko", "--source", source)
    terminal.read_until("[y/N]")
    ended = terminal.type("n\n")
    assert (ended.code, ended.out) == (0, "Nothing was sent and nothing built.\n")
    assert (deepl.counts()["requests"], openai.counts()["requests"]) == (0, 0)


def test_a_demo_has_nothing_to_ask_anew(kodata: Kodata) -> None:
    ended = kodata("build", "alpaca-ko", "--demo", "--redo", "alpaca-40c69e5046a5c054")
    assert (ended.code, ended.complaint) == (
        2, "kodata: --demo has its answers from a recording: --redo has nothing to ask anew",
    )  # fmt: skip
