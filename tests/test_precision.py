"""How often rules are right on real translations and answers: their alarms on KoAlpaca v1.0, read one by one.

The golden file holds per rule the number of alarms and, by `en_index`, those that were read: right when the record
is what the rule says it is. Up to 100 alarms all were read, beyond that every index that 15 divides.
KODATA_GOLDEN=1 writes the new numbers; alarms without a verdict then fail until they are read.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import orjson
import polars as pl
import pytest

from kodata.corpus import Turn, frame_of
from kodata.rules import RULES
from tests.conftest import SHARED

SOURCE = SHARED / "koalpaca" / "koalpaca_aligned.jsonl"
GOLDEN = Path(__file__).parent / "golden" / "rules-koalpaca.json"
ROOMS = (
    "answerable", "english", "foreign", "labels", "manners", "marks", "numbers", "pii", "programs", "requests",
    "speech", "translation", "wholeness", "wrapping",
)  # fmt: skip
NAMES = [name for name, rule in RULES.items() if rule.__module__.split(".")[-1] in ROOMS]
VERDICTS = orjson.loads(GOLDEN.read_bytes())

pytestmark = pytest.mark.skipif(not SOURCE.exists(), reason=f"{SOURCE} is not there")


@cache
def records() -> pl.DataFrame:
    """The Korean half with the English beside it, ids are `en_index`."""
    turns = []
    for item in map(orjson.loads, SOURCE.read_bytes().splitlines()):
        sources = {f"{name}_source": text for name, text in item["en"].items()}
        turns.append(Turn(str(item["en_index"]), 0, **item["ko"], **sources))
    return frame_of(turns)


@cache
def alarms(name: str) -> tuple[int, ...]:
    found = records().select("id", evidence=RULES[name]().evidence()).drop_nulls("evidence")
    return tuple(map(int, found["id"]))


def test_every_rule_that_is_read_has_its_verdicts() -> None:
    if os.environ.get("KODATA_GOLDEN"):
        for name in NAMES:
            VERDICTS.setdefault(name, {"alarms": 0, "right": [], "wrong": []})["alarms"] = len(alarms(name))
        lines = (f'"{name}": {orjson.dumps(VERDICTS[name]).decode()}' for name in NAMES)
        GOLDEN.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    assert list(VERDICTS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_rule_has_as_many_alarms_as_when_they_were_read(name: str) -> None:
    assert len(alarms(name)) == VERDICTS[name]["alarms"]


@pytest.mark.parametrize("name", NAMES)
def test_the_alarms_of_a_rule_are_read(name: str) -> None:
    to_read = alarms(name) if len(alarms(name)) <= 100 else [n for n in alarms(name) if n % 15 == 0]
    assert sorted([*VERDICTS[name]["right"], *VERDICTS[name]["wrong"]]) == list(to_read)


@pytest.mark.parametrize("name", [name for name in NAMES if RULES[name]().severity in ("drop", "fix")])
def test_what_drops_or_mends_by_itself_is_right_more_than_four_times_of_five(name: str) -> None:
    right, wrong = len(VERDICTS[name]["right"]), len(VERDICTS[name]["wrong"])
    assert right >= 0.85 * (right + wrong)
