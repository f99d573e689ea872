"""Correct: puts texts into the corpus that a person wrote, by id, turn and field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Final, Literal, NamedTuple, get_args

import orjson
import polars as pl

from kodata.corpus import COLUMNS, REMARK_COLUMNS, Split
from kodata.errors import PipelineError, did_you_mean
from kodata.korean import clean

CORRECTED: Final = "corrected"  # the fix a corrected turn gets
Corrected = Literal["system", "instruction", "input", "output"]
_KEYS = ("id", "turn", "field", "text")
_LAST_TURN = 2**16 - 1


class Correction(NamedTuple):
    """What a field of a turn is to say."""

    id: str
    turn: int
    field: Corrected
    text: str


@dataclass(frozen=True)
class Correct:
    """Sets the texts of `file`, JSON lines of id, turn (0, unless it is given), field and text.

    In a pipeline file `file` names it; without, `corrections.jsonl` beside the pipeline file is taken if it is there.
    `columns` are the fields that are corrected here: put one such stage after the check of translations, and one for
    `output` after the answers are written. A corrected turn has the fix "corrected"; the file's text is part of what
    the build is known by. A correction whose record is not there is told at the end of the build.
    """

    version: ClassVar[int] = 1

    file: str = ""
    columns: tuple[Corrected, ...] = get_args(Corrected)

    def __post_init__(self) -> None:
        _ = self.corrections  # what is wrong with the file is said before anything runs

    @cached_property
    def corrections(self) -> tuple[Correction, ...]:
        """Those for `columns`, in the order of the file."""
        return tuple(one for one in corrections_of(self.file) if one.field in self.columns)

    def run(self, frame: pl.DataFrame) -> Split:
        schema = {"id": COLUMNS["id"], "turn": COLUMNS["turn"], "field": pl.String(), "text": pl.String()}
        given = pl.DataFrame(self.corrections, schema=schema, orient="row")
        remarks = [self._remarks(frame, given, name) for name in self.columns]
        corrected = frame
        for name in self.columns:
            texts = given.filter(pl.col("field") == name).select("id", "turn", _new="text")
            joined = corrected.join(texts, on=["id", "turn"], how="left", maintain_order="left")
            noted = pl.concat_list("fixes", pl.lit(CORRECTED)).list.unique(maintain_order=True)
            fixes = pl.when(pl.col("_new").is_not_null()).then(noted).otherwise("fixes")
            corrected = joined.with_columns(pl.coalesce("_new", name).alias(name), fixes=fixes).drop("_new")
        return Split(corrected, remarks=pl.concat(remarks))

    def _remarks(self, frame: pl.DataFrame, given: pl.DataFrame, name: str) -> pl.DataFrame:
        """A remark on each turn whose field is corrected: what it said before."""
        here = frame.join(given.filter(pl.col("field") == name), on=["id", "turn"], maintain_order="left")
        was = pl.format("{} was: {}", pl.lit(name), pl.col(name).fill_null(""))
        named = here.with_columns(rule=pl.lit(CORRECTED), severity=pl.lit("fix"), evidence=was)
        return named.select(list(REMARK_COLUMNS))


def corrections_of(text: str) -> tuple[Correction, ...]:
    """The corrections in JSON lines. Raises PipelineError naming the line and what is wrong in it."""
    found: dict[tuple[str, int, str], int] = {}
    corrections = []
    for number, item in _objects(text):
        correction = _correction(number, item)
        place = correction[:3]
        if place in found:
            raise PipelineError(f"line {number} corrects what line {found[place]} corrects. Keep one of them")
        found[place] = number
        corrections.append(correction)
    return tuple(corrections)


def _objects(text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            item = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise PipelineError(f"line {number} is no JSON: {error}") from error
        if not isinstance(item, dict):
            raise PipelineError(f"line {number} is no JSON object")
        yield number, item


def _correction(number: int, item: Mapping[str, Any]) -> Correction:
    _known(number, "key", item, _KEYS)
    ident, turn, name, text = (item.get(key, 0 if key == "turn" else None) for key in _KEYS)
    _known(number, "field", [name], get_args(Corrected))
    if not isinstance(ident, str) or not ident:
        raise PipelineError(f"line {number}: id is the id of a record, a text")
    if not isinstance(turn, int) or isinstance(turn, bool) or not 0 <= turn <= _LAST_TURN:
        raise PipelineError(f"line {number}: turn is a number from 0 on, the first turn is 0")
    if not isinstance(text, str) or not text.strip():
        raise PipelineError(f"line {number}: text is what the field is to say; it cannot be empty")
    return Correction(ident, turn, name, clean(text))


def _known(number: int, what: str, names: Iterable[object], known: tuple[str, ...]) -> None:
    for name in names:
        if name not in known:
            shown = str(name) if name is not None else ""
            raise PipelineError(f'line {number}: no {what} "{shown}"{did_you_mean(shown, known)}')
