"""With which benchmarks a build was compared, what of them was found, and with which it was not."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from kodata.corpus import COLUMNS
from kodata.leaks.report import report, unchecked
from kodata.leaks.search import HITS
from kodata.publish.facts import Facts
from kodata.shards import Shards
from kodata.stages.decontaminate import Decontaminate


def compared(facts: Facts, dropped: Mapping[str, Shards]) -> dict[str, object]:
    """By stage that decontaminates: `checked`, a row for each benchmark, and `not_checked`, the other known ones."""
    found: dict[str, object] = {}
    for step in facts.pipeline.steps:
        if isinstance(step.stage, Decontaminate):
            gone = (frame.select(list(COLUMNS)) for frame in dropped.get(step.name, ()))
            hits = pl.concat([pl.DataFrame(schema=HITS), *map(step.stage.hits, gone)])
            checked = report(step.stage.benchmarks, hits).to_dicts()
            found[step.name] = {"checked": checked, "not_checked": unchecked(step.stage.benchmarks)}
    return found
