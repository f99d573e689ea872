"""`kodata list`, `check`, `show` and `diff`: look at pipelines and builds, change nothing."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from kodata.cli.ending import say
from kodata.cli.options import AsJson, Overrides, PipelineName
from kodata.cli.report import build_summary
from kodata.cli.table import cut, screen_cells, table
from kodata.errors import BuildError, KodataError
from kodata.show.lines import counted, dollars, printable, printable_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from kodata.pipeline import Pipeline, Step
    from kodata.prices import Prices
    from kodata.published import Build
    from kodata.sources import Source

BuildName = Annotated[str, typer.Argument(metavar="BUILD", help="As `kodata list` shows it, or a build's folder.")]
RecordId = Annotated[str | None, typer.Argument(metavar="ID", help="A record of it, kept or dropped.")]
_FIRST = 3  # records shown of a build
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
    from kodata.published import find_build

    for home in sorted(builds.glob("*")):
        count = len([path for path in home.glob("*/manifest.json") if not path.parent.is_symlink()])
        if count:
            build = find_build(home.name, builds)
            records, at = build.manifest["records"], str(build.manifest["built_at"])[:16].replace("T", " ")
            held = "held back" if build.held_back_by else ""
            yield home.name, f"{records['kept']:,}", f"{records['in']:,}", at, count, held


def check(pipeline: PipelineName = None, overrides: Overrides = None) -> None:
    """Check a pipeline file and show how it is understood.

    Without a name: all that are shipped.
    """
    from kodata.pipeline import load_pipeline, shipped_pipelines
    from kodata.prices import load_prices
    from kodata.workspace import Workspace, environment

    env = environment()
    prices = load_prices(Workspace.of(env).prices)
    wrong: list[KodataError] = []
    for name in [pipeline] if pipeline is not None else shipped_pipelines():
        try:
            loaded = load_pipeline(name, overrides or (), env)
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
    sources = [(f"source {s.name}", s.use, _place(s), s.licence) for s in pipeline.sources]
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
    """Show a build, or one record of it.

    With an ID: its texts before and after, who wrote them, or why it was dropped.
    """
    from kodata.published import find_build
    from kodata.workspace import Workspace, environment

    found = find_build(build, Workspace.of(environment()).builds)
    lines = _summary(found, build) if ident is None else _record(found, ident)
    print("\n".join(lines))


def _summary(build: Build, name: str) -> list[str]:
    first = build.corpus["id"].unique(maintain_order=True).head(_FIRST).to_list()
    lines = [*build_summary(build), ""]
    for ident in first:
        lines += [*_kept(build, ident, lines_each=2), ""]
    return [*lines, f"Next: {shlex.join(['kodata', 'show', name, first[0]])}"] if first else lines


def _record(build: Build, ident: str) -> list[str]:
    if (build.corpus["id"] == ident).any():
        return _kept(build, ident)
    gone = build.dropped_record(ident)
    if gone is None:
        raise BuildError(f'no record "{ident}" in {build.path}, neither kept nor dropped{_near(build, ident)}')
    where = f"{gone['source_file']}, item {gone['source_row']}"
    lines = [
        printable(f"{ident}: dropped by {gone['stage']} because {gone['reason']}"),
        f"  from: {printable(where)}",
        *_field("evidence", gone["evidence"]),
    ]
    if gone["item"]:
        lines += _field("item", gone["item"])
    for turn in gone["record"] or ():
        lines += _turn(turn)
    return lines


def _near(build: Build, ident: str) -> str:
    """An id that begins like the one asked for, so that a shortened one can be completed."""
    ids = [*build.corpus["id"].unique(maintain_order=True), *build.dropped["id"]]
    near = next((known for known in ids if known.startswith(ident)), None) or next(
        (known for known in ids if ident in known), None
    )
    return f' - did you mean "{near}"?' if near else ""


def _kept(build: Build, ident: str, lines_each: int | None = None) -> list[str]:
    import polars as pl

    turns = build.corpus.filter(pl.col("id") == ident).to_dicts()
    where = f"{turns[0]['source_file']}, item {turns[0]['source_row']}"
    lines = [printable(f"{ident}: kept"), f"  from: {printable(where)}, licence {printable(turns[0]['licence'])}"]
    for turn in turns:
        lines += _turn(turn, lines_each)
    return lines


_TEXTS = ("system", "instruction", "input", "output")
_NOTES = ("translated_by", "written_by", "answer_key", "flags", "fixes", "category", "lang", "extra")


def _turn(turn: Mapping[str, object], lines_each: int | None = None) -> list[str]:
    """The texts of a turn with their sources below them; then, unless it is shortened, who wrote it."""
    lines = [f"  turn {turn['turn']}"] if turn["turn"] else []
    for name in _TEXTS:
        lines += _field(name, turn.get(name), lines_each)
        if lines_each is None:
            lines += _field(f"{name}, source", turn.get(f"{name}_source"))
    if lines_each is None:
        for name in ("output_translated", *_NOTES):
            lines += _field(name.replace("_", " "), turn.get(name))
    return lines


def _field(name: str, value: object, most: int | None = None) -> list[str]:
    """A name and its text below it, indented; nothing when there is none. `most` lines, cut to the screen."""
    if not value:
        return []
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    lines = printable_lines(text)
    if most is not None:
        lines = [cut(line, screen_cells() - 4) for line in lines[:most]] + (["…"] if len(lines) > most else [])
    return [f"  {name}:", *(f"    {line}".rstrip() for line in lines)]


def diff(old: BuildName, new: BuildName, as_json: AsJson = False) -> None:
    """Show what sets two builds apart."""
    from dataclasses import asdict

    import orjson

    from kodata.published import difference, find_build
    from kodata.workspace import Workspace, environment

    builds = Workspace.of(environment()).builds
    a, b = find_build(old, builds), find_build(new, builds)
    found = difference(a, b)
    if as_json:
        print(orjson.dumps(asdict(found), option=orjson.OPT_INDENT_2).decode())
        return
    print(f"{len(found.added):,} added, {len(found.removed):,} removed, {len(found.changed):,} changed")
    for name, ids, build in (
        ("added", found.added, b),
        ("removed", found.removed, a),
        ("changed", found.changed, b),
    ):
        if ids:
            print("", *table((name, "instruction"), _samples(build, ids)), sep="\n")


def _samples(build: Build, ids: Sequence[str]) -> list[tuple[str, str]]:
    import polars as pl

    few = build.corpus.filter(pl.col("id").is_in(ids[:_SAMPLES]) & (pl.col("turn") == 0)).sort("id")
    return [(ident, text) for ident, text in few.select("id", "instruction").iter_rows()]
