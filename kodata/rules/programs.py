"""Whether a translation left programs as they were."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from kodata.corpus import TextField
from kodata.kinds import line_kinds
from kodata.rules.kinds import Example, Severity
from kodata.rules.numbers import compared

_SIGNS = r"[=;{}<>]|\w\(|\n\s+\w"  # no code is without one
_TOKEN = re.compile(r"[A-Za-z_]\w*")
_WORDS = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|(?://|#\s).*")  # strings and remarks may hold prose


@dataclass(frozen=True)
class CodeChanged:
    """Lines of code whose names and keywords are not all in the translation.

    Fires on `반환 x` for `return x`; does not fire on a translated remark or string, nor on prose around the code.
    64 of 83 programs came back changed from a translator that was sent them (KoAlpaca v1.0).
    """

    name: ClassVar[str] = "code-changed"
    version: ClassVar[str] = "2"
    fires: ClassVar[Example] = {
        "input": "def double(x):\n    반환 x * 2",
        "input_source": "def double(x):\n    return x * 2",
    }
    passes: ClassVar[Example] = {
        "input": "def double(x):\n    return x * 2  # 두 배",
        "input_source": "def double(x):\n    return x * 2  # twice",
    }

    columns: tuple[TextField, ...] = ("instruction", "input")
    severity: Severity = "review"

    def evidence(self) -> pl.Expr:
        return pl.coalesce(self._of(column) for column in self.columns)

    def _of(self, column: TextField) -> pl.Expr:
        source, text = pl.col(f"{column}_source"), pl.col(column)
        found = compared(source.str.contains(_SIGNS) & (source != text), source, text, _lost)
        return pl.format("{}: lost {}", pl.lit(column), found)


def _lost(source: str, text: str) -> str | None:
    lines = source.split("\n")
    code = [line for line, kind in zip(lines, line_kinds(lines), strict=True) if kind == "code"]
    tokens = Counter(_TOKEN.findall(_WORDS.sub(" ", "\n".join(code))))
    missing = tokens - Counter(_TOKEN.findall(text))
    return ", ".join(sorted(missing)[:10]) or None
