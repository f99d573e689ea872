"""Twins: the join finds what comparing everything with everything finds, whatever the parts, threads and order."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kodata.corpus import Turn, frame_of
from kodata.shards import Shards
from kodata.stages.dedupe import Dedupe
from kodata.twins import join, keeping, prefix
from kodata.twins.grams import Ints, sets, shares
from kodata.twins.join import Chosen, Join, Pairs
from kodata.twins.minhash import minhash_join, signatures
from kodata.twins.prefix import prefix_join

WORDS = (
    "사과를", "배를", "강가에서", "고양이가", "강아지가", "천천히", "빨리", "걷습니다", "잡니다", "읽습니다", "작은",
    "큰", "오래된", "나무", "집", "책을", "노래를", "부릅니다", "river", "house", "under", "quickly", "the", "old",
)  # fmt: skip


def written(count: int, words: tuple[int, int], seed: int, most_edits: float = 0.2) -> list[str]:
    """Texts of so many words; half are an earlier one with up to that share of its words changed."""
    rng = random.Random(seed)
    texts: list[list[str]] = []
    for _ in range(count):
        text = rng.choices(WORDS, k=rng.randint(*words))
        if texts and rng.random() < 0.5:
            text = list(rng.choice(texts))
            for _ in range(int(len(text) * rng.uniform(0, most_edits))):
                text[rng.randrange(len(text))] = rng.choice(WORDS) + rng.choice(WORDS)
        texts.append(text)
    return [" ".join(text) for text in texts]


def by_brute_force(texts: list[str], ngram: int, min_share: float) -> list[tuple[int, int, float]]:
    grams = [{text[n : n + ngram] for n in range(len(text) - ngram + 1)} for text in texts]
    return [
        (a, b, len(grams[a] & grams[b]) / len(grams[a] | grams[b]))
        for b in range(len(texts))
        for a in range(b)
        if grams[a] & grams[b] and len(grams[a] & grams[b]) / len(grams[a] | grams[b]) >= min_share - 1e-9
    ]


def pairs(pieces: Iterable[Pairs]) -> Pairs:
    """The pairs of all pieces."""
    a, b = zip(*pieces, strict=True)
    return np.concatenate(a), np.concatenate(b)


def joined(texts: list[str], ngram: int, min_share: float) -> list[tuple[int, int, float]]:
    a, b = pairs(prefix_join(texts, ngram, min_share).within(np.ones(len(texts), dtype=bool)))
    lengths = np.array([len(text) for text in texts], dtype=np.int64)
    found = zip(a.tolist(), b.tolist(), shares(texts, lengths, a, b, ngram).tolist(), strict=True)
    return sorted((pair for pair in found if pair[2] >= min_share - 1e-9), key=lambda pair: (pair[1], pair[0]))


@pytest.mark.parametrize("ngram", [1, 3, 5])
@pytest.mark.parametrize("min_share", [0.5, 0.8, 1.0])
def test_the_join_finds_every_pair_and_its_share(ngram: int, min_share: float) -> None:
    texts = written(200, (2, 20), seed=ngram)
    assert joined(texts, ngram, min_share) == by_brute_force(texts, ngram, min_share)


def test_the_written_texts_have_pairs() -> None:
    assert len(by_brute_force(written(200, (2, 20), seed=3), 3, 0.8)) > 20


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.text("가나😀ab ", max_size=12), max_size=12), st.sampled_from([1, 2, 3]), st.sampled_from([0.5, 0.8])
)
def test_the_join_finds_every_pair_of_short_texts(texts: list[str], ngram: int, min_share: float) -> None:
    assert joined(texts, ngram, min_share) == by_brute_force(texts, ngram, min_share)


def test_as_much_is_found_where_hashes_are_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    texts, apart = written(200, (2, 20), seed=6), np.arange(200, dtype=np.uint64) % 2
    held = [pairs(prefix_join(texts, 3, 0.8, of).within(np.ones(200, dtype=bool))) for of in (None, apart)]
    monkeypatch.setattr(prefix, "_HELD", 0)
    again = [pairs(prefix_join(texts, 3, 0.8, of).within(np.ones(200, dtype=bool))) for of in (None, apart)]
    assert np.array_equal(np.concatenate(held, axis=1), np.concatenate(again, axis=1))


def test_texts_that_are_kept_apart_are_in_no_pair() -> None:
    texts = written(100, (5, 20), seed=1)
    apart = np.arange(100, dtype=np.uint64) % 2
    a, b = pairs(prefix_join(texts, 3, 0.8, apart).within(np.ones(100, dtype=bool)))
    alike = [(x, y) for x, y, _ in by_brute_force(texts, 3, 0.8) if x % 2 == y % 2]
    assert set(alike) <= set(zip(a.tolist(), b.tolist(), strict=True))
    assert (a % 2 == b % 2).all()


@pytest.mark.parametrize("seed", range(3))
def test_pairs_within_and_between_two_parts_are_those_of_the_whole(seed: int) -> None:
    texts = written(200, (2, 20), seed=5)
    found, part = prefix_join(texts, 3, 0.8), np.random.default_rng(seed).random(200) < 0.3
    parts = map(pairs, (found.within(part), found.within(~part), found.between(part, ~part)))
    of_parts = sorted(pair for a, b in parts for pair in zip(a.tolist(), b.tolist(), strict=True))
    whole = pairs(found.within(np.ones(200, dtype=bool)))
    assert of_parts == sorted(zip(whole[0].tolist(), whole[1].tolist(), strict=True))


def test_long_texts_are_found_by_their_signatures() -> None:
    texts = written(120, (250, 400), seed=2, most_edits=0.1)
    of = sets(texts, 3)
    assert of.size.min() > 200
    found = minhash_join(signatures(of), of.size, 0.8, np.zeros(120, dtype=np.uint64))
    a, b = pairs(found.within(np.ones(120, dtype=bool)))
    missed = {(x, y) for x, y, _ in by_brute_force(texts, 3, 0.8)} - set(zip(a.tolist(), b.tolist(), strict=True))
    assert missed == set()


class Anything:
    """Lets every pair through."""

    def by_place(self, a: Ints, b: Ints, place_a: Ints, place_b: Ints) -> Chosen:
        return np.ones(len(a), dtype=bool)

    def by_sketch(self, a: Ints, b: Ints) -> Chosen:
        return np.ones(len(a), dtype=bool)


def test_a_text_with_two_n_grams_of_one_token_does_not_meet_itself() -> None:
    tokens, text, place = np.array([7, 7, 7], dtype=np.uint32), np.array([0, 0, 1]), np.array([0, 1, 0])
    found = Join(np.array([2, 2]), (tokens, text, place), np.array([2, 2]), Anything(), 0.8)
    a, b = pairs(found.within(np.ones(2, dtype=bool)))
    assert (a.tolist(), b.tolist()) == ([0], [1])


def test_pairs_in_many_pieces_are_those_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    texts, part = written(300, (2, 20), seed=8), np.arange(300) % 3 == 0
    found = prefix_join(texts, 3, 0.8)
    ways = (lambda: found.within(~part), lambda: found.between(part, ~part))
    at_once = [set(zip(*pairs(way()), strict=True)) for way in ways]
    monkeypatch.setattr(join, "_MOST", 100)
    pieces = [[list(zip(*piece, strict=True)) for piece in way()] for way in ways]
    assert min(map(len, pieces)) > 10
    in_pieces = [[pair for piece in each for pair in piece] for each in pieces]
    assert [sorted(each) for each in in_pieces] == [sorted(each) for each in at_once]


def records(texts: list[str]) -> list[Turn]:
    return [Turn(f"r-{n:04}", 0, instruction=text, output="네" * (n % 7)) for n, text in enumerate(texts)]


def varied(seed: int) -> str:
    """A text of some 700 to 1,400 different n-grams."""
    rng = random.Random(seed)
    return " ".join("".join(rng.choices("가나다라마바사아자차카타파하", k=4)) for _ in range(rng.randint(150, 280)))


@pytest.mark.parametrize("seed", range(4))
def test_a_long_text_is_dropped_for_its_twin(seed: int) -> None:
    texts = [varied(seed), varied(seed + 100), varied(seed).replace("가나", "나가", 2)]
    stage = Dedupe(("instruction",), ngram=3)
    assert [ident for ident, _, _ in stage.decide(stage.sketch(frame_of(records(texts)))).rows()] == ["r-0000"]


def test_a_very_long_text_is_packed_and_found_again() -> None:
    text = " ".join(varied(seed) for seed in range(8))
    stage = Dedupe(("instruction",), ngram=3)
    sketches = stage.sketch(frame_of(records([text, f"{text} 끝", varied(9)])))
    assert sketches["text"].is_null().to_list() == [True, True, False]
    assert stage.decide(sketches)["id"].to_list() == ["r-0000"]


def test_a_text_that_is_packed_is_on_disk_once_and_packed(tmp_path: Path) -> None:
    texts = [" ".join(varied(seed + n) for n in range(8)) for seed in range(0, 160, 8)]
    sketches = Shards(tmp_path)
    sketches.add(Dedupe(("instruction",), ngram=3).sketch(frame_of(records([*texts, varied(1)]))))
    assert sketches.paths[0].stat().st_size < 0.6 * sum(len(text.encode()) for text in texts)


def test_sketches_on_disk_are_those_in_memory(tmp_path: Path) -> None:
    stage, texts = Dedupe(("instruction",), ngram=3), [*written(60, (5, 40), seed=6), *map(varied, range(20))]
    frame = frame_of(records([*texts, *texts[-20:-10]]))
    on_disk, in_memory = Shards(tmp_path), Shards()
    for part in frame.iter_slices(30):
        on_disk.add(stage.sketch(part))
        in_memory.add(stage.sketch(part))
    assert on_disk.mapped().equals(in_memory.mapped())
    assert stage.decide(on_disk.mapped()).equals(stage.decide(in_memory.mapped()))


def test_records_compared_in_parts_leave_as_they_do_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Dedupe(("instruction",), ngram=5)
    sketches = stage.sketch(frame_of(records(written(400, (10, 40), seed=4, most_edits=0.1))))
    at_once = stage.decide(sketches)
    monkeypatch.setattr(keeping, "WEIGHT", 50)
    assert at_once["reason"].to_list().count("near-duplicate") > 40
    assert set(stage.decide(sketches)["id"]) == set(at_once["id"])


ALONE = """
import sys
import polars as pl
from kodata.stages.dedupe import Dedupe
stage = Dedupe(ngram=3)
frame = pl.read_ipc(sys.argv[1])
assert pl.thread_pool_size() == int(sys.argv[2])
print(stage.decide(stage.sketch(frame)).write_json())
"""


def test_the_number_of_threads_decides_nothing(tmp_path: Path) -> None:
    texts = [*written(300, (5, 40), seed=6), *(varied(seed % 5) + "끝" * seed for seed in range(20))]
    frame_of(records(texts)).write_ipc(tmp_path / "frame.arrow")

    def decided(threads: int) -> str:
        command = [sys.executable, "-c", ALONE, str(tmp_path / "frame.arrow"), str(threads)]
        env = {"POLARS_MAX_THREADS": str(threads)}
        return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout

    one = decided(1)
    assert len(pl.read_json(one.encode())) > 50
    assert decided(8) == one
