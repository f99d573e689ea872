"""What a build was made of and what came of it, as `schemas/manifest.schema.json` describes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from importlib.metadata import version
from platform import python_version
from typing import Any

import polars as pl

from kodata.answering import Tally
from kodata.licences import terms_of
from kodata.publish.facts import Facts
from kodata.shards import Shards
from kodata.sources import digest_of

_WATCHED = ("kodata", "polars", "langdetect", "deepl", "openai", "datasets", "jsonschema")


def manifest_of(facts: Facts, kept: Shards) -> dict[str, Any]:
    """The manifest of a build that keeps these records."""
    rows = pl.scan_ipc(kept.paths)
    first = rows.filter(pl.col("turn") == 0)
    shares = first.group_by("source", "licence").len("records").sort("source", "licence").collect()
    licences = shares.group_by("licence").agg(pl.col("records").sum()).sort("licence")
    writers = rows.select("translated_by", "written_by").unique().collect()
    stages = ("source", *(step.name for step in facts.pipeline.steps))
    dropped = sum(sum(counts.values()) for counts in facts.reasons.values())
    return {
        "pipeline": {
            "name": facts.pipeline.name,
            "variant": facts.variant,
            "flags": facts.flags,
            "about": facts.pipeline.about,
            "hash": blake2b(facts.pipeline.identity.encode(), digest_size=16).hexdigest(),
            "overrides": dict(facts.pipeline.overrides),
            "text": facts.pipeline.text,
            "files": dict(facts.pipeline.files),
        },
        "built_at": facts.at.isoformat(timespec="seconds"),
        "held_back_by": facts.held_back_by,
        "records": {"in": len(facts.rows), "kept": kept.records, "dropped": dropped},
        "dropped": _by_stage(stages, facts.reasons),
        **_split(facts, kept),
        "remarks": _by_stage(stages, facts.noticed),
        "findings": facts.findings,
        "asks": {name: _asked(facts.tallies.get(name, Tally())) for name in sorted(facts.pipeline.providers)},
        "sources": [
            {
                "name": s.name,
                "use": s.use,
                "origin": r.origin,
                "licence": str(s.licence),
                "records": len(r.rows),
                "hash": r.digest,
            }
            for s, r in zip(facts.sources, facts.readings, strict=True)
        ],
        "licences": dict(licences.iter_rows()),
        "shares": shares.to_dicts(),
        "terms": terms_of(*writers["translated_by"], *writers["written_by"]),
        "source_hash": digest_of(facts.readings),
        "versions": {"python": python_version(), **{name: version(name) for name in _WATCHED}},
    }


def _split(facts: Facts, kept: Shards) -> dict[str, Any]:
    if facts.held_out is None:
        return {}
    out = len(facts.held_out)
    return {"split": {"train": kept.records - out, "test": out}}


def _by_stage(stages: Iterable[str], counts: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    """The counts that there are, in the order of the stages, then of the names."""
    return {stage: dict(sorted(counts[stage].items())) for stage in stages if counts.get(stage)}


def _asked(tally: Tally) -> dict[str, object]:
    both = {"sent": tally.sent, "known": tally.known, "unanswered": tally.unanswered, "lost": tally.lost}
    tokens = {"tokens_in": tally.tokens_in, "tokens_out": tally.tokens_out}
    size = tokens if tally.tokens_out else {"characters": tally.characters}
    return {**both, "requests": tally.requests, **size, "usd": round(tally.usd, 6)}
