"""The ledger with a million answers: imported, looked up, no larger than its texts warrant."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kodata.asks import Answer, Ask
from kodata.ledger import Ledger
from kodata.ledger.archive import line_of

pytestmark = pytest.mark.bench
ANSWERS = 1_000_000
SETTINGS = (
    '{"model_type":"quality_optimized","source_lang":"EN","tag_handling":"xml","tag_handling_version":"v2",'
    '"target_lang":"KO"}'
)
SYLLABLES = "가나다라마바사아자차카타파하는을이 "


def answers() -> Iterator[tuple[Ask, Answer]]:
    """Answers of about 300 characters to questions of about 80."""
    chance = random.Random(1)
    for n in range(ANSWERS):
        question = f"Write a short explanation of case {n} for a reader who has never heard of it."
        text = "".join(chance.choices(SYLLABLES, k=chance.randint(250, 350)))
        about = f"alpaca-{n:016x}#0/instruction"
        yield Ask("deepl", SETTINGS, question, about=about), Answer(text, "deepl/KO/quality_optimized", characters=80)


def test_a_million_answers(tmp_path: Path) -> None:
    texts, keys = 0, []
    with (tmp_path / "export.jsonl").open("wb") as lines:
        for ask, answer in answers():
            lines.write(line_of(ask, answer, "2026-01-01T00:00:00+00:00"))
            texts += len(ask.content.encode()) + len(answer.text.encode())
            keys.append(ask.key)
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        began = time.process_time()
        with (tmp_path / "export.jsonl").open("rb") as read:
            assert ledger.take_in(read, "export.jsonl") == (ANSWERS, 0)
        imported = ANSWERS / (time.process_time() - began)
        random.Random(2).shuffle(keys)
        began = time.process_time()
        assert sum(len(ledger.known(keys[n : n + 20_000])) for n in range(0, ANSWERS, 20_000)) == ANSWERS
        looked_up = ANSWERS / (time.process_time() - began)
    size = (tmp_path / "ledger.sqlite").stat().st_size / texts
    print(
        f"\nimported {imported:,.0f}, looked up {looked_up:,.0f} a CPU second, file {size:.2f} times its texts", end=""
    )
    assert imported >= 20_000
    assert looked_up >= 50_000
    assert size <= 1.5
