"""The columns of Stanford Alpaca, as an array and as lines."""

from __future__ import annotations

from kodata.exports.lines import array, lines
from kodata.exports.opened import Corpus, Files, Talk


def alpaca(corpus: Corpus) -> Files:
    """`instruction`, `input`, `output`; a conversation has the turns before its last one in `history`."""
    for split in corpus.splits:
        yield f"{split}.json", array(map(_row, corpus.talks(split)))
        yield f"{split}.jsonl", lines(map(_row, corpus.talks(split)))


def _row(talk: Talk) -> dict[str, object]:
    row: dict[str, object] = {name: talk.item[name] for name in ("instruction", "input", "output")}
    if len(talk.turns) > 1:
        row["history"] = talk.turns[:-1]
    return {**row, "system": talk.system} if talk.system else row
