"""All of Alpaca through loopback servers: CPU and memory of a plan, a first build, a second build, and a plan again."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import SHARED
from tests.servers.loopback import own_process
from tests.test_slow import environment

pytestmark = pytest.mark.bench
SOURCE = SHARED / "alpaca" / "alpaca_data.json"


@dataclass(frozen=True)
class Used:
    """What a process used: CPU seconds of all its threads, and memory at its peak."""

    cpu_s: float
    peak_gb: float


def kodata(env: dict[str, str], *arguments: str) -> Used:
    command = [sys.executable, "-m", "kodata", *arguments]
    process = subprocess.Popen(command, env={**os.environ, **env}, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    assert status == 0
    return Used(used.ru_utime + used.ru_stime, used.ru_maxrss / 1e6)


@pytest.mark.skipif(not SOURCE.exists(), reason=f"{SOURCE} is not there")
def test_builds_and_plan_of_all_of_alpaca(tmp_path: Path) -> None:
    with own_process("tests.servers.deepl") as deepl, own_process("tests.servers.openai") as openai:
        env = environment((deepl, openai), tmp_path / "home")
        build = ("build", "alpaca-ko", "--source", str(SOURCE), "--budget", "200", "--progress", "none")
        plan = ("plan", "alpaca-ko", "--source", str(SOURCE), "--progress", "none")
        quote, first, second, again = (kodata(env, *words) for words in (plan, build, build, plan))
    runs = {"plan": quote, "first build": first, "second build": second, "plan of what is built": again}
    for name, used in runs.items():
        share = used.cpu_s / first.cpu_s
        print(f"\n{name}: {used.cpu_s:.1f} s CPU ({share:.1%} of the first), peak {used.peak_gb:.2f} GB", end="")
    assert second.cpu_s < first.cpu_s / 10
    assert max(used.peak_gb for used in runs.values()) < 1.5


def test_help_is_instant(tmp_path: Path) -> None:
    used = min((kodata({}, "--help") for _ in range(5)), key=lambda used: used.cpu_s)
    print(f"\nkodata --help: {used.cpu_s:.2f} s CPU, least of five", end="")
