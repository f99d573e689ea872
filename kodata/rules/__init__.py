"""What a filter can ask of a record: one name, one expression, one reason.

A rule is a frozen dataclass; its fields are its settings in the pipeline file. `evidence()` gives text where the
rule fires and null where it does not; the rule's name is the reason of the drop.
"""

from __future__ import annotations

from typing import ClassVar, Protocol

import polars as pl

from kodata.rules.answer import NotKoreanAnswer, Refusal, Truncated
from kodata.rules.source import Empty
from kodata.rules.translation import LengthRatio, NotKorean


class Rule(Protocol):
    """One question to every row of the corpus."""

    name: ClassVar[str]
    version: ClassVar[str]

    def evidence(self) -> pl.Expr:
        """String: what was found, where the rule fires; null elsewhere."""


_ALL: tuple[type[Rule], ...] = (Empty, NotKorean, LengthRatio, NotKoreanAnswer, Refusal, Truncated)
RULES: dict[str, type[Rule]] = {rule.name: rule for rule in _ALL}
