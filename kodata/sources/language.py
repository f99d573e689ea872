"""The language of each record, decided on what is asked in it: English is translated, Korean is not, others leave.

Counts of English words and of scripts decide nearly all; langdetect is asked for the doubtful rest. Of 60,919 records
that pass for English (Alpaca, Dolly, Code Alpaca, ShareGPT) it is asked for some 200; nine are taken for another
language, three of them rightly. All of Alpaca takes 0.9 s.
"""

from __future__ import annotations

import polars as pl

from kodata.korean import languages, masked

_LOOKED_AT = 2_000  # characters of a record; a conversation may have 44,000
_MIN_LETTERS = 40  # below, langdetect guesses

# Words that English is full of and that other languages in Latin letters do not have; and verbs that begin a request.
_ENGLISH = (
    r"(?i)\b(?:the|and|that|this|these|with|what|how|which|why|when|where|you|your|from|should|would|could|they|their"
    r"|are|were|been|does|using|given|following|there|about|into|it's|of the|to the|is a|in a|for a)\b"
    r"|^\W*(?:write|generate|create|give|list|name|explain|suggest|classify|provide|find|make|rewrite|convert|develop"
    r"|identify|calculate|summarize|edit|design|tell|can|please|construct|build|add|come|output|rearrange|change"
    r"|choose|translate|show|let)\b"
)


def with_language(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows of a corpus with their `lang`: `en`, `ko`, or the ISO 639 code of what else a record is written in.

    All turns of a record have one. Its instructions decide; where they say too little (numbers, code, a name), all
    its texts do; where these say too little as well it is `en`. A text half in Hangul is Korean, unless
    English asks something of it.
    """
    asked, answered = pl.col("instruction").str.join("\n"), pl.col("output").fill_null("").str.join("\n")
    context = pl.concat_str("system", "input", separator="\n", ignore_nulls=True).str.join("\n")
    records = frame.group_by("id", maintain_order=True).agg(
        asked=asked, whole=pl.concat_str(asked, context, answered, separator="\n")
    )
    by_counts = records.with_columns(label=_counted(records["asked"]))
    for judge in (_counted, _detected):
        is_open = by_counts["label"].is_null()
        judged = judge(by_counts["whole"].filter(is_open))
        by_counts = by_counts.with_columns(label=by_counts["label"].scatter(is_open.arg_true(), judged))
    lang = by_counts.select("id", lang="label")
    return frame.drop("lang").join(lang, on="id", how="left", maintain_order="left").select(frame.columns)


def _counted(texts: pl.Series) -> pl.Series:
    """The language where scripts and English words tell it, else null."""
    text = pl.col("text")
    counts = pl.DataFrame({"text": _looked_at(texts)}).select(
        letters=text.str.count_matches(r"\p{L}"),
        hangul=text.str.count_matches(r"\p{Hangul}"),
        kana=text.str.count_matches(r"[\p{Hiragana}\p{Katakana}]"),
        han=text.str.count_matches(r"\p{Han}"),
        words=text.str.count_matches(r"[A-Za-z]+"),
        english=text.str.count_matches(_ENGLISH),
    )
    letters, hangul, kana, han = pl.col("letters"), pl.col("hangul"), pl.col("kana"), pl.col("han")
    label = (
        pl.when(letters == 0)
        .then(None)
        .when(hangul * 2 >= letters, pl.col("english") < 3)
        .then(pl.lit("ko"))
        .when((han + kana) * 2 > letters)
        .then(pl.when(kana * 10 > han).then(pl.lit("ja")).otherwise(pl.lit("zh")))
        .when(pl.col("english") > 0, pl.col("english") * 20 >= pl.col("words"))
        .then(pl.lit("en"))
        .when(hangul * 10 >= letters)
        .then(pl.lit("ko"))
    )
    return counts.select(label.alias("label"))["label"].cast(pl.String)


def _detected(texts: pl.Series) -> pl.Series:
    """What langdetect says of texts long enough, `en` for the others."""
    seen = _looked_at(texts)
    long_enough = seen.str.count_matches(r"\p{L}") >= _MIN_LETTERS
    labels = pl.repeat("en", len(seen), eager=True)
    found = languages(seen.filter(long_enough)).str.extract("^([a-z]{2,3})(?:-|$)")  # zh-cn is zh
    return labels.scatter(long_enough.arg_true(), found.replace(["und"], ["en"]).fill_null("en"))


def _looked_at(texts: pl.Series) -> pl.Series:
    return masked(texts.str.head(_LOOKED_AT))
