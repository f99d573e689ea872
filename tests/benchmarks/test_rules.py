"""The whole filter pass: every rule over 52,002 records, in CPU seconds, and how often langdetect is asked."""

from __future__ import annotations

import time

import orjson
import polars as pl
import pytest

from kodata.corpus import Turn, frame_of
from kodata.korean import detection
from kodata.rules import RULES
from kodata.stages.filter import Filter
from tests.conftest import SHARED

pytestmark = pytest.mark.bench
SOURCE = SHARED / "koalpaca" / "koalpaca_aligned.jsonl"
RECORDS = 52_002


def corpus() -> pl.DataFrame:
    """KoAlpaca's records with their English, over and over; nothing that is computed is kept from one to the next."""
    items = [orjson.loads(line) for line in SOURCE.read_bytes().splitlines()]
    turns = []
    for n in range(RECORDS):
        item = items[n % len(items)]
        sources = {f"{name}_source": text for name, text in item["en"].items()}
        turns.append(Turn(f"alpaca-{n}", 0, source="alpaca", **item["ko"], **sources))
    return frame_of(turns)


@pytest.mark.skipif(not SOURCE.exists(), reason=f"{SOURCE} is not there")
def test_all_rules_over_all_of_alpaca(monkeypatch: pytest.MonkeyPatch) -> None:
    frame, asked, detect = corpus(), [], detection._detect
    monkeypatch.setattr(detection, "_detect", lambda text: asked.append(text) or detect(text))
    stage = Filter(tuple(rule() for rule in RULES.values()))
    stage.run(frame.head(100))  # loads the profiles of langdetect
    asked.clear()
    began = time.process_time()
    split = stage.run(frame)
    used_s = time.process_time() - began
    share = len(asked) / (3 * RECORDS)
    print(
        f"\n{len(RULES)} rules, {RECORDS:,} records: {used_s:.1f} s CPU, langdetect asked for {share:.2%} of texts",
        end="",
    )
    print(f"\n{len(split.dropped):,} dropped, {len(split.remarks):,} remarks", end="")
    for name, rule in RULES.items():
        began = time.process_time()
        hits = frame.select(rule().evidence()).to_series().count()
        if (seconds := time.process_time() - began) > 0.1:
            print(f"\n  {name}: {seconds:.2f} s, {hits:,} alarms", end="")
    assert used_s < 5
    assert share < 0.02
