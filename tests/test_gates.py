"""Gates: what is worse is seen, what chance does is not."""

from __future__ import annotations

import random

import polars as pl
import pytest

from kodata.gates import Gates, Measured, passed

KOREAN, ENGLISH = "네, 그렇습니다. 물은 높은 곳에서 흐릅니다.", "Yes, that is so. The water flows from a height."
POLITE, PLAIN = "물은 높은 곳에서 낮은 곳으로 흐릅니다.", "물은 높은 곳에서 낮은 곳으로 흐른다."


def kept(outputs: list[str], *, first: int = 0, turns: int = 1, flagged: int = 0) -> pl.DataFrame:
    """So many turns a record, each with one of the outputs in order; the first `flagged` turns have a flag."""
    return pl.DataFrame(
        {
            "id": [f"r{first + n // turns}" for n in range(len(outputs))],
            "turn": [n % turns for n in range(len(outputs))],
            "output": outputs,
            "instruction": ["물은 어떻게 흐르나요?"] * len(outputs),
            "flags": [["loop"] if n < flagged else [] for n in range(len(outputs))],
            "answer_key": [f"{first + n:032x}" for n in range(len(outputs))],
            "translated_by": ["deepl"] * len(outputs),
        },
        schema_overrides={"flags": pl.List(pl.String)},
    )


def gone(count: int, reason: str, first: int = 10_000) -> pl.DataFrame:
    names = ("id", "reason", "answer_key", "translated_by")
    return pl.DataFrame(
        [(f"r{first + n}", reason, None, None) for n in range(count)],
        schema=dict.fromkeys(names, pl.String),
        orient="row",
    )


def failed(good: Measured, new: Measured, **settings: float) -> list[tuple[str, str]]:
    return [(one.gate, one.of) for one in passed(Gates(**settings), good, new)]


GOOD = Measured.of([kept([KOREAN] * 500)], [gone(20, "refusal")], {"deepl": 0.001})


def test_a_corpus_is_not_worse_than_itself() -> None:
    assert failed(GOOD, GOOD) == []


@pytest.mark.parametrize(
    ("new", "gate"),
    [
        (Measured.of([kept([KOREAN] * 500)], [gone(120, "refusal")], {}), "dropped"),
        (Measured.of([kept([KOREAN] * 500)], [gone(20, "refusal"), gone(90, "near-duplicate", 20_000)], {}), "duplicates"),  # noqa: E501
        (Measured.of([kept([KOREAN] * 500, flagged=120)], [gone(20, "refusal")], {}), "flagged"),
        (Measured.of([kept([KOREAN] * 430 + [ENGLISH] * 70)], [gone(20, "refusal")], {}), "language"),
        (Measured.of([kept([KOREAN] * 350 + [PLAIN] * 150)], [gone(20, "refusal")], {}), "speech"),
        (Measured.of([kept([KOREAN] * 350 + [KOREAN * 9] * 150)], [gone(20, "refusal")], {}), "length"),
        (Measured.of([kept([KOREAN] * 500)], [gone(20, "refusal")], {"deepl": 0.0021}), "cost"),
    ],
)  # fmt: skip
def test_each_gate_sees_what_is_worse(new: Measured, gate: str) -> None:
    assert gate in [name for name, _ in failed(GOOD, new)]
    assert failed(GOOD, new, **{gate: 1.0 if gate != "cost" else 9.0}) == [
        one for one in failed(GOOD, new) if one[0] != gate
    ]


def test_a_few_new_records_do_not_hide_among_the_old() -> None:
    new = Measured.of([kept([KOREAN] * 500), kept([ENGLISH] * 15, first=600)], [gone(20, "refusal")], {})
    (one,) = [one for one in passed(Gates(), GOOD, new) if one.gate == "language"]
    assert (one.of, one.now) == ("the new ones", 1.0)
    assert one.responsible[0] == "r600"
    assert one.reject[0] == f"{600:032x}"


def test_what_has_no_answer_counts_nowhere() -> None:
    new = Measured.of([kept([KOREAN] * 500)], [gone(20, "refusal"), gone(400, "unanswered", 20_000)], {})
    assert failed(GOOD, new) == []


@pytest.mark.parametrize("count", [3, 10, 30])
def test_chance_alone_holds_nothing_back(count: int) -> None:
    """Conversations of twenty turns, each in one of two speech levels: as few as three may all be of the same."""
    chance = random.Random(count)

    def talks(number: int, first: int) -> pl.DataFrame:
        return kept(
            [level for _ in range(number) for level in [chance.choice((POLITE, PLAIN))] * 20], first=first, turns=20
        )

    good = Measured.of([talks(200, 0)], [], {})
    nights = [Measured.of([talks(count, 1_000)], [], {}) for _ in range(200)]
    assert sum(bool(failed(good, night)) for night in nights) <= 2
