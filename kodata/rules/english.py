"""What can be asked of the English of a record, before it is translated and beside its translation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import ClassVar, get_args

import polars as pl

from kodata.rules.kinds import Example, Severity
from kodata.tasks import About, Tag, Task, stems, tasks

_LONGEST = 1.0  # Korean by English characters; what is longer is a sentence about the option


@dataclass(frozen=True)
class AboutEnglish:
    """An instruction about English itself, or with a demand that translation voids; `tags` are those it is asked for.

    Fires on "Find a word that rhymes with cat", whose Korean is another task; does not fire on "Write a poem that
    rhymes", which is a demand on the Korean answer. 7.3 % of Alpaca's instructions have one of the tags it has by
    default; of 30 read of each, by lot, 0.93 to 1.0 were found rightly (tests/golden/tasks.json).
    """

    name: ClassVar[str] = "about-english"
    version: ClassVar[str] = "1"
    fires: ClassVar[Example] = {"instruction": "Find a word that rhymes with cat."}
    passes: ClassVar[Example] = {"instruction": "Write a poem that rhymes."}

    tags: tuple[Tag, ...] = get_args(About)
    severity: Severity = "review"

    def evidence(self) -> pl.Expr:
        asked = pl.when(pl.col("lang") != "ko").then(pl.coalesce("instruction_source", "instruction"))
        row = pl.struct(asked=asked, given=pl.coalesce("input_source", "input"))
        return row.map_batches(self._found, return_dtype=pl.String)

    def _found(self, rows: pl.Series) -> pl.Series:
        asked = _tasks_of(rows.struct.field("asked"), rows.struct.field("given"), self.tags)
        clues = ("; ".join(f"{task.tag}: {task.clue}" for task in tasks) or None for tasks in asked)
        return pl.Series(list(clues), dtype=pl.String)


@dataclass(frozen=True)
class QuotedLost:
    """English that a task is about, and that the translation no longer has: a quotation, a word, the whole input.

    Fires on '"행복한"의 동의어' for 'a synonym for "happy"'; does not fire where the English still stands, nor on tasks
    that are about no English. 558 of 579 quoted words that a task was about were translated (KoAlpaca v1.0).
    """

    name: ClassVar[str] = "quoted-lost"
    version: ClassVar[str] = "1"
    fires: ClassVar[Example] = {
        "instruction": '"행복한"의 동의어를 찾으세요.',
        "instruction_source": 'Find a synonym for "happy".',
    }
    passes: ClassVar[Example] = {
        "instruction": '"happy"의 동의어를 찾으세요.',
        "instruction_source": 'Find a synonym for "happy".',
    }

    tags: tuple[About, ...] = get_args(About)
    severity: Severity = "review"

    def evidence(self) -> pl.Expr:
        asked = pl.when(pl.col("lang") != "ko").then("instruction_source")
        row = pl.struct(asked.alias("asked"), "instruction_source", "input_source", "instruction", "input")
        return row.map_batches(self._found, return_dtype=pl.String)

    def _found(self, rows: pl.Series) -> pl.Series:
        turns = rows.struct.unnest()
        asked = _tasks_of(turns["asked"], turns["input_source"], self.tags)
        lost = (self._lost(found, turns.row(n, named=True)) if found else None for n, found in enumerate(asked))
        return pl.Series(list(lost), dtype=pl.String)

    def _lost(self, found: tuple[Task, ...], turn: Mapping[str, str | None]) -> str | None:
        for task in found:
            for span in task.about:
                english = (turn[f"{span.field}_source"] or "")[span.start : span.end]
                if english not in (turn[span.field] or ""):
                    return f"{task.tag}, {span.field}: {english[:60]}"
        return None


def _tasks_of(instructions: pl.Series, inputs: pl.Series, tags: Sequence[Tag]) -> Iterator[tuple[Task, ...]]:
    """What each instruction asks of English, among these tags; a tag is tried only where one of its stems stands."""
    text = pl.DataFrame({"text": instructions.fill_null("")})
    has = (pl.col("text").str.contains_any(stems([tag]), ascii_case_insensitive=True).alias(tag) for tag in tags)
    for instruction, context, there in zip(instructions, inputs, text.select(has).iter_rows(), strict=True):
        among = tuple(compress(tags, there))
        yield tasks(instruction, context or "", among) if among else ()


@dataclass(frozen=True)
class OptionLost:
    """A translated answer that was one of the options in English, and is none in Korean.

    Fires where "red" was to be chosen from "red, blue" and 적색 from "빨강, 파랑"; does not fire on answers that were
    written anew, nor on answers that the English question does not hold either.
    """

    name: ClassVar[str] = "option-lost"
    version: ClassVar[str] = "1"
    fires: ClassVar[Example] = {
        "input": "빨강, 파랑",
        "input_source": "red, blue",
        "output": "적색",
        "output_source": "Red",
    }
    passes: ClassVar[Example] = {
        "input": "빨강, 파랑",
        "input_source": "red, blue",
        "output": "빨강.",
        "output_source": "Red",
    }

    severity: Severity = "review"

    def evidence(self) -> pl.Expr:
        english, korean = (_bare(pl.col(name)) for name in ("output_source", "output"))
        options, here = (_bare(_asked(of)) for of in ("_source", ""))
        was_one = (english.str.len_chars() > 1) & _holds(options, english)
        is_short = korean.str.len_chars() <= english.str.len_chars() * _LONGEST + 2
        is_lost = pl.col("written_by").is_null() & was_one & is_short & ~_holds(here, korean)
        return pl.when(is_lost).then(pl.format("{} became {}", english.str.head(60), korean.str.head(60)))


def _holds(text: pl.Expr, part: pl.Expr) -> pl.Expr:
    """Whether the part stands in the text. `contains` makes a pattern of it where the frame has one row."""
    return text.str.count_matches(part, literal=True) > 0


def _asked(of: str) -> pl.Expr:
    return pl.concat_str(f"instruction{of}", f"input{of}", separator="\n", ignore_nulls=True)


def _bare(text: pl.Expr) -> pl.Expr:
    return (
        text.str.to_lowercase()
        .str.replace(r"(?:입니다|이다|예요|이에요)\W*$", "")
        .str.strip_chars(" \n\t.!\"'“”‘’[]()")
    )
