"""`[gates]`: whether a new build is worse than the last good one, and which records make it so.

Each gate is a share: of the records that are dropped, of the answers in a language or a speech level, of those shorter
or longer than nine of ten were. It is measured over all records and over those that are new, as a night's few would
not move the whole. A share may grow by the gate's setting and by what chance does to so many records.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from math import inf, sqrt
from typing import Annotated, Any

import polars as pl
from annotated_types import Ge

from kodata.corpus import Share
from kodata.korean import LEVELS, by_letters, speech_levels

DUPLICATES = ("duplicate", "near-duplicate")
OPEN = ("unanswered", "waiting", "not-sampled")  # reasons that say nothing of a record

_SIGMAS = 3.0  # one night in some seven hundred would pass by chance alone
_TAIL = 0.1  # share of the answers of the last good build that are its short ones, and its long ones
_FEW_RECORDS = 30  # the levels and lengths of fewer are as chance has them
FEW_ASKS = 20  # a mean price of fewer says nothing
_ANSWER = ("id", "turn", "output", "instruction", "flags", "answer_key", "translated_by")
_ANSWERS: dict[str, pl.DataType] = {
    "id": pl.String(), "is_flagged": pl.Boolean(), "language": pl.String(), "speech": pl.String(),
    "characters": pl.UInt32(), "answer_key": pl.String(), "translated_by": pl.String(),
}  # fmt: skip
_GONE: dict[str, pl.DataType] = {
    "id": pl.String(), "reason": pl.String(), "answer_key": pl.String(), "translated_by": pl.String(),
}  # fmt: skip


@dataclass(frozen=True)
class Gates:
    """By how much a share (0..1) may grow from the last good build to the next; 1 leaves a gate open.

    `dropped` and `duplicates` are shares of the records, `flagged`, `language`, `speech` and `length` of the turns that
    are kept. `cost` is by how much the mean price of an ask of a service may grow (1: it may double). `shrunk` is the
    share of a source that may be gone before anything is paid.
    """

    dropped: Share = 0.05
    flagged: Share = 0.1
    duplicates: Share = 0.05
    speech: Share = 0.1
    language: Share = 0.05
    length: Share = 0.1
    cost: Annotated[float, Ge(0)] = 1.0
    shrunk: Share = 0.1


@dataclass(frozen=True)
class Passed:
    """A gate that a build does not get through: its figure, that of the last good build, and the most it may be.

    `of` is "all" or "the new ones"; shares are 0..1, costs dollars an ask. `responsible` are the ids of records,
    those that are new first; `reject` is what `kodata ledger reject` takes to have what was paid for them asked anew.
    """

    gate: str
    what: str
    of: str
    was: float
    now: float
    most: float
    responsible: tuple[str, ...] = ()
    reject: tuple[str, ...] = ()

    def __str__(self) -> str:
        figures = [f"${x:.6f}" if self.gate == "cost" else f"{x:.1%}" for x in (self.now, self.was, self.most)]
        return f"{self.what}: {figures[0]} of {self.of}, {figures[1]} in the last good build, the gate is {figures[2]}"

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"said": str(self)}


@dataclass(frozen=True)
class Measured:
    """What gates look at: a row for each turn that is kept (`_ANSWERS`), or that left (`_GONE`).

    `usd_per_ask` is the mean price by provider, where enough was asked.
    """

    answers: pl.DataFrame
    gone: pl.DataFrame
    usd_per_ask: Mapping[str, float]

    @classmethod
    def of(
        cls, kept: Iterable[pl.DataFrame], gone: Iterable[pl.DataFrame], usd_per_ask: Mapping[str, float]
    ) -> Measured:
        """`kept` are frames with the columns `NEEDED`, `gone` with `_GONE`."""
        answers = pl.concat([pl.DataFrame(schema=_ANSWERS), *map(_answers, kept)])
        left = pl.concat([pl.DataFrame(schema=_GONE), *(frame.select(list(_GONE)) for frame in gone)])
        return cls(answers, left.filter(~pl.col("reason").is_in(OPEN)), usd_per_ask)

    def without(self, other: Measured) -> Measured:
        """What is here of records that the other does not know."""
        known = pl.concat([other.answers["id"], other.gone["id"]]).unique().to_frame()
        answers, gone = (
            frame.join(known, on="id", how="anti", maintain_order="left") for frame in (self.answers, self.gone)
        )
        return Measured(answers, gone, self.usd_per_ask)

    def share(self, kept: pl.Expr | None, gone: pl.Expr | None) -> float:
        """Of the records that are kept the mean share of their turns, or of all records those that left so: 0..1."""
        if kept is not None:
            shares = self.answers.group_by("id").agg(kept.mean().alias("share"))["share"]
            return float(shares.mean() or 0.0)  # type: ignore[arg-type]  # a number
        assert gone is not None
        return self.gone.filter(gone)["id"].n_unique() / max(self.records, 1)

    @property
    def records(self) -> int:
        return self.answers["id"].n_unique() + self.gone["id"].n_unique()


NEEDED = list(_ANSWER)  # of the columns of a corpus


def passed(gates: Gates, good: Measured, new: Measured) -> list[Passed]:
    """The gates that the new build does not get through, compared with the last good one."""
    fresh = new.without(good)
    found: dict[tuple[str, str], Passed] = {}
    for of, part in (("all", new), ("the new ones", fresh)):
        for one in _shares(gates, good, part, of):
            found[one.gate, one.what] = max(found.get((one.gate, one.what), one), one, key=lambda p: p.now - p.most)
    return [*found.values(), *_costs(gates, good, new)]


def _answers(frame: pl.DataFrame) -> pl.DataFrame:
    texts = frame.select(pl.coalesce("output", "instruction")).to_series()
    levels = speech_levels(texts)
    has = [pl.col(level) > 0 for level in LEVELS]
    only = pl.coalesce(pl.when(one).then(pl.lit(level)) for level, one in zip(LEVELS, has, strict=True))
    speech = levels.select(pl.when(pl.sum_horizontal(has) > 1).then(pl.lit("mixed")).otherwise(only).fill_null("none"))
    return frame.select(
        "id",
        (pl.col("flags").list.len() > 0).alias("is_flagged"),
        by_letters(texts).fill_null("latin").alias("language"),
        speech.to_series().alias("speech"),
        texts.str.len_chars().alias("characters"),
        "answer_key",
        "translated_by",
    )


def _shares(gates: Gates, good: Measured, part: Measured, of: str) -> Iterator[Passed]:
    """Each share that grew by more than it may."""
    if not (good.records and part.records):
        return
    left, duplicates = pl.lit(value=True), pl.col("reason").is_in(DUPLICATES)
    yield from _grown(gates.dropped, "dropped", _most_of(part), of, good, part, gone=left & ~duplicates)
    yield from _grown(gates.duplicates, "duplicates", "duplicates", of, good, part, gone=duplicates)
    yield from _grown(gates.flagged, "flagged", "flagged for review", of, good, part, kept=pl.col("is_flagged"))
    for gate, name in (("language", "answers in"), ("speech", "answers in the speech level")):
        if gate == "speech" and min(good.records, part.records) < _FEW_RECORDS:
            continue
        for label in part.answers.filter(pl.col(gate) != "ko")[gate].unique().sort():
            is_it = pl.col(gate) == label
            yield from _grown(getattr(gates, gate), gate, f"{name} {label}", of, good, part, kept=is_it)
    if min(good.records, part.records) >= _FEW_RECORDS:
        short, long = (good.answers["characters"].quantile(q, "nearest") or 0 for q in (_TAIL, 1 - _TAIL))
        ends = (f"answers under {short:,.0f} characters", pl.col("characters") < short), (
            f"answers over {long:,.0f} characters", pl.col("characters") > long,
        )  # fmt: skip
        for what, is_it in ends:
            yield from _grown(gates.length, "length", what, of, good, part, kept=is_it)


def _grown(
    setting: float, gate: str, what: str, of: str, good: Measured, part: Measured,
    *, kept: pl.Expr | None = None, gone: pl.Expr | None = None,
) -> Iterator[Passed]:  # fmt: skip
    """A share of what is kept, each record counted once whatever its turns, or of all records, when it is too large."""
    before, after = (m.share(kept, gone) for m in (good, part))
    sizes = [m.records if kept is None else m.answers["id"].n_unique() for m in (good, part)]
    if not all(sizes):
        return
    likely = min(max(before, 1 / sizes[1]), 0.5)
    chance = sqrt(likely * (1 - likely) * sum(1 / n for n in sizes))  # of a difference of two shares
    most = before + setting + _SIGMAS * chance
    if setting < 1 and after > most:
        known = pl.concat([good.answers["id"], good.gone["id"]]).unique().implode()
        now = part.answers.filter(kept) if kept is not None else part.gone.filter(gone is None or gone)
        first = now.sort(pl.col("id").is_in(known), maintain_order=True)
        ids = first["id"].unique(maintain_order=True)
        rejected = _rejected(first, is_written=gate != "flagged")
        yield Passed(gate, what, of, before, after, most, tuple(ids), tuple(rejected))


def _rejected(turns: pl.DataFrame, *, is_written: bool) -> pl.Series:
    """The keys of the answers that were written; the id of a record that has none, or may be badly translated."""
    written = pl.col("answer_key") if is_written else pl.lit(None, pl.String)
    translated = pl.when(pl.col("translated_by").is_not_null() | pl.col("answer_key").is_not_null()).then("id")
    return turns.select(pl.coalesce(written, translated)).to_series().drop_nulls().unique(maintain_order=True)


def _most_of(part: Measured) -> str:
    """`dropped`, and the reason of most of those that were."""
    counts = (
        part.gone.unique("id")
        .filter(~pl.col("reason").is_in(DUPLICATES))["reason"]
        .value_counts()
        .sort("count", "reason")
    )
    return f"dropped, most as {counts['reason'][-1]}" if len(counts) else "dropped"


def _costs(gates: Gates, good: Measured, new: Measured) -> Iterator[Passed]:
    for name, now in sorted(new.usd_per_ask.items()):
        was = good.usd_per_ask.get(name, inf)
        if now > was * (1 + gates.cost):
            yield Passed("cost", f"dollars an ask of {name}", "all", was, now, was * (1 + gates.cost))
