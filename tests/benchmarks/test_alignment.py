"""How many pairs of real files an alignment finds, and how long that takes."""

from __future__ import annotations

import json
import random
import time
from itertools import groupby

import pytest

from kodata.alignment import align
from tests.conftest import SHARED

pytestmark = [pytest.mark.bench, pytest.mark.skipif(not SHARED.exists(), reason=f"no {SHARED}")]


def _asked(item: dict[str, str]) -> str:
    return f"{item['instruction']}\n{item['input']}"


@pytest.mark.parametrize("lost", [0.0, 0.05, 0.2])
def test_koalpaca_against_all_of_alpaca(lost: float) -> None:
    """`lost` is the share of its calls of ten that is taken away besides those it lost itself."""
    english = [
        _asked(item) for item in json.loads((SHARED / "alpaca" / "alpaca_data.json").read_text(encoding="utf-8"))
    ]
    lines = (SHARED / "koalpaca" / "koalpaca_aligned.jsonl").read_text(encoding="utf-8").splitlines()
    rnd = random.Random(7)
    calls = [list(call) for _, call in groupby(map(json.loads, lines), key=lambda line: line["batch"])]
    truth = [line for call in calls if rnd.random() >= lost for line in call]
    wall, cpu = time.perf_counter(), time.process_time()
    found = align(english, [_asked(line["ko"]) for line in truth])
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    right = sum(truth[pair.korean]["en_index"] == pair.english for pair in found.pairs)
    sizes = sorted(gap.count for gap in found.gaps if gap.of == "english")
    print(
        f"\n{right / len(truth):.2%} of {len(truth):,} pairs, {len(found.pairs) - right} wrong, "
        f"{len(sizes)} gaps, {sum(size % 10 == 0 for size in sizes)} of them of tens; {wall:.1f} s, {cpu:.1f} s of CPU",
        end="",
    )
    assert right >= 0.995 * len(truth)
