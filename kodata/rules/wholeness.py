"""Whether an answer is whole: not cut off, not looping, no template without its content, no remains of a web page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from kodata.corpus import TextField
from kodata.korean import has_code
from kodata.rules.asked import CODE, question, shown, unless_asked, where
from kodata.rules.kinds import Example, Severity
from kodata.rules.loops import loops

_OUTPUT = pl.col("output")
_REPEATS = r"(?i)반복|되풀이|\d ?번 (?:쓰|말|적|출력|인쇄)|repeat|\d times|loop|반복문"
_TEMPLATE = (
    r"(?i)lorem ipsum|로렘 입[숨섬]"
    r"|[\[(<](?:여기에|이곳에|이 자리에|insert )[^\])>\n]{0,40}[\])>]"
    r"|(?:여기에|이곳에) [^.\n]{1,20}(?:입력|삽입|작성|추가)(?:하세요|하십시오|해 ?주세요)"
    r"|^\W*(?:TODO|TBD|추후 작성|내용 없음|답변 없음|응답 없음|N/?A)\W*$"
)
_MARKUP = r"(?i)html|xml|svg|css|태그|마크업|마크다운|markdown|웹|블로그|굵게|기울임|밑줄|강조|서식|글꼴|색상"
_TAG = r"(?i)</?(?:p|b|i|u|em|strong|span|div|font|center|small|big)(?:\s[^<>\n]{0,200})?>"
_PAGE = (
    r"(?i)```|<!doctype|</?(?:html|head|body|table|tr|td|ul|ol|li|a|img|script|style|h[1-6]|svg|form|input)\b|[;{}]\n"
)
_RESIDUE = rf"(?i)<br\s*/?>|&(?:nbsp|amp|lt|gt|quot|apos|emsp|ensp|#39|#34|#x27);|{_TAG}"
_ENTITIES = {"nbsp": " ", "emsp": " ", "ensp": " ", "lt": "<", "gt": ">", "quot": '"', "apos": "'", "#39": "'",
             "#34": '"', "#x27": "'", "amp": "&"}  # fmt: skip


@dataclass(frozen=True)
class Truncated:
    """An answer with an opened code block that never closes.

    Fires on an odd number of code fences; does not fire on a missing full stop: what the service itself reports as
    cut off is dropped when it is written, and punctuation tells nothing.
    """

    name: ClassVar[str] = "truncated"
    version: ClassVar[str] = "2"
    fires: ClassVar[Example] = {"output": "이렇게 합니다.\n```python\nprint('안녕')"}
    passes: ClassVar[Example] = {"output": "세 가지입니다. 빨강, 파랑, 노랑"}

    severity: Severity = "drop"

    def evidence(self) -> pl.Expr:
        fences, all_of_them = (_OUTPUT.str.count_matches(mark) for mark in (r"(?m)^\s*```", "```"))
        return pl.when((fences % 2 == 1) & (all_of_them % 2 == 1)).then(pl.format("{} code fences", fences))


@dataclass(frozen=True)
class Loop:
    """A translation or an answer that repeats the same piece five times or more without a break.

    Fires on "공용 공용 공용 공용 공용"; does not fire on laughter (one character over and over), on rows of signs and
    numbers (fewer than two letters in the piece), on code, nor where the source or the question goes round as well.
    2 of 11,421 translations by DeepL (KoAlpaca v1.0).
    """

    name: ClassVar[str] = "loop"
    version: ClassVar[str] = "1"
    fires: ClassVar[Example] = {"output": "그 방은 공용 공용 공용 공용 공용 공용 공간입니다."}
    passes: ClassVar[Example] = {"output": "하하하하하하하하하하하하\n----------------"}

    columns: tuple[TextField, ...] = ("instruction", "input", "output")
    severity: Severity = "drop"

    def evidence(self) -> pl.Expr:
        return pl.coalesce(self._of(column) for column in self.columns)

    def _of(self, column: str) -> pl.Expr:
        source = pl.col(f"{column}_source")
        before = pl.coalesce(source, question()) if column == "output" else source
        turn = pl.struct(text=pl.col(column), before=before, question=question())
        return pl.format("{}: {}", pl.lit(column), shown(turn.map_batches(_new_loops, return_dtype=pl.String)))


def _new_loops(turns: pl.Series) -> pl.Series:
    """The repeated piece of each `text`, unless there is nothing `before` it, or that or the `question` is as odd."""
    pieces = loops(turns.struct.field("text"))
    rows = pieces.is_not_null().arg_true()
    few = turns.gather(rows).struct.unnest()
    is_old = pl.col("before").is_null() | pl.col("before").map_batches(loops, return_dtype=pl.String).is_not_null()
    is_fine = is_old | has_code(pl.col("text")) | pl.col("question").str.contains(_REPEATS)
    return pieces.scatter(rows.filter(few.select(is_fine).to_series()), None)


@dataclass(frozen=True)
class Unfilled:
    """An answer with the place of its content still empty.

    Fires on "[여기에 내용을 입력하세요]" and "Lorem ipsum"; does not fire on the blanks of a letter such as [이름], nor
    when the question has such a place itself or asks for code. 14 of 52,002 Alpaca outputs.
    """

    name: ClassVar[str] = "unfilled"
    version: ClassVar[str] = "1"
    fires: ClassVar[Example] = {"instruction": "제품을 소개하세요.", "output": "이 제품은 [여기에 설명을 입력하세요]"}
    passes: ClassVar[Example] = {"instruction": "초대장을 쓰세요.", "output": "[이름] 님, 토요일 저녁에 뵙겠습니다."}

    severity: Severity = "review"

    def evidence(self) -> pl.Expr:
        return unless_asked(_OUTPUT.str.extract(_TEMPLATE, 0), _TEMPLATE, CODE)


@dataclass(frozen=True)
class HtmlResidue:
    """Tags and entities of a web page in an answer that is no markup; line breaks and characters take their place.

    Fires on "바람은<br>슬프지 않아"; does not fire where the question is about markup or asks for emphasis, nor on
    code. 5 of 5,970 answers of KoAlpaca v1.0.
    """

    name: ClassVar[str] = "html-residue"
    version: ClassVar[str] = "1"
    fires: ClassVar[Example] = {"instruction": "바다를 노래하세요.", "output": "파도가 치네<br>바람이 부네&nbsp;솔솔"}
    passes: ClassVar[Example] = {"instruction": "HTML로 줄을 바꾸는 법은?", "output": "<br>을 씁니다."}

    severity: Severity = "fix"

    def evidence(self) -> pl.Expr:
        marked = where(_OUTPUT.str.contains("[<&]"), _OUTPUT)
        found = marked.str.extract(rf"\S{{0,10}}(?:{_RESIDUE})\S{{0,10}}", 0)
        is_page = where(found.is_not_null(), _OUTPUT).str.contains(_PAGE)
        return unless_asked(pl.when(~is_page).then(found), _MARKUP, _RESIDUE, CODE)

    def mended(self) -> Mapping[str, pl.Expr]:
        text = _OUTPUT.str.replace_all(r"(?i)[ \t]*<br\s*/?>[ \t]*\n?", "\n").str.replace_all(_TAG, "")
        for name, char in _ENTITIES.items():
            text = text.str.replace_all(f"&{name};", char, literal=True)
        return {"output": text.str.strip_chars()}
