"""Records asked anew, answers withdrawn, and a ledger that is not the one a corpus was paid with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kodata.differences import difference
from kodata.errors import LedgerError, PipelineError
from kodata.ledger import Ledger
from kodata.published import Build
from kodata.workspace import Workspace
from tests.conftest import items
from tests.servers.deepl import DeepLServer
from tests.servers.openai import OpenAIServer

Run = Callable[..., Build]


def test_redo_asks_again_for_those_records_only(run: Run, deepl: DeepLServer, openai: OpenAIServer) -> None:
    rows = items(30)
    first = run(rows)
    ids = first.corpus["id"].to_list()
    deepl.reset()
    openai.reset()
    again = run(rows, redo=(ids[3], ids[4]))
    texts = {row[name] for row in rows[3:5] for name in ("instruction", "input") if row[name]}
    assert (deepl.counts()["texts"], openai.counts()["ok"]) == (len(texts), 2)
    changed = again.corpus.filter(again.corpus["answer_key"] != first.corpus["answer_key"])
    assert changed["id"].to_list() == [ids[3], ids[4]]


def test_after_a_redo_nothing_is_asked_any_more(run: Run, deepl: DeepLServer, openai: OpenAIServer) -> None:
    rows = items(10)
    ids = run(rows).corpus["id"].to_list()
    again = run(rows, redo=(ids[0],))
    deepl.reset()
    openai.reset()
    assert difference(again, run(rows)) == difference(again, again)
    assert (deepl.counts()["requests"], openai.counts()["requests"]) == (0, 0)


def test_a_redo_of_an_unknown_record_names_the_nearest_and_rejects_nothing(run: Run, env: dict[str, str]) -> None:
    ident = run(items(5)).corpus["id"][0]
    with pytest.raises(PipelineError, match=f'--redo: no record "{ident[:-1]}" - did you mean "{ident}"'):
        run(items(5), redo=(ident[:-1],))
    with Ledger(Workspace.of(env).ledger) as ledger:
        assert ledger.rejected() == frozenset()


def test_a_rejected_answer_is_asked_again_though_a_snapshot_remembers_it(
    run: Run, env: dict[str, str], openai: OpenAIServer
) -> None:
    first = run(items(12))
    key = first.corpus["answer_key"][5]
    with Ledger(Workspace.of(env).ledger) as ledger:
        ledger.reject([bytes.fromhex(key)], "poisoned")
    openai.reset()
    again = run(items(12))
    assert openai.counts()["ok"] == 1
    assert key not in again.corpus["answer_key"].to_list()
    assert again.corpus["answer_key"].to_list()[:5] == first.corpus["answer_key"].to_list()[:5]


def test_a_redacted_record_leaves_though_a_snapshot_remembers_it(
    run: Run, env: dict[str, str], deepl: DeepLServer, openai: OpenAIServer
) -> None:
    ident = run(items(12)).corpus["id"][7]
    with Ledger(Workspace.of(env).ledger) as ledger:
        assert ledger.redact([found.key for found in ledger.find(ident)]) == 2
    deepl.reset()
    openai.reset()
    again = run(items(12))
    assert again.dropped.select("id", "stage", "reason").rows() == [(ident, "translate", "redacted")]
    assert (deepl.counts()["requests"], openai.counts()["requests"]) == (0, 0)


def test_an_empty_ledger_under_a_corpus_that_was_paid_for_stops(
    run: Run, env: dict[str, str], deepl: DeepLServer, tmp_path: Path
) -> None:
    first = run(items(5))
    ledger = Workspace.of(env).ledger
    ledger.rename(tmp_path / "kept.sqlite")
    deepl.reset()
    with pytest.raises(LedgerError, match=r"is empty, but .* was paid for with another one\. Bring it back"):
        run(items(5))
    assert deepl.counts()["requests"] == 0
    ledger.unlink()
    (tmp_path / "kept.sqlite").rename(ledger)
    assert difference(first, run(items(5))) == difference(first, first)
