"""What is remembered of a record to find its twins: some hundred bytes and its text, packed where it is long."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from hashlib import blake2b

import polars as pl

from kodata.korean.core import core
from kodata.twins.grams import sets
from kodata.twins.minhash import signatures
from kodata.twins.similar import LONG, MOST_PLAIN

NUMBER = r"\d+(?:[.,]\d+)*"
_IGNORED = r"[\s.,!?;:'\"“”‘’…。、]"  # not all signs: "C#" is not "C", "-5" not "5"
_CORED = 120  # characters; in a longer text an edit of an ending leaves more than 0.8 in common
_SLICE = 1_000  # long texts taken apart at once: bounds memory
SKETCH: dict[str, pl.DataType] = {
    "id": pl.String(), "merit": pl.Int64(), "exact": pl.Binary(), "core": pl.Binary(), "apart": pl.UInt64(),
    "is_korean": pl.Boolean(), "length": pl.Int64(), "text": pl.String(), "packed": pl.Binary(), "grams": pl.Int64(),
    "signature": pl.Binary(),
}  # fmt: skip


def sketches(records: pl.DataFrame, ngram: int) -> pl.DataFrame:
    """The columns of `SKETCH`, a row for each of the records, which have an id, a merit and lines (all their texts).

    `exact` and `core` are digests of what equal texts have in common, `core` null where there is none; `apart` is a
    hash of what near twins must share; `length` is in characters; `grams` counts the n-grams of a text that has more
    than `LONG`, and is 0 for others.
    """
    text = pl.col("text")
    numbers, words = text.str.extract_all(NUMBER), text.str.extract_all(rf"{NUMBER}|[a-z]+")
    folded = pl.col("lines").str.normalize("NFKC").str.to_lowercase().str.replace_all(r"\s+", " ")
    found = records.with_columns(text=folded).with_columns(
        is_korean=text.str.contains(r"\p{Hangul}"),
        length=text.str.len_chars().cast(pl.Int64),
        exact=pl.concat_str(text.str.replace_all(_IGNORED, ""), numbers.list.join(" "), separator="\n"),
        numbers=numbers.list.sort().list.join(" "),
        words=words.list.sort().list.join(" "),
    )
    apart = pl.when("is_korean").then("words").otherwise("numbers")
    is_cored = pl.col("is_korean") & (pl.col("length") <= _CORED)
    cores = found.filter(is_cored).select("id", core=core(pl.col("lines")), apart=apart).filter(pl.col("core") != "")
    digests = _digests(cores.select(pl.concat_str("core", "apart", separator="\n")).to_series())
    return (
        found.with_columns(pl.Series("exact", _digests(found["exact"])), apart=apart.hash())
        .join(cores.select("id", pl.Series("core", digests, pl.Binary)), on="id", how="left", maintain_order="left")
        .join(_long(found, ngram), on="id", how="left", maintain_order="left")
        .with_columns(text=pl.when(pl.col("packed").is_null()).then(text), grams=pl.col("grams").fill_null(0))
        .with_columns(text=text + "")  # a copy, or what is packed would stand behind the column all the same
        .select(list(SKETCH))
    )


def _digests(texts: Iterable[str]) -> list[bytes]:
    return [blake2b(text.encode(), digest_size=16).digest() for text in texts]


def _long(found: pl.DataFrame, ngram: int) -> pl.DataFrame:
    """Of the texts with more than `LONG` n-grams: id, grams, signature, and the text packed if it is very long."""
    may_be = found.filter(pl.col("length") > LONG).select("id", "text")
    rows = [row for part in may_be.iter_slices(_SLICE) for row in _signed(part, ngram)]
    return pl.DataFrame(
        rows, schema={name: SKETCH[name] for name in ("id", "grams", "signature", "packed")}, orient="row"
    )


def _signed(part: pl.DataFrame, ngram: int) -> Iterator[tuple[str, int, bytes, bytes | None]]:
    texts = part["text"].to_list()
    of = sets(texts, ngram)
    for ident, text, grams, signature in zip(part["id"], texts, of.size.tolist(), signatures(of), strict=True):
        if grams > LONG:
            yield ident, grams, signature.tobytes(), zlib.compress(text.encode(), 1) if grams > MOST_PLAIN else None
