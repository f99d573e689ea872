"""The paid path against servers of their own: no slower than a bare loop, and as fast as a limited account allows."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import openai
import pytest
from llmock.pytest_plugin import LLMock

from kodata.answering import PATIENT, Answering, Patience, Purse
from kodata.building import silent
from kodata.corpus import Record, Turn
from kodata.ledger import Ledger
from kodata.prices import load_prices
from kodata.providers.openai import OpenAI, OpenAIWriter
from kodata.stages.regenerate import Regenerate
from tests.servers.loopback import own_process

pytestmark = pytest.mark.bench

PROMPT = "한국어로 자연스럽게 답하세요. 모르는 것은 모른다고 하세요."
ROUNDS = 5
RPM, ASKS = 600, 1_800


@dataclass(frozen=True)
class Ran:
    """Answers a second, and CPU milliseconds of this process per answer."""

    rate: float
    cpu_ms: float


def measured(answers: int, work: Callable[[], object]) -> Ran:
    wall, cpu = time.monotonic(), time.process_time()
    work()
    return Ran(answers / (time.monotonic() - wall), (time.process_time() - cpu) / answers * 1e3)


def question(n: int, run: str) -> str:
    return f"{run}번째 묶음의 {n}번 질문입니다. 하늘은 왜 파랗습니까?"


def through_kodata(
    url: str, folder: Path, workers: int | None, questions: list[str], patience: Patience = PATIENT
) -> Answering:
    """Asks the questions through a ledger on disk; every story must end as a record."""
    provider = OpenAI("test-key", load_prices(folder / "none.toml"), "openai@bench", f"{url}/v1")
    stage = Regenerate(OpenAIWriter("gpt-6-luna", 64, provider=provider.name), PROMPT)
    with Ledger(folder / "ledger.sqlite") as ledger:
        answering = Answering(
            ledger, {provider.name: provider}, Purse(1e6), silent, parallel=workers, patience=patience
        )
        records = (Record((Turn(id=f"r{n}", turn=0, instruction=text),)) for n, text in enumerate(questions))
        ends = answering.run(((record.id, stage.story(record)) for record in records), lambda _: None)
    assert [end for end in ends.values() if not isinstance(end, Record)] == []
    assert len(ends) == len(questions)
    return answering


def bare_loop(url: str, workers: int, questions: list[str]) -> None:
    """What anybody would write: the official client in a pool of threads."""
    client = openai.OpenAI(api_key="test-key", base_url=f"{url}/v1", max_retries=0)

    def ask(text: str) -> str | None:
        messages: Any = [{"role": "system", "content": PROMPT}, {"role": "user", "content": text}]
        done = client.chat.completions.create(model="gpt-6-luna", max_tokens=64, messages=messages)
        return done.choices[0].message.content

    with ThreadPoolExecutor(workers) as pool:
        assert all(pool.map(ask, questions))


@pytest.mark.parametrize("workers", [8, 32, 128])
def test_without_a_limit_it_is_as_fast_as_a_bare_loop(workers: int, tmp_path: Path) -> None:
    count = workers * 100  # some 20 s: what the slow start takes is small beside it
    ours: list[Ran] = []
    bare: list[Ran] = []
    with own_process("tests.servers.openai", "--latency", "0.2") as server:
        for run in range(ROUNDS):
            theirs, mine = ([question(n, f"{side}{run}") for n in range(count)] for side in "가나")
            bare.append(measured(count, partial(bare_loop, server.url, workers, theirs)))
            folder = tmp_path / str(run)
            ours.append(measured(count, partial(through_kodata, server.url, folder, workers, mine)))
    rates, cpus = ([median(getattr(r, name) for r in side) for side in (ours, bare)] for name in ("rate", "cpu_ms"))
    print(
        f"\n{workers} workers: {rates[0]:.0f}/s of {rates[1]:.0f}/s ({rates[0] / rates[1]:.0%}), "
        f"CPU {cpus[0]:.2f} of {cpus[1]:.2f} ms an answer ({cpus[0] / cpus[1]:.2f} times)",
        end="",
    )
    assert rates[0] >= 0.9 * rates[1]
    assert cpus[0] <= 1.3 * cpus[1]


@contextmanager
def limited(rpm: int) -> Iterator[str]:
    """The URL of llmock in a process of its own, with that many requests a minute."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [Path(sys.executable).with_name("llmock"), "serve", "--port", str(port), "--rpm", str(rpm)]
    with subprocess.Popen(
        [*command, "--latency-ms", "300", "--log-level", "error"], stdout=subprocess.DEVNULL
    ) as server:
        url = f"http://127.0.0.1:{port}"
        try:
            for _ in range(100):
                try:
                    urllib.request.urlopen(f"{url}/health").close()
                    break
                except OSError:
                    time.sleep(0.1)
            yield url
        finally:
            server.terminate()


def requests_at(url: str) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{url}/_llmock/requests") as response:
        found = json.load(response)
    return found if isinstance(found, list) else found["requests"]


def test_a_limited_account_is_used_to_its_limit_without_refusals(tmp_path: Path) -> None:
    with limited(RPM) as url:
        began = time.monotonic()
        through_kodata(url, tmp_path, None, [question(n, "다") for n in range(ASKS)])
        took = time.monotonic() - began
        statuses = [request["status"] for request in requests_at(url)]
    possible = RPM + took * RPM / 60  # the bucket is full at first
    used, refused = ASKS / possible, statuses.count(429)
    print(
        f"\n{ASKS:,} asks in {took:.0f} s: {used:.1%} of the limit used, {refused} refused of {len(statuses):,}", end=""
    )
    assert used >= 0.95
    assert refused < 0.01 * ASKS


def test_a_limit_that_is_halved_and_doubled_in_mid_run_is_followed_within_30_s(llmock: LLMock, tmp_path: Path) -> None:
    llmock.reply("나무는 봄에 잎을 냅니다.", times=None).limits(rpm=RPM)
    changes = ((60, RPM // 2), (130, RPM))  # seconds; with each the mock fills its bucket anew
    timers = [threading.Timer(at, llmock.limits, kwargs={"rpm": rpm}) for at, rpm in changes]
    began = time.monotonic()
    for timer in timers:
        timer.start()
    through_kodata(
        llmock.base_url("openai").removesuffix("/v1"), tmp_path, None, [question(n, "라") for n in range(3_050)]
    )
    taken = [request.started_at - began for request in llmock.requests if request.status == 200]
    refused = len(llmock.requests) - len(taken)

    def rate(since: float, until: float) -> float:
        return sum(since <= at < until for at in taken) / (until - since)

    rates = rate(30, 60), rate(90, 130), rate(160, 180)
    print(
        f"\n{rates[0]:.1f}/s of 10, halved {rates[1]:.1f}/s of 5, doubled {rates[2]:.1f}/s of 10, {refused} refused",
        end="",
    )
    assert rates == (pytest.approx(10, rel=0.05), pytest.approx(5, rel=0.05), pytest.approx(10, rel=0.05))
    assert refused < 0.02 * len(taken)


MIXES: dict[str, list[str]] = {
    "none": [],
    "429": ["429", "429-retry-after"],
    "5xx": ["500", "503"],
    "cut": ["cut", "drop"],
    "bodies": ["short", "html"],
    "all": ["429", "429-retry-after", "500", "503", "cut", "drop", "short", "html", "slow"],
}
EACH = 52_000 // len(MIXES)
CALM = Patience(attempts=12, seconds=120, first_s=0.05, longest_s=1.0, lost=8)


@pytest.mark.parametrize("mix", MIXES)
def test_every_ask_is_answered_and_committed_once_in_every_fault_mix(mix: str, tmp_path: Path) -> None:
    """52,000 asks over all mixes, each with one request in twenty failing."""
    with own_process("tests.servers.openai", "--latency", "0.05") as server:
        if MIXES[mix]:
            server.faults(share=0.05, kinds=MIXES[mix], retry_after=0.05, delay=0.2, seed=3)
        answering = through_kodata(server.url, tmp_path, 64, [question(n, mix) for n in range(EACH)], CALM)
        counts = server.counts()
    (tally,) = answering.tallies.values()
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        (paid,), lost = ledger.sums(), ledger.lost()[0]
    print(f"\n{mix}: {EACH:,} asks, {counts['requests']:,} requests, {lost} lost, {counts['faulted']}", end="")
    assert (counts["distinct"], paid.answers, tally.sent, tally.unanswered) == (EACH, EACH, EACH, 0)
    assert counts["ok"] - counts["repeated"] <= EACH
    assert counts["lost"] <= lost  # a body that says nothing may have been billed too
    assert (paid.tokens_in, paid.tokens_out) == (counts["tokens_in"], counts["tokens_out"]) or lost
    assert paid.tokens_in <= counts["tokens_in"]
