"""The wheel, installed elsewhere, builds the sample from another directory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_the_wheel_builds_the_sample_from_another_directory(tmp_path: Path) -> None:
    target, elsewhere = tmp_path / "installed", tmp_path / "elsewhere"
    elsewhere.mkdir()
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(target), str(ROOT)]
    subprocess.run(install, check=True)
    env = {**os.environ, "PYTHONPATH": str(target), "KODATA_HOME": str(tmp_path / "home")}
    which = [sys.executable, "-c", "import kodata; print(kodata.__file__)"]
    where = subprocess.run(which, cwd=elsewhere, env=env, check=True, capture_output=True, text=True).stdout
    assert where.startswith(str(target))
    command = [sys.executable, "-m", "kodata", "build", "alpaca-ko", "--demo", "--progress", "none"]
    done = subprocess.run(command, cwd=elsewhere, env=env, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(list((tmp_path / "home").rglob("corpus.jsonl"))) == 1
