"""A Korean file whose ids were lost, paired with the English file that it was translated from.

The pairs are a translation memory: what is in them need not be paid for again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from kodata import alignment
from kodata.alignment import Gap
from kodata.corpus import Record, TextField, Turn, records_of
from kodata.errors import PipelineError, SourceError, did_you_mean
from kodata.sources import SOURCES, Source, read
from kodata.sources.opening import open_source

_HANGUL = re.compile("[가-힣]")
_MOST, _LEAST = 0.5, 0.1  # share of the texts with Hangul: of an English file at most, of a Korean one at least


@dataclass(frozen=True)
class Paired:
    """What an alignment of two files found.

    `lines` are the pairs, one a turn, in order: id (the English record's), en_index and ko_index (which item of the
    file, from 0), turn, score (-1..1, how alike the texts are), and en and ko, the texts by field. `gaps` are records
    that one file has alone, where they stand among its items. `records` counts the pairs, `english` and `korean` the
    items, `uneven` the pairs of conversations with unequal numbers of turns, which are not among the lines.
    """

    lines: list[dict[str, Any]]
    gaps: tuple[Gap, ...]
    records: int
    english: int
    korean: int
    uneven: int

    def write(self, path: Path) -> None:
        """The lines as JSON lines; a file of that name is replaced when all are written."""
        beside = path.with_name(f".{path.name}.part")
        try:
            beside.write_bytes(b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in self.lines))
            beside.replace(path)
        except OSError as error:
            raise PipelineError(f"{path} cannot be written ({error.strerror}). Name another with --out") from error


def align(english: str | Path, korean: str | Path, *, use: str = "alpaca") -> Paired:
    """The records of an English file and of a Korean one that go together; both keep their order.

    `use` is the format of both. Raises SourceError when a file cannot be read, is in the language of the other, or has
    too little in common with it.
    """
    if use not in SOURCES:
        raise PipelineError(f'no format "{use}"{did_you_mean(use, SOURCES)}')
    en, ko = _Side.read(use, Path(english)), _Side.read(use, Path(korean))
    if en.hangul > _MOST:
        raise SourceError(f"the texts of {english} are Korean: the English file comes first")
    if ko.hangul < _LEAST:
        raise SourceError(f"hardly a text of {korean} is Korean: the English file comes first, the Korean one second")
    found = alignment.align(en.texts, ko.texts)
    together = [(en.records[pair.english], ko.records[pair.korean], pair) for pair in found.pairs]
    even = [(left, right, pair) for left, right, pair in together if len(left.turns) == len(right.turns)]
    lines = [
        {
            "id": left.id,
            "en_index": en.places[pair.english],
            "ko_index": ko.places[pair.korean],
            "turn": turn.turn,
            "score": pair.score,
            "en": _texts(turn, other),
            "ko": _texts(other, turn),
        }
        for left, right, pair in even
        for turn, other in zip(left.turns, right.turns, strict=True)
    ]
    gaps = tuple(_in_items(gap, *((en, ko) if gap.of == "english" else (ko, en))) for gap in found.gaps)
    return Paired(lines, gaps, len(together), en.items, ko.items, len(together) - len(even))


@dataclass(frozen=True)
class _Side:
    """One of the files: its records, and at which item of the file each stands."""

    records: list[Record]
    places: list[int]
    items: int

    @classmethod
    def read(cls, use: str, path: Path) -> _Side:
        source = Source(use, use, path=str(path), lang="en")  # the language is not asked for
        reading = read(source, open_source(source))
        records = list(records_of(reading.frame))
        if not records:
            raise SourceError(f"{path} holds no record of the format {use}. Name another with --format")
        place = {ident: n for n, ident in enumerate(reading.rows["id"])}
        return cls(records, [place[record.id] for record in records], len(reading.rows))

    @property
    def texts(self) -> list[str]:
        """What is asked in each record, which every recipe translates; answers may have been written anew."""
        return ["\n".join(f"{turn.instruction}\n{turn.input}" for turn in record.turns) for record in self.records]

    @property
    def hangul(self) -> float:
        """The share of the texts with a syllable of Hangul."""
        return sum(bool(_HANGUL.search(text)) for text in self.texts) / len(self.records)


def _texts(turn: Turn, other: Turn) -> dict[str, str]:
    """The texts of a turn by field; a system line only where one of the two has it."""
    names: tuple[TextField, ...] = ("instruction", "input", "output")
    return {name: turn.text(name) for name in (("system", *names) if turn.system or other.system else names)}


def _in_items(gap: Gap, own: _Side, other: _Side) -> Gap:
    """The gap counted in items of the files, which may hold some that are no records."""
    return Gap(gap.of, own.places[gap.start], gap.count, [*other.places, other.items][gap.other])
