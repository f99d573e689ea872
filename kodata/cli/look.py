"""`kodata list`, `check`, `show` and `diff`: look at pipelines and builds, change nothing."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from kodata.cli.ending import say
from kodata.cli.options import AsJson, Overrides, PipelineName
from kodata.cli.report import build_summary
from kodata.cli.table import table
from kodata.errors import KodataError
from kodata.show.lines import counted, dollars, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from kodata.pipeline import Pipeline, Step
    from kodata.prices import Prices
    from kodata.published import Build
    from kodata.sources import Source

BuildName = Annotated[str, typer.Argument(metavar="BUILD", help="As `kodata list` shows it, or a build's folder.")]
RecordId = Annotated[str | None, typer.Argument(metavar="ID", help="A record of it, kept or dropped.")]
_SAMPLES = 10  # records shown of a difference
_LONG = 60  # characters of a setting that are shown; a prompt or schema is counted


def list_() -> None:
    """List the shipped pipelines and the builds."""
    from kodata.pipeline import load_pipeline, shipped_pipelines
    from kodata.workspace import Workspace, environment

    builds = Workspace.of(environment()).builds
    pipelines = [(name, load_pipeline(name).about) for name in shipped_pipelines()]
    print("\n".join(table(("pipeline", "about"), pipelines)))
    there = list(_builds(builds))
    if there:
        print("", *table(("build", "records", "of", "built at", "builds", ""), there), sep="\n")
    else:
        print(f"\nNo builds in {builds} yet.\nNext: kodata build alpaca-ko --demo")


def _builds(builds: Path) -> Iterator[tuple[str, str, str, str, int, str]]:
    """The newest build of each pipeline and variant, and how many there are."""
    from kodata.published import HELD, build_at, builds_in

    for home in sorted(builds.glob("*")):
        build = build_at(home)
        if build is not None:
            count = len([*builds_in(home), *builds_in(home / HELD)])
            records, at = build.manifest["records"], str(build.manifest["built_at"])[:16].replace("T", " ")
            held = "held back" if build.held_back_by else ""
            yield home.name, f"{records['kept']:,}", f"{records['in']:,}", at, count, held


def check(pipeline: PipelineName = None, overrides: Overrides = None) -> None:
    """Check a pipeline file and show how it is understood.

    Without a name: all that are shipped.
    """
    from kodata.exports import refuse_impossible
    from kodata.pipeline import load_pipeline, shipped_pipelines
    from kodata.prices import load_prices
    from kodata.workspace import Workspace, environment

    env = environment()
    prices = load_prices(Workspace.of(env).prices)
    wrong: list[KodataError] = []
    for name in [pipeline] if pipeline is not None else shipped_pipelines():
        try:
            loaded = load_pipeline(name, overrides or (), env)
            refuse_impossible(loaded)
            print("\n".join(_understood(loaded)))
            for line in _priced(loaded, prices):
                print(line)
        except KodataError as error:
            say(str(error))
            wrong.append(error)
        print()
    if wrong:
        raise typer.Exit(max(error.exit_code for error in wrong))


def _understood(pipeline: Pipeline) -> list[str]:
    sources = [(f"source {s.name}", s.use, _place(s), str(s.licence)) for s in pipeline.sources]
    steps = [(f"stage {n}", step.name, _settings(step)) for n, step in enumerate(pipeline.steps, 1)]
    limits = f"limits  dropped {pipeline.limits.dropped:.1%}, unanswered {pipeline.limits.unanswered:.1%}"
    if pipeline.limits.usd_per_day is not None:
        limits += f", {dollars(pipeline.limits.usd_per_day)} a day"
    return [
        printable(f"{pipeline.name}: {pipeline.about}"),
        *table(("", "format", "from", "licence"), sources),
        *table(("", "name", "settings"), steps, width=1000),
        limits,
    ]


def _place(source: Source) -> str:
    """Where a source is read from, as a person finds it."""
    if source.hub:
        return f"{source.hub}@{source.revision[:12]}"
    return source.path or f"yours: --source {source.name}=PATH"


def _settings(step: Step) -> str:
    from kodata.stages import identity

    return _said(identity(step.stage))


def _said(value: object) -> str:
    """A setting in a few words: dataclasses as `Name(key=value)`, long texts by their length."""
    if isinstance(value, dict):
        inner = ", ".join(f"{key}={_said(item)}" for key, item in value.items() if key not in ("use", "version"))
        return f"{value.get('use', '')}({inner})"
    if isinstance(value, list):
        return f"[{', '.join(map(_said, value))}]"
    text = str(value)
    return counted(len(text), "character") if len(text) > _LONG else text


def _priced(pipeline: Pipeline, prices: Prices) -> Iterator[str]:
    """The price of each service that is asked. Raises Misconfigured when there is none."""
    for step in pipeline.steps:
        face = step.face
        model = getattr(face, "model", None)
        service = str(getattr(face, "provider", "")).partition("@")[0]
        if model is not None:
            price = prices.of_model(model)
            cost = f"${price.usd_per_million_in:g} in, ${price.usd_per_million_out:g} out per million tokens"
            yield f"price   {printable(model)}: {cost}"
        elif service == "deepl":
            yield f"price   deepl: ${prices.of_characters('deepl') * 1e6:g} per million characters"


def show(build: BuildName, ident: RecordId = None) -> None:
    """Show a build, or all about one record of it.

    With an ID: what each stage did to it and why, what was paid for it, and its texts before and after.
    """
    from kodata.cli.record import first_records, record_lines
    from kodata.published import find_build
    from kodata.workspace import Workspace, environment

    workspace = Workspace.of(environment())
    found = find_build(build, workspace.builds)
    if ident is not None:
        print("\n".join(record_lines(found, ident, workspace.ledger)))
        return
    lines, first = [*build_summary(found), ""], first_records(found)
    for texts in first.values():
        lines += [*texts, ""]
    print("\n".join([*lines, f"Next: {shlex.join(['kodata', 'show', build, next(iter(first))])}"] if first else lines))


def diff(old: BuildName, new: BuildName, as_json: AsJson = False) -> None:
    """Show what sets two builds apart.

    A record that was edited upstream is paired with its former self by its upstream key.
    """
    import orjson

    from kodata.differences import WHATS, difference
    from kodata.published import find_build
    from kodata.workspace import Workspace, environment

    builds = Workspace.of(environment()).builds
    a, b = find_build(old, builds), find_build(new, builds)
    found = difference(a, b)
    if as_json:
        print(orjson.dumps(found.changes, option=orjson.OPT_INDENT_2).decode())
        return
    print(", ".join(f"{len(found.ids(what)):,} {what}" for what in WHATS))
    for what in WHATS:
        changes = [change for change in found.changes if change.what == what]
        if changes:
            texts = _texts(a if what == "removed" else b, [change.id for change in changes[:_SAMPLES]])
            rows = [(change.id, change.why, texts.get(change.id, "")) for change in changes[:_SAMPLES]]
            print("", *table((what, "because", "instruction"), rows), sep="\n")


def _texts(build: Build, ids: Sequence[str]) -> dict[str, str]:
    """The first instruction of each record, by id."""
    import polars as pl

    found: dict[str, str] = {}
    for frame in build.frames(["id", "turn", "instruction"]):
        found |= dict(
            frame.filter(pl.col("id").is_in(ids) & (pl.col("turn") == 0)).select("id", "instruction").iter_rows()
        )
    return found
