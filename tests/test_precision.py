"""How often rules are right on real translations and answers: their alarms on KoAlpaca v1.0, read one by one.

The golden file holds per rule the number of alarms and, by `en_index`, those that were read: right when the record
is what the rule says it is. Up to 100 alarms all were read, beyond that every index that 15 divides.
KODATA_GOLDEN=1 writes the new numbers; alarms without a verdict then fail until they are read. `pytest -s` prints the
precision of each. The answers there were written anew, so `option-lost` and `final-answer-changed`, which are for
translated answers, are more often wrong here than where they are asked.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import orjson
import polars as pl
import pytest

from kodata.corpus import Turn, frame_of
from kodata.pipeline import load_pipeline, shipped_pipelines
from kodata.rules import RULES, Rule
from kodata.rules.translation import LengthRatio
from kodata.stages.filter import Filter
from tests.conftest import SHARED

SOURCE = SHARED / "koalpaca" / "koalpaca_aligned.jsonl"
GOLDEN = Path(__file__).parent / "golden" / "rules-koalpaca.json"
# As shipped, and as pipelines set them where they look at more than that.
ASKED: dict[str, Rule] = {name: rule() for name, rule in RULES.items()} | {
    "length-ratio, for review": LengthRatio(min=0.25, max=1.0, min_characters=50, severity="review")
}
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
    found = records().select("id", evidence=ASKED[name].evidence()).drop_nulls("evidence")
    return tuple(map(int, found["id"]))


def test_every_rule_that_is_read_has_its_verdicts() -> None:
    if os.environ.get("KODATA_GOLDEN"):
        for name in ASKED:
            VERDICTS.setdefault(name, {"alarms": 0, "right": [], "wrong": []})["alarms"] = len(alarms(name))
        lines = (f'"{name}": {orjson.dumps(VERDICTS[name]).decode()}' for name in ASKED)
        GOLDEN.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    assert list(VERDICTS) == list(ASKED)


@pytest.mark.parametrize("name", ASKED)
def test_a_rule_has_as_many_alarms_as_when_they_were_read(name: str) -> None:
    assert len(alarms(name)) == VERDICTS[name]["alarms"]


@pytest.mark.parametrize("name", ASKED)
def test_the_alarms_of_a_rule_are_read(name: str) -> None:
    to_read = alarms(name) if len(alarms(name)) <= 100 else [n for n in alarms(name) if n % 15 == 0]
    assert sorted([*VERDICTS[name]["right"], *VERDICTS[name]["wrong"]]) == list(to_read)


def precision(name: str) -> float | None:
    """Share of the alarms read that were right; None where there are none."""
    right, wrong = len(VERDICTS[name]["right"]), len(VERDICTS[name]["wrong"])
    return right / (right + wrong) if right + wrong else None


@pytest.mark.parametrize("name", ASKED)
def test_what_drops_or_mends_by_itself_is_right_more_than_four_times_of_five(name: str) -> None:
    share, severity = precision(name), ASKED[name].severity
    shown = "no alarms" if share is None else f"{share:.2f}"
    print(f"{name:26} {severity:7} {VERDICTS[name]['alarms']:6,} alarms  {shown}")
    assert share is None or share >= 0.85 or severity in ("review", "info")


@pytest.mark.parametrize("pipeline", shipped_pipelines())
def test_no_pipeline_drops_for_what_is_wrong_more_often_than_right(pipeline: str) -> None:
    filters = [step.stage for step in load_pipeline(pipeline).steps if isinstance(step.stage, Filter)]
    dropping = {rule.name for stage in filters for rule in stage.rules if rule.severity == "drop"}
    assert {name for name in dropping if (precision(name) or 1) < 0.5} == set()
