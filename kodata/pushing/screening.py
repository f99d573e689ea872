"""Why something that stands beside a corpus is not published, by the sources and benchmarks of its build."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import orjson
import polars as pl

from kodata.benchmarks import load_benchmarks
from kodata.errors import SourceError
from kodata.licences import Use, allows, licence_of
from kodata.pipeline import benchmarks_in
from kodata.published import Build, frame_of_rows
from kodata.rules.pii import PII
from kodata.stages.decontaminate import Decontaminate

PERSONS: Final = "data of persons"
BENCHMARK: Final = "items of benchmarks"
UNLICENSED: Final = "licence unknown"
PRIVATE: Final = "source not published"
_PART = 2_000  # records judged at once
_PERSONAL = frozenset(rule.name for rule in PII)


@dataclass(frozen=True)
class Screen:
    """Judges by the sources of a build.

    `licences` are those of whole sources by name; `private` sources are not published at all. `search` finds the items
    of the benchmarks that the pipeline names, None where it names none.
    """

    licences: Mapping[str, str]
    private: frozenset[str]
    use: Use
    search: Decontaminate | None

    def of_source(self, source: str, licence: str) -> str:
        """Why a record of that source under that licence is not published, empty where it may be."""
        if source in self.private:
            return PRIVATE
        if licence_of(licence) is None:
            return UNLICENSED
        return "" if allows(licence, self.use) else f"licence does not allow {self.use} use"

    def personal(self, texts: Sequence[str]) -> list[bool]:
        """Which of the texts hold data of a person, by the rules of `kodata.rules.pii`."""
        frame = pl.DataFrame({"instruction": texts}, schema={"instruction": pl.String})
        found = pl.any_horizontal(rule(columns=("instruction",)).evidence().is_not_null() for rule in PII)
        return frame.select(found).to_series().to_list()


def screen_of(build: Build, use: Use, token: str | None) -> Screen:
    """The screen for a build. Raises SourceError when a benchmark that its pipeline names cannot be loaded."""
    manifest = build.manifest
    sources = tomllib.loads(manifest["pipeline"]["text"])["source"]
    private = frozenset(str(s.get("name", s["use"])) for s in sources if s.get("publish_source") is False)
    licences = {source["name"]: source["licence"] for source in manifest["sources"]}
    wanted = benchmarks_in(manifest["pipeline"]["text"], manifest["pipeline"]["overrides"])
    loaded = load_benchmarks(wanted, token)
    if loaded.missing:
        raise SourceError(
            "what stands beside the corpus must be compared with the benchmarks of its pipeline, or stay here:\n"
            + "\n".join(loaded.missing.values())
        )
    return Screen(licences, private, use, Decontaminate(loaded.benchmarks) if wanted else None)


def judged(build: Build, screen: Screen) -> Iterator[tuple[bytes, str, str]]:
    """Each line of `dropped.jsonl`, the id of its record, and why it is not published (empty where it may be)."""
    with (build.path / "dropped.jsonl").open("rb") as lines:
        while part := list(islice(lines, _PART)):
            items = [orjson.loads(line) for line in part]
            leaked = _leaked(items, screen)
            texts = [(n, text) for n, item in enumerate(items) for text in _texts(item)]
            personal = screen.personal([text for _, text in texts])
            persons = {n for (n, _), is_personal in zip(texts, personal, strict=True) if is_personal}
            for n, (line, item) in enumerate(zip(part, items, strict=True)):
                why = screen.of_source(*_origin(item, screen))
                if not why and item["id"] in leaked:
                    why = BENCHMARK
                if not why and (n in persons or item["reason"] in _PERSONAL):
                    why = PERSONS
                yield line, item["id"], why


def _origin(item: Mapping[str, Any], screen: Screen) -> tuple[str, str]:
    """Source and licence of a dropped record; one that could not be read has those of its source."""
    if item["record"]:
        first = item["record"][0]
        return first["source"], first["licence"]
    source = item["id"].rpartition("-")[0]
    return source, screen.licences.get(source, "")


def _leaked(items: Sequence[Mapping[str, Any]], screen: Screen) -> set[str]:
    """The ids of those that left as items of benchmarks, or are such and left before they were compared."""
    found = {item["id"] for item in items if item["reason"] == "benchmark"}
    if screen.search is None:
        return found
    unread = [{"id": i["id"], "turn": 0, "instruction": i["item"], "lang": "en"} for i in items if i["item"]]
    rows = [{"id": item["id"], **row} for item in items for row in item["record"] or ()]
    return found | set(screen.search.hits(frame_of_rows([*rows, *unread]))["id"])


def _texts(value: object) -> Iterator[str]:
    """Every text in a value of JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
