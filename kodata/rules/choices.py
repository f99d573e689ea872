"""Whether the choices of an item can still be told apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from kodata.rules.kinds import Example, Severity


@dataclass(frozen=True)
class ChoicesAlike:
    """Choices of an item that differ in English and are one in Korean, so that no answer is the right one.

    Fires on "의자" twice for a chair and a stool; does not fire where the source has the same choice twice.
    """

    name: ClassVar[str] = "choices-alike"
    version: ClassVar[str] = "1"
    fires: ClassVar[Example] = {"choices": ("의자", "의자."), "choices_source": ("a chair", "a stool")}
    passes: ClassVar[Example] = {"choices": ("의자", "의자"), "choices_source": ("a chair", "A chair.")}

    severity: Severity = "drop"

    def evidence(self) -> pl.Expr:
        bare = pl.element().str.strip_chars(" .").str.to_lowercase()
        before, after = (pl.col(name).list.eval(bare) for name in ("choices_source", "choices"))
        is_less = after.list.n_unique() < before.list.n_unique()
        return pl.when(is_less).then(pl.col("choices").list.join(" | "))
