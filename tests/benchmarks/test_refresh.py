"""Nights of all of Alpaca: what they cost when nothing is new, and when a hundred records are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.benchmarks.test_alpaca import SOURCE, kodata
from tests.conftest import items, own_pipeline
from tests.servers.loopback import own_process
from tests.test_refresh import HUB
from tests.test_slow import environment

pytestmark = pytest.mark.bench
NEW = 100


@pytest.mark.skipif(not SOURCE.exists(), reason=f"{SOURCE} is not there")
def test_nights_of_all_of_alpaca(tmp_path: Path) -> None:
    corpus, rows = own_pipeline(tmp_path, (HUB, 'path = "items.json"')), json.loads(SOURCE.read_bytes())
    (tmp_path / "items.json").write_text(json.dumps(rows))
    refresh = ("refresh", str(corpus), "--budget", "200", "--progress", "none")
    with own_process("tests.servers.deepl") as deepl, own_process("tests.servers.openai") as openai:
        env = environment((deepl, openai), tmp_path / "home")
        first = kodata(env, *refresh)
        asked = [server.counts() for server in (deepl, openai)]
        nothing = kodata(env, *refresh)
        assert [server.counts()["requests"] for server in (deepl, openai)] == [counts["requests"] for counts in asked]
        (tmp_path / "items.json").write_text(json.dumps([*items(NEW), *rows]))
        hundred = kodata(env, *refresh)
        texts, prompts = (
            server.counts()["distinct"] - before["distinct"]
            for server, before in zip((deepl, openai), asked, strict=True)
        )
        assert deepl.counts()["repeated"] + openai.counts()["repeated"] == 0
    for name, used in {"first": first, "nothing new": nothing, f"{NEW} new": hundred}.items():
        share = used.cpu_s / first.cpu_s
        print(f"\n{name}: {used.cpu_s:.2f} s CPU ({share:.1%} of the first), peak {used.peak_gb:.2f} GB", end="")
    print(f"\n{NEW} new: {texts} texts and {prompts} prompts were sent", end="")
    assert nothing.cpu_s < 3
    assert hundred.cpu_s < first.cpu_s / 5
    assert prompts <= NEW
