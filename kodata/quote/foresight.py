"""Walks the records of a plan on past questions that nobody has answered yet, with answers that are imagined."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import orjson
import polars as pl

from kodata.accounts import Account
from kodata.answering import Reply, Unanswered
from kodata.asks import Answer, Ask, canonical
from kodata.corpus import Split
from kodata.ledger import Ledger
from kodata.pipeline import Step, kind_of
from kodata.providers import Provider
from kodata.providers.echo import in_shape
from kodata.quote.outlook import KOREAN_A_TOKEN, Outlook, asked_characters
from kodata.quote.questions import Questions
from kodata.quote.stage import StageQuote
from kodata.shards import Shards
from kodata.stages import RecordStage
from kodata.stages.translate import Translate

_ID = {"id": pl.String()}
_SAMPLE = 200  # records of a stage, from which on the share it keeps counts for those that wait
_FILLER = "아직 쓰이지 않은 글이어서 길이만 미리 어림하려고 넣어 둔 문장입니다. "  # as many tokens as Korean has


@dataclass
class Foresight:
    """What a plan knows of the records that wait for an answer, stage by stage.

    They wait with imagined texts, in `waiting`; `share` of them will reach the present stage. `costs` is what the
    questions that a record is the first to ask cost at most, in dollars, by id; `largest_usd` what one question may.
    """

    providers: Mapping[str, Provider]
    ledger: Ledger
    folder: Path
    accounts: Mapping[str, Account]
    quotes: list[StageQuote] = field(default_factory=list)
    costs: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    largest_usd: float = 0.0
    share: float = 1.0
    waiting: Shards = field(init=False)
    _next: Shards = field(init=False)
    _stage: object = None
    _questions: Questions = field(init=False)
    _out: frozenset[bytes] = field(init=False)  # in batches
    _asked: set[bytes] = field(default_factory=set)
    _waiting_asks: int = 0
    _imagined: set[str] = field(default_factory=set)
    _is_behind: bool = False  # on the records that waited before this stage

    def __post_init__(self) -> None:
        self.waiting = Shards(self.folder / "waiting-00")
        self._out = self.ledger.batches.keys()

    def begin(self, step: Step) -> None:
        self._stage, self._is_behind, self._waiting_asks = step.stage, False, 0
        self._questions = Questions(self.providers, self.ledger, self.accounts, isinstance(step.stage, Translate))
        self._next = Shards(self.folder / f"waiting-{len(self.quotes) + 1:02d}")

    def behind(self) -> Shards:
        """The records that waited before this stage; their questions are imagined like their texts."""
        self._is_behind = True
        return self.waiting

    def reply(self, ask: Ask, idents: Sequence[str]) -> Reply:
        """What is said to a question that is not sent: counted, then an imagined answer."""
        if self._is_behind or not self._imagined.isdisjoint(idents):
            self._count(ask, idents, is_imagined=True)  # equal only because they are imagined
        elif ask.key not in self._asked:
            self._asked.add(ask.key)
            if ask.key in self._out:
                self._waiting_asks += 1
            else:
                self._count(ask, idents[:1], is_imagined=False)
        if isinstance(self._stage, Translate):
            return Unanswered("not in the ledger")
        self._imagined.update(idents)
        return _imagined(ask, self._questions.kind(ask).outlook)

    def _count(self, ask: Ask, idents: Sequence[str], *, is_imagined: bool) -> None:
        """Count the question once for each of these records."""
        share = self.share if self._is_behind else 1.0
        kind = self._questions.kind(ask)
        expected = kind.count(ask, share=share, times=len(idents), is_imagined=is_imagined)
        self.largest_usd = max(self.largest_usd, expected.usd_once)
        for ident in idents:
            self.costs[ident] += share * expected.usd_high

    def set_apart(self, frame: pl.DataFrame, split: Split, unanswered: pl.DataFrame) -> tuple[Split, pl.DataFrame]:
        """What became of the records of a shard without imagining, and those that wait or went unanswered."""
        waits = unanswered.filter(pl.col("reason") == "unanswered")["id"].to_list()
        ids = frame.select("id").unique() if self._is_behind else pl.DataFrame({"id": [*self._imagined, *waits]}, _ID)
        there = split.kept.join(ids, on="id", how="semi", maintain_order="left")
        left = frame.join(ids, on="id", how="semi", maintain_order="left").join(there, on="id", how="anti")
        if len(ids):
            self._next.add(pl.concat([there, self._in_korean(left)]))
        others = unanswered.join(ids, on="id", how="anti", maintain_order="left")
        open_ = ids.unique().sort("id").select("id", reason=pl.lit("unanswered"), evidence=pl.lit("not in the ledger"))
        self._imagined = set()
        kept = split.kept.join(ids, on="id", how="anti", maintain_order="left")
        return Split(kept, split.dropped.join(ids, on="id", how="anti"), split.remarks), pl.concat([others, open_])

    def end(self, step: Step, records: int, kept: int, reuse: int, known: int) -> None:
        """Quote the stage that all records are through now."""
        pending = self.waiting.records
        if isinstance(step.stage, RecordStage):
            self.waiting.delete()
            self.waiting = self._next
        elif pending and records >= _SAMPLE:
            self.share *= kept / records
        provider = step.face.provider if step.face else ""
        counts = (records, pending, reuse, kept, known)
        self.quotes.append(
            StageQuote(
                step.name,
                kind_of(step.stage),
                *counts,
                provider=provider,
                in_batches=self._waiting_asks,
                **self._questions.quoted(),
            )
        )

    def _in_korean(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The records as long as the present stage will make them: only a translation changes the texts there are."""
        if not isinstance(self._stage, Translate):
            return frame
        korean = self._questions.korean
        lengths = {name: pl.col(name).str.len_chars() for name in self._stage.fields}
        longest = frame.select(pl.max_horizontal(*(length.max() for length in lengths.values()))).item()
        filler, stays = pl.lit(_filler(longest or 0)), pl.col("lang") == "ko"
        texts = {n: filler.str.slice(0, (length * korean).ceil().cast(pl.UInt32)) for n, length in lengths.items()}
        return frame.with_columns(
            pl.when(stays | pl.col(name).is_null()).then(name).otherwise(text).alias(name)
            for name, text in texts.items()
        )


def _imagined(ask: Ask, outlook: Outlook) -> Answer:
    """An answer as long as is expected, in the shape that is asked for."""
    slope, constant = outlook.out[1]
    text = _filler(int((slope * asked_characters(ask.content) + constant) * KOREAN_A_TOKEN))
    schema = orjson.loads(ask.settings).get("schema") if ask.settings.startswith("{") else None
    return Answer(canonical(in_shape(schema, text)) if schema else text, "imagined")


@lru_cache(maxsize=1_000)
def _filler(characters: int) -> str:
    return (_FILLER * (characters // len(_FILLER) + 1))[:characters]
