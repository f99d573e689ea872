"""The corpus: a polars frame, one row a turn, and what may be done to it without losing a record.

Columns and their order are `COLUMNS`; a conversation is the rows that share an `id`, in order of `turn`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice
from typing import Annotated, Final, Literal, NamedTuple, TypeAlias

import orjson
import polars as pl
from annotated_types import Ge, Le

from kodata.errors import LawBroken

COLUMNS: dict[str, pl.DataType] = {
    "id": pl.String(),
    "turn": pl.UInt16(),
    "system": pl.String(),
    "instruction": pl.String(),
    "input": pl.String(),
    "output": pl.String(),
    "system_source": pl.String(),
    "instruction_source": pl.String(),
    "input_source": pl.String(),
    "output_source": pl.String(),
    "output_translated": pl.String(),
    "choices": pl.List(pl.String()),
    "choices_source": pl.List(pl.String()),
    "label": pl.Int32(),
    "flags": pl.List(pl.String()),
    "fixes": pl.List(pl.String()),
    "lang": pl.String(),
    "source": pl.String(),
    "licence": pl.String(),
    "category": pl.String(),
    "extra": pl.String(),
    "upstream_key": pl.String(),
    "translated_by": pl.String(),
    "written_by": pl.String(),
    "answer_key": pl.String(),
}
DROPPED_COLUMNS: dict[str, pl.DataType] = {"id": pl.String(), "reason": pl.String(), "evidence": pl.String()}
REMARK_COLUMNS: dict[str, pl.DataType] = {
    "id": pl.String(), "turn": pl.UInt16(), "rule": pl.String(), "severity": pl.String(), "evidence": pl.String(),
}  # fmt: skip
ENGLISH_KEPT: Final = "english-kept"  # a fix: what the task is about was not translated
SOURCE_KEPT: Final = "source-kept"  # a fix: a memory has a translation of what is no prose

Share: TypeAlias = Annotated[float, Ge(0), Le(1)]
TextField = Literal["system", "instruction", "input", "output", "choices"]


class Turn(NamedTuple):
    """One row of the corpus as a value. Fields are the columns; see `COLUMNS`."""

    id: str
    turn: int
    system: str | None = None
    instruction: str = ""
    input: str = ""
    output: str | None = None
    system_source: str | None = None
    instruction_source: str | None = None
    input_source: str | None = None
    output_source: str | None = None
    output_translated: str | None = None
    choices: tuple[str, ...] | None = None
    choices_source: tuple[str, ...] | None = None
    label: int | None = None
    flags: tuple[str, ...] = ()
    fixes: tuple[str, ...] = ()
    lang: str = "en"
    source: str = ""
    licence: str = "unknown"
    category: str | None = None
    extra: str | None = None
    upstream_key: str = ""
    translated_by: str | None = None
    written_by: str | None = None
    answer_key: str | None = None

    def text(self, name: TextField) -> str:
        """The text of a field as it stands now, empty when null; choices one below the other."""
        return "\n".join(self.choices or ()) if name == "choices" else getattr(self, name) or ""

    def translated(self, texts: Mapping[str, str], by: str | None) -> Turn:
        """This turn with new texts; what stood there before goes to the `*_source` columns."""
        before = {f"{name}_source": getattr(self, name) for name in texts}
        new = {name: self._as_choices(text) if name == "choices" else text for name, text in texts.items()}
        return self._replace(translated_by=by, **new, **before)  # type: ignore[arg-type]  # names of texts

    def _as_choices(self, text: str) -> tuple[str, ...]:
        """The lines of a text as choices, each with as many lines as it has now."""
        lines = iter(text.split("\n"))
        return tuple("\n".join(islice(lines, choice.count("\n") + 1)) for choice in self.choices or ())


@dataclass(frozen=True, slots=True)
class Record:
    """One record: an id and its turns in order."""

    turns: tuple[Turn, ...]

    @property
    def id(self) -> str:
        return self.turns[0].id


@dataclass(frozen=True)
class Split:
    """What a stage made of a frame: rows kept, and records dropped with reason and evidence.

    `kept` has `COLUMNS`, in the order of the frame it came from; `dropped` has `DROPPED_COLUMNS`, one row a
    record. Both are checked by `conserved`. `remarks` has `REMARK_COLUMNS`: what was noticed of turns that are kept.
    """

    kept: pl.DataFrame
    dropped: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=DROPPED_COLUMNS))
    remarks: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=REMARK_COLUMNS))


def question(instruction: str, context: str) -> str:
    """What a person would type: the instruction, and below it the input when there is one."""
    return f"{instruction}\n\n{context}" if context else instruction


def first_key(instruction: str, context: str) -> str:
    """What names a record whose source gives it no id: 16 hex digits for the hash of its first question."""
    return blake2b(orjson.dumps([instruction, context]), digest_size=8).hexdigest()


def frame_of(turns: Iterable[Turn]) -> pl.DataFrame:
    """Rows as a corpus frame with `COLUMNS`, in the order given."""
    return pl.DataFrame(list(turns), schema=COLUMNS, orient="row")


def records_of(frame: pl.DataFrame) -> Iterator[Record]:
    """The records of a corpus frame, and the turns of each, in the order of the rows.

    Raises LawBroken when the rows of one record do not stand together.
    """
    seen: set[str] = set()
    turns: list[Turn] = []
    for row in frame.select(Turn._fields).iter_rows():
        turn = Turn(*(tuple(value) if isinstance(value, list) else value for value in row))  # type: ignore[arg-type]
        if turns and turn.id != turns[0].id:
            yield Record(tuple(turns))
            turns = []
        if not turns:
            if turn.id in seen:
                raise LawBroken(f"rows of record {turn.id} do not stand together")
            seen.add(turn.id)
        turns.append(turn)
    if turns:
        yield Record(tuple(turns))


def by_choice(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows with one choice as the text of `choices`, and of `choices_source`: as many rows as there are choices.

    A row without choices is one row.
    """
    none = pl.col("choices").list.eval(pl.when(pl.lit(False)).then(pl.element()))
    return frame.with_columns(pl.coalesce("choices_source", none)).explode("choices", "choices_source")


def split_off(frame: pl.DataFrame, dropped: pl.DataFrame) -> Split:
    """The frame without the dropped records, all turns of each gone."""
    return Split(frame.join(dropped.select("id"), on="id", how="anti", maintain_order="left"), dropped)


def conserved(before: pl.DataFrame, split: Split, stage: str) -> Split:
    """The split itself, when ids in = ids kept + ids dropped, each dropped one with a reason.

    Raises LawBroken naming the stage and up to five ids.
    """
    ids, kept, dropped = before["id"].unique(), split.kept["id"].unique(), split.dropped["id"]
    rows, expected = split.kept.select("id", "turn"), before.join(split.kept, on="id", how="semi").select("id", "turn")
    wrong = {
        "lost": set(ids) - set(kept) - set(dropped) if len(kept) + len(dropped) != len(ids) else set(),
        "both kept and dropped": set(kept) & set(dropped) if len(dropped) else set(),
        "invented": set(kept) - set(ids) if not kept.is_in(ids.implode()).all() else set(),
        "with turns lost or invented": set() if rows.equals(expected) else _uneven(rows, expected),
        "dropped but not there": set(dropped) - set(ids),
        "dropped twice": set(dropped.filter(dropped.is_duplicated())),
        "dropped without a reason": set(split.dropped.filter(pl.col("reason").fill_null("") == "")["id"]),
    }
    for what, broken in wrong.items():
        if broken:
            raise LawBroken(f"stage {stage}: {len(broken):,} records {what}: {', '.join(sorted(broken)[:5])}")
    return split


def _uneven(rows: pl.DataFrame, expected: pl.DataFrame) -> set[str]:
    """The ids, known on both sides, whose turns differ."""
    counted = [frame.group_by("id").agg(pl.col("turn").sort()) for frame in (rows, expected)]
    both = counted[0].join(counted[1], on="id", suffix="_expected")
    return set(both.filter(pl.col("turn") != pl.col("turn_expected"))["id"])


def fingerprints(frame: pl.DataFrame) -> pl.DataFrame:
    """`id`, `fingerprint` (binary, 16 bytes) of each record's rows, in order of first appearance.

    The fingerprint covers every column of every turn, so equal fingerprints mean equal input to a stage.
    """
    as_json = frame.select("id", pl.struct(pl.all()).struct.json_encode().alias("row"))
    grouped = as_json.group_by("id", maintain_order=True).agg(pl.col("row").str.join("\n"))
    digests = [blake2b(row.encode(), digest_size=16).digest() for row in grouped["row"]]
    return grouped.select("id", pl.Series("fingerprint", digests, dtype=pl.Binary))
