"""How long it takes to tell the language of all records of Alpaca, and how many are taken for another."""

from __future__ import annotations

import json
import time

import polars as pl
import pytest

from kodata.corpus import Turn, frame_of
from kodata.korean import detection
from kodata.sources.language import with_language
from tests.conftest import SHARED

pytestmark = [pytest.mark.bench, pytest.mark.skipif(not SHARED.exists(), reason=f"no {SHARED}")]


def test_the_language_of_every_record_of_alpaca(monkeypatch: pytest.MonkeyPatch) -> None:
    items = json.loads((SHARED / "alpaca" / "alpaca_data.json").read_text(encoding="utf-8"))
    frame = frame_of(Turn(f"a{n}", 0, None, i["instruction"], i["input"], i["output"]) for n, i in enumerate(items))
    asked = []
    detect = detection._detect
    monkeypatch.setattr(detection, "_detect", lambda text: asked.append(text) or detect(text))
    with_language(frame)  # loads the profiles of langdetect
    asked.clear()
    began = time.process_time()
    labels = with_language(frame)["lang"]
    used = time.process_time() - began
    other = int((labels != "en").sum())
    print(f"\n{used:.1f} s of CPU, langdetect asked for {len(asked)} of {len(labels):,}, {other} are not en", end="")
    print(f": {dict(labels.filter(labels != 'en').value_counts(sort=True).iter_rows())}", end="")
    assert other <= 0.0005 * len(labels)
    assert pl.Series(labels).null_count() == 0
