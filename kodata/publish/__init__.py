"""A corpus as files: lines, Parquet, the Alpaca array, what was dropped, a manifest, a card and the events.

Rows stand in the order of the source. `corpus.*` and `dropped.jsonl` hold no date: equal input gives equal bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import orjson

from kodata.publish.aside import dropped_items, items_for_review, mended_items
from kodata.publish.card import Config, card
from kodata.publish.compared import compared
from kodata.publish.corpus_files import write_corpus
from kodata.publish.facts import Facts, line
from kodata.publish.manifest import manifest_of
from kodata.shards import Shards

__all__ = ["Facts", "publish"]


def publish(
    facts: Facts,
    kept: Shards,
    dropped: Mapping[str, Shards],
    remarks: Mapping[str, Shards],
    events: Iterable[bytes],
    folder: Path,
    moved: Callable[[int], None],
) -> None:
    """Write all files of a build into the folder.

    `dropped` are the rows that left at each stage, with reason and evidence; `remarks` are what each noticed of turns
    that are to be reviewed or were mended. `moved` is told now and then how many records are written.
    """
    folder.mkdir(parents=True)
    write_corpus(facts, kept, folder, moved)
    for name, items in (
        ("review.jsonl", items_for_review(facts, kept, remarks)),
        ("mended.jsonl", mended_items(facts, kept, remarks)),
        ("dropped.jsonl", dropped_items(facts, dropped)),
    ):
        with (folder / name).open("wb") as lines:
            lines.writelines(map(line, items))
    manifest = manifest_of(facts, kept) | {"benchmarks": compared(facts, dropped)}
    (folder / "manifest.json").write_bytes(
        orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    )
    files = Config("default", manifest["licences"], {"train": "corpus.parquet"})
    (folder / "README.md").write_text(card(manifest, [files]), encoding="utf-8")
    (folder / "events.jsonl").write_bytes(b"".join(events))
