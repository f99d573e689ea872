"""What a build was made of and what came of it, as `schemas/manifest.schema.json` describes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from importlib.metadata import version
from platform import python_version

from kodata.answering import Tally
from kodata.publish.facts import Facts
from kodata.sources import digest_of

_WATCHED = ("kodata", "polars", "langdetect", "deepl", "openai", "datasets", "jsonschema")


def manifest_of(facts: Facts, kept: int) -> dict[str, object]:
    """The manifest of a build that keeps so many records."""
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
        },
        "built_at": facts.at.isoformat(timespec="seconds"),
        "held_back_by": facts.held_back_by,
        "records": {"in": len(facts.rows), "kept": kept, "dropped": dropped},
        "dropped": _by_stage(stages, facts.reasons),
        "remarks": _by_stage(stages, facts.noticed),
        "asks": {name: _asked(facts.tallies.get(name, Tally())) for name in sorted(facts.pipeline.providers)},
        "sources": [
            {
                "name": s.name,
                "use": s.use,
                "origin": r.origin,
                "licence": s.licence,
                "records": len(r.rows),
                "hash": r.digest,
            }
            for s, r in zip(facts.sources, facts.readings, strict=True)
        ],
        "source_hash": digest_of(facts.readings),
        "versions": {"python": python_version(), **{name: version(name) for name in _WATCHED}},
    }


def _by_stage(stages: Iterable[str], counts: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    """The counts that there are, in the order of the stages, then of the names."""
    return {stage: dict(sorted(counts[stage].items())) for stage in stages if counts.get(stage)}


def _asked(tally: Tally) -> dict[str, object]:
    both = {"sent": tally.sent, "known": tally.known, "unanswered": tally.unanswered, "lost": tally.lost}
    tokens = {"tokens_in": tally.tokens_in, "tokens_out": tally.tokens_out}
    size = tokens if tally.tokens_out else {"characters": tally.characters}
    return {**both, "requests": tally.requests, **size, "usd": round(tally.usd, 6)}
