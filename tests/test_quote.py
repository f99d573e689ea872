"""The price known before: what a plan says of a build that has not been paid for is what it comes to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kodata.answering import Day
from kodata.asks import Answer, Ask
from kodata.building import Options, silent
from kodata.errors import DayIsSpent
from kodata.ledger import Ledger
from kodata.pipeline import shipped
from kodata.planning import Fit, fit, plan
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


@pytest.fixture
def bought(env: dict[str, str], tmp_path: Path) -> Callable[..., Fit]:
    def fit_it(rows: list[dict[str, str]], usd: float, **options: object) -> Fit:
        path = write_items(tmp_path / "items.json", rows)
        settings = Options(sources={"": path}, **options)  # type: ignore[arg-type]
        return fit("alpaca-ko", settings, Workspace.of(env), env, silent, usd)

    return fit_it


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


WRITES_NOTHING = ('regenerate.with={use="echo"}',)


def plain(count: int) -> list[dict[str, str]]:
    """Items whose texts lose nothing in translation."""
    return [{**item, "instruction": f"{item['instruction'].split('.')[0]}."} for item in items(count)]


def test_a_quote_of_known_texts_is_the_bill_and_no_estimate(
    run: Run, planned: Callable[..., Plan], deepl: DeepLServer
) -> None:
    translated = planned(plain(90), overrides=WRITES_NOTHING).stages[2]
    run(plain(90), overrides=WRITES_NOTHING, budget_usd=translated.usd)
    counts = deepl.counts()
    assert (translated.characters, translated.to_ask, translated.requests, translated.is_estimate) == (
        counts["characters"], counts["texts"], counts["requests"], False,
    )  # fmt: skip
    assert translated.usd_low == translated.usd == translated.usd_high == pytest.approx(counts["characters"] * 25e-6)


def test_texts_that_lose_a_mark_cost_more_than_once_and_no_more_than_the_bound(
    run: Run, planned: Callable[..., Plan], deepl: DeepLServer
) -> None:
    translated = planned(items(200), overrides=WRITES_NOTHING).stages[2]
    deepl.faults(drop_marks=0.05)
    run(items(200), overrides=WRITES_NOTHING)
    usd = deepl.counts()["characters"] * 25e-6
    assert translated.is_estimate
    assert translated.usd_low < usd <= translated.usd_high < translated.usd_bound


def test_an_amount_buys_as_many_records_as_it_pays_for_to_the_character(
    run: Run, bought: Callable[..., Fit], planned: Callable[..., Plan], deepl: DeepLServer
) -> None:
    fitted = bought(plain(200), 0.1, overrides=WRITES_NOTHING)
    assert fitted.limit is not None
    assert planned(plain(200), limit=fitted.limit + 1, overrides=WRITES_NOTHING).usd > 0.1
    run(plain(200), limit=fitted.limit, budget_usd=0.1, overrides=WRITES_NOTHING)
    assert deepl.counts()["characters"] * 25e-6 == pytest.approx(fitted.plan.usd)


def test_an_amount_buys_records_whose_answers_can_only_be_estimated(
    run: Run, bought: Callable[..., Fit], deepl: DeepLServer, openai: OpenAIServer
) -> None:
    run(items(200), limit=20)
    deepl.reset()
    openai.reset()
    fitted = bought(items(200), 0.1)
    assert fitted.limit is not None
    assert 20 < fitted.limit < 200
    run(items(200), limit=fitted.limit, budget_usd=0.1)
    assert 0.085 < paid(deepl, openai) <= 0.1


@pytest.mark.parametrize(("usd", "limit"), [(0.0, 0), (0.0001, 0), (10.0, None)])
def test_an_amount_may_buy_nothing_or_all(usd: float, limit: int | None, bought: Callable[..., Fit]) -> None:
    assert bought(items(9), usd).limit == limit


def test_what_is_paid_for_comes_with_any_amount(run: Run, bought: Callable[..., Fit]) -> None:
    run(items(30), limit=20)
    assert bought(items(30), 0.0).limit == 20


# -- what may be spent on a day


def with_limit(tmp_path: Path, usd: float) -> str:
    """The path of alpaca-ko with a limit for the day."""
    text = shipped("pipelines", "alpaca-ko.toml").read_text(encoding="utf-8")
    path = tmp_path / "limited-ko.toml"
    path.write_text(text.replace("[limits]", f"[limits]\nusd_per_day = {usd}"), encoding="utf-8")
    (tmp_path / "prompts").mkdir(exist_ok=True)
    prompt = shipped("pipelines", "prompts", "answer-ko.md").read_text(encoding="utf-8")
    (tmp_path / "prompts" / "answer-ko.md").write_text(prompt, encoding="utf-8")
    return str(path)


def test_what_a_day_allows_holds_over_all_runs_of_that_day(
    run: Run, tmp_path: Path, deepl: DeepLServer, openai: OpenAIServer
) -> None:
    limited = with_limit(tmp_path, 0.05)
    for _ in range(3):
        with pytest.raises(DayIsSpent, match=r"of the \$0\.05 that \[limits\] usd_per_day allows until midnight UTC"):
            run(items(200), pipeline=limited)
    assert 0.048 < paid(deepl, openai) <= 0.05


def test_a_lost_answer_counts_for_the_day_at_what_it_may_have_cost_at_most(
    run: Run, tmp_path: Path, deepl: DeepLServer, openai: OpenAIServer
) -> None:
    deepl.faults(kinds=["drop"], times=1)
    with pytest.raises(DayIsSpent):
        run(items(200), pipeline=with_limit(tmp_path, 0.05))
    counts = deepl.counts()
    assert (counts["lost"], counts["billed"] > counts["characters"], counts["billed"] * 25e-6 <= 0.05) == (
        1,
        True,
        True,
    )


def test_a_new_day_allows_as_much_again() -> None:
    ledger, days = Ledger.in_memory(), ["2020-01-01"]
    day = Day(1.0, ledger, lambda: days[-1])
    ledger.keep([(Ask("deepl", "", "one"), Answer("하나", "deepl", usd=0.75))])  # today, so after both days
    ledger.lose("deepl", 1, 0.5, "cut")
    assert day.left_usd() == -0.25
    days.append("9999-01-01")
    assert day.left_usd() == 1.0
    days.append("2020-01-02")
    ledger.keep([(Ask("deepl", "", "two"), Answer("둘", "deepl", usd=0.25))])
    assert (day.left_usd(), day.left_usd()) == (-0.5, -0.5)


def test_a_plan_says_what_a_day_allows(env: dict[str, str], tmp_path: Path) -> None:
    path = write_items(tmp_path / "items.json", items(9))
    quote = plan(with_limit(tmp_path, 0.5), Options(sources={"": path}), Workspace.of(env), env, silent)
    assert quote.usd_per_day == 0.5
