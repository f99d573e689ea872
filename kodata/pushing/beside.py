"""What a repository may hold beside the corpus: dropped records, and the answers that a build rests on."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import orjson
import polars as pl

from kodata.ledger import Ledger
from kodata.publish.card import Extra
from kodata.publish.rebuilding import LEDGER, pipeline_files
from kodata.published import Build
from kodata.pushing.asked import asked_by
from kodata.pushing.screening import PERSONS, PRIVATE, Screen, judged

DROPPED = "dropped.jsonl"


def write_dropped(build: Build, screen: Screen, folder: Path) -> Extra:
    """Write the dropped records that may be published."""
    written, left_out = 0, Counter[str]()
    with (folder / DROPPED).open("wb") as lines:
        for line, _, why in judged(build, screen):
            if why:
                left_out[why] += 1
                continue
            lines.write(line)
            written += 1
    return Extra(DROPPED, f"records that were dropped, with stage, reason and evidence{_compared(screen)}", written,
                 dict(sorted(left_out.items())))  # fmt: skip


def write_excerpt(build: Build, screen: Screen, ledger: Ledger, folder: Path) -> Extra:
    """Write the answers that the records of the build were given, as far as they may be published, as export lines.

    `kodata ledger pull` and `import` take them in. Answers that were rejected are named, not written.
    """
    reasons = dict(_standing(build, screen))
    providers = sorted(build.manifest["asks"])
    allowed = [ident for ident, why in reasons.items() if not why]
    asked, left_out, seen, written = asked_by(build.manifest["pipeline"]), Counter[str](), set[str](), 0
    with gzip.GzipFile(folder / LEDGER, "wb", mtime=0) as lines:
        for part in ledger.excerpt(allowed, providers):
            read = [(line, orjson.loads(line)) for line in part]
            own = [(line, entry) for line, entry in read if "key" not in entry or asked.holds(entry)]
            texts = screen.personal([f"{entry.get('content', '')}\n{entry.get('text', '')}" for _, entry in own])
            for (line, entry), is_personal in zip(own, texts, strict=True):
                seen.add(entry.get("key", ""))
                left_out[PERSONS] += is_personal
                written += "key" in entry and not is_personal
                if not is_personal:
                    lines.write(line)
    for why in sorted({why for why in reasons.values() if why}):
        refused = [ident for ident, of in reasons.items() if of == why]
        entries = (orjson.loads(line) for part in ledger.excerpt(refused, providers) for line in part)
        keys = {entry["key"] for entry in entries if "key" in entry and asked.holds(entry)}
        left_out[why] += len(keys - seen)
        seen |= keys
    counts = {why: n for why, n in sorted(left_out.items()) if n}
    return Extra(
        LEDGER, f"answers that the build rests on, an excerpt of the ledger{_compared(screen)}", written, counts
    )


def pipeline_texts(build: Build, screen: Screen) -> dict[str, bytes]:
    """The pipeline file and the texts that it names; of corrections those of records that may be published."""
    reasons = dict(_standing(build, screen))
    return {name: _allowed(text, reasons, screen) for name, text in pipeline_files(build.manifest["pipeline"]).items()}


def _allowed(text: bytes, reasons: Mapping[str, str], screen: Screen) -> bytes:
    """The text; of lines that are corrections, whatever their file is called, those that may be published."""
    lines = [line for line in text.splitlines(keepends=True) if line.strip()]
    try:
        read = [orjson.loads(line) for line in lines]
    except orjson.JSONDecodeError:
        return text
    if not all(isinstance(one, dict) and "id" in one for one in read):
        return text
    personal = screen.personal([str(one.get("text", "")) for one in read])
    is_open = [reasons.get(one["id"], PRIVATE) == "" for one in read]
    return b"".join(line for line, ok, of_person in zip(lines, is_open, personal, strict=True) if ok and not of_person)


def _standing(build: Build, screen: Screen) -> Iterator[tuple[str, str]]:
    """Each record of the build, kept or dropped, and why none of its answers is published.

    Data of persons is looked for in each answer, not in its record.
    """
    first = pl.scan_parquet(build.path / "corpus.parquet").filter(pl.col("turn") == 0)
    for ident, source, licence in first.select("id", "source", "licence").collect().iter_rows():
        yield ident, screen.of_source(source, licence)
    for _, ident, why in judged(build, screen):
        yield ident, "" if why == PERSONS else why


def _compared(screen: Screen) -> str:
    return "" if screen.search else "; not compared with benchmarks, as the pipeline names none"
