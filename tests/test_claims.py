"""Builds side by side: a question on the way is claimed, and nobody else sends it."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from kodata.asks import Answer, Ask
from kodata.ledger import Ledger, claims
from tests.test_answering import ByHand, desk, story, told
from tests.test_ledger import in_another_process

TEA, RAIN = (Ask("hand", "", text) for text in ("Name a tea.", "Why does it rain?"))
ANSWER = Answer("녹차", "hand")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


def test_what_one_run_claimed_another_does_not_get(path: Path) -> None:
    with Ledger(path) as one, Ledger(path) as other:
        assert one.claims.take([TEA.key]) == {TEA.key}
        assert other.claims.take([TEA.key, RAIN.key]) == {RAIN.key}


def test_what_a_run_claimed_it_may_claim_again(path: Path) -> None:
    with Ledger(path) as one:
        assert one.claims.take([TEA.key]) == one.claims.take([TEA.key]) == {TEA.key}


def test_what_has_an_answer_is_nobodys_to_ask(path: Path) -> None:
    with Ledger(path) as one, Ledger(path) as other:
        one.claims.take([TEA.key])
        one.keep([(TEA, ANSWER)])
        assert other.claims.take([TEA.key]) == one.claims.take([TEA.key]) == set()


def test_what_is_released_is_free(path: Path) -> None:
    with Ledger(path) as one, Ledger(path) as other:
        one.claims.take([TEA.key, RAIN.key])
        one.claims.release([TEA.key])
        assert other.claims.take([TEA.key, RAIN.key]) == {TEA.key}


def test_the_claims_of_a_run_end_with_it(path: Path) -> None:
    with Ledger(path) as other:
        with Ledger(path) as one:
            one.claims.take([TEA.key])
        assert other.claims.take([TEA.key]) == {TEA.key}


CLAIM_AND_HANG = """
import time
ledger = Ledger(Path(sys.argv[1]))
ledger.claims.take([Ask("hand", "", "Name a tea.").key])
print("claimed", flush=True)
time.sleep(60)
"""


def test_the_claims_of_a_killed_process_are_free_at_once(path: Path) -> None:
    process = in_another_process(CLAIM_AND_HANG, path)
    assert process.stdout is not None
    process.stdout.readline()
    with Ledger(path) as ledger:
        assert ledger.claims.take([TEA.key]) == set()
        os.kill(process.pid, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while not (taken := ledger.claims.take([TEA.key])) and time.monotonic() < deadline:
            time.sleep(0.01)  # until the system has noticed; nobody has waited for the process yet
        assert taken == {TEA.key}
    process.wait()


def test_the_claims_of_another_machine_are_free_when_it_is_silent_for_long(path: Path) -> None:
    with Ledger(path) as one, Ledger(path) as other:
        other.claims.take([TEA.key])
        with one.db.writing() as db:
            db.execute("UPDATE runs SET host = 'elsewhere', beat = beat - ?", (claims.DEAD_S - 10,))
        assert one.claims.take([TEA.key]) == set()
        with one.db.writing() as db:
            db.execute("UPDATE runs SET beat = beat - 20")
        assert one.claims.take([TEA.key]) == {TEA.key}


def test_a_sign_of_life_is_given_now_and_then(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "BEAT_S", 0.0)
    with Ledger(path) as one:
        one.claims.take([TEA.key])
        (first,) = one.db.query("SELECT beat FROM runs")
        time.sleep(0.01)
        one.claims.beat()
        assert one.db.query("SELECT beat FROM runs")[0] > first


class Slow(ByHand):
    def answer(self, asks: Sequence[Ask]) -> list[Answer]:
        time.sleep(0.02)
        return super().answer(asks)


def test_two_runs_at_once_send_each_question_once_and_both_have_every_answer(path: Path) -> None:
    hand = Slow(batch=1, parallel=4)
    ends: dict[int, dict[str, str]] = {}

    def one_run(number: int) -> None:
        with Ledger(path) as ledger:
            stories = ((f"r{n}", story(f"r{n}", [f"t{n}"], [f"u{n}", "same"])) for n in range(30))
            ends[number] = told(desk(hand, ledger), *stories)

    threads = [threading.Thread(target=one_run, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ends[0] == ends[1] == ends[2] == {f"r{n}": f"t{n}! u{n}! same!" for n in range(30)}
    sent = [text for request in hand.requests for text in request]
    assert sorted(sent) == sorted({*sent})
    assert len(sent) == 61


def test_a_run_asks_itself_what_another_one_gave_up(path: Path) -> None:
    with Ledger(path) as other, Ledger(path) as ledger:
        other.claims.take([Ask("hand", "", "a").key])
        threading.Timer(0.2, other.close).start()
        assert told(desk(ByHand(), ledger), ("r", story("r", ["a"]))) == {"r": "a!"}


def test_after_a_run_nothing_is_claimed(path: Path) -> None:
    with Ledger(path) as ledger:
        told(desk(ByHand(), ledger), ("r", story("r", ["a"])))
        assert ledger.db.query("SELECT count(*) FROM claims")[0] == (0,)
        assert ledger.db.query("SELECT count(*) FROM runs")[0] == (0,)
