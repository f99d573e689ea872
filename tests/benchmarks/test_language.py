"""How many texts a second get a language label, and for how many langdetect is asked."""

from __future__ import annotations

import time

import orjson
import polars as pl
import pytest

from kodata.korean import detection
from tests.conftest import SHARED

pytestmark = pytest.mark.bench
SOURCE = SHARED / "koalpaca" / "koalpaca_aligned.jsonl"


@pytest.mark.skipif(not SOURCE.exists(), reason=f"{SOURCE} is not there")
def test_labels_of_written_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = pl.Series([orjson.loads(line)["ko"]["output"] for line in SOURCE.read_bytes().splitlines()])
    asked = []
    detect = detection._detect
    monkeypatch.setattr(detection, "_detect", lambda text: asked.append(text) or detect(text))
    detection.languages(answers)  # loads the profiles of langdetect
    asked.clear()
    began = time.process_time()
    labels = detection.languages(answers)
    used, share = time.process_time() - began, len(asked) / len(answers)
    print(f"\n{len(answers) / used:,.0f} texts/s of CPU, langdetect asked for {share:.2%}", end="")
    print(f"\n{dict(labels.value_counts(sort=True).head(5).iter_rows())}", end="")
    assert labels.equals(detection.languages(answers))
    assert share < 0.02
