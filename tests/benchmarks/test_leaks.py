"""How many items of real benchmarks are found after each perturbation, what is found that is none, and how fast."""

from __future__ import annotations

import csv
import json
import random
import re
import time
from collections.abc import Callable
from itertools import cycle, islice

import polars as pl
import pytest

from kodata.leaks.benchmark import Benchmark
from kodata.leaks.search import Search
from tests.conftest import SHARED

pytestmark = [pytest.mark.bench, pytest.mark.skipif(not SHARED.exists(), reason=f"{SHARED} is not there")]


def table(name: str) -> list[dict[str, str]]:
    with (SHARED / name).open(encoding="utf-8-sig", newline="") as file:
        if name.endswith(".tsv"):
            return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
        return list(csv.DictReader(file))


def lines(name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (SHARED / name).read_text(encoding="utf-8").splitlines()]


def tasks(language: str) -> list[str]:
    """The 252 tasks of self-instruct, in English or in KULLM's Korean, in the same order."""
    name = {"en": "eval/self_instruct_user_oriented_en.jsonl", "ko": "eval/kullm_user_oriented_ko.jsonl"}[language]
    found = {str(task["id"]): task for task in lines(name)}
    return [f"{found[i]['instruction']}\n{found[i]['instances'][0]['input']}".strip() for i in sorted(found)]  # type: ignore[index]


def korean_items() -> dict[str, list[str]]:
    boolq = table("eval/kobest_boolq_test.tsv")
    nli = json.loads((SHARED / "eval/klue-nli-v1.1_dev.json").read_text(encoding="utf-8"))
    return {
        "kobest-hellaswag": [row["context"] for row in table("eval/kobest_hellaswag_test.tsv")],
        "kobest-boolq": [f"{row['Text']}\n{row['Question']}" for row in boolq],
        "kobest-boolq, question": [row["Question"] for row in boolq],
        "klue-nli": [f"{row['premise']}\n{row['hypothesis']}" for row in nli],
        "kullm-252": tasks("ko"),
    }


LEVELS = (
    ("합니다", "해요"), ("입니다", "이에요"), ("습니다", "어요"), ("했다", "했습니다"), ("한다", "합니다"),
    ("는다", "습니다"),
    ("이다", "입니다"), ("었다", "었습니다"), ("았다", "았습니다"), ("였다", "였습니다"), ("있다", "있습니다"),
    ("인가요", "입니까"), ("하나요", "합니까"), ("나요", "습니까"), ("세요", "십시오"), ("하는가", "하나요"),
    ("인가", "인가요"), ("다", "어요"),
)  # fmt: skip


def speech_level(text: str) -> str:
    """Every sentence in another speech level."""

    def one(sentence: str) -> str:
        bare = sentence.rstrip(".!?")
        ending, other = next((pair for pair in LEVELS if bare.endswith(pair[0])), ("", ""))
        return bare.removesuffix(ending) + other + sentence[len(bare) :]

    return "".join(one(part) for part in re.split(r"((?<=[.?!])\s+|\n)", text))


def particles(text: str) -> str:
    """Every subject, topic and object particle exchanged."""
    rng, words = random.Random(len(text)), text.split(" ")
    for n, word in enumerate(words):
        if len(word) > 2 and "가" <= word[-2] <= "힣":
            own = "은이을" if (ord(word[-2]) - 0xAC00) % 28 else "는가를"
            if word[-1] in own:
                words[n] = word[:-1] + rng.choice(own.replace(word[-1], ""))
    return " ".join(words)


PERTURBED: dict[str, Callable[[str], str]] = {
    "as it is": lambda text: text,
    "spaces removed": lambda text: text.replace(" ", ""),
    "speech level": speech_level,
    "particles": particles,
    "every fifth word gone": lambda text: " ".join(word for n, word in enumerate(text.split()) if n % 5 != 4),
}


def frame(texts: list[str]) -> pl.DataFrame:
    return pl.DataFrame({"id": [f"r{n}" for n in range(len(texts))], "instruction": texts}).with_columns(
        input=pl.lit(""), output=pl.lit("")
    )


def unrelated() -> list[str]:
    """50,000 Korean texts that hold no item: instructions, answers, records, questions, translations; two together."""
    rows = [row["ko"] for row in lines("koalpaca/koalpaca_aligned.jsonl")]
    texts = [row["instruction"] for row in rows] + [row["output"] for row in rows]  # type: ignore[index]
    texts += [f"{row['instruction']}\n{row['input']}\n{row['output']}" for row in rows]  # type: ignore[index]
    texts += [str(row["ko"]) for row in lines("koalpaca/deepl_en_ko.jsonl")]
    texts += [row[side] for row in table("pairs/kor_question_pair_train.csv") for side in ("question1", "question2")]
    rng = random.Random(1)
    return [*texts, *(f"{rng.choice(texts)}\n{rng.choice(texts)}" for _ in range(50_000 - len(texts)))]


def test_perturbed_items_are_found_and_nothing_else() -> None:
    items = korean_items()
    search = Search([Benchmark(name).loaded((str(n), t) for n, t in enumerate(texts)) for name, texts in items.items()])
    print(f"\n{'':24}" + "".join(f"{name:>24}" for name in (*items, "all")))
    for how, perturb in PERTURBED.items():
        around = "다음 질문에 답해 주세요. {} 답은 위와 같습니다. 더 궁금한 점이 있으면 물어보세요."
        found = []
        for name, texts in items.items():
            hits = search.hits(frame([around.format(perturb(text)) for text in texts])).filter(benchmark=name)
            right = hits.filter(pl.col("id") == pl.format("r{}", "item"))["id"].n_unique()
            found.append((right, sum(len(re.sub(r"\W", "", text)) >= 10 for text in texts)))
        shares = [right / of for right, of in [*found, tuple(map(sum, zip(*found, strict=True)))]]
        print(f"{how:24}" + "".join(f"{share:24.3f}" for share in shares))
        assert shares[-1] >= 0.9
    began = time.process_time()
    false = search.hits(frame(unrelated()))
    print(f"found in 50,000 unrelated texts: {len(false)}, {time.process_time() - began:.1f} s CPU")
    assert false.rows() == []


def test_korean_tasks_are_found_by_their_english_source() -> None:
    english = json.loads((SHARED / "eval/alpaca_eval_805_en_instructions.json").read_text(encoding="utf-8"))
    search = Search([Benchmark("alpaca-eval").loaded((str(n), row["instruction"]) for n, row in enumerate(english))])
    korean = frame(tasks("ko"))
    by_source = search.hits(korean.with_columns(instruction_source=pl.Series(tasks("en")), input_source=pl.lit("")))
    found, without = by_source["id"].n_unique(), search.hits(korean)["id"].n_unique()
    print(f"\nof KULLM's 252 tasks {found} are found in AlpacaEval by their English source, {without} by their Korean")
    assert found >= 0.95 * 252


@pytest.mark.parametrize("language", ["Korean", "English"])
def test_52_002_records_against_10_000_items(language: str) -> None:
    if language == "Korean":
        known = [text for texts in korean_items().values() for text in texts]
        more = [row["question1"] for row in table("pairs/kor_question_pair_train.csv")]
        rows = [row["ko"] for row in lines("koalpaca/koalpaca_aligned.jsonl")]
    else:
        dolly = lines("dolly/dolly_en_6400.jsonl")
        known = [str(row["instruction"]) for row in dolly]
        more = [str(row["text"]) for row in dolly]
        rows = json.loads((SHARED / "alpaca/alpaca_data.json").read_text(encoding="utf-8"))
    benchmark = Benchmark("10,000").loaded((str(n), text) for n, text in enumerate(islice(cycle(known + more), 10_000)))
    texts = [f"{row['instruction']}\n{row['input']}\n{row['output']}" for row in islice(cycle(rows), 52_002)]
    records, began = frame(texts), time.process_time()
    hits = Search([benchmark]).hits(records)
    used = time.process_time() - began
    print(f"\n{language}: {used:.1f} s CPU, {hits['id'].n_unique():,} records hit")
    assert used < 20
