"""Held-out records as a task of lm-evaluation-harness."""

from __future__ import annotations

from collections.abc import Iterator

from kodata.errors import BuildError
from kodata.exports.lines import lines
from kodata.exports.opened import Corpus, Files, Talk

_METRICS = [
    {"metric": "exact_match", "aggregation": "mean", "higher_is_better": True, "ignore_punctuation": True},
    {"metric": "chrf", "aggregation": "chrf", "higher_is_better": True},
]


def lm_eval(corpus: Corpus) -> Files:
    """The split `test` and its task, scored by exact match and chrF: `lm-eval run --include_path FOLDER --tasks X`."""
    if "test" not in corpus.splits:
        raise BuildError(
            f"{corpus.name}: it holds no records out, so there is nothing to evaluate on. Put [split] with "
            "`test = 0.01` into the pipeline file and build again"
        )
    yield "test.jsonl", lines(_items(corpus))
    yield f"{corpus.name}.yaml", [_task(corpus).encode()]


def _items(corpus: Corpus) -> Iterator[dict[str, object]]:
    for talk in corpus.talks("test"):
        yield {"id": talk.id, "prompt": _prompt(talk), "answer": talk.turns[-1][1], "category": talk.item["category"]}


def _prompt(talk: Talk) -> str:
    """What a person asks; turns before it stand before it, each under its role."""
    *before, (asked, _) = talk.turns
    if not before:
        return f"{talk.system}\n\n{asked}" if talk.system else asked
    said = [f"### 질문:\n{question}\n\n### 답변:\n{answer}" for question, answer in before]
    return "\n\n".join(filter(None, (talk.system, *said, f"### 질문:\n{asked}\n\n### 답변:")))


def _task(corpus: Corpus) -> str:
    import yaml

    task = {
        "task": corpus.name,
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": "test.jsonl"}},
        "test_split": "test",
        "output_type": "generate_until",
        "doc_to_text": "{{prompt}}\n",
        "doc_to_target": "{{answer}}",
        "target_delimiter": "",
        "generation_kwargs": {"until": ["### 질문:"], "max_gen_toks": 1024, "do_sample": False},
        "metric_list": _METRICS,
        "metadata": {"version": 1},
    }
    head = "# Run it in this folder, where `test.jsonl` is.\n"
    return head + yaml.safe_dump(task, allow_unicode=True, sort_keys=False)
