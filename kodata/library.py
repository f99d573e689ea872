"""The calls of `import kodata`: build, plan and load, as the command line has them."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from kodata.building import Options, silent
from kodata.building import build as _build
from kodata.pipeline.toml import toml_of
from kodata.planning import plan as _plan
from kodata.published import Build, find_build
from kodata.quote import Plan
from kodata.show import Progress, show
from kodata.workspace import Workspace, environment


def build(  # noqa: PLR0913  # one keyword a flag of the command
    pipeline: str,
    *,
    source: str | Path | Mapping[str, str | Path] | None = None,
    limit: int | None = None,
    demo: bool = False,
    offline: bool = False,
    strict: bool = False,
    budget: float = 0.0,
    parallel: int | None = None,
    set: Mapping[str, object] | None = None,  # as the flag is called
    out: str | Path | None = None,
    redo: Sequence[str] = (),
    wait: bool = False,
    progress: Progress = "none",
) -> Build:
    """Build a corpus and return it. `budget` is in dollars: without one nothing is paid for.

    `pipeline` is a name or the path of a file; `source` a path, or paths by source name; `set` overrides settings
    (`{"regenerate.model": "..."}`); `strict` drops what rules ask to review; the answers of the records `redo` are
    rejected and asked anew; `wait` stays until batches are done. The build may be held back by a limit, or
    lack a form of `[[publish]]`: see `Build.held_back_by` and `Build.not_exported`.
    Raises KodataError; see `kodata.errors`.
    """
    options = Options(
        _sources(source),
        limit,
        demo,
        offline,
        _overrides(set),
        strict,
        budget,
        parallel,
        Path(out) if out is not None else None,
        redo=tuple(redo),
        wait=wait,
    )
    env = environment()
    with show(progress, sys.stderr) as tell:
        return _build(pipeline, options, Workspace.of(env), env, tell)


def plan(
    pipeline: str,
    *,
    source: str | Path | Mapping[str, str | Path] | None = None,
    limit: int | None = None,
    demo: bool = False,
    offline: bool = False,
    strict: bool = False,
    set: Mapping[str, object] | None = None,
) -> Plan:
    """What a build would do and cost, stage by stage. Sends nothing that is billed, writes nothing."""
    env = environment()
    options = Options(_sources(source), limit, demo, offline, _overrides(set), strict)
    return _plan(pipeline, options, Workspace.of(env), env, silent)


def load(name: str | Path) -> Build:
    """A build by its folder, or the latest of a pipeline or variant. Raises BuildError when there is none."""
    return find_build(str(name), Workspace.of(environment()).builds)


def _sources(source: str | Path | Mapping[str, str | Path] | None) -> dict[str, Path]:
    if source is None:
        return {}
    paths = source if isinstance(source, Mapping) else {"": source}
    return {name: Path(path) for name, path in paths.items()}


def _overrides(values: Mapping[str, object] | None) -> tuple[str, ...]:
    return tuple(
        f"{key}={value if isinstance(value, str) else toml_of(value)}" for key, value in (values or {}).items()
    )
