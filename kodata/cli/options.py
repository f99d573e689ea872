"""The options that commands share, and what they mean to the library."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from kodata.licences import Use as Purpose
from kodata.show import Progress

if TYPE_CHECKING:
    from kodata.building import Options

PipelineName: TypeAlias = Annotated[
    str | None, typer.Argument(metavar="PIPELINE", help="A shipped pipeline (see `kodata list`) or a .toml file.")
]
Sources: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--source", metavar="[NAME=]PATH", help="Read a source from this file. May be repeated."),
]
Limit: TypeAlias = Annotated[
    int | None, typer.Option("--limit", metavar="N", min=1, help="Only the first N records of each source.")
]
Demo: TypeAlias = Annotated[
    bool, typer.Option("--demo", help="The shipped sample, answered from its recording: no keys, no cost.")
]
Offline: TypeAlias = Annotated[bool, typer.Option("--offline", help="Answer from the ledger alone, send nothing.")]
Strict: TypeAlias = Annotated[bool, typer.Option("--strict", help="Drop what rules would only flag for review.")]
Until: TypeAlias = Annotated[
    str | None, typer.Option("--until", metavar="STAGE", help="End behind this stage of the pipeline.")
]
Overrides: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="STAGE.KEY=VALUE", help="Override a setting of the file. May be repeated."),
]
Shown: TypeAlias = Annotated[
    Progress | None,
    typer.Option("--progress", metavar="rich|plain|json|none", help="How progress is shown, on stderr."),
]
Use: TypeAlias = Annotated[str, typer.Option("--use", metavar="FORMAT", help="Read it in this format.")]
Map: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="FIELD=PLACE", help="Where it has a field of the format. May be repeated."),
]
Config: TypeAlias = Annotated[str, typer.Option("--config", help="On the hub: the configuration.")]
SplitName: TypeAlias = Annotated[str, typer.Option("--split", help="On the hub: the split.")]
Revision: TypeAlias = Annotated[str, typer.Option("--revision", help="On the hub: a commit, tag or branch.")]
For: TypeAlias = Annotated[
    Purpose,
    typer.Option("--use", metavar="commercial|research|any", help="Keep only records whose licence allows this."),
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def needed(pipeline: str | None) -> str:
    """The pipeline's name. Raises BadParameter when none is given."""
    if pipeline is None:
        raise typer.BadParameter("name a pipeline; `kodata list` shows them", param_hint="PIPELINE")
    return pipeline


def options_of(
    source: Sequence[str] | None,
    limit: int | None,
    demo: bool,
    offline: bool,
    overrides: Sequence[str] | None,
    strict: bool = False,
    parallel: int | None = None,
    out: Path | None = None,
) -> Options:
    """What was given on the command line, for the library; without a budget."""
    from kodata.building import Options

    pairs = [_source(text) for text in source or ()]
    names = [name for name, _ in pairs]
    if twice := {name for name in names if names.count(name) > 1}:
        raise typer.BadParameter(f'"{min(twice)}" is given twice', param_hint="--source")
    return Options(
        sources=dict(pairs),
        limit=limit,
        demo=demo,
        offline=offline,
        overrides=tuple(overrides or ()),
        strict=strict,
        parallel=parallel,
        out=out,
    )


def command_line(command: str, pipeline: str, options: Options, *more: str) -> str:
    """The command that walks the same way, ready to be pasted."""
    words = ["kodata", command, pipeline]
    for name, path in options.sources.items():
        words += ["--source", f"{name}={path}" if name else str(path)]
    words += ["--limit", str(options.limit)] if options.limit is not None else []
    words += ["--until", options.until] if options.until is not None else []
    switches = ("--demo", options.demo), ("--offline", options.offline), ("--strict", options.strict)
    words += [flag for flag, is_set in switches if is_set]
    for override in options.overrides:
        words += ["--set", override]
    return shlex.join([*words, *more])


def places(texts: Sequence[str] | None, flag: str) -> dict[str, str]:
    """`FIELD=PLACE`, as often as it was given. Raises BadParameter, naming the flag, for what is of another form."""
    pairs = [text.partition("=") for text in texts or ()]
    for name, equals, place in pairs:
        if not (name and equals and place):
            raise typer.BadParameter(f'"{name}{equals}{place}" is not of the form FIELD=PLACE', param_hint=flag)
    return {name.strip(): place.strip() for name, _, place in pairs}


def finite(usd: float | None, flag: str = "--budget") -> float | None:
    """The amount itself. Raises BadParameter for nan and inf, which would be no limit at all."""
    if usd is not None and not math.isfinite(usd):
        raise typer.BadParameter("give an amount in dollars", param_hint=flag)
    return usd


def up_to_the_cent(usd: float) -> float:
    """Dollars as a person reads and agrees to them: rounded up to whole cents."""
    return math.ceil(round(usd * 100, 6)) / 100


def _source(text: str) -> tuple[str, Path]:
    """`NAME=PATH`, or a path alone (name ""), which may have a = in it."""
    name, equals, path = text.partition("=")
    if equals and "/" not in name and not Path(text).exists():
        return name, Path(path).expanduser()
    return "", Path(text).expanduser()
