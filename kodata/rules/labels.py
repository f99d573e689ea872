"""Labels of a prompt in an answer: the answer's own, those of its neighbours, and those of whole further records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from kodata.rules.asked import CODE, shown, unless_asked, where
from kodata.rules.kinds import Example, Severity

_OUTPUT = pl.col("output")
_LABEL = r"^[\s#*\"“]*(?:출력|응답|답변|Output|Response)\s*\**\s*:\**\s*"
_ROLES = (
    r"입력|출력|명령어?|지시(?:문|사항)?|질문|맥락|답변|응답|"
    r"Instruction|Input|Output|Question|Context|Answer|Response|Human|User|Assistant|System"
)
_ABOUT_LABELS = r"(?i)출력|응답|답변|output|response"
_LEAKED = (
    r"(?m)^[ \t\"“]*(?:입력|출력|Instruction|Input|Output)[ \t]*:"
    rf"|^[ \t]*#{{2,}}[ \t]*(?:{_ROLES})[ \t]*:|^[ \t]*###[ \t]*$"
    r"|^(?:\S{1,5} 번째|마지막) (?:응답|답변|출력) ?내용"
    r"|<\|[a-z_]{2,20}\|>|\[/?INST\]|<</?SYS>>|</?s>[ \t]*$"
)
_ABOUT_TEMPLATES = r"(?i)입력|출력|input|output|토큰|token|템플릿|template"
_MERGED = (
    r"(?is)\n[ \t]*\d{1,3}\.[ \t]*(?:instruction|명령어?|지시(?:문|사항)?)[ \t]*:.*"
    r"|\n[ \t]*###[ \t]*(?:instruction|명령어?|질문|human|user)[ \t]*:.*"
)
_JUNK = r"[\s#/*_;`|=<>!-]+$"  # what the call drew between two records


@dataclass(frozen=True)
class AnswerLabel:
    """An answer that begins with the label of a prompt; the label is taken off.

    Fires on "출력: 42"; does not fire on a dialogue or a text with more labels, nor where the question speaks of them.
    """

    name: ClassVar[str] = "answer-label"
    version: ClassVar[str] = "1"
    fires: ClassVar[Example] = {"instruction": "6 곱하기 7은?", "output": "출력: 42"}
    passes: ClassVar[Example] = {
        "instruction": "문답을 지어 보세요.",
        "output": "질문: 몇 시인가요?\n답변: 세 시입니다.",
    }

    severity: Severity = "fix"

    def evidence(self) -> pl.Expr:
        labelled = where(_OUTPUT.str.contains(_LABEL), _OUTPUT)
        is_one = labelled.str.count_matches(rf"(?m)^[\s#*]*(?:{_ROLES})\s*\**\s*:") == 1
        is_more = labelled.str.replace(_LABEL, "") != ""
        return unless_asked(pl.when(is_one & is_more).then(labelled), _ABOUT_LABELS)

    def mended(self) -> Mapping[str, pl.Expr]:
        return {"output": _OUTPUT.str.replace(_LABEL, "")}


@dataclass(frozen=True)
class LeakedLabel:
    """Labels of a prompt or marks of a chat template left inside an answer.

    Fires on "입력: ... 출력: ...", "### 응답:" and "<|im_end|>"; does not fire on Markdown headings, nor where the
    instruction speaks of inputs and outputs or the question asks for code. Put it after the rules that mend
    (`echoed-question`, `answer-label`, `merged-record`): what is left is not clear enough to be cut.
    """

    name: ClassVar[str] = "leaked-label"
    version: ClassVar[str] = "1"
    fires: ClassVar[Example] = {"instruction": "날씨를 묘사하세요.", "output": "맑습니다.\n입력: 없음\n출력: 흐립니다."}
    passes: ClassVar[Example] = {"instruction": "글을 쓰세요.", "output": "### 봄\n꽃이 핍니다.\n\n### 여름\n덥습니다."}

    severity: Severity = "drop"

    def evidence(self) -> pl.Expr:
        may_be = _OUTPUT.str.contains(r"[:#|<\[]|번째|마지막")
        found = where(may_be, _OUTPUT).str.extract(_LEAKED, 0)
        is_topic = where(found.is_not_null(), pl.col("instruction")).str.contains(_ABOUT_TEMPLATES)
        return unless_asked(pl.when(~is_topic).then(found), CODE)


@dataclass(frozen=True)
class MergedRecord:
    """An answer that runs on into the next record of its call ("18. Instruction: ..."); it is cut there.

    Fires on the numbered label of another instruction; does not fire on a numbered list. 37 of 52,002 Alpaca outputs.
    """

    name: ClassVar[str] = "merged-record"
    version: ClassVar[str] = "1"
    fires: ClassVar[Example] = {
        "output": "Reading widens the mind.\n##\n18. Instruction: Name a fruit.\n18. Input:\n\n18. Output:\nApple"
    }
    passes: ClassVar[Example] = {"output": "1. 물을 끓입니다.\n2. 면을 넣습니다.\n3. 지시 사항을 확인합니다."}

    severity: Severity = "fix"

    def evidence(self) -> pl.Expr:
        return shown(_OUTPUT.str.extract(_MERGED, 0))

    def mended(self) -> Mapping[str, pl.Expr]:
        return {"output": _OUTPUT.str.replace(_MERGED, "").str.replace(_JUNK, "")}
