"""What `kodata audit` costs: the command on the Korean half of KoAlpaca, and the library call on all of Alpaca."""

from __future__ import annotations

import os
import time
from pathlib import Path

import orjson
import pytest

import kodata
from tests.benchmarks.test_alpaca import kodata as run
from tests.conftest import SHARED

pytestmark = pytest.mark.bench
KOALPACA = SHARED / "koalpaca" / "koalpaca_aligned.jsonl"
ALPACA = SHARED / "alpaca" / "alpaca_data.json"


@pytest.mark.skipif(not KOALPACA.exists(), reason=f"{KOALPACA} is not there")
def test_the_korean_half_of_koalpaca(tmp_path: Path) -> None:
    rows = [orjson.loads(line)["ko"] for line in KOALPACA.read_bytes().splitlines()]
    path = tmp_path / "koalpaca.json"
    path.write_bytes(orjson.dumps(rows))
    used = run(dict(os.environ), "audit", str(path))
    print(f"\n{len(rows):,} records: {used.cpu_s:.1f} s CPU, peak {used.peak_gb:.2f} GB", end="")
    assert used.cpu_s < 10


@pytest.mark.skipif(not ALPACA.exists(), reason=f"{ALPACA} is not there")
def test_all_of_alpaca() -> None:
    began = time.process_time()
    found = kodata.audit(ALPACA)
    print(f"\n{found.records:,} records: {time.process_time() - began:.1f} s CPU", end="")
    for finding in found.findings:
        print(f"\n  {finding.severity} {finding.check}: {finding.records:,}", end="")
