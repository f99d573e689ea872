"""Real data sets as published: every item of each is a record, and no text of one is lost on the way in."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from kodata.building import silent
from kodata.inspecting import inspect, source_at
from kodata.sources import Source, read
from kodata.sources.opening import open_source
from tests.conftest import SHARED

EN, KO = ({name: f"{lang}.{name}" for name in ("instruction", "input", "output")} for lang in ("en", "ko"))
NO_FIELDS: dict[str, str] = {}

# What is read, how, and what comes of it: records, turns, those with an input, those with an output.
FILES = [
    ("alpaca/alpaca_data.json", "alpaca", NO_FIELDS, (52_002, 52_002, 20_005, 51_921)),
    ("koalpaca/koalpaca_aligned.jsonl", "alpaca", EN, (5_970, 5_970, 2_510, 5_958)),
    ("koalpaca/koalpaca_aligned.jsonl", "alpaca", KO, (5_970, 5_970, 2_587, 5_970)),
    ("sharegpt/fastchat_dummy_conversation.json", "sharegpt", NO_FIELDS, (500, 1_000, 0, 1_000)),
    ("dolly/dolly_en_6400.jsonl", "dolly", NO_FIELDS, (6_400, 6_400, 0, 6_400)),
    ("code/code_alpaca_2k.json", "alpaca", NO_FIELDS, (2_017, 2_017, 1_005, 2_015)),
    ("eval/self_instruct_user_oriented_en.jsonl", "alpaca", NO_FIELDS, (252, 252, 208, 252)),
    ("eval/alpaca_eval_805_en_instructions.json", "alpaca", NO_FIELDS, (805, 805, 0, 0)),
    ("eval/kullm_user_oriented_ko.jsonl", "alpaca", NO_FIELDS, (252, 252, 208, 252)),
]


def there(name: str) -> Path:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{path} is not there")
    return path


def strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from strings(inner)


def raw(path: Path) -> list[object]:
    text = path.read_text(encoding="utf-8")
    found: list[object] = json.loads(text) if text.startswith("[") else list(map(json.loads, text.splitlines()))
    return found


@pytest.mark.parametrize(("name", "use", "fields", "counts"), FILES)
def test_every_item_of_a_published_file_is_a_record(
    name: str, use: str, fields: Mapping[str, str], counts: tuple[int, int, int, int]
) -> None:
    source = Source(use, use, path=str(there(name)), fields=fields)
    found = read(source, open_source(source))
    frame = found.frame
    with_text = [int((frame[column] != "").sum()) for column in ("input", "output")]
    assert (found.reasons, len(found.rows)) == ({}, len(raw(there(name))))
    assert (frame["id"].n_unique(), len(frame), *with_text) == counts


@pytest.mark.parametrize(("name", "use", "fields", "counts"), FILES)
def test_every_text_of_a_published_file_is_in_its_record(
    name: str, use: str, fields: Mapping[str, str], counts: tuple[int, int, int, int]
) -> None:
    """But for what the column `fixes` names, for the roles of messages, and for white space around a text."""
    source = Source(use, use, path=str(there(name)), fields=fields)
    found = read(source, open_source(source))
    columns = ["instruction", "input", "output", "upstream_key", "category", "extra", "fixes"]
    records = found.frame.group_by("id", maintain_order=True).agg(columns).rows()
    lost = []
    for item, (_, *values, extras, fixes) in zip(raw(there(name)), records, strict=True):
        known = {text.strip() for column in values for text in column if text}
        known |= {text.strip() for extra in extras for text in strings(json.loads(extra or "{}"))} | {"human", "gpt"}
        texts = {_plain(text) for text in strings(item)} - {""}
        if any(not fix for fix in fixes):
            lost += [text for text in texts if text not in known]
    assert lost == []


def _plain(text: str) -> str:
    from kodata.korean import clean

    return clean(text).strip()


@pytest.mark.parametrize(
    ("name", "uses"),
    [
        ("alpaca/alpaca_data.json", ["alpaca"]),
        ("sharegpt/fastchat_dummy_conversation.json", ["sharegpt"]),
        ("dolly/dolly_en_6400.jsonl", ["alpaca", "dolly"]),
        ("code/code_alpaca_2k.json", ["alpaca"]),
        ("eval/self_instruct_user_oriented_en.jsonl", ["alpaca"]),
        ("eval/alpaca_eval_805_en_instructions.json", ["alpaca"]),
        ("eval/kullm_user_oriented_ko.jsonl", ["alpaca"]),
    ],
)
def test_the_format_of_a_published_file_is_recognised(name: str, uses: list[str]) -> None:
    layout = inspect(source_at(str(there(name))), silent, limit=500).layout
    assert (layout.is_known, [way.use for way in layout.ways]) == (True, uses)


def test_the_languages_of_a_file_are_two_ways_to_read_it() -> None:
    layout = inspect(source_at(str(there("koalpaca/koalpaca_aligned.jsonl"))), silent, limit=500).layout
    assert (layout.is_known, [way.fields for way in layout.ways]) == (False, [EN, KO])
