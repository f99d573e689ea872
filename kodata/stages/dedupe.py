"""Dedupe: keeps one of the records that say the same, and names the twin that was kept.

Exact means equal after NFKC and without case, spaces and the punctuation of sentences. Near means a Jaccard
similarity of character n-grams (spaces kept) of at least `min_share`, verified, and in Korean also: alike but for
particles and the endings of sentences. Word n-grams and `rouge_score` do not see Korean endings and spacing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import polars as pl
from annotated_types import Ge, Le

from kodata.corpus import DROPPED_COLUMNS
from kodata.twins.grams import Ints
from kodata.twins.keeping import Keeping
from kodata.twins.similar import LEAST_SHARE, Similar, Texts
from kodata.twins.sketches import sketches

# Characters. Shorter Korean texts are near twins by their core alone: of 70 pairs of Alpaca's instructions in Korean
# with a share of at least 0.5 and an Indel similarity of at least 0.8, some 60 ask for different things ("풍력이
# 무엇인지 설명하세요", "꿈이 무엇인지 설명하세요"). From about here on, an edit of one ending leaves a share of 0.8.
_SHORT = 60


@dataclass(frozen=True)
class Dedupe:
    """Drops a record only for a verified twin that is kept.

    Records stand in a fixed order of merit, longest output first, then lowest id, never order of arrival. Texts that
    differ in a number, or Korean texts that differ in a Latin word, are no near twins: of the pairs at 0.8 in real
    data, 29 % are such ("653에 5를 곱합니다", "3에 5를 곱합니다"). `ngram` is 5 for English; a Korean syllable says
    more than a letter, 3 is right for Korean. Of texts with more than 500 n-grams nearly all twins are found
    (`kodata.twins.minhash`), of shorter ones all.
    """

    version: ClassVar[int] = 2

    columns: tuple[str, ...] = ("instruction", "input", "output")
    ngram: Annotated[int, Ge(1), Le(20)] = 5
    min_share: Annotated[float, Ge(LEAST_SHARE), Le(1)] = 0.8

    def sketch(self, frame: pl.DataFrame) -> pl.DataFrame:
        """One row a record, with the columns of `kodata.twins.sketches.SKETCH`: some hundred bytes and the text."""
        lines = pl.concat_str(pl.col(self.columns).fill_null(""), separator="\n").str.join("\n")
        merit = pl.col("output").str.len_chars().sum().cast(pl.Int64)
        return sketches(frame.group_by("id", maintain_order=True).agg(merit=merit, lines=lines), self.ngram)

    def decide(self, sketches: pl.DataFrame) -> pl.DataFrame:
        ranked = sketches.sort(["merit", "id"], descending=[True, False])
        exact, rest = _exact(ranked)
        keeping = Keeping(_numbered(rest["core"]))
        keeping.decide(_similar(rest, self.ngram, self.min_share))
        ids = rest["id"].to_list()
        near = {ids[row]: _evidence(ids[twin], share) for row, (twin, share) in keeping.gone.items()}
        rows = [(ident, "near-duplicate", evidence) for ident, evidence in near.items()]
        for ident, twin in exact.iter_rows():
            gone = near.get(twin)  # then its own twin is the one that is kept
            rows.append(
                (ident, "near-duplicate", f"{gone}, as {twin}") if gone else (ident, "duplicate", f"equal to {twin}")
            )
        return pl.DataFrame(rows, schema=DROPPED_COLUMNS, orient="row")


def _exact(ranked: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Records that are equal to a better one, as id and twin; and the sketches of the others."""
    exact = ranked.select("id", twin=pl.col("id").first().over("exact")).filter(pl.col("id") != pl.col("twin"))
    return exact, ranked.join(exact, on="id", how="anti", maintain_order="left")


def _numbered(cores: pl.Series) -> Ints:
    """A number for each core, -1 for those that occur once and for none."""
    number = pl.when(pl.len().over("core") > 1).then(pl.col("core").rank("dense").cast(pl.Int64))
    return pl.DataFrame({"core": cores}).select(number.fill_null(-1)).to_series().to_numpy()


def _similar(ranked: pl.DataFrame, ngram: int, min_share: float) -> Similar:
    """The texts for comparison; one of which the core alone decides is left empty, so that it is in no pair."""
    by_core = pl.col("is_korean") & (pl.col("length") < _SHORT)
    text = ranked.select(pl.when(by_core).then(pl.lit("")).otherwise("text")).to_series()
    texts = Texts(text.to_list(), ranked["packed"], ranked["length"].to_numpy())
    grams, apart = ranked["grams"].to_numpy(), ranked["apart"].to_numpy()
    return Similar(texts, grams, ranked["signature"], apart, ngram, min_share)


def _evidence(twin: str, share: float | None) -> str:
    return f"share {share:.3f} of {twin}" if share is not None else f"{twin} but for particles and endings"
