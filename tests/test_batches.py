"""Questions answered later: submitted once, collected by the next run, whatever becomes of batch, line or process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from llmock.pytest_plugin import LLMock

from kodata.answering import later
from kodata.building import Options, build, silent
from kodata.cli.quote import plan_lines
from kodata.differences import difference
from kodata.errors import DayIsSpent, Misconfigured, OverBudget, WaitingForBatch
from kodata.ledger import Ledger, remote
from kodata.planning import plan
from kodata.prices import load_prices
from kodata.providers import openai_batch
from kodata.providers.openai import OpenAI, OpenAIWriter
from kodata.providers.openai_batch import OpenAIBatches
from kodata.published import Build
from kodata.workspace import Workspace
from tests.conftest import HASTY, items, stage_of, write_items
from tests.servers.batches import BatchDesk
from tests.servers.openai import OpenAIServer

Run = Callable[..., Build]
BATCH = "regenerate.api=batch"


@pytest.fixture
def openai() -> Iterator[OpenAIServer]:
    """A server of this test's own: batches stay."""
    with OpenAIServer() as server:
        yield server


@pytest.fixture
def desk(openai: OpenAIServer) -> BatchDesk:
    return openai.batches


@pytest.fixture
def by_batch(run: Run, tmp_path: Path) -> Run:
    """A build whose answers are written by batch; `n` items."""
    return lambda n=20, **options: run(items(n), overrides=(BATCH,), **options)


def out(env: dict[str, str]) -> list[tuple[str, int]]:
    with Ledger(Workspace.of(env).ledger) as ledger:
        return [(batch.id, batch.asks) for batch in ledger.batches.out()]


def test_a_build_submits_and_the_next_one_collects(
    by_batch: Run, run: Run, desk: BatchDesk, openai: OpenAIServer, env: dict[str, str]
) -> None:
    desk.is_done = False
    with pytest.raises(
        WaitingForBatch, match=r"^20 questions wait in 1 batch, .*Run the same command again"
    ) as waiting:
        by_batch()
    assert (waiting.value.exit_code, out(env)) == (7, [("batch_0", 20)])
    with pytest.raises(WaitingForBatch):
        by_batch()
    desk.is_done = True
    done = by_batch()
    assert (done.manifest["records"]["kept"], len(desk.lines), out(env)) == (20, 20, [])
    assert openai.counts()["requests"] == 2  # a file and a batch
    assert difference(done, by_batch()) == difference(done, done)


def test_an_answer_by_batch_costs_half_and_is_known_to_a_live_build(
    by_batch: Run, run: Run, openai: OpenAIServer, env: dict[str, str]
) -> None:
    with pytest.raises(WaitingForBatch):
        by_batch()
    counts = openai.counts()
    (asked,) = [a for name, a in by_batch().manifest["asks"].items() if name.startswith("openai")]
    price = counts["tokens_in"] * 0.10e-6 + counts["tokens_out"] * 0.50e-6
    assert (asked["sent"], asked["usd"]) == (20, pytest.approx(price / 2, abs=1e-6))
    openai.reset()
    assert run(items(20)).manifest["records"]["kept"] == 20
    assert openai.counts()["requests"] == 0


def test_a_question_that_is_out_in_a_batch_is_not_asked_live(
    by_batch: Run, run: Run, desk: BatchDesk, openai: OpenAIServer
) -> None:
    desk.is_done = False
    with pytest.raises(WaitingForBatch):
        by_batch()
    openai.reset()
    with pytest.raises(WaitingForBatch):
        run(items(20))
    assert openai.counts()["requests"] == 0


def test_half_a_character_in_one_answer_keeps_no_answer_from_being_collected(plain: Run, desk: BatchDesk) -> None:
    with pytest.raises(WaitingForBatch):
        plain()
    results = desk.taken["batch_0"]["output_file_id"]
    first, *rest = desk._files[results].splitlines(keepends=True)
    desk._files[results] = b"".join([first.replace(b'"content": "', b'"content": "\\ud83d'), *rest])
    assert b"\\ud83d" in desk._files[results]
    assert plain().manifest["records"]["kept"] == 10


def test_a_service_that_is_busy_for_a_moment_is_asked_again_for_its_batches(by_batch: Run, desk: BatchDesk) -> None:
    with pytest.raises(WaitingForBatch):
        by_batch()
    desk.busy = 2
    assert by_batch().manifest["records"]["kept"] == 20


def test_a_batch_that_is_gone_keeps_no_other_from_being_collected(
    by_batch: Run, desk: BatchDesk, env: dict[str, str]
) -> None:
    desk.is_done = False
    for n in (20, 23):
        with pytest.raises(WaitingForBatch):
            by_batch(n)
    desk.is_done = True
    del desk.taken["batch_0"]
    with pytest.raises(Misconfigured, match=r"has no batch batch_0: .*--drop kodata-"):
        by_batch(23)
    assert out(env) == [("batch_0", 20)]


def test_what_is_out_in_a_batch_is_not_planned_to_be_asked_again(
    by_batch: Run, desk: BatchDesk, env: dict[str, str], tmp_path: Path
) -> None:
    desk.is_done = False
    with pytest.raises(WaitingForBatch):
        by_batch()
    path = write_items(tmp_path / "items.json", items(23))
    quote = plan("alpaca-ko", Options(sources={"": path}, overrides=(BATCH,)), Workspace.of(env), env, silent)
    written = stage_of(quote, "regenerate")
    assert (written.in_batches, written.to_ask) == (20, 3)
    assert any("; 20 asks out in batches, for a build to collect" in line for line in plan_lines(quote))


PLAIN = """
[[source]]
use = "alpaca"
path = "items.json"
lang = "ko"
[[stage]]
use = "regenerate"
prompt = "prompt.md"
with = { use = "openai", model = "gpt-6-luna", api = "batch" }
"""


@pytest.fixture
def plain(run: Run, tmp_path: Path) -> Run:
    """A build of ten Korean questions, so that a word meant for the server reaches it."""
    (tmp_path / "plain.toml").write_text(PLAIN)
    (tmp_path / "prompt.md").write_text("한국어로 답하세요.", encoding="utf-8")
    rows = [{"instruction": f"하늘이 파란 까닭 {n}가지를 말하세요.", "input": "", "output": ""} for n in range(10)]
    return lambda **options: run(rows, pipeline=str(tmp_path / "plain.toml"), **options)


def test_lines_that_failed_for_a_passing_reason_are_submitted_again(plain: Run, desk: BatchDesk) -> None:
    desk.failing = {"까닭 3": 500, "까닭 7": 429}
    with pytest.raises(WaitingForBatch):
        plain()
    desk.failing = {}
    with pytest.raises(WaitingForBatch, match=r"^2 questions"):
        plain()
    assert plain().manifest["records"] == {"in": 10, "kept": 10, "dropped": 0}
    assert (len(desk.lines), len(set(desk.lines))) == (12, 10)


def test_a_line_that_is_refused_drops_its_record_and_is_not_submitted_again(plain: Run, desk: BatchDesk) -> None:
    desk.failing = {"까닭 3": 400}
    with pytest.raises(WaitingForBatch):
        plain()
    done = plain()
    assert done.dropped.select("stage", "reason").rows() == [("regenerate", "refused")]
    assert len(desk.lines) == 10


def test_a_line_that_fails_again_and_again_is_left_unanswered(plain: Run, desk: BatchDesk) -> None:
    desk.failing = {"까닭 3": 500}
    for _ in range(later.TIMES):
        with pytest.raises(WaitingForBatch):
            plain()
    done = plain()
    assert done.dropped.select("stage", "reason").rows() == [("regenerate", "unanswered")]
    assert done.held_back_by.startswith("1 records got no answer")
    assert len(desk.lines) == 10 + later.TIMES - 1


@pytest.mark.parametrize("end", ["expired", "cancelled"])
def test_what_an_expired_or_cancelled_batch_left_is_submitted_again(by_batch: Run, desk: BatchDesk, end: str) -> None:
    desk.ends = [end]
    for _ in range(2):
        with pytest.raises(WaitingForBatch):
            by_batch()
    assert by_batch().manifest["records"]["kept"] == 20
    assert (len(desk.lines), len(set(desk.lines))) == (30, 20)


def test_a_batch_that_is_not_taken_is_said_and_frees_its_questions(
    by_batch: Run, desk: BatchDesk, env: dict[str, str]
) -> None:
    desk.ends = ["failed"]
    with pytest.raises(WaitingForBatch):
        by_batch()
    with pytest.raises(Misconfigured, match=r"did not take batch batch_0 \(invalid_model\)"):
        by_batch()
    assert out(env) == []
    with pytest.raises(WaitingForBatch):
        by_batch()
    assert by_batch().manifest["records"]["kept"] == 20


def test_a_run_that_is_killed_between_submit_and_write_down_submits_nothing_twice(
    by_batch: Run, desk: BatchDesk, env: dict[str, str], tmp_path: Path
) -> None:
    desk.delay = 30.0
    path = write_items(tmp_path / "items.json", items(20))
    command = [sys.executable, "-m", "kodata", "build", "alpaca-ko", "--source", str(path), "--budget", "9"]
    process = subprocess.Popen([*command, "--set", BATCH], env={**os.environ, **env}, stderr=subprocess.DEVNULL)
    while not desk.taken:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert out(env) == [("", 20)]
    desk.delay = 0.0
    assert by_batch().manifest["records"]["kept"] == 20
    assert (len(desk.taken), len(desk.lines)) == (1, 20)


def test_a_batch_that_never_reached_the_service_is_submitted_after_a_while(
    by_batch: Run, desk: BatchDesk, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(WaitingForBatch):
        by_batch()
    desk.taken.clear()
    with Ledger(Workspace.of(env).ledger) as ledger, ledger.db.writing() as db:
        db.execute("UPDATE batches SET id = ''")
    with pytest.raises(WaitingForBatch):
        by_batch()
    assert len(desk.lines) == 20  # it may still turn up
    monkeypatch.setattr(later, "INTENT_S", 0.0)
    with pytest.raises(WaitingForBatch):
        by_batch()
    assert len(desk.lines) == 40
    assert by_batch().manifest["records"]["kept"] == 20


def test_another_machine_collects_a_batch_that_was_pushed(
    by_batch: Run, desk: BatchDesk, env: dict[str, str], tmp_path: Path
) -> None:
    desk.is_done = False
    with pytest.raises(WaitingForBatch):
        by_batch()
    shelf = str(tmp_path / "shelf")
    with Ledger(Workspace.of(env).ledger) as ledger:
        remote.push(ledger, shelf)
    env["KODATA_HOME"] = str(tmp_path / "elsewhere")
    with Ledger(Workspace.of(env).ledger) as ledger:
        remote.pull(ledger, shelf)
    desk.is_done = True
    assert by_batch().manifest["records"]["kept"] == 20
    assert len(desk.lines) == 20
    with Ledger(Workspace.of(env).ledger) as ledger:
        remote.push(ledger, shelf)
    env["KODATA_HOME"] = str(tmp_path / "home")
    with Ledger(Workspace.of(env).ledger) as ledger:
        remote.pull(ledger, shelf)
        assert ledger.batches.out() == []
    assert by_batch().manifest["records"]["kept"] == 20


def test_with_wait_a_build_stays_until_its_batches_are_done(
    by_batch: Run, desk: BatchDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kodata.building.making.LOOK_EVERY_S", 0.01)
    assert by_batch(wait=True).manifest["records"]["kept"] == 20
    assert len(desk.taken) == 1


def test_the_budget_holds_for_what_is_submitted(plain: Run, env: dict[str, str]) -> None:
    with pytest.raises(OverBudget):
        plain(budget_usd=0.001)
    with Ledger(Workspace.of(env).ledger) as ledger:
        (batch,) = ledger.batches.out()
    assert 0 < batch.asks < 10
    assert 0 < batch.usd <= 0.001


def test_what_is_out_in_a_batch_counts_for_the_day(plain: Run, desk: BatchDesk, tmp_path: Path) -> None:
    (tmp_path / "plain.toml").write_text(f"{PLAIN}[limits]\nusd_per_day = 0.001\n")
    desk.is_done = False
    with pytest.raises(DayIsSpent):
        plain()
    assert 0 < len(desk.lines) < 10
    submitted = list(desk.lines)
    with pytest.raises(DayIsSpent):
        plain()
    assert desk.lines == submitted


def test_a_question_that_another_build_is_asking_just_then_is_an_open_one(
    plain: Run, desk: BatchDesk, env: dict[str, str], tmp_path: Path
) -> None:
    home, env["KODATA_HOME"] = env["KODATA_HOME"], str(tmp_path / "elsewhere")
    with pytest.raises(WaitingForBatch):
        plain()
    env["KODATA_HOME"] = home
    with Ledger(Workspace.of(env).ledger) as other:
        other.claims.take([bytes.fromhex(desk.lines[0])])
        with pytest.raises(WaitingForBatch):
            plain()
        done = plain()
    assert done.manifest["dropped"]["regenerate"] == {"waiting": 1}
    assert done.held_back_by.startswith("1 records got no answer")


def test_files_are_cut_at_the_limits_and_hold_one_model_each(monkeypatch: pytest.MonkeyPatch) -> None:
    account = OpenAI("key", load_prices(Path("/nowhere/prices.toml")))
    chats = [[{"role": "user", "content": f"물음 {n}"}] for n in range(7)]
    asks = [OpenAIWriter(model, api="batch").ask(chat, "") for chat in chats for model in "ab"]
    service = OpenAIBatches(account)
    monkeypatch.setattr(openai_batch, "LIMIT_ASKS", 3)
    assert [len(part) for part in service.cut(asks)] == [3, 3, 1, 3, 3, 1]
    monkeypatch.setattr(openai_batch, "LIMIT_BYTES", 2 * len(service._line(asks[0])) + 1)
    assert [len(part) for part in service.cut(asks)] == [2, 2, 2, 1] * 2


def test_the_whole_path_against_another_server(
    llmock: LLMock, env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llmock.routers.batch._BATCH_DELAY", 0.3)
    monkeypatch.setattr("kodata.building.making.LOOK_EVERY_S", 0.05)
    env = {**env, "OPENAI_BASE_URL": llmock.base_url("openai")}
    path = write_items(tmp_path / "items.json", items(8))
    options = Options(sources={"": path}, budget_usd=9, overrides=(BATCH,))
    with pytest.raises(WaitingForBatch):
        build("alpaca-ko", options, Workspace.of(env), env, silent, HASTY)
    time.sleep(0.4)
    done = build("alpaca-ko", options, Workspace.of(env), env, silent, HASTY)
    (asked,) = [a for name, a in done.manifest["asks"].items() if name.startswith("openai")]
    assert (asked["sent"], asked["unanswered"]) == (8, 0)
    assert [r.path for r in llmock.requests if r.path == "/v1/chat/completions"] == []
    assert len([r for r in llmock.requests if (r.method, r.path) == ("POST", "/v1/batches")]) == 1
