"""What every rule has: a name, a severity, evidence, and two rows that show it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal, Protocol, TypeAlias, runtime_checkable

import polars as pl

# drop: the record leaves. review: its turn is flagged and stays. fix: the text is mended. info: it is counted.
Severity = Literal["drop", "review", "fix", "info"]
Side = Literal["min", "max"]
Example: TypeAlias = Mapping[str, str | tuple[str, ...] | None]  # columns of a row; the others are as in an empty turn


class Rule(Protocol):
    """One question to every row of the corpus. `severity` is a setting with a default of the rule's own."""

    name: ClassVar[str]
    version: ClassVar[str]
    fires: ClassVar[Example]
    passes: ClassVar[Example]

    @property
    def severity(self) -> Severity:
        """What becomes of a row on which it fires."""

    def evidence(self) -> pl.Expr:
        """String: what was found, where the rule fires; null elsewhere."""


@runtime_checkable
class Fix(Rule, Protocol):
    """A rule that knows how to mend what it finds; only such a rule may have the severity `fix`."""

    def mended(self) -> Mapping[str, pl.Expr]:
        """By column, its text as it should be; asked for only where the rule fires."""


@runtime_checkable
class Threshold(Rule, Protocol):
    """A rule that asks whether a number lies between `min` and `max`, so that others can be tried on a build."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The texts that are looked at."""

    @property
    def min(self) -> float:
        """The least that passes."""

    @property
    def max(self) -> float:
        """The most that passes."""

    def statistic(self, side: Side) -> pl.Expr:
        """Float: of the numbers of the row the one that is judged by that side first; null where there is none."""
