"""What a question asks for, so that a rule holds still where the odd thing in an answer was asked for."""

from __future__ import annotations

import polars as pl

CODE = (
    r"(?i)코드|함수|프로그램|스크립트|쿼리|알고리즘|파이썬|자바|정규식|"
    r"\b(?:code|function|program|script|query|algorithm|python|java|javascript|sql|regex|c\+\+)"
)


def question() -> pl.Expr:
    """String: instruction and input, a line break between them."""
    return pl.concat_str("instruction", "input", separator="\n", ignore_nulls=True)


def unless_asked(found: pl.Expr, *patterns: str) -> pl.Expr:
    """What was found, as evidence, where the question mentions none of the patterns."""
    mentioned = where(found.is_not_null(), question()).str.contains("|".join(f"(?:{pattern})" for pattern in patterns))
    return pl.when(~mentioned).then(shown(found))


def where(is_worth_it: pl.Expr, text: pl.Expr) -> pl.Expr:
    """The text where a cheap look says that a dear one may find something; empty, which costs nothing, elsewhere.

    Not null: polars runs an expression over what stands under a null as well.
    """
    return pl.when(is_worth_it).then(text).otherwise(pl.lit(""))


def shown(found: pl.Expr) -> pl.Expr:
    """The evidence: what was found, on one line, at most 60 characters of it."""
    return found.str.strip_chars().str.replace_all(r"\s+", " ").str.slice(0, 60)
