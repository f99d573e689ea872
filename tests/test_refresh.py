"""`kodata refresh`: what changed is found, the difference is paid, a good corpus stays until a good one is there."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from kodata.answering import Patience, Purse
from kodata.building import Options, silent
from kodata.pipeline import shipped
from kodata.published import Build, builds_in, find_build
from kodata.refreshing import Look, one_at_a_time
from kodata.refreshing import refresh as run
from kodata.workspace import Workspace
from tests.conftest import Ended, Kodata, files_of, items, own_pipeline, write_items
from tests.servers.deepl import DeepLServer
from tests.servers.openai import OpenAIServer

Refresh = Callable[..., Ended]
HUB = 'hub = "tatsu-lab/alpaca"\nrevision = "dce01c9b08f87459cf36a430d809084718273017"'


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """alpaca-ko from a file of this folder."""
    write_items(tmp_path / "items.json", items(40))
    return own_pipeline(tmp_path, (HUB, 'path = "items.json"'))


@pytest.fixture
def refresh(kodata: Kodata, live: dict[str, str], corpus: Path) -> Refresh:
    """Refreshes the corpus with a dollar in the purse."""
    return lambda *flags: kodata("refresh", corpus, "--budget", 1, "--progress", "none", *flags)


def latest(tmp_path: Path) -> Build:
    return find_build("own", tmp_path / "home" / "builds")


def versions(tmp_path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (tmp_path / "home" / "builds" / "own" / "history.jsonl").open()]


def requests(*servers: DeepLServer | OpenAIServer) -> int:
    return sum(server.counts()["requests"] for server in servers)


# -- what changed


def test_a_night_with_nothing_new_sends_nothing_and_builds_nothing(
    refresh: Refresh, deepl: DeepLServer, openai: OpenAIServer, tmp_path: Path
) -> None:
    assert refresh().out.startswith("own: version 1 with 40 records: 40 added")
    sent, build = requests(deepl, openai), latest(tmp_path).path
    ended = refresh()
    assert (ended.code, ended.out) == (0, "own: nothing has changed; version 1 stands\n")
    assert (requests(deepl, openai), latest(tmp_path).path, len(versions(tmp_path))) == (sent, build, 1)


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("prompts/answer-ko.md", "", "\n짧게 답하세요.\n", "stage regenerate, prompt"),
        ("glossaries/en-ko.tsv", "", "visitor\t방문객\n", "stage translate, by"),
        ("own.toml", 'ngram = 3', 'ngram = 4', "stage dedupe-korean, ngram"),
        ("own.toml", '"ai-disclaimer", ', "", "stage sieve, rules"),
        ("own.toml", "dropped = 0.3 ", "dropped = 0.4 ", "pipeline file"),
    ],
)  # fmt: skip
def test_what_changed_is_named(
    refresh: Refresh, tmp_path: Path, file: str, old: str, new: str, said: str
) -> None:  # fmt: skip
    refresh()
    path = tmp_path / file
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(old, new) if old else text + new, encoding="utf-8")
    planned = refresh("--plan")
    assert planned.out.splitlines()[0] == f"own: to be refreshed, because: {said}"
    assert "total" in planned.out
    assert len(versions(tmp_path)) == 1
    assert f"because: {said}" in refresh().out
    assert len(versions(tmp_path)) == 2


def test_a_price_changes_nothing(refresh: Refresh, tmp_path: Path) -> None:
    refresh()
    price = '[models."gpt-6-luna"]\nusd_per_million_tokens_in = 9.0\nusd_per_million_tokens_out = 9.0\n'
    (tmp_path / "home" / "prices.toml").write_text(price)
    assert refresh().out == "own: nothing has changed; version 1 stands\n"


def test_only_the_difference_is_paid_and_an_edited_record_is_paired_with_its_former_self(
    refresh: Refresh, deepl: DeepLServer, openai: OpenAIServer, tmp_path: Path
) -> None:
    rows = items(40)
    refresh()
    deepl.reset()
    openai.reset()
    rows[7]["output"] = "Another answer."
    write_items(tmp_path / "items.json", [*items(43)[40:], *rows[1:]])
    ended = refresh()
    assert "version 2 with 42 records: 3 added, 1 edited, 1 removed" in ended.out
    assert "\n  alpaca: 3 added (new upstream)\n" in ended.out
    assert (deepl.counts()["repeated"], openai.counts()["repeated"]) == (0, 0)
    assert openai.counts()["requests"] == 3
    changes = [json.loads(line) for line in (tmp_path / "home/builds/own/history/2.jsonl").open()]
    (edited,) = (change for change in changes if change["what"] == "edited")
    (removed,) = (change for change in changes if change["what"] == "removed")
    assert edited["was"] != edited["id"]
    assert removed["why"] == "gone upstream"


def test_a_reordered_source_costs_nothing_and_is_as_a_fresh_build(
    refresh: Refresh, kodata: Kodata, deepl: DeepLServer, openai: OpenAIServer, corpus: Path, tmp_path: Path
) -> None:
    refresh()
    sent = requests(deepl, openai)
    write_items(tmp_path / "items.json", list(reversed(items(40))))
    assert "no record changed" in refresh().out
    assert requests(deepl, openai) == sent
    refreshed = files_of(latest(tmp_path))
    assert kodata("build", corpus, "--budget", 0, "--progress", "none").code == 0
    assert files_of(latest(tmp_path)) == refreshed


def test_answers_that_are_rejected_are_asked_anew(refresh: Refresh, kodata: Kodata, tmp_path: Path) -> None:
    refresh()
    ident = latest(tmp_path).corpus["id"][0]
    kodata("ledger", "reject", ident)
    assert "rejected or redacted" in refresh().out


def test_without_names_all_that_were_refreshed_are_and_one_that_fails_stops_no_other(
    refresh: Refresh, kodata: Kodata, corpus: Path, tmp_path: Path
) -> None:
    refresh()
    other = tmp_path / "other.toml"
    other.write_text(corpus.read_text(encoding="utf-8").replace("items.json", "others.json"), encoding="utf-8")
    write_items(tmp_path / "others.json", items(30))
    assert kodata("refresh", other, "--budget", 1, "--progress", "none").code == 0
    (tmp_path / "items.json").unlink()
    ended = kodata("refresh", "--progress", "none")
    assert ended.code == 1
    assert "items.json: No such file or directory" in ended.out
    assert "other: nothing has changed; version 1 stands" in ended.out
    assert "2 corpora, 1 not up to date" in ended.out


def test_a_source_that_is_gone_is_told_and_the_next_night_finds_it_again(
    refresh: Refresh, notified: Callable[..., Webhook], tmp_path: Path
) -> None:
    with Webhook() as hook:
        notified(hook, 'on = ["failed"]')
        refresh()
        (tmp_path / "items.json").rename(tmp_path / "away.json")
        ended = refresh()
        planned = refresh("--plan")
        (tmp_path / "away.json").rename(tmp_path / "items.json")
    said = f"own: failed: {tmp_path / 'items.json'}: No such file or directory; version 1 stands"
    assert (ended.code, ended.out) == (1, f"{said}\n")
    assert hook.told == [{"text": said}]
    assert planned.complaint.endswith("items.json: No such file or directory")
    assert refresh().out == "own: nothing has changed; version 1 stands\n"


def test_what_was_refused_to_be_paid_is_not_paid_by_the_next_night(
    kodata: Kodata, live: dict[str, str], corpus: Path, openai: OpenAIServer
) -> None:
    assert kodata("refresh", corpus, "--progress", "none").code == 4
    ended = kodata("refresh", "--budget", "5", "--progress", "none")
    assert (ended.code, openai.counts()["requests"]) == (2, 0)
    assert "nothing was refreshed in" in ended.err


def test_two_pipelines_of_one_name_do_not_share_a_corpus(refresh: Refresh, kodata: Kodata, corpus: Path) -> None:
    refresh()
    (corpus.parent / "other").mkdir()
    shutil.copy(corpus, corpus.parent / "other")
    for path in ("items.json", "prompts", "glossaries"):
        (corpus.parent / "other" / path).symlink_to(corpus.parent / path)
    ended = kodata("refresh", corpus.parent / "other" / "own.toml", "--progress", "none")
    assert ended.code == 2
    assert f"own is the corpus of {corpus}: give" in ended.out
    moved = corpus.parent / "other" / "own.toml"
    moved.unlink()
    corpus.rename(moved)
    assert kodata("refresh", moved, "--progress", "none").code == 0


def test_another_server_is_no_rejected_answer(
    refresh: Refresh, kodata: Kodata, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refresh()
    monkeypatch.delenv("OPENAI_BASE_URL")
    ended = kodata("refresh", corpus, "--plan", "--json", "--progress", "none")
    (planned,) = json.loads(ended.out)
    assert planned["because"] == ["stage regenerate, by"]
    assert planned["plan"]["to_ask"] == 40


def test_a_form_that_is_not_there_is_told_every_night(refresh: Refresh, corpus: Path) -> None:
    text = corpus.read_text(encoding="utf-8")
    corpus.write_text(f'{text}\n[[publish]]\nto = "axolotl"\nuse = "commercial"\n', encoding="utf-8")
    first, second = refresh(), refresh()
    assert (first.code, second.code) == (1, 1)
    assert "nothing has changed; version 1 stands; not exported to axolotl: " in second.out


# -- a source that is not what it was


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (json.dumps(items(30)), "30 records that can be read, 40 in the build that stands: more than 10% are gone"),
        (json.dumps(items(40))[:2000], "is cut off after"),
        ("[]", "is an empty JSON array"),
        ("", "is empty"),
        ("<!doctype html><p>Sign in</p>", "is a web page"),
    ],
)
def test_a_source_that_is_cut_off_or_empty_leaves_the_old_corpus_and_costs_nothing(
    refresh: Refresh, deepl: DeepLServer, openai: OpenAIServer, tmp_path: Path, content: str, said: str
) -> None:
    refresh()
    before, sent = files_of(latest(tmp_path)), requests(deepl, openai)
    (tmp_path / "items.json").write_text(content)
    ended = refresh()
    assert ended.code == 1
    assert said in ended.out
    assert "version 1 stands" in ended.out
    assert (files_of(latest(tmp_path)), requests(deepl, openai)) == (before, sent)
    write_items(tmp_path / "items.json", items(40))
    assert refresh().out == "own: nothing has changed; version 1 stands\n"


def test_a_source_half_of_which_cannot_be_read_stops_it(refresh: Refresh, tmp_path: Path) -> None:
    refresh()
    rows = [*items(20), *[{"no": "instruction"}] * 20]
    write_items(tmp_path / "items.json", rows)  # type: ignore[arg-type]
    assert "source alpaca has 20 records that can be read, 40 in the build that stands" in refresh().out


def test_new_items_that_cannot_be_read_are_dropped_records_to_the_gates(refresh: Refresh, tmp_path: Path) -> None:
    refresh()
    write_items(tmp_path / "items.json", [*items(45), *({"no": f"instruction {n}"} for n in range(40))])
    ended = refresh()
    assert (ended.code, "dropped, most as no-instruction: " in ended.out) == (6, True)


def test_a_source_may_shrink_where_the_gate_says_so(refresh: Refresh, corpus: Path, tmp_path: Path) -> None:
    refresh()
    corpus.write_text(corpus.read_text(encoding="utf-8") + "\n[gates]\nshrunk = 0.5\n", encoding="utf-8")
    write_items(tmp_path / "items.json", items(25))
    assert "version 2 with 25 records: 15 removed" in refresh().out


# -- gates


def test_a_worse_corpus_is_held_back_until_it_is_asked_anew(
    refresh: Refresh, kodata: Kodata, deepl: DeepLServer, openai: OpenAIServer, tmp_path: Path
) -> None:
    refresh()
    good = latest(tmp_path).path
    openai.faults(english=1.0)
    write_items(tmp_path / "items.json", items(60))
    ended = refresh()
    assert ended.code == 6
    said = "dropped, most as answer-not-korean: 100.0% of the new ones, 0.0% in the last good build, the gate is "
    assert said in ended.out
    assert len([line for line in ended.out.splitlines() if "answer-not-korean:" in line]) >= 10
    assert latest(tmp_path).path == good
    openai.faults()
    sent = requests(deepl, openai)
    again = refresh()
    assert (again.code, requests(deepl, openai)) == (6, sent)
    assert "held back" in again.out
    command = next(line for line in ended.out.splitlines() if "xargs" in line).partition(": ")[2]
    held = Path(command.rpartition("< ")[2])
    assert kodata("ledger", "reject", *held.read_text().split()).out == "20 answers rejected, 0 before\n"
    better = refresh()
    assert better.code == 0
    assert "version 2 with 60 records: 20 added" in better.out
    assert openai.counts()["repeated"] == 20
    assert deepl.counts()["repeated"] == 0


def test_a_person_may_let_a_held_build_stand_and_go_back(refresh: Refresh, kodata: Kodata, tmp_path: Path,
    openai: OpenAIServer,
) -> None:  # fmt: skip
    refresh()
    first = latest(tmp_path).path
    openai.faults(english=1.0)
    write_items(tmp_path / "items.json", items(60))
    refresh()
    assert kodata("promote", "own").out.startswith("Version 2 stands: ")
    promoted = latest(tmp_path)
    assert (promoted.path != first, promoted.held_back_by, promoted.gates) == (True, "", [])
    assert refresh().out == "own: nothing has changed; version 2 stands\n"
    assert kodata("rollback", "own").out.startswith("Version 3 stands: ")
    assert latest(tmp_path).path == first
    assert refresh().out == "own: nothing has changed; version 3 stands\n"
    told = kodata("history", "own").out
    assert [line.split()[3] for line in told.splitlines()[1:4]] == ["published", "promoted", "rolled"]
    assert kodata("rollback", "own").complaint.endswith("no version before the one that stands is left to go back to")
    assert kodata("promote", "own").complaint.endswith("was not held back: there is nothing to promote")


def test_builds_of_a_person_pass_the_same_gates(
    refresh: Refresh, kodata: Kodata, openai: OpenAIServer, corpus: Path, tmp_path: Path
) -> None:
    refresh()
    openai.faults(english=1.0)
    write_items(tmp_path / "items.json", items(60))
    ended = kodata("build", corpus, "--budget", 1, "--progress", "none")
    assert ended.code == 6
    assert "; dropped, most as answer-not-korean" in ended.out


# -- what goes wrong around it


def test_a_model_that_is_shut_down_is_found_before_anything_is_paid(
    refresh: Refresh, corpus: Path, deepl: DeepLServer, openai: OpenAIServer, tmp_path: Path
) -> None:
    refresh()
    sent = requests(deepl, openai)
    corpus.write_text(corpus.read_text(encoding="utf-8").replace("gpt-6-luna", "gpt-0-gone"), encoding="utf-8")
    (tmp_path / "home" / "prices.toml").write_text(
        '[models."gpt-0-gone"]\nusd_per_million_tokens_in = 1.0\nusd_per_million_tokens_out = 1.0\n'
    )
    write_items(tmp_path / "items.json", items(45))
    ended = refresh()
    assert ended.code == 1
    assert "gpt-0-gone" in ended.out
    assert requests(deepl, openai) == sent


def test_one_budget_holds_over_all_corpora_and_what_a_failing_one_paid_counts(
    refresh: Refresh, kodata: Kodata, corpus: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.toml"
    other.write_text(corpus.read_text(encoding="utf-8").replace("items.json", "others.json"), encoding="utf-8")
    write_items(tmp_path / "others.json", items(80)[40:])
    ended = kodata("refresh", corpus, other, "--budget", "0.05", "--progress", "none", "--json")
    first, second = json.loads(ended.out)
    for outcome in (first, second):
        Draft202012Validator(json.loads(shipped("schemas", "outcome.schema.json").read_bytes())).validate(outcome)
    assert (ended.code, first["end"], second["end"]) == (4, "failed", "failed")
    assert first["usd"] > 0
    assert first["usd"] + second["usd"] <= 0.05
    assert kodata("refresh", corpus, other, "--budget", "1", "--progress", "none").code == 0


def test_what_is_left_open_is_asked_on_the_next_night(
    refresh: Refresh, corpus: Path, env: dict[str, str], openai: OpenAIServer
) -> None:
    text = corpus.read_text(encoding="utf-8").replace("unanswered = 0.001", "unanswered = 1.0")
    corpus.write_text(f"{text}\n[gates]\nlength = 1.0\n", encoding="utf-8")  # of the few that are left: chance
    openai.faults(kinds=["500"], share=0.3)
    look = Look.at(str(corpus), Options(), Workspace.of(env), env)
    first = run(
        look, Workspace.of(env), env, silent, Purse(1.0), patience=Patience(1, 1, 0.01, 0.01, failures_in_a_row=40)
    )
    assert (first.end, first.is_settled) == ("published", False)
    openai.faults()
    assert "because: the last run left something open" in refresh().out
    assert refresh().out == "own: nothing has changed; version 2 stands\n"


def test_a_batch_that_is_out_is_collected_on_a_later_night(
    refresh: Refresh, corpus: Path, openai: OpenAIServer
) -> None:
    text = corpus.read_text(encoding="utf-8").replace('model = "gpt-6-luna", ', 'model = "gpt-6-luna", api = "batch", ')
    corpus.write_text(text, encoding="utf-8")
    openai.batches.is_done = False
    first, second = refresh(), refresh()
    assert (first.code, second.code) == (7, 7)
    assert "own: waiting: 40 questions wait in 1 batch" in first.out
    openai.batches.is_done = True
    assert "own: version 1 with 40 records" in refresh().out
    assert len(openai.batches.lines) == 40


def test_a_second_refresh_says_who_is_at_it(refresh: Refresh, kodata: Kodata, corpus: Path, tmp_path: Path) -> None:
    with one_at_a_time(Workspace.of(os.environ)):
        ended = kodata("refresh", corpus)
    assert ended.code == 1
    assert f"is running (process {os.getpid()}, for 0:00:0" in ended.complaint
    assert refresh().code == 0


def test_a_full_disk_leaves_the_old_corpus(
    refresh: Refresh, live: dict[str, str], corpus: Path, tmp_path: Path
) -> None:
    refresh()
    before = files_of(latest(tmp_path))
    write_items(tmp_path / "items.json", items(60))

    def no_file_over_50_kb() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

    command = [sys.executable, "-m", "kodata", "refresh", str(corpus), "--budget", "1", "--progress", "none"]
    done = subprocess.run(command, preexec_fn=no_file_over_50_kb, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert files_of(latest(tmp_path)) == before
    assert "version 2 with 60 records: 20 added" in refresh().out


def test_time_is_up_as_ctrl_c_is(refresh: Refresh, openai: OpenAIServer, tmp_path: Path) -> None:
    openai.faults(kinds=["slow"], share=1.0, delay=0.5)
    ended = refresh("--timeout", "0.02", "--parallel", "1")
    assert (ended.code, "own: failed: its time was up" in ended.out) == (1, True)
    openai.faults()
    assert "version 1 with 40 records" in refresh().out
    assert openai.counts()["repeated"] == 0


def test_time_is_up_for_all_and_each_is_told(
    kodata: Kodata, refresh: Refresh, corpus: Path, openai: OpenAIServer
) -> None:
    other = corpus.with_name("other.toml")
    other.write_text(corpus.read_text(encoding="utf-8"), encoding="utf-8")
    openai.faults(kinds=["slow"], share=1.0, delay=0.5)
    flags = ("--budget", "1", "--timeout", "0.02", "--parallel", "1", "--progress", "none", "--json")
    ended = kodata("refresh", corpus, other, *flags)
    assert ended.code == 1
    assert [outcome["message"].partition(";")[0] for outcome in json.loads(ended.out)] == [
        "its time was up", "no time was left",
    ]  # fmt: skip


def test_a_service_that_is_busy_for_a_moment_ends_no_night(refresh: Refresh, openai: OpenAIServer) -> None:
    openai.faults(kinds=["503"], times=1, lookups=True)
    assert refresh().code == 0


def test_a_template_that_was_edited_is_noticed(refresh: Refresh, corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.j2").write_text("{{ turns[0].output }}")
    text = corpus.read_text(encoding="utf-8")
    corpus.write_text(f'{text}\n[[publish]]\nto = "text"\ntemplate = "mine.j2"\n', encoding="utf-8")
    assert refresh().code == 0
    (tmp_path / "mine.j2").write_text("### {{ turns[0].output }}")
    assert "because: export text, template" in refresh().out


def test_a_pipeline_may_be_called_refresh(kodata: Kodata, refresh: Refresh, corpus: Path) -> None:
    other = corpus.with_name("refresh.toml")
    other.write_text(corpus.read_text(encoding="utf-8"), encoding="utf-8")
    assert kodata("refresh", other, "--budget", "1", "--progress", "none").code == 0


def test_a_price_that_doubled_is_seen_after_a_quiet_night(refresh: Refresh, tmp_path: Path) -> None:
    refresh()
    write_items(tmp_path / "items.json", items(43))
    assert refresh().code == 0
    price = '[models."gpt-6-luna"]\nusd_per_million_tokens_in = 1.0\nusd_per_million_tokens_out = 3.0\n'
    (tmp_path / "home" / "prices.toml").write_text(price)
    write_items(tmp_path / "items.json", items(80))
    ended = refresh()
    assert (ended.code, "dollars an ask of openai@" in ended.out) == (6, True)


def test_old_builds_go_and_the_history_stays(refresh: Refresh, kodata: Kodata, corpus: Path, tmp_path: Path) -> None:
    for count in (40, 42, 44, 46):
        write_items(tmp_path / "items.json", items(count))
        ended = refresh("--keep", "2")
        assert ended.code == 0
    assert "1 old build deleted" in ended.out
    home = tmp_path / "home" / "builds" / "own"
    assert len(list(home.glob("2*/manifest.json"))) == 2
    assert [version["records"] for version in versions(tmp_path)] == [40, 42, 44, 46]
    assert kodata("history", "own").out.count("deleted") == 2
    assert "1 old build deleted" in refresh("--keep", "1").out
    assert kodata("history", "nosuch", "--json").code == 1
    assert json.loads(kodata("history", corpus, "--json").out) == versions(tmp_path)


def test_an_old_version_is_made_again_from_its_source_and_the_ledger(
    refresh: Refresh, kodata: Kodata, corpus: Path, tmp_path: Path
) -> None:
    refresh()
    first, old = files_of(latest(tmp_path)), tmp_path / "old.json"
    old.write_bytes((tmp_path / "items.json").read_bytes())
    write_items(tmp_path / "items.json", items(50))
    refresh("--keep", "1")
    assert [one.path.name for one in builds_in(tmp_path / "home" / "builds" / "own")] == [
        versions(tmp_path)[1]["build"]
    ]
    assert kodata("build", corpus, "--offline", "--source", old, "--progress", "none").code == 0
    (home,) = (tmp_path / "home" / "builds").glob("own@*")
    again = find_build(home.name, tmp_path / "home" / "builds")
    assert again.manifest["sources"][0]["hash"] == versions(tmp_path)[0]["sources"]["alpaca"]
    rows = [json.loads(line) | {"source_file": ""} for line in files_of(again)["corpus.jsonl"].splitlines()]
    assert rows == [json.loads(line) | {"source_file": ""} for line in first["corpus.jsonl"].splitlines()]


# -- telling people


class Webhook(ThreadingHTTPServer):
    """Keeps what it is told; answers with `status`, or not at all."""

    def __init__(self, status: int = 200, *, hangs: bool = False) -> None:
        self.told: list[Any] = []
        ended = self.ended = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                hook.told.append(body)
                if hangs:
                    ended.wait(60)
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        hook = self
        super().__init__(("127.0.0.1", 0), Handler)

    def __enter__(self) -> Webhook:
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.shutdown()
        self.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/services/T0/SECRET"


@pytest.fixture
def notified(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Webhook]:
    def settings(hook: Webhook, text: str = "") -> Webhook:
        table = f'\n[notify]\nwebhook_env = "NIGHT_HOOK"\n{text}\n'
        corpus.write_text(corpus.read_text(encoding="utf-8") + table, encoding="utf-8")
        monkeypatch.setenv("NIGHT_HOOK", hook.url)
        return hook

    return settings


def test_slack_is_told_of_changes_and_failures_only(
    refresh: Refresh, notified: Callable[..., Webhook], tmp_path: Path
) -> None:
    with Webhook() as hook:
        notified(hook)
        refresh()
        refresh()
        (tmp_path / "items.json").write_text("<script>alert(1)</script>")
        refresh()
    texts = [told["text"] for told in hook.told]
    assert texts[0] == "own: version 1 with 40 records: 40 added"
    assert len(texts) == 2
    assert texts[1].startswith("own: failed: ")
    assert "<script" not in texts[1]


def test_a_plain_post_holds_the_outcome(refresh: Refresh, notified: Callable[..., Webhook]) -> None:
    with Webhook() as hook:
        notified(hook, 'style = "json"\non = ["changed"]')
        refresh()
    (told,) = hook.told
    Draft202012Validator(json.loads(shipped("schemas", "outcome.schema.json").read_bytes())).validate(told)
    assert (told["corpus"], told["end"], told["version"], told["records"]["kept"]) == ("own", "published", 1, 40)


class _Garbage(Webhook):
    """Answers with what is no HTTP."""

    def __init__(self) -> None:
        super().__init__()
        told = self.told

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.wfile.write(b"SECRET garbage\r\n\r\n")

            def log_message(self, *_: object) -> None:
                pass

        self.RequestHandlerClass = Handler


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/a SECRET", "https://user:SECRET@host/x", "ftp://SECRET", ""])
def test_a_url_that_is_none_is_not_shown(
    refresh: Refresh, notified: Callable[..., Webhook], monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    notified(Webhook())
    monkeypatch.setenv("NIGHT_HOOK", url)
    ended = refresh()
    assert ended.code == 0
    assert ended.err.startswith("kodata: ")
    assert "NIGHT_HOOK" in ended.err
    assert "SECRET" not in ended.out + ended.err


def test_a_url_in_the_file_is_refused_as_the_file_is_published(refresh: Refresh, corpus: Path, tmp_path: Path) -> None:
    text = corpus.read_text(encoding="utf-8")
    corpus.write_text(f'{text}\n[notify]\nwebhook_env = "https://hooks/SECRET"\n', encoding="utf-8")
    ended = refresh()
    assert (ended.code, "webhook_env names the variable" in ended.out) == (2, True)
    assert "SECRET" not in ended.out + ended.err


def test_a_benchmark_that_cannot_be_loaded_is_told(
    refresh: Refresh, notified: Callable[..., Webhook], corpus: Path
) -> None:
    text = corpus.read_text(encoding="utf-8").replace("benchmarks = []", 'benchmarks = ["nowhere.jsonl"]')
    corpus.write_text(text, encoding="utf-8")
    with Webhook() as hook:
        notified(hook)
        assert refresh().code != 0
    assert "nowhere.jsonl" in hook.told[0]["text"]


@pytest.mark.parametrize(
    "hook",
    [_Garbage(), Webhook(500), Webhook(302), Webhook(hangs=True)],
    ids=["garbage", "fails", "redirects", "hangs"],
)
def test_a_webhook_that_does_not_take_it_fails_nothing_and_its_url_is_not_shown(
    refresh: Refresh, notified: Callable[..., Webhook], hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kodata.refreshing.telling._PATIENCE_S", 1.0)
    with hook:
        notified(hook)
        ended = refresh()
    assert (ended.code, len(hook.told)) == (0, 1)
    assert "the webhook in NIGHT_HOOK did not take the message" in ended.err
    assert "SECRET" not in ended.out + ended.err
