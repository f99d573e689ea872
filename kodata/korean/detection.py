"""Which language a text is in.

The design is measured in tests/benchmarks: a share of Hangul decides nearly all texts, langdetect
is asked only for the doubtful rest. This is the only module that imports langdetect.
"""

from __future__ import annotations

import threading
from importlib.metadata import version
from typing import Final

import polars as pl

LANGDETECT: Final = f"langdetect {version('langdetect')}"  # enters the key of stages that judge by it

# What says nothing about the language of a text: fenced and inline code, tags, URLs, e-mail addresses.
_MASKED: Final = (
    r"(?s)```.*?(?:```|\z)|`[^`\n]*`|</?[A-Za-z][^<>]*>|(?:https?://|ftp://|www\.)[^\s가-힣]+|[\w.+-]+@[\w-]+\.[\w.]+"
)
_CODE: Final = (
    r"(?m)```|[;{}]\s*$|</\w+>|^\s*(?:def|class|for|if|while)\b.*[:{]\s*$"
    r"|^\s*(?:import|return|SELECT|#include|var|let|const)\b.*[;(=.]|^\s*[\w.\[\]]+(?: = |\().*[)\]\d\"']\s*$"
)
_ENGLISH: Final = (
    r"(?i)\b(?:the|an|of|to|in|is|are|was|and|that|this|with|for|on|as|it|you|he|she|they|we|be|have|has|not|by|from)\b"
)
# Words that English is full of and that other languages in Latin letters do not have.
_PLAINLY_ENGLISH: Final = (
    r"(?i)\b(?:the|and|that|this|these|with|what|how|which|why|when|where|you|your|from|should|would|could|they|their"
    r"|are|were|been|does|using|given|following|there|about|into|it's|of the|to the|is a|in a|for a)\b"
)
_LOADING = threading.Lock()
_MIN_LATIN = 15  # below, langdetect guesses


def masked(texts: pl.Series) -> pl.Series:
    """The texts with a blank for code, tags, URLs and e-mail addresses, which say nothing about a language."""
    rows = texts.str.contains("[`<@/]|www").fill_null(value=False).arg_true()  # nine of ten have nothing of these
    return texts.clone().scatter(rows, texts.gather(rows).str.replace_all(_MASKED, " "))


def has_code(text: pl.Expr) -> pl.Expr:
    """Bool: the text looks like a program or holds a piece of one."""
    return text.str.contains(_CODE)


def is_english_prose(text: pl.Expr) -> pl.Expr:
    """Bool: two or more English function words, which lists of names, labels and titles do not have."""
    return text.str.count_matches(_ENGLISH) >= 2


def languages(texts: pl.Series) -> pl.Series:
    """A label for each text, in order: that of `by_letters`, else the ISO 639-1 code that langdetect (seeded) gives."""
    labels = by_letters(texts)
    doubtful = labels.is_null()
    if not doubtful.any():
        return labels
    asked = masked(texts.filter(doubtful)).map_elements(_detect, return_dtype=pl.String)
    return labels.scatter(doubtful.arg_true(), asked)


def by_letters(texts: pl.Series) -> pl.Series:
    """A label for each text whose letters and words tell it, in order; null where only langdetect can.

    `ko` half or more of the letters are Hangul; `ko-mixed` a tenth or more; `und` no letters once code, tags
    and URLs are masked; `cjk` mostly Han or kana; `short-latin` too little to judge; `en` two English words and one in
    twelve. Null and empty texts are `und`.
    """
    text = pl.col("t")
    letters, hangul = text.str.count_matches(r"\p{L}"), text.str.count_matches(r"\p{Hangul}")
    han_kana = text.str.count_matches(r"[\p{Han}\p{Hiragana}\p{Katakana}]")
    label = (
        pl.when(letters == 0)
        .then(pl.lit("und"))
        .when(hangul * 2 >= letters)
        .then(pl.lit("ko"))
        .when(han_kana * 2 > letters)
        .then(pl.lit("cjk"))
        .when(hangul * 10 >= letters)
        .then(pl.lit("ko-mixed"))
        .when(letters < _MIN_LATIN)
        .then(pl.lit("short-latin"))
    )
    seen = pl.DataFrame({"t": masked(texts.fill_null(""))})
    labels = seen.lazy().select(label.alias("label")).collect()["label"]
    rest = labels.is_null().arg_true()
    english, words = text.str.count_matches(_PLAINLY_ENGLISH), text.str.count_matches(r"[A-Za-z]+")
    is_english = seen[rest].select((english >= 2) & (english * 12 >= words)).to_series()
    return labels.scatter(rest.filter(is_english), "en")


def language(text: str) -> str:
    """The label of one text; see `languages`."""
    label: str = languages(pl.Series([text], dtype=pl.String))[0]
    return label


def _detect(text: str) -> str:
    from langdetect import DetectorFactory, LangDetectException, detect
    from langdetect.detector_factory import init_factory
    from langdetect.lang_detect_exception import ErrorCode

    with _LOADING:  # polars asks from several threads, and the second must not find half of the profiles
        init_factory()
    DetectorFactory.seed = 0  # unseeded labels flip between runs
    try:
        return str(detect(text))
    except LangDetectException as error:
        if error.get_code() != ErrorCode.CantDetectError:
            raise
        return "und"
