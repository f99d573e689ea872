"""ShareGPT's own format: `conversations` of `from` and `value`."""

from __future__ import annotations

from kodata.exports.lines import array
from kodata.exports.opened import Corpus, Files, Talk

_FROM = {"system": "system", "user": "human", "assistant": "gpt"}


def sharegpt(corpus: Corpus) -> Files:
    """`id` and `conversations`, as FastChat and LLaMA-Factory read them."""
    for split in corpus.splits:
        yield f"{split}.json", array(map(_row, corpus.talks(split)))


def _row(talk: Talk) -> dict[str, object]:
    talked = [{"from": _FROM[message["role"]], "value": message["content"]} for message in talk.messages]
    return {"id": talk.id, "conversations": talked}
