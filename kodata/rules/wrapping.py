"""What a model put around an answer or in its place: quotes, and the question once more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from kodata.rules.asked import shown, unless_asked
from kodata.rules.kinds import Example, Severity

_OUTPUT = pl.col("output")
_QUOTED = r'(?s)^\s*["“]\s*([^"“”]*[^"“”\s])\s*["”]\s*$'
_QUOTES_MATTER = r"(?i)따옴표|인용 ?부호|구두점|문장 ?부호|문자열|json|csv|string|quot|punctuat"
_OPENING = ' \n\t"“'
_FRAME = r"(?s)^[\s\"”]*(?:입력\s*:.*?출력\s*:|출력\s*:|-+>|=>|\n|[\"”])\s*(.*\S)"  # what follows an echoed instruction


@dataclass(frozen=True)
class QuotedAnswer:
    """An answer that stands in quotes as a whole; they are taken off.

    Fires on an answer between two quotation marks; does not fire when there are more of them inside, or the question
    is about quotes or strings. 10.4 % of the answers of KoAlpaca v1.0: of a call that quoted one, it quoted all ten.
    """

    name: ClassVar[str] = "quoted-answer"
    version: ClassVar[str] = "1"
    fires: ClassVar[Example] = {"instruction": "사과의 색을 말하세요.", "output": '"사과는 빨갛습니다."'}
    passes: ClassVar[Example] = {"instruction": "인사말 두 개를 쓰세요.", "output": '"안녕하세요", "반갑습니다"'}

    severity: Severity = "fix"

    def evidence(self) -> pl.Expr:
        return unless_asked(pl.when(_OUTPUT.str.contains(_QUOTED)).then(_OUTPUT), _QUOTES_MATTER)

    def mended(self) -> Mapping[str, pl.Expr]:
        return {"output": _OUTPUT.str.extract(_QUOTED, 1)}


@dataclass(frozen=True)
class EchoedQuestion:
    """An answer that first repeats the whole instruction; the repetition is taken off.

    Fires on the instruction, a line break and the answer, and on the instruction in quotes, an arrow and the answer;
    does not fire on an answer that goes on in the words of the question, nor on nothing but the repetition
    (`same-as-question`). 44 of 5,970 answers of KoAlpaca v1.0, whole calls at a time.
    """

    name: ClassVar[str] = "echoed-question"
    version: ClassVar[str] = "1"
    fires: ClassVar[Example] = {
        "instruction": "1990년 미국의 대통령은 누구였나요?",
        "output": "1990년 미국의 대통령은 누구였나요?\n입력: 없음\n\n출력: 조지 부시",
    }
    passes: ClassVar[Example] = {
        "instruction": "가장 높은 산의 이름",
        "output": "가장 높은 산의 이름은 에베레스트입니다.",
    }

    severity: Severity = "fix"

    def evidence(self) -> pl.Expr:
        is_long = pl.col("instruction").str.len_chars() >= 8
        is_docstring = _OUTPUT.str.starts_with('"""')
        return pl.when(is_long & ~is_docstring & (self._rest() != "")).then(shown(_OUTPUT))

    def mended(self) -> Mapping[str, pl.Expr]:
        return {"output": self._rest()}

    def _rest(self) -> pl.Expr:
        """What stands behind the instruction and the frame of a prompt; empty where the answer does not repeat it."""
        begins = _OUTPUT.str.strip_chars_start(_OPENING)
        after = begins.str.strip_prefix(pl.col("instruction").str.strip_chars_start(_OPENING))
        framed = after.str.extract(_FRAME, 1).str.replace(r'^"([^"]*)"$', "$1")
        return pl.when(after != begins).then(framed).fill_null("")


@dataclass(frozen=True)
class SameAsQuestion:
    """An answer that is nothing but the instruction or the input.

    Fires when they are equal but for quotes around them and a full stop; does not fire on an answer of under five
    characters, which is a label more often. For review: a corrected sentence was right before, since translation
    mends the error, and the record teaches to copy.
    """

    name: ClassVar[str] = "same-as-question"
    version: ClassVar[str] = "1"
    fires: ClassVar[Example] = {
        "instruction": "문장 부호를 넣으세요.",
        "input": "존은 가게에 갔습니다.",
        "output": "존은 가게에 갔습니다.",
    }
    passes: ClassVar[Example] = {"instruction": "둘 중에 고르세요.", "input": "참", "output": "참"}

    severity: Severity = "review"

    def evidence(self) -> pl.Expr:
        answer, instruction, context = (
            pl.col(name).str.strip_chars(' \n\t"“”.') for name in ("output", "instruction", "input")
        )
        is_same = (answer == instruction) | (answer == context)
        return pl.when(is_same & (answer.str.len_chars() >= 5)).then(shown(_OUTPUT))
