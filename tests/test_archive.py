"""The ledger as an archive: proved, carried away and back, rejected, redacted, migrated; and when the disk is full."""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from kodata.asks import Ask
from kodata.errors import LedgerError, Misconfigured
from kodata.ledger import Ledger, remote
from kodata.ledger.database import MIGRATIONS
from tests.servers.hub import Hub
from tests.test_answering import ByHand, desk, story, told
from tests.test_ledger import BOTH, GREEN, RAIN, TEA, WATER, exported


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    """A ledger with two answers."""
    with Ledger(path) as made:
        made.keep(BOTH)
        yield made


def change(path: Path, sql: str) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(sql)


# -- verify


def test_a_ledger_as_it_was_written_has_no_faults(ledger: Ledger) -> None:
    assert list(ledger.faults()) == []


@pytest.mark.parametrize(
    ("column", "value"), [("text", "'홍차'"), ("content", "'x'"), ("usd", "0"), ("written_by", "'me'"), ("about", "''")]
)
def test_an_answer_that_was_altered_is_found(ledger: Ledger, path: Path, column: str, value: str) -> None:
    change(path, f"UPDATE answers SET {column} = {value} WHERE key = x'{TEA.key.hex()}'")
    assert list(ledger.faults()) == [f"answer {TEA.key.hex()} (deepl) was altered: its checksum does not fit"]


# -- reject


def test_of_a_rejected_answer_the_next_sample_is_asked_and_the_old_one_stays(ledger: Ledger) -> None:
    hand = ByHand(reply=lambda ask: f"{ask.content}{'!' * ask.sample}")
    assert told(desk(hand, ledger), ("r", story("r", ["a", "b"]))) == {"r": "a b"}
    assert ledger.reject([Ask("hand", "", "a").key], "poisoned") == 1
    assert told(desk(hand, ledger), ("r", story("r", ["a", "b"]))) == {"r": "a! b"}
    assert told(desk(hand, ledger), ("r", story("r", ["a", "b"]))) == {"r": "a! b"}
    assert hand.requests == [["a", "b"], ["a"]]
    assert len(ledger) == 2 + 3


def test_a_second_sample_can_be_rejected_too(ledger: Ledger) -> None:
    hand = ByHand(reply=lambda ask: str(ask.sample))
    ask = Ask("hand", "", "a")
    for sample in range(3):
        assert told(desk(hand, ledger), ("r", story("r", ["a"]))) == {"r": str(sample)}
        ledger.reject([ask.again(sample).key], "poisoned")


def test_what_is_rejected_twice_is_rejected_once(ledger: Ledger) -> None:
    assert [ledger.reject([TEA.key], why) for why in ("poisoned", "again")] == [1, 0]
    assert ledger.rejected() == {TEA.key}


def test_what_was_withdrawn_of_a_provider_has_a_name_of_its_own(ledger: Ledger) -> None:
    assert ledger.withdrawn("deepl") == ""
    ledger.reject([RAIN.key], "poisoned")
    assert ledger.withdrawn("deepl") == ""
    ledger.reject([TEA.key], "poisoned")
    rejected = ledger.withdrawn("deepl")
    ledger.redact([TEA.key])
    assert rejected == ledger.withdrawn("deepl") != ledger.withdrawn("openai") != ""


@pytest.mark.parametrize("name", ["alpaca-1", "alpaca-1#0/instruction", TEA.key.hex(), TEA.key.hex().upper()])
def test_answers_are_found_by_record_or_key(ledger: Ledger, name: str) -> None:
    ledger.keep([(Ask("deepl", "{}", "other", about="alpaca-11#0"), GREEN)])
    assert [(f.key, f.about, f.written_by, f.usd) for f in ledger.find(name)] == [
        (TEA.key, "alpaca-1#0/instruction", "deepl/KO/quality_optimized", 0.000275)
    ]


def test_an_answer_is_found_by_every_record_that_asked_for_it(ledger: Ledger) -> None:
    hand, key = ByHand(), Ask("hand", "", "a").key
    told(desk(hand, ledger), ("r1", story("r1", ["a"])), ("r2", story("r2", ["a", "b"])))
    told(desk(hand, ledger), ("r3", story("r3", ["a"])))
    assert hand.requests == [["a", "b"]]
    with Ledger.in_memory() as other:
        other.take_in(ledger.export(), "export.jsonl")
        for kept in (ledger, other):
            assert [[f.key == key for f in kept.find(name)] for name in ("r1", "r2", "r3", "r4")] == [
                [True], [True, False], [True], [],
            ]  # fmt: skip


# -- redact


def test_a_redacted_answer_keeps_its_key_and_price_and_nothing_else_of_it_is_in_the_file(
    ledger: Ledger, path: Path
) -> None:
    assert ledger.redact([TEA.key]) == 1
    assert ledger.known([TEA.key]) == {TEA.key: replace(GREEN, text="", finish="redacted")}
    assert list(ledger.faults()) == []
    everything = b"".join(part.read_bytes() for part in path.parent.iterdir())
    for text in (TEA.content, GREEN.text, TEA.about):
        assert text.encode() not in everything
    assert WATER.text.encode() in everything


def test_a_redacted_question_is_not_asked_again_and_its_record_leaves(ledger: Ledger) -> None:
    hand = ByHand()
    told(desk(hand, ledger), ("r", story("r", ["a"])))
    ledger.redact([Ask("hand", "", "a").key])
    assert told(desk(hand, ledger), ("r", story("r", ["a"]))) == {"r": "its texts were redacted"}
    assert hand.requests == [["a"]]


def test_of_a_redacted_answer_no_record_that_asked_for_it_is_kept(ledger: Ledger, path: Path) -> None:
    key = Ask("hand", "", "a").key
    told(desk(ByHand(), ledger), ("r1", story("r1", ["a"])), ("r-of-kim", story("r-of-kim", ["a"])))
    before = list(ledger.export())
    ledger.redact([key])
    assert b"r-of-kim" not in b"".join(part.read_bytes() for part in path.parent.iterdir())
    ledger.take_in(before, "before.jsonl")
    told(desk(ByHand(), ledger), ("r-of-kim", story("r-of-kim", ["a"])))
    assert ledger.find("r-of-kim") == []


def test_a_redaction_goes_along_with_an_export_and_is_never_undone_by_one(ledger: Ledger) -> None:
    before = list(ledger.export())
    ledger.redact([TEA.key])
    with Ledger.in_memory() as other:
        other.take_in(before, "before.jsonl")
        other.take_in(ledger.export(), "after.jsonl")
        assert other.known([TEA.key])[TEA.key].finish == "redacted"
        other.take_in(before, "before.jsonl")
        assert other.known([TEA.key])[TEA.key].text == ""
        assert list(other.faults()) == []


def test_nothing_is_left_in_the_file_of_what_came_in_redacted(ledger: Ledger, path: Path) -> None:
    with Ledger.in_memory() as other:
        other.take_in(ledger.export(), "before.jsonl")
        other.redact([TEA.key])
        ledger.take_in(other.export(), "after.jsonl")
    everything = b"".join(part.read_bytes() for part in path.parent.iterdir())
    assert GREEN.text.encode() not in everything
    assert WATER.text.encode() in everything


# -- carried away and back


def test_rejections_and_losses_go_along_with_an_export_and_are_there_once(ledger: Ledger) -> None:
    ledger.reject([TEA.key], "poisoned")
    ledger.lose("openai", 3, 0.5, "cut")
    lines = list(ledger.export())
    with Ledger.in_memory() as other:
        for _ in range(2):
            other.take_in(lines, "export.jsonl")
        assert list(other.export()) == lines
        assert (other.rejected(), other.lost()) == ({TEA.key}, (3, 0.5))


@pytest.mark.parametrize(
    "line",
    [
        {"rejected": "00", "why": "", "at": ""},
        {"rejected": TEA.key.hex(), "at": ""},
        {"rejected": 7, "why": "", "at": ""},
        {"lost": "a", "provider": "deepl", "asks": "3", "usd": 0.5, "why": "", "at": ""},
    ],
)
def test_a_wrong_rejection_or_loss_is_named_and_nothing_is_taken_in(ledger: Ledger, line: dict[str, object]) -> None:
    with Ledger.in_memory() as other, pytest.raises(LedgerError, match=r"^x, line 3: .*\. Nothing was imported$"):
        other.take_in([*ledger.export(), json.dumps(line).encode()], "x")
    assert len(Ledger.in_memory()) == 0


@pytest.fixture(params=["file://{}/shelf", "{}/shelf/mine.jsonl.gz", "memory://shelf"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(request.param).format(tmp_path)


def test_a_ledger_that_was_pushed_is_pulled_elsewhere(ledger: Ledger, url: str) -> None:
    assert remote.push(ledger, url) == 2
    with Ledger.in_memory() as other:
        assert remote.pull(other, url) == (2, 0)
        assert list(other.export()) == list(ledger.export())


def test_a_push_takes_in_what_is_there_so_that_nothing_is_lost(ledger: Ledger, tmp_path: Path) -> None:
    url = str(tmp_path / "shelf")
    with Ledger.in_memory() as other:
        other.keep([(Ask("deepl", "{}", "Name a fruit."), GREEN)])
        assert remote.push(other, url) == 1
        assert remote.push(ledger, url) == 3
        assert remote.pull(other, url) == (2, 1)


def test_where_nothing_was_pushed_that_is_said(ledger: Ledger, tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match=r"nothing holds no ledger yet\. `kodata ledger push"):
        remote.pull(ledger, str(tmp_path / "nothing"))


def test_what_is_no_ledger_or_no_place_is_an_error_of_the_ledger(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / "x.gz").write_bytes(b"not gzip")
    (tmp_path / "y.gz").write_bytes(gzip.compress(b"{}\n")[:-9])
    for wrong in (str(tmp_path / "x.gz"), str(tmp_path / "y.gz"), "nowhere://x"):
        with pytest.raises(LedgerError):
            remote.pull(ledger, wrong)
    assert len(ledger) == 2


PUSH_AND_PULL = """
from pathlib import Path
from kodata.asks import Answer, Ask
from kodata.ledger import Ledger, remote
url = "hf://datasets/kim/ledger"
with Ledger.in_memory() as ledger, Ledger.in_memory() as other:
    ledger.keep([(Ask("deepl", "{}", "Name a tea."), Answer("차 하나를 말하세요.", "deepl"))])
    print(remote.push(ledger, url, "hf_secret"), remote.pull(other, url, "hf_secret"))
"""


def at_hub(hub: Hub, home: Path) -> subprocess.CompletedProcess[str]:
    """In a process of its own: the client reads where the hub is when it is imported."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    env = {**plain, "HF_ENDPOINT": hub.url, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1"}
    return subprocess.run([sys.executable, "-c", PUSH_AND_PULL], check=False, env=env, capture_output=True, text=True)


def test_a_ledger_is_pushed_to_a_private_repository_of_the_hub(tmp_path: Path) -> None:
    with Hub("kim/ledger", {}, "hf_secret", is_private=True) as hub:
        done = at_hub(hub, tmp_path)
    assert (done.stdout, list(hub.files)) == ("1 (1, 0)\n", ["ledger.jsonl.gz"]), done.stderr


def test_a_ledger_is_not_pushed_to_a_repository_that_anybody_may_read(tmp_path: Path) -> None:
    with Hub("kim/ledger", {}, "hf_secret") as hub:
        done = at_hub(hub, tmp_path)
    assert (
        "LedgerError: hf://datasets/kim/ledger is public, and a ledger holds every question and answer" in done.stderr
    )
    assert hub.files == {}


# -- an older ledger


def older(path: Path) -> None:
    """A ledger as the first version wrote it, with an answer and a loss."""
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript(f"{MIGRATIONS[0]} PRAGMA user_version = 1; PRAGMA journal_mode = WAL;")
        at, columns = "2026-01-02T03:04:05+00:00", "key, provider, settings, content, sample, about, text, written_by"
        row = (
            TEA.key,
            TEA.provider,
            TEA.settings,
            TEA.content,
            0,
            TEA.about,
            GREEN.text,
            GREEN.by,
            "stop",
            11,
            0,
            0,
            2,
        )
        db.execute(
            f"INSERT INTO answers ({columns}, finish, characters, tokens_in, tokens_out, usd, at) "
            f"VALUES ({', '.join('?' * 14)})",
            (*row, at),
        )
        db.execute("INSERT INTO lost (provider, asks, usd, why, at) VALUES ('deepl', 5, 0.5, 'cut', ?)", (at,))


def test_an_older_ledger_is_migrated_in_place_and_kept_beside_as_it_was(path: Path) -> None:
    older(path)
    with Ledger(path) as ledger:
        assert ledger.known([TEA.key]) == {TEA.key: replace(GREEN, usd=2.0)}
        assert (list(ledger.faults()), ledger.lost()) == ([], (5, 0.5))
        assert exported(ledger)[0]["at"] == "2026-01-02T03:04:05+00:00"
    with closing(sqlite3.connect(path.with_name("ledger-version-1.sqlite"))) as backup:
        assert backup.execute("PRAGMA user_version").fetchone() == (1,)
        assert backup.execute("SELECT content FROM answers").fetchall() == [(TEA.content,)]


def test_a_migration_that_fails_leaves_the_ledger_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    older(path)
    with monkeypatch.context() as patched:
        patched.setattr("kodata.ledger.database.MIGRATIONS", (MIGRATIONS[0], f"{MIGRATIONS[1]} NO SQL;"))
        with pytest.raises(LedgerError, match="cannot be opened"):
            Ledger(path)
    with Ledger(path) as ledger:
        assert len(ledger) == 1


# -- a disk that is full, a ledger that cannot be written


def fill(ledger: Ledger) -> None:
    """From now on the ledger's disk has no room for another page."""
    (pages,) = ledger.db.query("PRAGMA page_count")[0]
    ledger.db.query(f"PRAGMA max_page_count = {pages}")


def refuse(ledger: Ledger) -> None:
    ledger.db.query("PRAGMA query_only = ON")


@pytest.mark.parametrize("spoil", [fill, refuse])
def test_answers_that_were_paid_for_and_cannot_be_kept_are_in_a_file_that_can_be_imported(
    path: Path, tmp_path: Path, spoil: Callable[[Ledger], None]
) -> None:
    with Ledger(path) as ledger:

        def reply(ask: Ask) -> str:
            spoil(ledger)  # after the questions were claimed, before their answers are kept
            return "답" * 20_000

        with pytest.raises(
            LedgerError, match=r"In all 3 answers were paid for and could not be kept; nothing is lost"
        ) as e:
            told(desk(ByHand(reply=reply), ledger), ("r", story("r", ["a", "b", "c"])))
    (rescued,) = tmp_path.glob("rescued-*.jsonl")
    assert str(rescued) in str(e.value)
    with Ledger(path) as again, rescued.open("rb") as lines:
        assert again.take_in(lines, rescued.name) == (3, 0)
        hand = ByHand()
        assert told(desk(hand, again), ("r", story("r", ["a", "b"])))["r"].startswith("답답")
        assert hand.requests == []


def test_what_comes_home_after_a_run_was_ended_and_cannot_be_kept_is_in_such_a_file_too(
    path: Path, tmp_path: Path
) -> None:
    with Ledger(path) as ledger:

        def reply(ask: Ask) -> str:
            if ask.content == "bad":
                raise Misconfigured("no such model")
            time.sleep(0.3)  # the run has ended meanwhile
            refuse(ledger)
            return "답"

        with pytest.raises(LedgerError, match="In all 1 answer was paid for and could not be kept; nothing is lost"):
            told(desk(ByHand(batch=1, reply=reply), ledger), *((text, story(text, [text])) for text in ("good", "bad")))
    (rescued,) = tmp_path.glob("rescued-*.jsonl")
    with Ledger(path) as again, rescued.open("rb") as lines:
        assert again.take_in(lines, rescued.name) == (1, 0)


def test_nothing_is_sent_when_the_ledger_cannot_be_written(path: Path) -> None:
    hand = ByHand()
    with Ledger(path) as ledger:
        refuse(ledger)
        with pytest.raises(LedgerError, match=r"cannot be written: .*\. Nothing was sent$"):
            told(desk(hand, ledger), ("r", story("r", ["a"])))
    assert hand.requests == []
