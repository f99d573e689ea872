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
_DATED = re.compile(r"-20\d\d-\d\d-\d\d$")  # a dated snapshot of a model costs what the model costs


@dataclass(frozen=True)
class TokenPrice:
    """Dollars for one million tokens read and written."""

    usd_per_million_in: float
    usd_per_million_out: float

    def usd(self, tokens_in: int, tokens_out: int) -> float:
        return (tokens_in * self.usd_per_million_in + tokens_out * self.usd_per_million_out) / 1e6


@dataclass(frozen=True, eq=False)
class Prices:
    """The price tables in order of precedence."""

    tables: tuple[Mapping[str, object], ...]
    own: Path

    def of_characters(self, service: str) -> float:
        """Dollars per character. Raises Misconfigured when the service has no price."""
        for table in self.tables:
            if isinstance(row := table.get(service), dict) and "usd_per_million_characters" in row:
                return self._usd(row["usd_per_million_characters"], service) / 1e6
        raise Misconfigured(f"no price for {service}. Give it one in {self.own}")

    @lru_cache(maxsize=64)  # noqa: B019  # one table a run
    def of_model(self, model: str) -> TokenPrice:
        """Raises Misconfigured when the model has no price."""
        for name in (model, _DATED.sub("", model)):
            for table in self.tables:
                models = table.get("models")
                row = models.get(name) if isinstance(models, dict) else None
                if isinstance(row, dict):
                    both = ("usd_per_million_tokens_in", "usd_per_million_tokens_out")
                    return TokenPrice(*(self._usd(row.get(key), f"model {name}") for key in both))
        raise Misconfigured(
            f'no price for model "{model}", so nothing is asked. Add to {self.own}: [models."{model}"] with '
            "usd_per_million_tokens_in and usd_per_million_tokens_out"
        )

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
    models = table.get("models", {})
    rows = {"models": models if isinstance(models, dict) else {}}
    for name, row in table.items():
        if name not in ("deepl", "models"):
            raise Misconfigured(f'{own}: no table "{name}"{did_you_mean(name, ("deepl", "models"))}')
        if name == "deepl":
            rows["deepl"] = {name: row}
    for service, of in rows.items():
        known = ("usd_per_million_characters",) if service == "deepl" else _TOKENS
        for name, row in of.items():
            for key in row if isinstance(row, dict) else ():
                if key not in (*known, "seen", "source"):
                    raise Misconfigured(f'{own}, {name}: no price "{key}"{did_you_mean(key, known)}')
