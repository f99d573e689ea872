"""A task of lm-evaluation-harness: of held-out records, or of the items of an evaluation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kodata.corpus import question
from kodata.errors import BuildError
from kodata.exports.lines import lines
from kodata.exports.opened import Corpus, Files, Talk

_WRITTEN = {
    "output_type": "generate_until",
    "doc_to_text": "{{prompt}}\n",
    "doc_to_target": "{{answer}}",
    "target_delimiter": "",
    "generation_kwargs": {"until": ["### 질문:"], "max_gen_toks": 1024, "do_sample": False},
    "metric_list": [
        {"metric": "exact_match", "aggregation": "mean", "higher_is_better": True, "ignore_punctuation": True},
        {"metric": "chrf", "aggregation": "chrf", "higher_is_better": True},
    ],
}
_CHOSEN = {
    "output_type": "multiple_choice",
    "doc_to_text": "prompt",  # names of columns, so that no text is taken for a template
    "doc_to_choice": "choices",
    "doc_to_target": "label",
    "metric_list": [
        {"metric": metric, "aggregation": "mean", "higher_is_better": True} for metric in ("acc", "acc_norm")
    ],
}
_GOES_ON = ("hellaswag",)  # formats whose choices go on where the text stops; elsewhere they answer a question


def lm_eval(corpus: Corpus) -> Files:
    """A task and its `test.jsonl`: `lm-eval run --include_path FOLDER --tasks X`.

    All items of an evaluation, by accuracy; of any other corpus the split `test`, by exact match and chrF.
    """
    if corpus.is_evaluation:
        yield "test.jsonl", lines(_items(corpus))
        yield f"{corpus.name}.yaml", [_task(corpus, _CHOSEN).encode()]
        return
    if "test" not in corpus.splits:
        raise BuildError(
            f"{corpus.name}: no record is held out, so there is nothing to evaluate on. Put [split] with "
            "`test = 0.01`, or a larger share, into the pipeline file and build again"
        )
    yield "test.jsonl", lines(_held_out(corpus))
    yield f"{corpus.name}.yaml", [_task(corpus, _WRITTEN).encode()]


def _items(corpus: Corpus) -> Iterator[dict[str, object]]:
    formats = {source["name"]: source["use"] for source in corpus.build.manifest["sources"]}
    for talk in corpus.talks("test"):
        item = talk.item
        asked = question(item["instruction"], item["input"])
        prompt = asked if formats[item["source"]] in _GOES_ON else f"질문: {asked}\n정답:"
        yield {"id": talk.id, "prompt": prompt, **{name: item[name] for name in ("choices", "label", "category")}}


def _held_out(corpus: Corpus) -> Iterator[dict[str, object]]:
    for talk in corpus.talks("test"):
        yield {"id": talk.id, "prompt": _prompt(talk), "answer": talk.turns[-1][1], "category": talk.item["category"]}


def _prompt(talk: Talk) -> str:
    """What a person asks; turns before it stand before it, each under its role."""
    *before, (asked, _) = talk.turns
    if not before:
        return f"{talk.system}\n\n{asked}" if talk.system else asked
    said = [f"### 질문:\n{question}\n\n### 답변:\n{answer}" for question, answer in before]
    return "\n\n".join(filter(None, (talk.system, *said, f"### 질문:\n{asked}\n\n### 답변:")))


def _task(corpus: Corpus, how: Mapping[str, Any]) -> str:
    import yaml

    data = {"dataset_path": "json", "dataset_kwargs": {"data_files": {"test": "test.jsonl"}}, "test_split": "test"}
    task = {"task": corpus.name, **data, **how, "metadata": {"version": 1}}
    head = "# Run it in this folder, where `test.jsonl` is.\n"
    return head + yaml.safe_dump(task, allow_unicode=True, sort_keys=False)
