"""Whether a question can be answered from what it gives: no page to open, no picture to see, no text left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from kodata.rules.asked import CODE, shown, where
from kodata.rules.kinds import Example, Severity

_INSTRUCTION, _INPUT = pl.col("instruction"), pl.col("input").fill_null("")
_URL_ONLY = r"^\s*<?(?:https?://|www\.)\S+\s*$"
_ABOUT_URL = (
    r"(?i)\bdomain|normali[sz]e|article id\b|\bhtml\b|(?:create|make) (?:a )?(?:short |hyper)?link|bookmark"
    r"|\bblock\b|shorten|its address|address alone|주소만"
    r"|도메인|정규화|북마크|즐겨찾기|단축|차단|하이퍼링크|링크를 (?:만들|생성|작성)"
)
_MEDIA = r"image|picture|photo(?:graph)?|painting|drawing|artwork|illustration|video|audio|sound ?clip|song"
_MEDIA_WORDS = (
    "image", "picture", "photo", "painting", "drawing", "artwork", "illustration", "video", "audio", "sound", "song",
    "이미지", "사진", "그림", "동영상", "영상", "오디오", "음성",
)  # fmt: skip
_GIVEN_IMAGE = (
    rf"(?i)\b(?:this|these|following|given|provided|attached|above|below) (?:\w+ ){{0,2}}(?:{_MEDIA})s?\b"
    rf"|\b(?:{_MEDIA})s? (?:below|above|attached|provided|in the (?:link|input))|\bin (?:the|this) (?:{_MEDIA})\b"
    rf"|\bgiven an? (?:{_MEDIA})\b"
    r"|(?:이|다음|아래|위|주어진|제공된|첨부된?)의? ?(?:\S+ )?(?:이미지|사진|그림|동영상|영상|오디오|음성)"
    r"|(?:사진|이미지|그림)이 주어"
)
_NO_IMAGE = (  # an input that stands for an image, or none at all
    rf"(?i)^\s*$|{_URL_ONLY}|!\[[^\]\n]*\]\([^)\n]*\)|^\W*[\[(<][^\])>\n]*(?:{_MEDIA}|이미지|사진|그림)[^\])>\n]*[\])>]\W*$"
    rf"|^\W*(?:(?:attach|insert|include|link to)\w* )?(?:an? |the )?(?:{_MEDIA})(?: attached| here| included)?\W*$"
    r"|^\W*(?:첨부된?|삽입된?)? ?(?:이미지|사진|그림|동영상)(?: ?(?:첨부|삽입|제공))?\W*$"
)
_IMAGE_INPUT = (
    rf"(?i)^\s*[\[(<] ?(?:(?:attach|insert|include)\w* )?(?:an? |the )?(?:{_MEDIA}|이미지|사진|그림)"
    r"(?: attached| here| included| ?첨부| ?삽입| ?제공)? ?[\])>]\s*$|^\s*!\[[^\]\n]*\]\([^)\n]*\)\s*$"
)
_GIVEN_TEXT = (
    r"(?i)\b(?:following|given|provided|below|above) (?:\w+ ){0,2}(?:text|sentence|paragraph|passage|article|poem|"
    r"story|list|phrase|word|statement|data|table|email|essay|code|equation|expression|quote|document)s?\b"
    r"|(?:다음|아래|주어진|제공된) (?:\S+ )?(?:텍스트|문장|문단|단락|글|기사|시|이야기|목록|구절|단어|진술|"
    r"데이터|표|이메일|에세이|코드|방정식|식|인용문|문서)(?:[을를이가의에은는로]|에서|으로|들을|\s|$)"
)
_HAS_TEXT = r"[:：,\"“”'‘’`\n]|[.?!]\s+\S|[-–(\[]|\d|다음 단어"
_NO_INPUT = (
    r"(?i)^[\s`\"'<(\[]*(?:노 ?인풋|노인 ?입력"
    r"|입력(?:값|할 것)?(?:이|은)?(?: ?필요(?:하지)?)? ?(?:없음|없습니다|않음|않습니다|불필요)"
    r"|없음|해당 ?(?:사항 ?)?없음|no[ _-]?input(?: required| needed)?|n/a)[\s`\"'>)\].]*$"
)


@dataclass(frozen=True)
class UrlOnlyInput:
    """An input that is nothing but a URL: a model that cannot open it makes the answer up.

    Fires on "Summarise this article" with a URL; does not fire where the URL itself is the matter (its domain, a
    link to it). 196 of 52,002 Alpaca inputs are only a URL, 9 of them legitimate.
    """

    name: ClassVar[str] = "url-only-input"
    version: ClassVar[str] = "1"
    fires: ClassVar[Example] = {"instruction": "Summarize this article.", "input": "https://example.com/news/1"}
    passes: ClassVar[Example] = {"instruction": "Find the domain of the URL.", "input": "https://example.com/news/1"}

    severity: Severity = "drop"

    def evidence(self) -> pl.Expr:
        is_url = _INPUT.str.contains(_URL_ONLY)
        is_topic = where(is_url, _INSTRUCTION).str.contains(_ABOUT_URL)
        return pl.when(is_url & ~is_topic).then(shown(_INPUT))


@dataclass(frozen=True)
class NeedsImage:
    """A question about a picture, a video or a sound that is not there.

    Fires on "Describe the following photo" with "[photo]", a URL or no input; does not fire when the input names or
    describes it ("The Starry Night by van Gogh"). About 100 of 52,002 Alpaca records.
    """

    name: ClassVar[str] = "needs-image"
    version: ClassVar[str] = "1"
    fires: ClassVar[Example] = {"instruction": "Describe the following photo.", "input": "[photo of a lake]"}
    passes: ClassVar[Example] = {
        "instruction": "Describe the following painting.",
        "input": "The Starry Night by Vincent van Gogh",
    }

    severity: Severity = "drop"

    def evidence(self) -> pl.Expr:
        may_be = _INSTRUCTION.str.contains_any(list(_MEDIA_WORDS), ascii_case_insensitive=True)
        asked = where(may_be & _INPUT.str.contains(_NO_IMAGE), _INSTRUCTION).str.extract(_GIVEN_IMAGE, 0)
        is_named = (_INPUT.str.strip_chars() == "") & _INSTRUCTION.str.contains(r"[:\"“‘「『]\s*\S")
        placeholder = pl.when(_INPUT.str.contains(_IMAGE_INPUT)).then(_INPUT)
        return shown(pl.coalesce(placeholder, pl.when(~is_named).then(asked)))


@dataclass(frozen=True)
class MissingInput:
    """A question about a given text that is not given.

    Fires on "Summarize the following paragraph." without input; does not fire when the text follows in the instruction,
    after a colon, in quotes or in a second sentence. 23 of 52,002 Alpaca records. For review: some can be answered.
    """

    name: ClassVar[str] = "missing-input"
    version: ClassVar[str] = "1"
    fires: ClassVar[Example] = {"instruction": "Summarize the following paragraph.", "input": ""}
    passes: ClassVar[Example] = {"instruction": "Correct the following sentence: He go home.", "input": ""}

    severity: Severity = "review"

    def evidence(self) -> pl.Expr:
        alone = where(_INPUT.str.strip_chars() == "", _INSTRUCTION.str.strip_chars())
        given = alone.str.extract(_GIVEN_TEXT, 0)
        asked = where(given.is_not_null(), alone)
        return shown(pl.when(~(asked.str.contains(_HAS_TEXT) | asked.str.contains(CODE))).then(given))


@dataclass(frozen=True)
class NoInputMarker:
    """An input that says that there is none; it becomes empty.

    Fires on "입력 없음", and on "<노인입력>" ("elderly input"), which is what DeepL made of `<noinput>`; does not fire
    on a sentence about inputs. 97 of 5,970 records of KoAlpaca v1.0; English sources lose theirs when they are read.
    """

    name: ClassVar[str] = "no-input-marker"
    version: ClassVar[str] = "1"
    fires: ClassVar[Example] = {"instruction": "시를 쓰세요.", "input": "<노인입력>"}
    passes: ClassVar[Example] = {"instruction": "요약하세요.", "input": "입력이 없는 함수도 있습니다."}

    severity: Severity = "fix"

    def evidence(self) -> pl.Expr:
        return pl.when(_INPUT.str.contains(_NO_INPUT)).then(shown(_INPUT))

    def mended(self) -> Mapping[str, pl.Expr]:
        return {"input": pl.lit("")}
