"""Twins: what is found of planted ones, how fast, beside other tools; and where the line lies on real pairs."""

from __future__ import annotations

import csv
import re
import sys
import time
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import orjson
import polars as pl
import psutil
import pytest

from kodata.stages.dedupe import Dedupe
from kodata.twins.grams import shares
from kodata.twins.join import EPSILON, Pairs
from kodata.twins.prefix import prefix_join
from tests.benchmarks.planted import planted
from tests.benchmarks.rivals import RIVALS, Recipe, installed
from tests.conftest import SHARED

pytestmark = [pytest.mark.bench, pytest.mark.skipif(not SHARED.exists(), reason=f"{SHARED} is not there")]
SIZES = (20_000, 100_000, 600_000)


def frame(texts: Sequence[str]) -> pl.DataFrame:
    ids = [f"r-{n:07}" for n in range(len(texts))]
    return pl.DataFrame({"id": ids, "instruction": texts, "output": [""] * len(texts)})


def pairs(pieces: Iterable[Pairs]) -> Pairs:
    """The pairs of all pieces."""
    a, b = zip(*pieces, strict=True)
    return np.concatenate(a), np.concatenate(b)


def joined(texts: list[str], ngram: int, min_share: float) -> dict[tuple[int, int], float]:
    a, b = pairs(prefix_join(texts, ngram, min_share).within(np.ones(len(texts), dtype=bool)))
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    share = shares(texts, lengths, a, b, ngram)
    near = share >= min_share - EPSILON
    return dict(zip(zip(a[near].tolist(), b[near].tolist(), strict=True), share[near].tolist(), strict=True))


@pytest.mark.parametrize(("ngram", "min_share"), [(5, 0.8), (3, 0.8), (3, 0.7)])
def test_the_pairs_of_20_000_records_are_those_of_brute_force(ngram: int, min_share: float) -> None:
    texts = list(dict.fromkeys(planted(20_000).texts))
    grams = [{text[n : n + ngram] for n in range(len(text) - ngram + 1)} for text in texts]
    holders, expected = defaultdict(list), {}
    for b, of_b in enumerate(grams):
        for gram in of_b:
            holders[gram].append(b)
    texts_with = {gram: np.array(rows) for gram, rows in holders.items() if len(rows) > 1}
    size = np.array([len(of) for of in grams])
    for b, of_b in enumerate(grams):  # against all before it, no pair left out
        rows = np.concatenate([np.zeros(0, int), *(texts_with[gram] for gram in of_b if gram in texts_with)])
        common = np.bincount(rows, minlength=len(texts))[:b]
        share = common / np.maximum(size[:b] + len(of_b) - common, 1)
        expected |= {(a, b): float(share[a]) for a in np.flatnonzero(share >= min_share - EPSILON).tolist()}
    assert joined(texts, ngram, min_share) == expected
    print(f"\n{ngram}-grams >= {min_share}: {len(expected):,} pairs of {len(texts):,} texts, all found, none else")


@pytest.mark.parametrize("count", SIZES)
def test_planted_twins_are_found_and_no_unique_record_is_lost(count: int) -> None:
    made = planted(count)
    records, stage = frame(made.texts), Dedupe(("instruction",), ngram=3)
    memory, began = psutil.Process().memory_info().rss, (time.perf_counter(), time.process_time())
    gone = {int(ident[2:]) for ident in stage.decide(stage.sketch(records))["id"]}
    elapsed, cpu = time.perf_counter() - began[0], time.process_time() - began[1]
    grown = (psutil.Process().memory_info().rss - memory) / count
    print(f"\n{count:,} records: {elapsed:.1f} s, {cpu:.1f} s CPU, {grown:,.0f} bytes a record kept at the end")
    found: dict[tuple[str, bool], list[bool]] = defaultdict(list)
    for row, kind in made.kind.items():
        found[kind, False].append(row in gone)
        if len(unicodedata.normalize("NFC", made.texts[row])) < 40:
            found[kind, True].append(row in gone)
    for (kind, is_short), hits in sorted(found.items()):
        share = sum(hits) / len(hits)
        print(f"  {kind:20} {'under 40 characters' if is_short else '':20} {share:.4f} of {len(hits):,}")
        if not kind.startswith(("unlike", "inserted")):
            assert share >= 0.95
    twins = {row for row, kind in made.kind.items() if not kind.startswith("unlike")}
    assert gone - twins == set()


# -- beside others

KODATA = """
import numpy as np
from kodata.twins.grams import shares
from kodata.twins.prefix import prefix_join
began = time.perf_counter()
distinct = list(dict.fromkeys(texts))
a, b = np.concatenate(list(prefix_join(distinct, 5, 0.8).within(np.ones(len(distinct), dtype=bool))), axis=1)
lengths = np.fromiter(map(len, distinct), dtype=np.int64, count=len(distinct))
near = shares(distinct, lengths, a, b, 5) >= 0.8 - 1e-9
gone = set()
for x, y in sorted(zip(a[near].tolist(), b[near].tolist()), key=lambda pair: pair[1]):
    if x not in gone:
        gone.add(y)
kept = len(distinct) - len(gone)
"""
DEFAULT = """
import polars as pl
from kodata.stages.dedupe import Dedupe
began = time.perf_counter()
ids = [f"r-{n:07}" for n in range(len(texts))]
frame = pl.DataFrame({"id": ids, "instruction": texts, "output": [""] * len(texts)})
stage = Dedupe(("instruction",), ngram=3)
kept = len(texts) - len(stage.decide(stage.sketch(frame)))
"""
OURS = {name: Recipe(Path(sys.executable), code) for name, code in (("kodata", KODATA), ("default", DEFAULT))}


@pytest.fixture(scope="module")
def rivals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recipe]:
    folder = tmp_path_factory.mktemp("rivals")
    found = {name: recipe for name, rival in RIVALS.items() if (recipe := installed(rival, folder / name))}
    print("\n" + ", ".join(f"{name} {'is there' if name in found else 'does not install'}" for name in RIVALS))
    return found


@pytest.mark.parametrize(("count", "most"), [(50_000, 1 / 3), (600_000, 2 / 3)])
def test_the_join_is_faster_than_minhash(count: int, most: float, rivals: dict[str, Recipe], tmp_path: Path) -> None:
    texts = tmp_path / "texts.json"
    texts.write_bytes(orjson.dumps(planted(count).texts))
    recipes = {**OURS, **{name: of for name, of in rivals.items() if count <= 50_000 or name in ("rensa", "gaoya")}}
    best = {name: recipe.timed(texts) for name, recipe in recipes.items()}
    for name in [*OURS, "rensa"] * (6 if count <= 50_000 else 0):  # in turn: what else runs here slows all of them
        if name in recipes:
            best[name] = min(best[name], recipes[name].timed(texts))
    for name, (seconds, cpu, dropped, peak_gb) in best.items():
        share = f"{seconds / best['rensa'][0]:.2f} of rensa" if "rensa" in best else ""
        print(f"\n{count:,} {name:11} {seconds:6.2f} s, {cpu:6.2f} s CPU, {dropped:8,} dropped", end="")
        print(f", peak {peak_gb:.2f} GB  {share}", end="")
    if count >= 600_000:  # the interpreter and its libraries are small beside the texts
        assert max(best[name][3] for name in OURS) * 1e9 / count < 4_096
    if "rensa" in best:
        assert best["kodata"][0] <= most * best["rensa"][0]


# -- real pairs


def folded(text: str) -> str:
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text).lower()).strip()


def test_the_line_on_real_pairs_is_where_few_are_wrong() -> None:
    with (SHARED / "pairs/kor_question_pair_train.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    same = np.array([row["is_duplicate"] == "0" for row in rows])  # as the file has it
    texts = [folded(row[side]) for side in ("question1", "question2") for row in rows]
    a, lengths = np.arange(len(rows)), np.array([len(text) for text in texts])
    share = shares(texts, lengths, a, a + len(rows), 3)
    print(f"\n{'3-grams':>12} {'precision':>10} {'recall':>8}")
    for least in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9):
        near = share >= least
        print(f"{least:12.1f} {same[near].mean():10.3f} {near[same].mean():8.3f}")
    # The number of the pair keeps texts of other pairs apart, so that one decision is one on each pair.
    both = frame([row[side] for side in ("question1", "question2") for row in rows])
    stage = Dedupe(("instruction", "input"), ngram=3)
    gone = stage.decide(stage.sketch(both.with_columns(input=pl.Series([str(n) for n in range(len(rows))] * 2))))
    near = np.zeros(len(rows), dtype=bool)
    near[[int(ident[2:]) % len(rows) for ident in gone["id"]]] = True
    print(f"{'the default':>12} {same[near].mean():10.3f} {near[same].mean():8.3f}")
    assert same[near].mean() >= 0.95
