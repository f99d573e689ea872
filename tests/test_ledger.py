"""The ledger: an answer that was paid for is there for good, whoever else writes and whatever is killed."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Thread, Timer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kodata.asks import Answer, Ask
from kodata.errors import LedgerError
from kodata.ledger import Ledger
from kodata.ledger.database import MIGRATIONS
from kodata.ledger.places import network_file_system

TEA = Ask("deepl", '{"target_lang":"KO"}', "Name a tea.", about="alpaca-1#0/instruction")
RAIN = Ask("openai", '{"model":"gpt-6-luna"}', '[{"content":"왜 비가 옵니까?","role":"user"}]', about="alpaca-2#0")
GREEN = Answer("차 하나를 말하세요.", "deepl/KO/quality_optimized", characters=11, usd=0.000275)
WATER = Answer("물이 떨어집니다. 🌧", "openai/gpt-6-luna", "length", tokens_in=9, tokens_out=12, usd=1e-05)
BOTH = [(TEA, GREEN), (RAIN, WATER)]


def asks(prefix: str, count: int) -> list[Ask]:
    return [Ask("deepl", "{}", f"{prefix} {n}") for n in range(count)]


def exported(ledger: Ledger) -> list[dict[str, object]]:
    return [json.loads(line) for line in ledger.export()]


def in_another_process(code: str, *args: str | Path) -> subprocess.Popen[str]:
    head = (
        "import sys; from pathlib import Path; from kodata.asks import Answer, Ask; from kodata.ledger import Ledger\n"
    )
    return subprocess.Popen([sys.executable, "-c", head + code, *map(str, args)], stdout=subprocess.PIPE, text=True)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "ledger.sqlite"


@pytest.fixture
def ledger(path: Path) -> Ledger:
    """A ledger with two answers."""
    made = Ledger(path)
    made.keep(BOTH)
    return made


def test_an_answer_that_was_kept_is_known(ledger: Ledger) -> None:
    assert ledger.known([RAIN.key, TEA.key]) == {TEA.key: GREEN, RAIN.key: WATER}


def test_a_question_that_was_never_asked_is_not_known(ledger: Ledger) -> None:
    assert ledger.known([Ask("deepl", "{}", "Name a tea.").key]) == {}


def test_an_answer_is_known_after_the_ledger_was_closed(ledger: Ledger, path: Path) -> None:
    ledger.close()
    with Ledger(path) as again:
        assert again.known([TEA.key]) == {TEA.key: GREEN}


def test_keys_by_the_thousand_are_looked_up(ledger: Ledger) -> None:
    many = asks("more", 1_201)
    ledger.keep((ask, GREEN) for ask in many)
    assert ledger.known([ask.key for ask in many]) == {ask.key: GREEN for ask in many}


def test_what_was_kept_twice_is_there_once(ledger: Ledger) -> None:
    before = list(ledger.export())
    ledger.keep(BOTH)
    assert list(ledger.export()) == before


def test_a_second_answer_to_a_question_does_not_replace_the_first(ledger: Ledger) -> None:
    ledger.keep([(TEA, Answer("다른 번역", "deepl/KO/quality_optimized"))])
    assert ledger.known([TEA.key]) == {TEA.key: GREEN}


def test_the_next_sample_of_a_question_has_an_answer_of_its_own(ledger: Ledger) -> None:
    again = Ask(TEA.provider, TEA.settings, TEA.content, 1)
    ledger.keep([(again, WATER)])
    assert ledger.known([TEA.key, again.key]) == {TEA.key: GREEN, again.key: replace(WATER, sample=1)}


def test_answers_are_kept_all_or_none(ledger: Ledger) -> None:
    impossible = Answer(None, "deepl")  # type: ignore[arg-type]
    before = list(ledger.export())
    with pytest.raises(LedgerError, match=r"cannot be written: NOT NULL constraint failed: answers\.text"):
        ledger.keep([(Ask("deepl", "{}", "Name a fruit."), GREEN), (Ask("deepl", "{}", "x"), impossible)])
    assert list(ledger.export()) == before


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_comes_back_as_it_was(text: str) -> None:
    with Ledger.in_memory() as ledger:
        ledger.keep([(Ask("deepl", "{}", text), Answer(text, "deepl"))])
        assert ledger.known([Ask("deepl", "{}", text).key]) == {Ask("deepl", "{}", text).key: Answer(text, "deepl")}


def test_threads_that_keep_at_once_lose_nothing(ledger: Ledger) -> None:
    threads = [Thread(target=lambda n=n: [ledger.keep([(ask, GREEN)]) for ask in asks(f"t{n}", 50)]) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ledger) == 2 + 8 * 50


KEEP_MANY = """
with Ledger(Path(sys.argv[1])) as ledger:
    for n in range(int(sys.argv[3])):
        ledger.keep([(Ask("deepl", "{}", f"{sys.argv[2]} {n}"), Answer("답", "deepl"))])
"""


def test_two_processes_that_open_and_write_at_once_lose_nothing(path: Path) -> None:
    writers = [in_another_process(KEEP_MANY, path, name, 300) for name in ("one", "other")]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    keys = [ask.key for name in ("one", "other") for ask in asks(name, 300)]
    with Ledger(path) as ledger:
        assert ledger.known(keys).keys() == set(keys)


def test_a_new_file_that_another_process_is_making_ready_is_waited_for(path: Path) -> None:
    path.parent.mkdir()
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    done = Timer(0.2, other.rollback)
    done.start()
    with Ledger(path) as ledger:
        done.join()
        ledger.keep(BOTH)
        assert len(ledger) == 2
    other.close()


KEEP_AND_SAY = """
ledger = Ledger(Path(sys.argv[1]))
for n in range(10**6):
    ledger.keep([(Ask("deepl", "{}", f"killed {n}"), Answer("답" * 500, "deepl"))])
    print(n, flush=True)
"""


def test_no_answer_that_was_committed_is_lost_by_a_kill(path: Path) -> None:
    writer = in_another_process(KEEP_AND_SAY, path)
    assert writer.stdout is not None
    for _ in range(200):
        last = int(writer.stdout.readline())
    os.kill(writer.pid, signal.SIGKILL)  # in mid-write: nothing waits for anything
    writer.wait()
    keys = [ask.key for ask in asks("killed", last + 1)]
    with Ledger(path) as ledger:
        assert ledger.known(keys).keys() == set(keys)


KEEP_AND_HANG = """
def answers():
    yield Ask("deepl", "{}", "half"), Answer("답", "deepl")
ledger = Ledger(Path(sys.argv[1]))
ledger._db.execute("BEGIN IMMEDIATE")
for ask, answer in answers():
    ledger._db.execute("INSERT INTO lost (provider, asks, usd, why, at) VALUES ('deepl', 1, 0, '', '')")
print("in the middle", flush=True)
sys.stdin.read()
"""


def test_a_ledger_whose_writer_was_killed_in_a_transaction_is_writable_again(ledger: Ledger, path: Path) -> None:
    ledger.close()
    writer = in_another_process("import time\n" + KEEP_AND_HANG.replace("sys.stdin.read()", "time.sleep(60)"), path)
    assert writer.stdout is not None
    writer.stdout.readline()
    os.kill(writer.pid, signal.SIGKILL)
    writer.wait()
    with Ledger(path) as again:
        again.keep([(Ask("deepl", "{}", "Name a fruit."), GREEN)])
        assert (len(again), again.lost()) == (3, (0, 0.0))


# -- sums and losses


def test_sums_are_by_provider_writer_and_month(ledger: Ledger) -> None:
    ledger.keep([(Ask("deepl", "{}", "Name a fruit."), GREEN)])
    found = [
        (s.provider, s.written_by, s.answers, s.characters, s.tokens_in, s.tokens_out, s.usd) for s in ledger.sums()
    ]
    assert found == [
        ("deepl", "deepl/KO/quality_optimized", 2, 22, 0, 0, 0.00055),
        ("openai", "openai/gpt-6-luna", 1, 0, 9, 12, 1e-05),
    ]


def test_an_empty_ledger_has_no_sums() -> None:
    assert (Ledger.in_memory().sums(), Ledger.in_memory().lost()) == ([], (0, 0.0))


def test_what_was_lost_on_the_wire_is_added_up(ledger: Ledger) -> None:
    ledger.lose("deepl", 50, 0.25, "the connection was cut")
    ledger.lose("openai", 1, 0.5, "the connection was cut")
    assert ledger.lost() == (51, 0.75)


# -- export and take_in


def test_an_export_has_every_answer_in_the_order_they_came(ledger: Ledger) -> None:
    lines = [
        {name: value for name, value in line.items() if name not in ("at", "checksum")} for line in exported(ledger)
    ]
    assert lines == [
        {
            "key": TEA.key.hex(), "provider": "deepl", "settings": '{"target_lang":"KO"}', "content": "Name a tea.",
            "sample": 0, "about": "alpaca-1#0/instruction", "text": "차 하나를 말하세요.",
            "written_by": "deepl/KO/quality_optimized", "finish": "stop",
            "characters": 11, "tokens_in": 0, "tokens_out": 0, "usd": 0.000275,
        },
        {
            "key": RAIN.key.hex(), "provider": "openai", "settings": '{"model":"gpt-6-luna"}', "content": RAIN.content,
            "sample": 0, "about": "alpaca-2#0", "text": "물이 떨어집니다. 🌧",
            "written_by": "openai/gpt-6-luna", "finish": "length",
            "characters": 0, "tokens_in": 9, "tokens_out": 12, "usd": 1e-05,
        },
    ]  # fmt: skip


def test_an_export_taken_in_elsewhere_is_exported_byte_for_byte(ledger: Ledger) -> None:
    ledger.keep((ask, GREEN) for ask in asks("export", 5_100))  # more than is read at once
    lines = list(ledger.export())
    other = Ledger.in_memory()
    other.take_in(lines, "export.jsonl")
    assert list(other.export()) == lines


def test_what_is_taken_in_is_counted_as_new_or_known(ledger: Ledger) -> None:
    other = Ledger.in_memory()
    other.keep(BOTH[:1])
    assert other.take_in([*ledger.export(), b"\n"], "export.jsonl") == (1, 1)


def test_taking_in_does_not_replace_an_answer_that_is_there(ledger: Ledger) -> None:
    other = Ledger.in_memory()
    other.keep([(TEA, WATER)])
    other.take_in(ledger.export(), "export.jsonl")
    assert other.known([TEA.key]) == {TEA.key: WATER}


def changed(**values: object) -> Callable[[dict[str, object]], bytes]:
    return lambda line: json.dumps({**line, **values}).encode()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (changed(key="00" * 16), "the key is not the hash of the question"),
        (changed(key=None), "not a line of a ledger export (TypeError)"),
        (changed(key="00"), "the key has not 16 bytes"),
        (changed(text="다른 말"), "the checksum is not that of the answer"),
        (changed(content="Name a cake."), "the key is not the hash of the question"),
        (changed(sample=1), "the key is not the hash of the question"),
        (changed(text=None), "not a line of a ledger export (TypeError)"),
        (changed(text=["차"]), "not a line of a ledger export (TypeError)"),
        (changed(finish="bored"), "not a line of a ledger export (TypeError)"),
        (changed(usd="0.1"), "not a line of a ledger export (TypeError)"),
        (changed(characters=None), "not a line of a ledger export (TypeError)"),
        (
            lambda line: json.dumps({k: v for k, v in line.items() if k != "text"}).encode(),
            "not a line of a ledger export (KeyError)",
        ),
        (lambda line: json.dumps(line).encode()[:-9], "not a line of a ledger export (JSONDecodeError)"),
        (lambda line: b"[1, 2]", "not a line of a ledger export (TypeError)"),
        (lambda line: b"null", "not a line of a ledger export (TypeError)"),
        (lambda line: b'{"text": "\xff"}', "not a line of a ledger export (JSONDecodeError)"),
    ],
)
def test_a_wrong_line_is_named(ledger: Ledger, change: Callable[[dict[str, object]], bytes], said: str) -> None:
    first, second = exported(ledger)
    with pytest.raises(LedgerError) as error:
        Ledger.in_memory().take_in([json.dumps(second).encode(), b"", change(first)], "export.jsonl")
    assert str(error.value) == f"export.jsonl, line 3: {said}. Nothing was imported"


def test_of_an_export_with_a_wrong_line_nothing_is_taken_in(ledger: Ledger) -> None:
    first, second = exported(ledger)
    other = Ledger.in_memory()
    with pytest.raises(LedgerError):
        other.take_in([json.dumps(first).encode(), changed(key="00" * 16)(second)], "export.jsonl")
    assert len(other) == 0


# -- files that are no ledger to write to


def test_a_ledger_of_a_newer_kodata_is_refused(ledger: Ledger, path: Path) -> None:
    ledger.close()
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    db.close()
    with pytest.raises(LedgerError, match=r"ledger\.sqlite was written by a newer kodata\. Upgrade kodata to use it$"):
        Ledger(path)


def test_a_file_that_is_no_ledger_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").write_text("이것은 장부가 아닙니다. " * 50, encoding="utf-8")
    with pytest.raises(
        LedgerError, match=r"ledger\.sqlite cannot be opened: file is not a database\. Is it a kodata ledger"
    ):
        Ledger(tmp_path / "ledger.sqlite")


def test_a_ledger_in_a_file_instead_of_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("", encoding="utf-8")
    with pytest.raises(LedgerError, match=r"home/ledger\.sqlite cannot be opened"):
        Ledger(tmp_path / "home" / "ledger.sqlite")


def test_a_folder_that_is_read_only_is_an_error_of_the_ledger(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        if os.access(tmp_path, os.W_OK):
            pytest.skip("whoever runs this may write everywhere")
        with pytest.raises(
            LedgerError, match=r"ledger\.sqlite cannot be opened: .* Is it a kodata ledger, and writable\?$"
        ):
            Ledger(tmp_path / "ledger.sqlite")
    finally:
        tmp_path.chmod(0o700)


def test_a_closed_ledger_is_an_error_of_the_ledger(ledger: Ledger) -> None:
    ledger.close()
    with pytest.raises(LedgerError, match="cannot be read"):
        ledger.known([TEA.key])


MOUNTS = {
    "/": "ext4",
    "/home": "NFS4",
    "/home/me/local": "xfs",
    "/mnt/ssh": "fuse.sshfs",
    "/mnt/g": "fuse.glusterfs",
    "/mnt/c": "9p",
    "/mnt/ntfs": "fuseblk",
}


@pytest.mark.parametrize(
    ("there", "kind"),
    [
        ("/var/kodata/ledger.sqlite", ""),
        ("/home/me/ledger.sqlite", "nfs4"),
        ("/home/me/local/ledger.sqlite", ""),
        ("/homework/ledger.sqlite", ""),
        ("/mnt/ssh/a/b/ledger.sqlite", "fuse.sshfs"),
        ("/mnt/g/ledger.sqlite", "fuse.glusterfs"),
        ("/mnt/c/ledger.sqlite", "9p"),
        ("/mnt/ntfs/ledger.sqlite", ""),
    ],
)
def test_a_file_system_that_machines_share_is_recognised(there: str, kind: str) -> None:
    assert network_file_system(Path(there), MOUNTS) == kind


@pytest.mark.parametrize("behind", range(1, 5), ids=["BEGIN", "INSERT", "DELETE", "COMMIT"])
def test_an_interrupt_right_behind_any_statement_leaves_no_transaction_open(behind: int, ledger: Ledger) -> None:
    done = 0

    def interrupt(frame: object, event: str, function: object) -> None:
        nonlocal done
        done += event == "c_return" and getattr(function, "__name__", "") == "execute"
        if done == behind:
            sys.setprofile(None)
            raise KeyboardInterrupt

    rain = Ask("deepl", "{}", "Why does it rain?")
    sys.setprofile(interrupt)
    with pytest.raises(KeyboardInterrupt):
        ledger.keep([(rain, GREEN)])
    ledger.keep([(rain, GREEN)])
    assert rain.key in ledger.known([rain.key])
