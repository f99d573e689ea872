"""ShareGPT-shaped files of 62,000 and 620,000 conversations through a whole build: memory, and progress on the way."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.bench

ENGLISH = """
the of and to in is that it for was on are as with they be at this have from or one had by word but not what all
were we when your can said there use an each which she do how their if will up other about out many then them
these so some her would make like him into time has look two more write go see number no way could people my
than first water been call who oil its now find long down day did get come made may part over new sound take only
little work know place year live me back give most very after thing our just name good sentence man think say
great where help through much before line right too mean old any same tell boy follow came want show also around
form three small set put end does another well large must big even such because turn here why ask went men read
need land different home us move try kind hand picture again change off play spell air away animal house point
page letter mother answer found study still learn should world high every near add food between own below country
plant last school father keep tree never start city earth eye light thought head under story saw left few while
along might close something seem next hard open example begin life always those both paper together got group
often run important until children side feet car mile night walk white sea began grow took river four carry state
once book hear stop without second later miss idea enough eat face watch far really almost let above girl
sometimes mountain cut young talk soon list song being leave family
"""
WORDS = ENGLISH.split()  # the most common first
COMMON = [1 / n for n, _ in enumerate(WORDS, 1)]  # how often each occurs (Zipf)
PIPELINE = """
about = "A bench"
[limits]
dropped = 0.9
[[source]]
use = "sharegpt"
path = "talks.json"
licence = "CC0-1.0"
[[stage]]
name = "screen"
use = "filter"
rules = ["empty", "foreign-language"]
[[stage]]
use = "distinct"
[[stage]]
use = "translate"
fields = ["system", "instruction", "input", "output"]
with = { use = "echo" }
[[stage]]
use = "dedupe"
ngram = 3
[[stage]]
use = "validate"
"""


def text(draw: random.Random, words: int) -> str:
    """Sentences of that many words in all, half of them as common as in English, half of them compounds and rare."""
    drawn = [draw.choices(WORDS, how, k=words) for how in (COMMON, None, None)]
    chosen = [draw.choice((common, first + second)) for common, first, second in zip(*drawn, strict=True)]
    ends = range(9, words, 13)
    return " ".join(f"{word}." if n in ends else word for n, word in enumerate(chosen)).capitalize() + "."


def talks(count: int) -> Iterator[dict[str, object]]:
    """Conversations of two to ten messages, 3,000 characters on the whole; now and then one that must be mended, that
    cannot be read, that repeats another or goes on where another ended."""
    draw = random.Random(7)
    before: list[dict[str, str]] = []
    for n in range(count):
        sizes = [
            size
            for _ in range(draw.choice((1, 1, 2, 3, 4, 5)))
            for size in (draw.randint(4, 42), draw.randint(28, 250))
        ]
        said = [{"from": ("human", "gpt")[m % 2], "value": text(draw, size)} for m, size in enumerate(sizes)]
        if n % 50 == 1:
            said[0]["value"] = f"1 / {len(said)}{said[0]['value']}"
        elif n % 50 == 2:
            said.append({"from": "human", "value": "And then?"})
        elif n % 50 == 3:
            said = before + said
        elif n % 200 == 4:
            said = [*said, said[-1]]
        before = said if n % 50 == 0 else before
        yield {"id": f"talk_{n}", "conversations": said}


def written(path: Path, count: int) -> Path:
    with path.open("w", encoding="utf-8") as file:
        for n, talk in enumerate(talks(count)):
            file.write("[\n" if n == 0 else ",\n")
            json.dump(talk, file)
        file.write("\n]\n")
    return path


def built(folder: Path, count: int) -> tuple[float, list[str]]:
    """Peak memory of a build in a process of its own, in GB, and the lines that it said."""
    size = written(folder / "talks.json", count).stat().st_size
    (folder / "talks-ko.toml").write_text(PIPELINE, encoding="utf-8")
    said = folder / "said.txt"
    began = time.monotonic()
    with said.open("wb") as lines:
        command = ["nice", sys.executable, "-m", "kodata", "build", "talks-ko.toml", "--progress", "plain"]
        env = {**os.environ, "KODATA_HOME": str(folder / "home")}
        process = subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=lines)
        _, status, used = os.wait4(process.pid, 0)
    shown = said.read_text(encoding="utf-8").splitlines()
    assert status == 0, "\n".join(shown[-5:])
    peak, cpu = used.ru_maxrss / 1e6, used.ru_utime + used.ru_stime
    print(f"\n{count:,} conversations, {size / 1e9:.2f} GB: peak {peak:.2f} GB, {cpu:,.0f} s CPU", end="")
    print(f", {time.monotonic() - began:,.0f} s elapsed", *shown, sep="\n  ", end="")
    return peak, shown


def assert_all_shown(lines: list[str]) -> None:
    """Reading, every stage and publishing said how far they were."""
    for step in (
        "source sharegpt",
        "1/5 screen",
        "2/5 distinct",
        "3/5 translate",
        "4/5 dedupe",
        "5/5 validate",
        "publish",
    ):
        assert any(line.startswith(step) and re.search(r"\d (?:of|items)", line) for line in lines), step


@pytest.mark.parametrize(("count", "most_gb"), [(62_000, 1.5), (620_000, 4.0)])
def test_a_build_of_conversations_stays_small(count: int, most_gb: float, tmp_path: Path) -> None:
    peak, lines = built(tmp_path, count)
    assert_all_shown(lines)
    assert peak < most_gb
