"""What a character and a token cost: the dated table that ships, and the user's own before it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import inf
from pathlib import Path

from kodata.errors import Misconfigured, did_you_mean

_SHIPPED = Path(__file__).with_name("prices.toml")
_TOKENS = ("usd_per_million_tokens_in", "usd_per_million_tokens_out")
_KEYS = {"deepl": ("usd_per_million_characters",), "won": ("per_usd",), "models": (*_TOKENS, "vocabulary")}
_DATED = re.compile(r"-20\d\d-\d\d-\d\d$")  # a dated snapshot of a model costs what the model costs


@dataclass(frozen=True)
class TokenPrice:
    """Dollars for one million tokens read and written, and the vocabulary they are counted with, where it is known."""

    usd_per_million_in: float
    usd_per_million_out: float
    vocabulary: str = ""

    def usd(self, tokens_in: float, tokens_out: float) -> float:
        return (tokens_in * self.usd_per_million_in + tokens_out * self.usd_per_million_out) / 1e6


@dataclass(frozen=True, eq=False)
class Prices:
    """The price tables in order of precedence."""

    tables: tuple[Mapping[str, object], ...]
    own: Path
    flat: TokenPrice | None = None  # of every model, where a server has one price

    def of_characters(self, service: str) -> float:
        """Dollars per character. Raises Misconfigured when the service has no price."""
        for table in self.tables:
            if isinstance(row := table.get(service), dict) and "usd_per_million_characters" in row:
                return self._usd(row["usd_per_million_characters"], service) / 1e6
        raise Misconfigured(f"no price for {service}. Give it one in {self.own}")

    @lru_cache(maxsize=64)  # noqa: B019  # one table a run
    def of_model(self, model: str) -> TokenPrice:
        """Raises Misconfigured when the model has no price."""
        if self.flat is not None:
            return self.flat
        for name in (model, _DATED.sub("", model)):
            for table in self.tables:
                models = table.get("models")
                row = models.get(name) if isinstance(models, dict) else None
                if isinstance(row, dict):
                    read, wrote = (self._usd(row.get(key), f"model {name}") for key in _TOKENS)
                    return TokenPrice(read, wrote, str(row.get("vocabulary", "")))
        raise Misconfigured(
            f'no price for model "{model}", so nothing is asked. Add to {self.own}: [models."{model}"] with '
            "usd_per_million_tokens_in and usd_per_million_tokens_out"
        )

    @property
    def won_per_usd(self) -> float | None:
        """The rate at which amounts are shown in won as well; None where none is set."""
        rates = [row["per_usd"] for table in self.tables if isinstance(row := table.get("won"), dict)]
        return self._usd(rates[0], "a dollar in won") if rates else None

    def _usd(self, value: object, of: str) -> float:
        """The price as written; one that is no number would turn the budget off."""
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < inf:
            raise Misconfigured(f"the price of {of} in {self.own} is {value!r}, not an amount of dollars")
        return float(value)


def load_prices(own: Path) -> Prices:
    """The shipped table with the user's own before it, where there is one.

    Raises Misconfigured when the user's table is not TOML.
    """
    tables = [tomllib.loads(_SHIPPED.read_text(encoding="utf-8"))]
    if own.exists():
        try:
            tables.insert(0, tomllib.loads(own.read_text(encoding="utf-8")))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise Misconfigured(f"{own} is not TOML: {error}") from error
        _refuse_misspelt(tables[0], own)
    return Prices(tuple(tables), own)


def _refuse_misspelt(table: Mapping[str, object], own: Path) -> None:
    """Raises Misconfigured on a name that would be passed over: a price that does not count is worse than none."""
    for name, row in table.items():
        if name not in _KEYS:
            raise Misconfigured(f'{own}: no table "{name}"{did_you_mean(name, _KEYS)}')
        rows = row if name == "models" and isinstance(row, dict) else {name: row}
        for of, prices in rows.items():
            for key in prices if isinstance(prices, dict) else ():
                if key not in (*_KEYS[name], "seen", "source"):
                    raise Misconfigured(f'{own}, {of}: no price "{key}"{did_you_mean(key, _KEYS[name])}')
