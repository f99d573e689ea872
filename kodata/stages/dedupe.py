"""Dedupe: keeps one of the records that say the same, and names the twin that was kept.

Exact means equal after NFKC and without case, spaces and the punctuation of sentences. Near means a Jaccard
similarity of character n-grams (spaces kept) of at least `min_share`, verified, and in Korean also: alike but for
particles and the endings of sentences. Word n-grams and `rouge_score` do not see Korean endings and spacing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar

import numpy as np
import polars as pl
from annotated_types import Ge, Le

from kodata.corpus import DROPPED_COLUMNS
from kodata.errors import PipelineError
from kodata.twins.grams import Ints
from kodata.twins.join import EPSILON
from kodata.twins.keeping import Keeping
from kodata.twins.similar import LEAST_SHARE, Found, Similar, Texts, together
from kodata.twins.sketches import sketches

# Characters. Shorter Korean texts are near twins by their core alone: of 70 pairs of Alpaca's instructions in Korean
# with a share of at least 0.5 and an Indel similarity of at least 0.8, some 60 ask for different things ("풍력이
# 무엇인지 설명하세요", "꿈이 무엇인지 설명하세요"). From about here on, an edit of one ending leaves a share of 0.8.
_SHORT = 60
_AROUND = 0.1  # the share by which a borderline pair may miss `min_share`


@dataclass(frozen=True)
class Published:
    """A build that is published already: `digest` tells what its corpus, `frame`, holds; None when it is not loaded."""

    name: str
    digest: str = ""
    frame: pl.DataFrame | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Dedupe:
    """Drops a record only for a verified twin that is kept.

    Records stand in a fixed order of merit, longest output first, then lowest id, never order of arrival. Texts that
    differ in a number, or Korean texts that differ in a Latin word, are no near twins: of the pairs at 0.8 in real
    data, 29 % are such ("653에 5를 곱합니다", "3에 5를 곱합니다"). `ngram` is 5 for English; a Korean syllable says
    more than a letter, 3 is right for Korean. Of texts with more than 500 n-grams nearly all twins are found
    (`kodata.twins.minhash`), of shorter ones all. Twins of records in the builds in `against` leave whatever their
    merit.
    """

    version: ClassVar[int] = 3

    columns: tuple[str, ...] = ("instruction", "input", "output")
    ngram: Annotated[int, Ge(1), Le(20)] = 5
    min_share: Annotated[float, Ge(LEAST_SHARE), Le(1)] = 0.8
    against: tuple[Published, ...] = ()

    def sketch(self, frame: pl.DataFrame) -> pl.DataFrame:
        """One row a record, with the columns of `kodata.twins.sketches.SKETCH`: some hundred bytes and the text."""
        lines = pl.concat_str(pl.col(self.columns).fill_null(""), separator="\n").str.join("\n")
        merit = pl.col("output").str.len_chars().sum().cast(pl.Int64)
        return sketches(frame.group_by("id", maintain_order=True).agg(merit=merit, lines=lines), self.ngram)

    def decide(self, sketches: pl.DataFrame) -> pl.DataFrame:
        everything = self._with_published(sketches)
        exact, rest = _exact(_ranked(everything))
        keeping = Keeping(_numbered(rest["core"]), int(rest["is_published"].sum()))
        keeping.decide(_similar(everything, rest, self.ngram, self.min_share))
        ids = rest["id"].to_list()
        near = {ids[row]: _evidence(ids[twin], share) for row, (twin, share) in keeping.gone.items()}
        rows = [(ident, "near-duplicate", evidence) for ident, evidence in near.items()]
        for ident, twin in exact.filter(~pl.col("is_published")).select("id", "twin").iter_rows():
            gone = near.get(twin)  # then its own twin is the one that is kept
            rows.append(
                (ident, "near-duplicate", f"{gone}, as {twin}") if gone else (ident, "duplicate", f"equal to {twin}")
            )
        return pl.DataFrame(rows, schema=DROPPED_COLUMNS, orient="row")

    def borderline(self, sketches: pl.DataFrame, n: int = 20) -> pl.DataFrame:
        """The n pairs whose share is nearest to `min_share`, on both sides of it: better, other (ids), share, is_twin.

        The most similar first. Equal records, and pairs that only their core makes twins, are not among them.
        """
        pairs = self.pairs(sketches, max(LEAST_SHARE, self.min_share - _AROUND))
        nearest = pairs.sort((pl.col("share") - self.min_share).abs(), "better", "other").head(n)
        is_twin = pl.col("share") >= self.min_share - EPSILON
        return nearest.with_columns(is_twin=is_twin).sort("share", "better", "other", descending=[True, False, False])

    def pairs(self, sketches: pl.DataFrame, min_share: float | None = None) -> pl.DataFrame:
        """All pairs of records that share so much, by default `min_share`: better, other (ids), share."""
        ids, (better, other, share) = self._near(sketches, self.min_share if min_share is None else min_share)
        return pl.DataFrame({"better": ids.gather(better), "other": ids.gather(other), "share": share})

    def tried(self, sketches: pl.DataFrame, shares: Sequence[float]) -> pl.DataFrame:
        """How many records other values of `min_share` would drop as near twins: min_share, near (in all), share.

        Texts are compared once, for the lowest of them. Builds in `against` are left out.
        """
        ids, (better, other, share) = self._near(sketches, min(shares))
        found = []
        for least in shares:
            enough = share >= least - EPSILON
            keeping = Keeping(np.full(len(ids), -1))
            keeping.drop_within((better[enough], other[enough], share[enough]))
            found.append((least, len(keeping.gone)))
        return pl.DataFrame(found, schema={"min_share": pl.Float64(), "near": pl.Int64()}, orient="row")

    def _near(self, sketches: pl.DataFrame, min_share: float) -> tuple[pl.Series, Found]:
        """The ids of the records that are not equal to a better one, and the pairs of their rows."""
        everything = replace(self, against=())._with_published(sketches)
        _, rest = _exact(_ranked(everything))
        pairs = _similar(everything, rest, self.ngram, min_share).within(np.ones(len(rest), dtype=bool))
        return rest["id"], together(pairs)

    def _with_published(self, sketches: pl.DataFrame) -> pl.DataFrame:
        """All records, those of the builds in `against` too."""
        own = sketches.with_columns(is_published=pl.lit(False))
        published = [self._published(build).with_columns(is_published=pl.lit(True)) for build in self.against]
        return pl.concat([*published, own])

    def _published(self, build: Published) -> pl.DataFrame:
        """Sketches of the texts of a build and, as this may stand before a translation, of their sources."""
        if build.frame is None:
            raise PipelineError(f"build {build.name} has not been loaded, so nothing can be compared with it")
        sides = {name: f"{name}_source" for name in self.columns if f"{name}_source" in build.frame.columns}
        sources = [pl.coalesce(source, name).alias(name) for name, source in sides.items()]
        both = pl.concat([self.sketch(build.frame), self.sketch(build.frame.with_columns(sources))])
        named = both.with_columns(id=pl.format("{}:{}", pl.lit(build.name), "id"))
        return named.unique(["id", "exact"], keep="first", maintain_order=True)


def _ranked(everything: pl.DataFrame) -> pl.DataFrame:
    """All records in order of merit, the published ones first, without their texts; `place` is where they stood."""
    narrow = everything.drop("text", "packed", "signature").with_row_index("place")
    return narrow.sort("is_published", "merit", "id", descending=[True, True, False])


def _exact(ranked: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Records that are equal to a better one, as id and twin; and the sketches of the others."""
    numbered = ranked.with_row_index("row").with_columns(first=pl.col("row").first().over("exact"))
    is_first = pl.col("row") == pl.col("first")
    exact = numbered.with_columns(twin=pl.col("id").first().over("exact")).filter(~is_first)
    return exact.select("id", "twin", "is_published"), numbered.filter(is_first).drop("row", "first")


def _numbered(cores: pl.Series) -> Ints:
    """A number for each core, -1 for those that occur once and for none."""
    number = pl.when(pl.len().over("core") > 1).then(pl.col("core").rank("dense").cast(pl.Int64))
    return pl.DataFrame({"core": cores}).select(number.fill_null(-1)).to_series().to_numpy()


def _similar(everything: pl.DataFrame, ranked: pl.DataFrame, ngram: int, min_share: float) -> Similar:
    """The texts for comparison; one of which the core alone decides is not compared."""
    is_compared = ranked.select(~(pl.col("is_korean") & (pl.col("length") < _SHORT))).to_series().to_numpy()
    places, lengths = ranked["place"].to_numpy().astype(np.int64), ranked["length"].to_numpy()
    texts = Texts(everything["text"], everything["packed"], places, lengths)
    grams, apart = ranked["grams"].to_numpy(), ranked["apart"].to_numpy()
    return Similar(texts, is_compared, grams, everything["signature"], apart, ngram, min_share)


def _evidence(twin: str, share: float | None) -> str:
    return f"share {share:.3f} of {twin}" if share is not None else f"{twin} but for particles and endings"
