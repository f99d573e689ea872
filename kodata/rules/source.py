"""What can be asked of a source text, before anything is paid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from kodata.rules.kinds import Example, Severity


@dataclass(frozen=True)
class Empty:
    """A column without text.

    Fires on an instruction of blanks; does not fire on an empty input, unless `columns` names it.
    Of 52,002 Alpaca records, 28 have an empty output.
    """

    name: ClassVar[str] = "empty"
    version: ClassVar[str] = "1"
    fires: ClassVar[Example] = {"instruction": " \n"}
    passes: ClassVar[Example] = {"instruction": "이름을 말하세요.", "input": ""}

    columns: tuple[str, ...] = ("instruction",)
    severity: Severity = "drop"

    def evidence(self) -> pl.Expr:
        return pl.coalesce(
            pl.when(pl.col(column).fill_null("").str.strip_chars() == "").then(pl.lit(column))
            for column in self.columns
        )


@dataclass(frozen=True)
class ForeignLanguage:
    """A record in a language that is not wanted, by its `lang`.

    Fires on a Spanish question; does not fire on a Korean one, which passes translation by, nor on an English
    one that asks for Spanish.
    """

    name: ClassVar[str] = "foreign-language"
    version: ClassVar[str] = "1"
    fires: ClassVar[Example] = {"instruction": "¿Por qué es salada el agua del mar?", "lang": "es"}
    passes: ClassVar[Example] = {"instruction": "바닷물은 왜 짠가요?", "lang": "ko"}

    languages: tuple[str, ...] = ("en", "ko")
    severity: Severity = "drop"

    def evidence(self) -> pl.Expr:
        beginning = pl.col("instruction").str.head(100)
        return pl.when(~pl.col("lang").is_in(self.languages)).then(pl.format("{}: {}", "lang", beginning))
