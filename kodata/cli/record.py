"""All about one record of a build: where it is from, what each stage did to it, what it cost, and its texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from kodata.cli.table import cut, screen_cells
from kodata.errors import BuildError
from kodata.show.lines import counted, dollars, printable, printable_lines

if TYPE_CHECKING:
    from kodata.explaining import Happened
    from kodata.published import Build

_FIRST = 3  # records shown of a build
_TEXTS = ("system", "instruction", "input", "output")
_NOTES = ("translated_by", "written_by", "answer_key", "flags", "fixes", "category", "lang", "extra")


def first_records(build: Build) -> dict[str, list[str]]:
    """The beginnings of the first records, by id."""
    first = build.corpus["id"].unique(maintain_order=True).head(_FIRST).to_list()
    return {ident: [*_head(_rows(build, ident)), *_turns(_rows(build, ident), lines_each=2)] for ident in first}


def record_lines(build: Build, ident: str, ledger: Path) -> list[str]:
    """Everything about a record, kept or dropped. Raises BuildError, with the nearest id, when it is neither."""
    from kodata.explaining import story_of

    rows, gone = _rows(build, ident), build.dropped_record(ident)
    if gone is not None:
        where = f"{gone['source_file']}, item {gone['source_row']}"
        reason = printable(f"{ident}: dropped by {gone['stage']} because {gone['reason']}")
        lines = [
            reason,
            f"  from: {printable(where)}",
            *_field("evidence", gone["evidence"]),
            *_field("item", gone["item"]),
        ]
        rows = gone["record"] or []
    elif rows:
        lines = _head(rows)
    else:
        raise BuildError(f'no record "{ident}" in {build.path}, neither kept nor dropped{_near(build, ident)}')
    return [*lines, *_story(story_of(build, ident, rows)), *_paid(ident, ledger), *_turns(rows)]


def _rows(build: Build, ident: str) -> list[dict[str, Any]]:
    return build.corpus.filter(build.corpus["id"] == ident).to_dicts()


def _near(build: Build, ident: str) -> str:
    """An id that begins like the one asked for, so that a shortened one can be completed."""
    ids = [*build.corpus["id"].unique(maintain_order=True), *build.dropped["id"]]
    near = next((known for known in ids if known.startswith(ident)), None) or next(
        (known for known in ids if ident in known), None
    )
    return f' - did you mean "{near}"?' if near else ""


def _head(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    first = rows[0]
    where = f"{first['source_file']}, item {first['source_row']}"
    return [printable(f"{first['id']}: kept"), f"  from: {printable(where)}, licence {printable(first['licence'])}"]


def _story(story: Sequence[Happened]) -> Iterator[str]:
    """A line for each thing that happened; below what a rule did, the rule in its own words."""
    yield "  stages:"
    width = max(len(one.stage) for one in story)
    for one in story:
        turn = f"turn {one.turn}" if one.turn else ""
        by = f"by {one.evidence}" if one.what in ("translated", "written") else ""
        what = " ".join(filter(None, (one.what, by, one.rule, turn)))
        found = f": {one.evidence}" if one.evidence and not by else ""
        lines = [line for text in (what + found, one.why) for line in wrap(printable(text), screen_cells() - width - 6)]
        for stage, line in zip_longest((one.stage,), lines, fillvalue=""):
            yield f"    {stage:{width}}  {line}"


def _paid(ident: str, path: Path) -> Iterator[str]:
    """What the ledger has of answers that were asked for this record; other records may share them."""
    from kodata.ledger import Ledger

    if not path.exists():
        return
    with Ledger(path) as ledger:
        found = ledger.find(ident)
    if found:
        usd = sum(answer.usd for answer in found)
        yield f"  paid: {dollars(usd)} for {counted(len(found), 'answer')} in the ledger"


def _turns(rows: Sequence[Mapping[str, Any]], lines_each: int | None = None) -> Iterator[str]:
    """The texts of each turn with their sources below them; then, unless it is shortened, who wrote it."""
    for turn in rows:
        if turn["turn"]:
            yield f"  turn {turn['turn']}"
        for name in _TEXTS:
            level = "" if lines_each else _level(turn.get(name))
            yield from _field(f"{name}{level}", turn.get(name), lines_each)
            if lines_each is None:
                yield from _field(f"{name}, source", turn.get(f"{name}_source"))
        for n, choice in enumerate(turn.get("choices") or ()):
            right = " (right)" if n == turn["label"] else ""
            yield from _field(f"choice {n}{right}", choice, lines_each)
            if lines_each is None and turn.get("choices_source"):
                yield from _field(f"choice {n}, source", turn["choices_source"][n])
        if lines_each is None:
            for name in ("output_translated", *_NOTES):
                yield from _field(name.replace("_", " "), turn.get(name))


def _level(text: str | None) -> str:
    """The speech levels of its sentences: ` (hapsyo 3, haeyo 1)`."""
    import polars as pl

    from kodata.korean import speech_levels

    counts = speech_levels(pl.Series([text or ""])).row(0, named=True)
    found = ", ".join(f"{level} {count}" for level, count in counts.items() if count)
    return f" ({found})" if found else ""


def _field(name: str, value: object, most: int | None = None) -> list[str]:
    """A name and its text below it, indented; nothing when there is none. `most` lines, cut to the screen."""
    if not value:
        return []
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    lines = printable_lines(text)
    if most is not None:
        lines = [cut(line, screen_cells() - 4) for line in lines[:most]] + (["…"] if len(lines) > most else [])
    return [f"  {name}:", *(f"    {line}".rstrip() for line in lines)]
