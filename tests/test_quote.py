"""The price known before: what a plan says of a build that has not been paid for is what it comes to."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from llmock.pytest_plugin import LLMock

from kodata.answering import Day
from kodata.asks import Answer, Ask
from kodata.building import Options, silent
from kodata.cli.quote import plan_lines
from kodata.errors import DayIsSpent
from kodata.ledger import Ledger
from kodata.planning import Fit, fit, plan
from kodata.published import Build
from kodata.quote import Plan
from kodata.workspace import Workspace
from tests.conftest import SHARED, items, own_pipeline, stage_of, write_items
from tests.servers.deepl import DeepLServer
from tests.servers.openai import OpenAIServer

Run = Callable[..., Build]

PAIRS, ALIGNED = SHARED / "koalpaca" / "deepl_en_ko.jsonl", SHARED / "koalpaca" / "koalpaca_aligned.jsonl"
WHO = ("human", "gpt")


def json_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


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
    written = stage_of(quote, "regenerate")
    assert (written.basis, written.answers) == ("answers", 20)
    assert written.usd == pytest.approx(paid(deepl, openai) - deepl.counts()["characters"] * 25e-6, rel=0.1)


def test_questions_that_wait_for_a_translation_are_quoted_one_for_each_record(planned: Callable[..., Plan]) -> None:
    written = stage_of(planned(items(60)), "regenerate")
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
    translated = stage_of(planned(plain(90), overrides=WRITES_NOTHING), "translate")
    run(plain(90), overrides=WRITES_NOTHING, budget_usd=translated.usd)
    counts = deepl.counts()
    assert (translated.characters, translated.to_ask, translated.requests, translated.is_estimate) == (
        counts["characters"], counts["texts"], counts["requests"], False,
    )  # fmt: skip
    assert translated.usd_low == translated.usd == translated.usd_high == pytest.approx(counts["characters"] * 25e-6)


def test_texts_that_lose_a_mark_cost_more_than_once_and_no_more_than_the_bound(
    run: Run, planned: Callable[..., Plan], deepl: DeepLServer
) -> None:
    translated = stage_of(planned(items(200), overrides=WRITES_NOTHING), "translate")
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


def test_the_bill_is_what_the_servers_counted_less_what_was_lost(
    run: Run, deepl: DeepLServer, openai: OpenAIServer
) -> None:
    deepl.faults(kinds=["429", "cut", "drop"], times=6, drop_marks=0.1)
    openai.faults(kinds=["429", "503", "cut", "short", "drop"], share=0.2)
    asks = run(items(150), parallel=4).manifest["asks"]
    translated, written = (next(a for name, a in asks.items() if name.startswith(who)) for who in ("deepl", "openai"))
    counts, wrote = deepl.counts(), openai.counts()
    assert (counts["lost"] > 0, wrote["lost"] > 0) == (True, True)
    assert (translated["characters"], translated["sent"]) == (counts["characters"], counts["texts"])
    assert (written["tokens_in"], written["tokens_out"]) == (wrote["tokens_in"], wrote["tokens_out"])
    assert translated["usd"] + written["usd"] == pytest.approx(paid(deepl, openai), abs=1e-6)


@pytest.mark.skipif(not PAIRS.exists(), reason=f"{PAIRS} is not there")
def test_after_a_pilot_the_quote_of_real_texts_is_within_a_tenth_of_the_bill(
    run: Run, planned: Callable[..., Plan], deepl: DeepLServer, openai: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deepl, "known", {pair["en"]: pair["ko"] for pair in json_lines(PAIRS)})
    rows = [record["en"] for record in json_lines(ALIGNED)[:500]]
    deepl.faults(drop_marks=0.05)
    run(rows, pilot=20)
    quote = planned(rows)
    deepl.reset()
    openai.reset()
    run(rows)
    translated, written = stage_of(quote, "translate"), stage_of(quote, "regenerate")
    characters = deepl.counts()["characters"] * 25e-6
    assert round(translated.usd_low, 9) <= round(characters, 9) <= round(translated.usd_high, 9)
    assert (translated.usd, written.usd) == (
        pytest.approx(characters, rel=0.1), pytest.approx(paid(deepl, openai) - characters, rel=0.1),
    )  # fmt: skip


def test_each_turn_of_a_conversation_is_quoted(env: dict[str, str], tmp_path: Path) -> None:
    talk = [{"from": who, "value": f"{who} says something about bread, part {n}."} for n in range(3) for who in WHO]
    path = tmp_path / "talks.json"
    path.write_text(json.dumps([{"id": "t0", "conversations": talk}]), encoding="utf-8")
    pipeline = tmp_path / "talks-ko.toml"
    pipeline.write_text(
        '[[source]]\nuse = "sharegpt"\npath = "talks.json"\n'
        '[[stage]]\nuse = "translate"\nfields = ["instruction"]\nwith = { use = "deepl" }\n'
        '[[stage]]\nuse = "regenerate"\nprompt = "talks.json"\nwith = { use = "openai", model = "gpt-6-luna" }\n',
        encoding="utf-8",
    )
    translated, written = plan(str(pipeline), Options(), Workspace.of(env), env, silent).stages
    assert (translated.to_ask, written.pending, written.to_ask, written.tokens_out) == (3, 1, 3, 750)


def test_a_plan_reads_what_is_left_on_the_account_and_says_what_is_missing(
    planned: Callable[..., Plan], deepl: DeepLServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deepl, "quota", 500)
    quote = planned(items(30))
    (quota,) = quote.quotas
    assert (quota.used, quota.limit, quota.missing) == (0, 500, stage_of(quote, "translate").characters - 500)


def test_a_plan_without_a_key_or_a_network_says_what_it_could_not_ask(env: dict[str, str], tmp_path: Path) -> None:
    path = write_items(tmp_path / "items.json", items(3))
    unreachable = {**env, "DEEPL_SERVER_URL": "http://127.0.0.1:9"}
    keyless = {name: value for name, value in unreachable.items() if name != "DEEPL_AUTH_KEY"}
    quotes = [
        plan("alpaca-ko", Options(sources={"": path}), Workspace.of(env), e, silent) for e in (unreachable, keyless)
    ]
    assert [(quote.usd > 0, len(quote.quotas), len(quote.unasked)) for quote in quotes] == [(True, 0, 1)] * 2
    assert [why.split(": ", 1)[1] for quote in quotes for why in quote.unasked] == [
        "deepl@127.0.0.1:9 cannot be reached. Check the network and DEEPL_SERVER_URL", "no key",
    ]  # fmt: skip


def test_a_plan_says_how_long_the_limits_of_an_account_take_once_they_are_known(
    run: Run, env: dict[str, str], planned: Callable[..., Plan], llmock: LLMock
) -> None:
    llmock.reply("나무는 봄에 잎을 냅니다.", times=None).limits(rpm=600)
    env["OPENAI_BASE_URL"] = llmock.base_url("openai")
    echo = ('translate.with={use="echo"}',)
    assert stage_of(planned(items(80), overrides=echo), "regenerate").seconds is None
    run(items(80), limit=20, overrides=echo)
    assert stage_of(planned(items(80), overrides=echo), "regenerate").seconds == pytest.approx(60 / 10)


@pytest.mark.parametrize("width", [80, 100, 200])
def test_a_quote_is_no_wider_than_the_screen(
    width: int, planned: Callable[..., Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kodata.cli.quote.screen_cells", lambda: width)
    lines = plan_lines(planned(items(60)))
    assert max(map(len, lines)) <= width


def test_amounts_are_shown_in_won_where_a_rate_is_set(
    env: dict[str, str], planned: Callable[..., Plan], tmp_path: Path
) -> None:
    Path(env["KODATA_HOME"]).mkdir()
    (Path(env["KODATA_HOME"]) / "prices.toml").write_text("[won]\nper_usd = 1400\n", encoding="utf-8")
    quote = planned(items(9))
    assert quote.won_per_usd == 1400
    assert f"₩{quote.usd * 1400:,.0f} at ₩1,400 a dollar" in " ".join(plan_lines(quote))


# -- what may be spent on a day


def with_limit(folder: Path, usd: float) -> str:
    """The path of alpaca-ko with a limit for the day."""
    return str(own_pipeline(folder, ("[limits]", f"[limits]\nusd_per_day = {usd}")))


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
