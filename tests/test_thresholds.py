"""Other thresholds tried on a build: what is said of them is what a build with them does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kodata.errors import PipelineError
from kodata.published import Build
from kodata.thresholds import tried
from tests.conftest import items, own_pipeline

Run = Callable[..., Build]
RULE = '{ use = "length-ratio", min = 0.15, max = 1.6 }'


def with_rule(folder: Path, rule: str) -> str:
    """alpaca-ko with another rule about lengths, and no other that flags them."""
    flagging = '{ use = "length-ratio", min = 0.25, max = 1.0, min_characters = 50, severity = "review" },'
    return str(own_pipeline(folder, (flagging, ""), (RULE, rule)))


def lost_by_length(build: Build) -> list[str]:
    return build.dropped.filter(build.dropped["reason"] == "length-ratio")["id"].to_list()


def test_another_threshold_drops_what_a_build_with_it_drops(run: Run, tmp_path: Path) -> None:
    wide = run(items(40), pipeline=with_rule(tmp_path / "wide", RULE))
    narrow = run(items(40), pipeline=with_rule(tmp_path / "narrow", '{ use = "length-ratio", max = 0.65 }'))
    (more,), (fewer,) = tried(wide, "length-ratio", "max", 0.65), tried(narrow, "length-ratio", "max", 1.6)
    dropped = lost_by_length(narrow)
    assert 0 < len(dropped) < 40
    assert (more.stage, more.before, more.drops, more.more, more.fewer) == ("verify", 1.6, True, dropped, [])
    assert (fewer.before, fewer.more, fewer.fewer) == (0.65, [], dropped)


def test_what_leaves_later_anyway_is_told_apart(run: Run, tmp_path: Path) -> None:
    path = with_rule(tmp_path, RULE)
    text = Path(path).read_text(encoding="utf-8")
    late = text.replace(
        '[[stage]]\nuse = "validate"',
        '[[stage]]\nname = "late"\nuse = "filter"\nrules = '
        '[{ use = "length-ratio", max = 0.65, severity = "drop" }]\n\n[[stage]]\nuse = "validate"',
    )
    Path(path).write_text(late, encoding="utf-8")
    build = run(items(40), pipeline=path)
    found = tried(build, "length-ratio", "max", 0.65)[0]
    assert found.stage == "verify"
    assert found.later == found.more == lost_by_length(build) != []


def test_a_rule_that_only_flags_would_flag(run: Run, tmp_path: Path) -> None:
    build = run(items(40), pipeline=with_rule(tmp_path, '{ use = "length-ratio", max = 0.65, severity = "review" }'))
    flagged = build.corpus.filter(build.corpus["flags"].list.contains("length-ratio"))["id"].to_list()
    (found,) = tried(build, "length-ratio", "max", 1.6)
    assert (found.drops, found.more, found.fewer) == (False, [], flagged)


def test_the_nearest_on_either_side_are_shown(run: Run, tmp_path: Path) -> None:
    build = run(items(40), pipeline=with_rule(tmp_path, RULE))
    nearest = tried(build, "length-ratio", "max", 0.65, n=3)[0].nearest
    shares = nearest["statistic"].to_list()
    assert nearest["is_out"].to_list() == [True] * 3 + [False] * 3
    assert shares == sorted(shares, reverse=True)
    assert shares[2] > 0.65 >= shares[3]


def test_a_rule_without_a_threshold_is_refused(run: Run) -> None:
    build = run(items(3))
    with pytest.raises(PipelineError, match="loop has no threshold"):
        tried(build, "loop", "max", 1.0)
