"""What a build and a plan have in common: the pipeline as it is run, its sources, its ledger, and who answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import reduce
from hashlib import file_digest
from pathlib import Path

import polars as pl

from kodata.benchmarks import load_benchmarks
from kodata.building.options import Options
from kodata.building.providers import provider_for
from kodata.errors import NoSource, PipelineError, SourceError, did_you_mean
from kodata.events import Every, SourceMoved, SourceRead, Tell
from kodata.exports import refuse_impossible
from kodata.ledger import Ledger
from kodata.pipeline import Pipeline, Step, load_pipeline, shipped
from kodata.prices import Prices
from kodata.providers import Provider
from kodata.providers.recording import NAME as RECORDING
from kodata.published import find_build
from kodata.shards import Shards
from kodata.sources import Reading, Source, read
from kodata.sources.opening import Opened, open_source
from kodata.stages.decontaminate import Decontaminate
from kodata.stages.dedupe import Dedupe, Published
from kodata.stages.filter import Filter
from kodata.stages.sample import Sample
from kodata.stages.withhold import Withhold
from kodata.workspace import Workspace


@dataclass(frozen=True)
class Run:
    """What a build and a plan have in common: the pipeline as it is run, its sources read, and who answers."""

    pipeline: Pipeline
    sources: tuple[Source, ...]
    options: Options
    workspace: Workspace
    env: Mapping[str, str]

    def read(self, folder: Path, tell: Tell) -> list[Reading]:
        """Every source, its records as shards below the folder."""
        readings = []
        for number, source in enumerate(self.sources):
            try:
                opened = open_source(source, self.env.get("HF_TOKEN"), whole=self.options.limit is None)
                moved = _telling(source, opened, tell)
                reading = read(source, opened, self.options.limit, folder / f"{number:02d}", moved)
            except NoSource as error:
                raise SourceError(f"{error}. Name a file with --source PATH, or try --demo") from error
            unreadable = reading.unreadable.records
            tell(SourceRead(source.name, reading.origin, len(reading.rows), unreadable, reading.reasons))
            readings.append(reading)
        ids = pl.concat([reading.rows["id"] for reading in readings])
        if not len(ids):
            raise SourceError("the sources hold no records")
        if ids.is_duplicated().any():
            raise SourceError(
                f"two sources have the record {ids.filter(ids.is_duplicated())[0]}: name them differently"
            )
        return readings

    def providers(self, prices: Prices, *, sends: bool) -> dict[str, Provider]:
        """Who is asked, by name. Raises Misconfigured when a key is missing and something is to be sent."""
        return {
            name: provider_for(
                name, self.env, prices, self.pipeline.glossaries, sends=sends, servers=self.pipeline.servers
            )
            for name in self.pipeline.providers
        }


def _telling(source: Source, opened: Opened, tell: Tell) -> Callable[[int], None]:
    """Tells now and then how far the source is read."""
    is_due = Every()

    def moved(items: int) -> None:
        if items % 100 == 0 and is_due():
            tell(SourceMoved(source.name, items, opened.share()))

    return moved


def _sample(use: str) -> Path:
    """The shipped sample of a format. Raises PipelineError when there is none."""
    found = sorted(shipped("data", "sample").glob(f"{use}.*"))
    if not found:
        raise PipelineError(f"no sample of the format {use} is shipped. Name your own file with --source")
    return found[0]


def run_of(name: str, options: Options, workspace: Workspace, env: Mapping[str, str]) -> Run:
    pipeline = load_pipeline(name, options.overrides, env)
    if options.until is not None:
        pipeline = _until(pipeline, options.until)
    refuse_impossible(pipeline)
    if options.demo:
        if options.offline or options.sources:
            raise PipelineError("--demo builds the shipped sample: it goes with neither --offline nor --source")
        if options.redo:
            raise PipelineError("--demo has its answers from a recording: --redo has nothing to ask anew")
        pipeline = replace(pipeline, steps=tuple(_from_recording(step) for step in pipeline.steps))
    pipeline = replace(pipeline, steps=tuple(_loaded(step, workspace, env) for step in pipeline.steps))
    if options.strict:
        pipeline = replace(pipeline, steps=tuple(_strict(step) for step in pipeline.steps))
    if options.pilot is not None:
        pipeline = replace(pipeline, steps=_piloted(pipeline.steps, options.pilot))
    if options.limit is not None and options.limit < 1:
        raise PipelineError(f"--limit {options.limit}: at least one record is needed")
    return Run(pipeline, _sources(pipeline, options), options, workspace, env)


def _sources(pipeline: Pipeline, options: Options) -> tuple[Source, ...]:
    """The pipeline's sources, read from where the options say. Raises PipelineError when one is nowhere."""
    if options.demo:
        return tuple(
            replace(s, hub="", revision="", path=str(_sample(s.use)), licence="Apache-2.0") for s in pipeline.sources
        )
    names = [source.name for source in pipeline.sources]
    moved = dict(options.sources)
    if "" in moved:
        if len(names) > 1:
            raise PipelineError(f"--source PATH is not enough for {', '.join(names)}: give NAME=PATH")
        moved[names[0]] = moved.pop("")
    for name in moved:
        if name not in names:
            raise PipelineError(f'--source: no source "{name}"{did_you_mean(name, names)}')
    sources = tuple(
        replace(s, hub="", revision="", path=str(moved[s.name])) if s.name in moved else s for s in pipeline.sources
    )
    for source in sources:
        if not (source.path or source.hub):
            raise PipelineError(
                f'{pipeline.name}: source "{source.name}" is yours to bring. Give --source {source.name}=PATH, '
                "or try --demo"
            )
    return sources


def _loaded(step: Step, workspace: Workspace, env: Mapping[str, str]) -> Step:
    """The step with the builds or benchmarks that it compares records with.

    Raises BuildError or SourceError, naming each, when they cannot be loaded.
    """
    if isinstance(step.stage, Dedupe):
        against = tuple(_published(build.name, workspace) for build in step.stage.against)
        return replace(step, stage=replace(step.stage, against=against))
    if not isinstance(step.stage, Decontaminate):
        return step
    found = load_benchmarks(step.stage.benchmarks, env.get("HF_TOKEN"))
    if found.missing:
        advice = "Give `benchmarks` without them to go on: the card will say that they were not checked"
        raise SourceError("\n".join([f"stage {step.name}:", *found.missing.values(), advice]))
    return replace(step, stage=replace(step.stage, benchmarks=found.benchmarks))


def _published(name: str, workspace: Workspace) -> Published:
    """The latest build of that name, its corpus known by the bytes of its file."""
    build = find_build(name, workspace.builds)
    with (build.path / "corpus.parquet").open("rb") as file:
        digest = file_digest(file, "blake2b").hexdigest()[:16]
    return Published(name, digest, build.corpus)


def _until(pipeline: Pipeline, last: str) -> Pipeline:
    """The pipeline as far as that stage; what is not finished is exported to nobody."""
    names = [step.name for step in pipeline.steps]
    if last not in names:
        raise PipelineError(f'--until: no stage "{last}"{did_you_mean(last, names)}')
    behind = names.index(last) + 1
    withheld = tuple(step for step in pipeline.steps[behind:] if isinstance(step.stage, Withhold))
    return replace(pipeline, steps=(*pipeline.steps[:behind], *withheld), publish=())


def _strict(step: Step) -> Step:
    return replace(step, stage=replace(step.stage, strict=True)) if isinstance(step.stage, Filter) else step


def _piloted(steps: tuple[Step, ...], records: int) -> tuple[Step, ...]:
    """The steps, with a sample drawn before the first that asks anybody."""
    first = next((n for n, step in enumerate(steps) if step.face is not None), len(steps))
    return (*steps[:first], Step("pilot", Sample(n=records)), *steps[first:])


def _from_recording(step: Step) -> Step:
    if step.face is None:
        return step
    face = replace(step.face, provider=RECORDING)  # type: ignore[type-var]
    return replace(step, stage=replace(step.stage, by=face))  # type: ignore[type-var]


def shards_of(readings: list[Reading]) -> Shards:
    return reduce(Shards.joined, (reading.records for reading in readings))


def ledger_of(run: Run, *, writes: bool) -> Ledger:
    """The user's ledger; one in memory for a demo, and for a plan where there is none yet."""
    if run.options.demo or (not writes and not run.workspace.ledger.exists()):
        return Ledger.in_memory()
    return Ledger(run.workspace.ledger)


def where(ledger: Ledger) -> str:
    return str(ledger.path) if ledger.path is not None else "none"
