"""The price known before: what a plan says of a build that has not been paid for is what it comes to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kodata.building import Options, silent
from kodata.planning import plan
from kodata.published import Build
from kodata.quote import Plan
from kodata.workspace import Workspace
from tests.conftest import items, write_items
from tests.servers.deepl import DeepLServer
from tests.servers.openai import OpenAIServer

Run = Callable[..., Build]


@pytest.fixture
def planned(env: dict[str, str], tmp_path: Path) -> Callable[..., Plan]:
    def plan_it(rows: list[dict[str, str]], **options: object) -> Plan:
        path = write_items(tmp_path / "items.json", rows)
        return plan("alpaca-ko", Options(sources={"": path}, **options), Workspace.of(env), env, silent)  # type: ignore[arg-type]

    return plan_it


def paid(deepl: DeepLServer, openai: OpenAIServer) -> float:
    """What the servers would bill, in dollars."""
    counts = openai.counts()
    return deepl.counts()["characters"] * 25e-6 + counts["tokens_in"] * 0.1e-6 + counts["tokens_out"] * 0.5e-6


def test_after_a_pilot_of_20_the_quote_of_the_rest_is_within_a_tenth_of_the_bill(
    run: Run, planned: Callable[..., Plan], deepl: DeepLServer, openai: OpenAIServer
) -> None:
    run(items(300), limit=20)
    quote = planned(items(300))
    deepl.reset()
    openai.reset()
    run(items(300))
    assert quote.usd == pytest.approx(paid(deepl, openai), rel=0.1)
    written = quote.stages[4]
    assert (written.basis, written.answers) == ("answers", 20)
    assert written.usd == pytest.approx(paid(deepl, openai) - deepl.counts()["characters"] * 25e-6, rel=0.1)


def test_questions_that_wait_for_a_translation_are_quoted_one_for_each_record(planned: Callable[..., Plan]) -> None:
    written = planned(items(60)).stages[4]
    assert (written.records, written.pending, written.to_ask, written.requests) == (0, 60, 60, 60)
    assert (written.basis, 0 < written.usd_low < written.usd <= written.usd_high < written.usd_bound) == (
        "assumed", True,
    )  # fmt: skip
