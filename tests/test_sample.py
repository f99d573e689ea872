"""Sample: the same records whoever asks, in whatever order they come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kodata.corpus import Turn, frame_of
from kodata.errors import PipelineError
from kodata.published import Build
from kodata.stages.sample import Sample
from tests.conftest import items, own_pipeline

SIZES = {"closed_qa": 70, "open_qa": 20, None: 10}
CORPUS = frame_of(
    Turn(f"dolly-{category}-{n}", turn, instruction="?", source="dolly", category=category)
    for category, size in SIZES.items()
    for n in range(size)
    for turn in range(1 + n % 2)
)


def kept(stage: Sample, frame: pl.DataFrame = CORPUS) -> set[str]:
    dropped = stage.decide(stage.sketch(frame))
    return set(frame["id"]) - set(dropped["id"])


def of_category(ids: set[str]) -> Counter[str]:
    return Counter(ident.split("-")[1] for ident in ids)


@pytest.mark.parametrize(
    ("stage", "count"), [(Sample(n=10), 10), (Sample(share=0.25), 25), (Sample(n=1_000), 100), (Sample(share=1), 100)]
)
def test_a_sample_has_the_size_asked_for(stage: Sample, count: int) -> None:
    assert len(kept(stage)) == count


def test_a_sample_does_not_mind_the_order_of_the_records() -> None:
    assert kept(Sample(n=30)) == kept(Sample(n=30), CORPUS.sort("id", descending=True))


def test_another_seed_draws_another_sample() -> None:
    assert kept(Sample(n=30, seed=1)) != kept(Sample(n=30, seed=2))


@given(small=st.integers(1, 100), large=st.integers(1, 100), by=st.sampled_from(["", "category"]))
@settings(max_examples=60, deadline=None)
def test_a_larger_sample_holds_the_smaller_one(small: int, large: int, by: str) -> None:
    small, large = sorted((small, large))
    assert kept(Sample(n=small, by=by)) <= kept(Sample(n=large, by=by))  # type: ignore[arg-type]


@pytest.mark.parametrize("stage", [Sample(n=20, by="category"), Sample(share=0.2, by="category")])
def test_each_value_of_a_column_has_its_share(stage: Sample) -> None:
    assert of_category(kept(stage)) == {"closed_qa": 14, "open_qa": 4, "None": 2}


def test_new_records_push_none_but_as_many_out() -> None:
    more = pl.concat([CORPUS, frame_of(Turn(f"new-{n}", 0, source="dolly") for n in range(50))])
    before, after = kept(Sample(n=40)), kept(Sample(n=40), more)
    assert len(before - after) == len([ident for ident in after if ident.startswith("new")])


def test_what_is_left_out_says_where_it_stood() -> None:
    frame = frame_of(Turn(f"a-{n}", 0, category="c") for n in range(3))
    dropped = Sample(n=2).decide(Sample(n=2).sketch(frame))
    assert dropped.drop("id").rows() == [("not-sampled", "place 3 of 3")]
    stage = Sample(n=2, by="category")
    assert stage.decide(stage.sketch(frame))["evidence"].to_list() == ["place 3 of 3 in category c"]


def test_the_draw_is_fixed() -> None:
    """The hash is part of what a build is rebuilt from: raise `Sample.version` when this changes."""
    frame = frame_of(Turn(f"alpaca-{n}", 0) for n in range(100))
    assert sorted(kept(Sample(n=5, seed=7), frame)) == ["alpaca-17", "alpaca-36", "alpaca-45", "alpaca-79", "alpaca-99"]


@pytest.mark.parametrize("settings", [{}, {"n": 1, "share": 0.5}])
def test_a_sample_is_a_number_or_a_share(settings: dict[str, float]) -> None:
    with pytest.raises(PipelineError, match="give one of `n` and `share`"):
        Sample(**settings)  # type: ignore[arg-type]


def test_what_a_sample_leaves_out_holds_nothing_back(run: Callable[..., Build], tmp_path: Path) -> None:
    """95 of 100 records are not sampled, far more than `[limits] dropped` lets rules and duplicates take."""
    stage = '[[stage]]\nuse = "translate"'
    path = own_pipeline(tmp_path, (stage, f'[[stage]]\nuse = "sample"\nn = 5\n\n{stage}'))
    b = run(items(100), pipeline=str(path))
    assert (b.held_back_by, b.manifest["records"]["kept"]) == ("", 5)
    assert b.manifest["dropped"] == {"sample": {"not-sampled": 95}}
    assert [asked["sent"] for name, asked in b.manifest["asks"].items() if name.startswith("openai")] == [5]
