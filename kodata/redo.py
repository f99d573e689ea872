"""Some records asked anew: every answer they rest on is rejected, then the build goes its usual way.

Rejections stand in the ledger before anything is sent, so that a build that is stopped goes on without asking twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from kodata.answering import Answering, Purse
from kodata.errors import PipelineError, did_you_mean
from kodata.events import Event
from kodata.ledger import Ledger
from kodata.pipeline import Pipeline
from kodata.providers import Provider
from kodata.shards import Shards
from kodata.snapshots import Snapshots
from kodata.walk import Walk


def reject_answers_of(
    ids: Sequence[str],
    records: Shards,
    pipeline: Pipeline,
    ledger: Ledger,
    providers: Mapping[str, Provider],
    folder: Path,
) -> int:
    """How many answers were rejected: all that these records met on their way through the pipeline so far.

    Raises PipelineError when the sources do not hold one of them.
    """
    chosen, there = Shards(), set[str]()
    for frame in records:
        chosen.add(frame.filter(pl.col("id").is_in(list(ids))))
        there |= set(frame["id"]) & set(ids)
    for ident in ids:
        if ident not in there:
            known = pl.concat([frame["id"] for frame in records]).unique()
            raise PipelineError(f'--redo: no record "{ident}"{did_you_mean(ident, known)}')
    met: set[bytes] = set()
    answering = Answering(ledger, providers, Purse(0.0), _silent, sends=False, met=met)
    walk = Walk(pipeline, answering, Snapshots(None), folder, _silent)
    walk.through(chosen)
    return ledger.reject(met, "redo")


def _silent(event: Event) -> None:
    """Nobody is told of this walk."""
