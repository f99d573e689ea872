"""Prices: the user's table goes before the shipped one, and nothing is free by mistake."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import kodata
from kodata.errors import Misconfigured
from kodata.prices import Prices, TokenPrice, load_prices

SHIPPED = tomllib.loads(Path(kodata.__file__).with_name("prices.toml").read_text(encoding="utf-8"))

SOL = TokenPrice(2, 10, "o200k_base")


def prices(tmp_path: Path, own: str | None = None) -> Prices:
    path = tmp_path / "prices.toml"
    if own is not None:
        path.write_text(own, encoding="utf-8")
    return load_prices(path)


def test_a_token_price_is_per_million() -> None:
    assert TokenPrice(0.1, 0.5).usd(2_000_000, 1_000_000) == pytest.approx(0.7)


def test_a_character_costs_a_millionth_of_the_price_shown(tmp_path: Path) -> None:
    assert prices(tmp_path).of_characters("deepl") == 25.0 / 1e6


@pytest.mark.parametrize("model", SHIPPED["models"])
def test_every_shipped_price_is_dated_and_can_be_read(model: str, tmp_path: Path) -> None:
    row = SHIPPED["models"][model]
    assert (prices(tmp_path).of_model(model), row["seen"].year, bool(row["source"])) == (
        TokenPrice(row["usd_per_million_tokens_in"], row["usd_per_million_tokens_out"], "o200k_base"),
        2026,
        True,
    )


def test_the_users_price_of_a_model_goes_first(tmp_path: Path) -> None:
    own = '[models."gpt-6-luna"]\nusd_per_million_tokens_in = 1\nusd_per_million_tokens_out = 2.5\n'
    assert prices(tmp_path, own).of_model("gpt-6-luna") == TokenPrice(1.0, 2.5)


def test_the_users_price_of_characters_goes_first(tmp_path: Path) -> None:
    assert prices(tmp_path, "[deepl]\nusd_per_million_characters = 20\n").of_characters("deepl") == 20 / 1e6


def test_what_the_user_does_not_price_costs_what_is_shipped(tmp_path: Path) -> None:
    assert prices(tmp_path, "[deepl]\nusd_per_million_characters = 20\n").of_model("gpt-6-sol") == SOL


def test_a_dated_model_costs_what_the_model_costs(tmp_path: Path) -> None:
    assert prices(tmp_path).of_model("gpt-6-sol-2026-03-05") == SOL


def test_a_dated_model_with_a_price_of_its_own_costs_that(tmp_path: Path) -> None:
    own = '[models."gpt-6-luna-2026-03-05"]\nusd_per_million_tokens_in = 7\nusd_per_million_tokens_out = 8\n'
    assert prices(tmp_path, own).of_model("gpt-6-luna-2026-03-05") == TokenPrice(7, 8)


@pytest.mark.parametrize("model", ["gpt-6-lunar", "gpt-6-luna-mini", "gpt-6-luna-2026", "gpt-6-luna-2026-03-05-x", ""])
def test_a_model_without_a_price_is_asked_for(model: str, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=f'^no price for model "{model}".*prices.toml.*usd_per_million_tokens_in'):
        prices(tmp_path).of_model(model)


def test_a_service_without_a_price_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"^no price for papago\. Give it one in .*prices\.toml$"):
        prices(tmp_path).of_characters("papago")


def test_half_a_price_of_a_model_is_refused(tmp_path: Path) -> None:
    own = '[models."gpt-6-luna"]\nusd_per_million_tokens_in = 1\n'
    with pytest.raises(Misconfigured, match=r"^the price of model gpt-6-luna in .* is None, not an amount of dollars$"):
        prices(tmp_path, own).of_model("gpt-6-luna")


@pytest.mark.parametrize("amount", ["nan", "inf", "-1", '"25"', "true"])
def test_a_price_that_would_turn_the_budget_off_is_refused(amount: str, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"^the price of deepl in .* not an amount of dollars$"):
        prices(tmp_path, f"[deepl]\nusd_per_million_characters = {amount}\n").of_characters("deepl")


def test_a_price_of_nothing_is_taken_when_the_user_says_so(tmp_path: Path) -> None:
    own = '[models."qwen"]\nusd_per_million_tokens_in = 0\nusd_per_million_tokens_out = 0\n'
    assert prices(tmp_path, own).of_model("qwen").usd(10**6, 10**6) == 0


@pytest.mark.parametrize("content", [b"deepl = ", "[값]\nx = 1".encode("cp949")], ids=["no TOML", "no UTF-8"])
def test_a_table_that_cannot_be_read_is_named(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "prices.toml").write_bytes(content)
    with pytest.raises(Misconfigured, match=r"prices\.toml is not TOML"):
        load_prices(tmp_path / "prices.toml")
