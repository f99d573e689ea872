"""Audits an instruction corpus: what is wrong with it, how often and where, without keys or cost.

Every rule of filters, duplicates, answers that belong to other questions, languages, lengths and licences; and the
checks of translation where English stands beside the Korean.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kodata.auditing.findings import Audit, Finding, audited
from kodata.auditing.taking import Wanted, taken
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
) -> Audit:
    """What is wrong with a corpus: a path, `hf://OWNER/NAME`, a build, or a frame, Dataset or list of dicts.

    `use` and `fields` are as in a pipeline file; without them the layout tells. `english` says where the English of a
    field stands (`{"instruction": "en.instruction"}`). Nothing is sent, paid or changed. Raises SourceError when
    nothing can be read, PipelineError when the layout is not known.
    """
    env = environment()
    wanted = Wanted(use, fields or {}, english or {}, licence, config, split, revision, limit)
    found = taken(data, wanted, Workspace.of(env).builds, env.get("HF_TOKEN"))
    return audited(found.corpus, found.origin, found.unreadable)
