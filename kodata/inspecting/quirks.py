"""What is odd about the items of a source, how often, an example of each, and what becomes of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from os.path import commonprefix

import orjson
import polars as pl

from kodata.corpus import Turn
from kodata.korean import clean
from kodata.pipeline import Pipeline
from kodata.rules import Rule
from kodata.sources import Reading, Source
from kodata.sources.conversation import ROLES
from kodata.sources.opening import open_source
from kodata.sources.slugs import DROPS, FIXES
from kodata.stages.filter import Filter, evidence

_BEFORE, _AFTER = 15, 60  # characters shown around a change
_SIGNS = {  # what shows a fix
    "html": "<", "copy-code": "Copy", "citations": "[", "wikihow-marks": "[", "page-number": " / ",
}  # fmt: skip
_BECOMES = {"drop": "dropped", "review": "flagged for review", "fix": "mended", "info": "counted"}


@dataclass(frozen=True)
class Quirk:
    """Something odd: its slug, how many records have it, an example, and what becomes of them."""

    name: str
    records: int
    example: str
    becomes: str


def quirks_of(source: Source, reading: Reading, pipeline: Pipeline, token: str | None) -> Iterator[Quirk]:
    """First what leaves unread, then what was mended, then what the filters of the pipeline find before it pays."""
    for reason, count in sorted(reading.reasons.items(), key=lambda pair: (-pair[1], pair[0])):
        yield Quirk(reason, count, _evidence(reading, reason), f"dropped: {DROPS[reason]}")
    yield from _fixes(source, reading, token)
    repeats = pl.concat(f.filter(pl.col("id").str.contains("~", literal=True))["id"].unique() for f in reading.records)
    if len(repeats):
        yield Quirk("repeated", len(repeats), str(repeats.min()), "numbered; a dedupe stage keeps one of them")
    yield from _screened(reading, pipeline)


def _evidence(reading: Reading, reason: str) -> str:
    frames = (frame.filter(pl.col("reason") == reason) for frame in reading.unreadable)
    return next((str(frame["evidence"][0]) for frame in frames if len(frame)), "")


def _fixes(source: Source, reading: Reading, token: str | None) -> Iterator[Quirk]:
    counts: Counter[str] = Counter()
    firsts: dict[str, list[Turn]] = {}  # the turns of the first record that has it
    for frame in reading.records:
        by_record = frame.group_by("id", maintain_order=True).agg(
            pl.col("fixes").explode().drop_nulls().unique(maintain_order=True)
        )
        for ident, names in by_record.filter(pl.col("fixes").list.len() > 0).iter_rows():
            counts.update(names)
            for name in names:
                if name not in firsts:
                    firsts[name] = [Turn(**row) for row in frame.filter(pl.col("id") == ident).to_dicts()]
    places = reading.rows.filter(pl.col("id").is_in([turns[0].id for turns in firsts.values()]))
    raw = _raw(source, {(file, row): ident for ident, file, row in places.iter_rows()}, token)
    for name, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        turns = firsts[name]
        yield Quirk(name, count, _changed(raw.get(turns[0].id), turns, name), f"mended: {FIXES[name]}")


def _raw(source: Source, wanted: Mapping[tuple[str, int], str], token: str | None) -> dict[str, object]:
    """The items that stand at these places, by record: the source is read again as far as needed."""
    found: dict[str, object] = {}
    if not wanted:
        return found
    for item in open_source(source, token, whole=False).items:
        if ident := wanted.get((item.file, item.row)):
            found[ident] = item.decoded
            if len(found) == len(wanted):
                break
    return found


def _changed(item: object, turns: list[Turn], fix: str) -> str:
    """A text of the item that its record does not have, and that shows the fix, around the place where they part."""
    values = [value for turn in turns for value in (*turn, *(turn.choices or ())) if isinstance(value, str)]
    known = {text.strip() for text in (*values, *_strings(orjson.loads(turns[0].extra or "{}")))}
    texts = [text for text in (clean(text).strip() for text in _strings(item)) if text and text.lower() not in ROLES]
    changed = [text for text in texts if text not in known]
    shown = [text for text in changed if _SIGNS.get(fix, "") in text] or changed
    if not shown:
        return ""
    text = shown[-1] if fix == "last-question-dropped" else shown[0]
    same = max((len(commonprefix([text, other])) for other in known), default=0)  # noqa: RUF071  # characters are meant
    return text[max(same - _BEFORE, 0) : same + _AFTER].strip()


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _strings(inner)


def _screened(reading: Reading, pipeline: Pipeline) -> Iterator[Quirk]:
    """What the rules find that the pipeline asks of records before anybody is paid."""
    rules = list(_free_rules(pipeline))
    counts, examples = [0] * len(rules), [""] * len(rules)
    for frame in reading.records:
        for n, found in enumerate(evidence(frame, rules)):
            hits = found.drop_nulls("evidence")
            counts[n] += hits["id"].n_unique()
            examples[n] = examples[n] or (hits["evidence"][0] if len(hits) else "")
    for rule, count, example in zip(rules, counts, examples, strict=True):
        if count:
            yield Quirk(rule.name, count, example, f"{_BECOMES[rule.severity]} by the rule {rule.name}")


def _free_rules(pipeline: Pipeline) -> Iterator[Rule]:
    for step in takewhile(lambda step: step.face is None, pipeline.steps):
        if isinstance(step.stage, Filter):
            yield from step.stage.rules
