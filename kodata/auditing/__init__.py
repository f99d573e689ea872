"""Audits an instruction corpus: what is wrong with it, how often and where, without keys or cost.

Every rule of filters, duplicates, answers that belong to other questions, languages, lengths and licences; and the
checks of translation where English stands beside the Korean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from kodata.auditing.findings import Audit, Finding, audited
from kodata.auditing.taking import Wanted, taken
from kodata.benchmarks import load_benchmarks
from kodata.leaks.known import wanted as benchmarks_wanted
from kodata.sources.memory import Data
from kodata.workspace import Workspace, environment

__all__ = ["Audit", "Finding", "audit"]


def audit(  # noqa: PLR0913  # one keyword a flag of the command
    data: str | Path | Data,
    *,
    use: str = "",
    fields: Mapping[str, str] | None = None,
    english: Mapping[str, str] | None = None,
    licence: str = "unknown",
    config: str = "",
    split: str = "train",
    revision: str = "",
    limit: int | None = None,
    benchmarks: Literal["all"] | Sequence[str] = (),
) -> Audit:
    """What is wrong with a corpus: a path, `hf://OWNER/NAME`, a build, or a frame, Dataset or list of dicts.

    `use` and `fields` are as in a pipeline file; without them the layout tells. `english` says where the English of a
    field stands (`{"instruction": "en.instruction"}`). `benchmarks` are names that `kodata.leaks.known` has, or paths;
    those that cannot be loaded are named in the audit. Nothing is sent, paid or changed. Raises SourceError when
    nothing can be read, PipelineError when the layout is not known.
    """
    env = environment()
    wanted = Wanted(use, fields or {}, english or {}, licence, config, split, revision, limit)
    named, token = benchmarks_wanted(benchmarks), env.get("HF_TOKEN")
    found = taken(data, wanted, Workspace.of(env).builds, token)
    return audited(found, load_benchmarks(named, token))
