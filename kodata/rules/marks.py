"""Whether a translation kept what is no language: blanks, tags, brackets, and characters that can be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from kodata.corpus import TextField
from kodata.rules.kinds import Example, Severity

_TAG = r"</?[A-Za-z][\w-]*(?:\s+[\w-]+=[^<>]*)?\s*/?>"
_NO_TAG = r"(?i)</?no[ _-]?input>"  # what Alpaca has for an empty input
_BRACKETS = ("[", "]", "{", "}")  # round ones come and go with the language: 유엔(UN)
_UNREADABLE = r"\x{FFFD}|[ÂÃ][\x{80}-\x{BF}]|â€|[ëìíê][\x{80}-\x{BF}œ–—€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•˜™š›žŸ]{1,2}|ðŸ|ï»¿"
_LABEL = (
    r"(?i)^\W*(?:번역(?:문|본|된 (?:문장|텍스트))?|한국어(?: 번역)?|korean(?: translation)?|translation|translated text"
    r"|지시(?:문|사항)?|명령(?:어)?|입력|출력|output|input|instruction)\s*\**\s*[:：]"
    r"|^\W*(?:다음은|아래는)[^.\n]{0,30}번역(?:입니다|한)|^\W*here(?:'s| is)[^.\n]{0,30}translation"
)
_LABELLED = r"^\W*[A-Za-z][\w ]{0,30}\**\s*[:：]"


def _all_found(text: pl.Expr, pattern: str) -> pl.Expr:
    return text.str.extract_all(pattern).list.sort()


@dataclass(frozen=True)
class BlanksLost:
    """Blanks to be filled in, `___`, that are more or fewer than in the source.

    Fires on a sentence whose second blank is gone; does not fire on one that is longer or shorter. 2 of 62 texts with
    blanks in half of KoAlpaca v1.0.
    """

    name: ClassVar[str] = "blanks-lost"
    version: ClassVar[str] = "1"
    fires: ClassVar[Example] = {
        "input": "협곡은 좁고 깊은 강입니다.",
        "input_source": "A __ is a deep and narrow river.",
    }
    passes: ClassVar[Example] = {
        "input": "___은 좁고 깊은 강입니다.",
        "input_source": "A __ is a deep and narrow river.",
    }

    columns: tuple[TextField, ...] = ("instruction", "input")
    severity: Severity = "drop"

    def evidence(self) -> pl.Expr:
        return pl.coalesce(self._of(column) for column in self.columns)

    def _of(self, column: TextField) -> pl.Expr:
        before, after = (pl.col(name).str.count_matches("_{2,}") for name in (f"{column}_source", column))
        return pl.when(before != after).then(pl.format("{}: {} blanks became {}", pl.lit(column), before, after))


@dataclass(frozen=True)
class TagsChanged:
    """Tags such as `<b>` and `<mask>` that are not those of the source.

    Fires on `<마스크>` for `<mask>`; does not fire on tags in another order, nor on `<name of a city>`, which is
    prose. Of 9 texts with tags 7 came back with others (KoAlpaca v1.0).
    """

    name: ClassVar[str] = "tags-changed"
    version: ClassVar[str] = "1"
    fires: ClassVar[Example] = {"input": "<마스크>를 샀습니다.", "input_source": "I bought a <mask>."}
    passes: ClassVar[Example] = {"input": "<mask>를 샀습니다.", "input_source": "I bought a <mask>."}

    columns: tuple[TextField, ...] = ("instruction", "input")
    severity: Severity = "drop"

    def evidence(self) -> pl.Expr:
        return pl.coalesce(self._of(column) for column in self.columns)

    def _of(self, column: TextField) -> pl.Expr:
        texts = (pl.col(name).str.replace_all(_NO_TAG, "") for name in (f"{column}_source", column))
        before, after = (_all_found(text, _TAG) for text in texts)
        shown = (tags.list.join(" ") for tags in (before, after))
        return pl.when(before != after).then(pl.format("{}: {} became {}", pl.lit(column), *shown))


@dataclass(frozen=True)
class BracketsLost:
    """Square and curly brackets that are more or fewer than in the source.

    Fires on "회사]에게" for "Dear [Company]"; does not fire on round brackets, which come and go with
    the language. Of 168 texts 8 lost the bracket that they begin with (KoAlpaca v1.0).
    """

    name: ClassVar[str] = "brackets-lost"
    version: ClassVar[str] = "1"
    fires: ClassVar[Example] = {"input": "회사]에게", "input_source": "Dear [Company],"}
    passes: ClassVar[Example] = {"input": "[회사]에게(복사본)", "input_source": "Dear [Company], a copy"}

    columns: tuple[TextField, ...] = ("instruction", "input")
    severity: Severity = "drop"

    def evidence(self) -> pl.Expr:
        return pl.coalesce(self._of(column, bracket) for column in self.columns for bracket in _BRACKETS)

    def _of(self, column: TextField, bracket: str) -> pl.Expr:
        texts = (pl.col(name) for name in (f"{column}_source", column))
        before, after = (text.str.count_matches(bracket, literal=True) for text in texts)
        found = pl.format("{}: {} of {} became {}", pl.lit(column), before, pl.lit(bracket), after)
        return pl.when(before != after).then(found)


@dataclass(frozen=True)
class LabelAdded:
    """A translation that begins with a label of its own: 번역:, Translation:, "다음은 번역입니다".

    Fires on "번역: 하늘은 파랗습니다."; does not fire where the source begins with a label as well. Translators that
    are language models do it.
    """

    name: ClassVar[str] = "label-added"
    version: ClassVar[str] = "1"
    fires: ClassVar[Example] = {"input": "번역: 하늘은 파랗습니다.", "input_source": "The sky is blue."}
    passes: ClassVar[Example] = {"input": "입력: 하늘은 파랗습니다.", "input_source": "Input: The sky is blue."}

    columns: tuple[TextField, ...] = ("instruction", "input")
    severity: Severity = "drop"

    def evidence(self) -> pl.Expr:
        return pl.coalesce(self._of(column) for column in self.columns)

    def _of(self, column: TextField) -> pl.Expr:
        label = pl.col(column).str.extract(_LABEL, 0)
        is_new = pl.col(f"{column}_source").str.contains(_LABELLED).not_()
        return pl.when(is_new).then(pl.format("{}: {}", pl.lit(column), label))


@dataclass(frozen=True)
class Mojibake:
    """Characters that went through a wrong encoding: `â€™`, `Ã©`, `ì•ˆ`, the replacement character.

    Fires on "donâ€™t"; does not fire on São, naïve or ê. 50 of 52,002 Alpaca records have it from the start.
    """

    name: ClassVar[str] = "mojibake"
    version: ClassVar[str] = "1"
    fires: ClassVar[Example] = {"input": "그녀는 \u201cì•ˆë…•\u201d이라고 말했습니다."}
    passes: ClassVar[Example] = {"input": "São Paulo의 naïve한 여행자"}

    columns: tuple[TextField, ...] = ("instruction", "input", "output")
    severity: Severity = "review"

    def evidence(self) -> pl.Expr:
        return pl.coalesce(self._of(column) for column in self.columns)

    def _of(self, column: TextField) -> pl.Expr:
        return pl.format(
            "{}: {}", pl.lit(column), pl.col(column).str.extract(rf"\S{{0,8}}(?:{_UNREADABLE})\S{{0,8}}", 0)
        )
