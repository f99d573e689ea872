"""A build: sources through stages to published files."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import reduce
from hashlib import blake2b, file_digest
from operator import or_
from pathlib import Path
from typing import Literal

import polars as pl
from filelock import FileLock, Timeout

from kodata.accounts import save_accounts
from kodata.answering import PATIENT, Answering, Day, Patience, Purse
from kodata.benchmarks import load_benchmarks
from kodata.errors import (
    BuildError,
    LawBroken,
    LedgerError,
    Misconfigured,
    OverBudget,
    PipelineError,
    SourceError,
    WaitingForBatch,
    did_you_mean,
)
from kodata.events import (
    BuildEnded,
    BuildStarted,
    Event,
    Every,
    Finding,
    PublishMoved,
    SourceMoved,
    SourceRead,
    Tell,
    Told,
)
from kodata.exports import EXPORTS, export
from kodata.findings import unused_corrections
from kodata.glossary import Glossary
from kodata.ledger import Ledger
from kodata.pipeline import KEYS, REDIRECTS, Pipeline, Step, load_pipeline, shipped
from kodata.prices import Prices, TokenPrice, load_prices
from kodata.providers import Provider
from kodata.providers.deepl import DeepL
from kodata.providers.echo import Echo
from kodata.providers.openai import OpenAI
from kodata.providers.recording import NAME as RECORDING
from kodata.providers.recording import load_recording
from kodata.providers.servers import Server
from kodata.publish import Facts, publish
from kodata.published import Build, find_build
from kodata.redo import reject_answers_of
from kodata.shards import Shards
from kodata.snapshots import Snapshots
from kodata.sources import Reading, Source, digest_of, read
from kodata.sources.opening import Opened, open_source
from kodata.stages.decontaminate import Decontaminate
from kodata.stages.dedupe import Dedupe, Published
from kodata.stages.filter import Filter
from kodata.stages.sample import NOT_SAMPLED, Sample
from kodata.walk import Walk
from kodata.workspace import Workspace

LOOK_EVERY_S = 60.0  # at batches that are out


@dataclass(frozen=True)
class Options:
    """How one run differs from the pipeline file. The first six, and `pilot`, go into the name of the build.

    `sources` replaces where a source is read from, by its name ("" for the only one); `limit` takes the first
    records of each; `demo` answers from the recording of the shipped sample, `offline` from the ledger alone; `strict`
    drops what rules ask to review; `pilot` samples that many records before anything is paid for. The answers of the
    records `redo` are rejected and asked anew; `wait` stays until batches that are out are done.
    """

    sources: Mapping[str, Path] = field(default_factory=dict)
    limit: int | None = None
    demo: bool = False
    offline: bool = False
    overrides: tuple[str, ...] = ()
    strict: bool = False
    budget_usd: float = 0.0
    parallel: int | None = None
    out: Path | None = None
    redo: tuple[str, ...] = ()
    pilot: int | None = None
    wait: bool = False

    @property
    def mode(self) -> Literal["live", "demo", "offline"]:
        """Who answers."""
        return "demo" if self.demo else "offline" if self.offline else "live"

    @property
    def flags(self) -> list[str]:
        """What goes into the name of the build as flags of the command, sources without their folders."""
        flags = [flag for flag, is_set in self._switches if is_set]
        if self.pilot is not None:
            flags += ["--pilot", str(self.pilot)]
        if self.limit is not None:
            flags += ["--limit", str(self.limit)]
        for name, path in sorted(self.sources.items()):
            flags += ["--source", f"{name}={path.name}" if name else path.name]
        return flags + [word for text in self.overrides for word in ("--set", text)]

    @property
    def _switches(self) -> tuple[tuple[str, bool], ...]:
        return ("--demo", self.demo), ("--offline", self.offline), ("--strict", self.strict)

    @property
    def variant(self) -> str:
        """What makes this no full build; empty for a full one."""
        parts = [flag.removeprefix("--") for flag, is_set in self._switches if is_set]
        if self.pilot is not None:
            parts.append(f"pilot-{self.pilot}")
        if self.limit is not None:
            parts.append(f"limit-{self.limit}")
        if self.sources:
            parts.append(f"source-{_short(str(sorted((n, str(p.absolute())) for n, p in self.sources.items())))}")
        if self.overrides:
            parts.append(f"set-{_short(str(sorted(self.overrides)))}")
        return "+".join(parts)


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
            opened = open_source(source, self.env.get("HF_TOKEN"), whole=self.options.limit is None)
            moved = _telling(source, opened, tell)
            reading = read(source, opened, self.options.limit, folder / f"{number:02d}", moved)
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


def provider_for(
    name: str,
    env: Mapping[str, str],
    prices: Prices,
    glossaries: Mapping[str, Glossary] | None = None,
    *,
    sends: bool,
    servers: Mapping[str, Server] | None = None,
) -> Provider:
    """The provider of that name, with the glossaries, by digest, that it may be asked to use.

    Raises Misconfigured when its key is missing and something is to be sent.
    """
    if name == "echo":
        return Echo()
    if name == RECORDING:
        paths = sorted(shipped("data", "sample", "recordings").glob("*.jsonl"))
        return reduce(or_, (load_recording(path.read_bytes().splitlines(), path.name) for path in paths))
    if servers and name in servers:
        return _of_server(name, servers[name], env, prices, sends=sends)
    service = name.partition("@")[0]
    key, url = env.get(KEYS[service], ""), env.get(REDIRECTS[service]) if "@" in name else None
    if sends and not key:
        raise Misconfigured(
            f"{KEYS[service]} is not set, so {name} cannot be asked. Set it in the environment or in .env. "
            "--demo builds the sample without keys, --offline answers from the ledger alone"
        )
    if not (key.isascii() and key.isprintable()):
        raise Misconfigured(f"{KEYS[service]} holds characters that no key has. Copy it again")
    if service == "deepl":
        return DeepL(key, prices, name, url, glossaries or {})
    return OpenAI(key, prices, name, url, parallel=32 if url else 128)  # a server of one's own serves fewer at a time


def _of_server(name: str, server: Server, env: Mapping[str, str], prices: Prices, *, sends: bool) -> Provider:
    key = env.get(server.key_env, "")
    if sends and server.key_env and not key:
        raise Misconfigured(
            f"{server.key_env} is not set, so {name} cannot be asked. Set it in the environment or .env"
        )
    price = TokenPrice(server.price.usd_per_million_tokens_in, server.price.usd_per_million_tokens_out)
    url, flat = server.base_url, replace(prices, flat=price)
    return OpenAI(key or "none", flat, name, url, parallel=server.parallel, server=server)


def run_of(name: str, options: Options, workspace: Workspace, env: Mapping[str, str]) -> Run:
    pipeline = load_pipeline(name, options.overrides, env)
    for form in pipeline.publish:
        if form.to not in EXPORTS:
            raise PipelineError(f'{name}, [[publish]]: no export "{form.to}"{did_you_mean(form.to, EXPORTS)}')
    if options.demo:
        if options.offline or options.sources:
            raise PipelineError("--demo builds the shipped sample: it goes with neither --offline nor --source")
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


def build(
    name: str,
    options: Options,
    workspace: Workspace,
    env: Mapping[str, str],
    tell: Tell,
    patience: Patience = PATIENT,
) -> Build:
    """Walk the records through the stages, publish what is left, and say where.

    Raises KodataError: see the tree in `kodata.errors`; nothing is published then. A build that passes a limit is
    published aside: its `held_back_by` says which, and `latest` stays where it was.
    """
    run, purse = run_of(name, options, workspace, env), Purse(options.budget_usd)
    while True:
        try:
            return _built(run, purse, tell, patience)
        except WaitingForBatch:
            if not options.wait:
                raise
        run = replace(run, options=replace(run.options, redo=()))  # they are rejected already
        _wait_for_batches(run, purse, tell, patience)


def _wait_for_batches(run: Run, purse: Purse, tell: Tell, patience: Patience) -> None:
    """Stay until a batch of the run's providers is over."""
    providers = run.providers(load_prices(run.workspace.prices), sends=True)
    with ledger_of(run, writes=True) as ledger:
        later = Answering(ledger, providers, purse, tell, patience=patience).later
        while not later.is_any_over():
            time.sleep(LOOK_EVERY_S)


def _built(run: Run, purse: Purse, tell: Tell, patience: Patience) -> Build:
    options, workspace = run.options, run.workspace
    variant = f"{run.pipeline.name}@{options.variant}" if options.variant else run.pipeline.name
    home = workspace.builds / variant
    _may_write(options.out)
    told = Told(tell)
    with _locked(home), ledger_of(run, writes=True) as ledger:
        told(BuildStarted(run.pipeline.name, options.mode, where(ledger), str(home)))
        prices = load_prices(workspace.prices)
        providers = run.providers(prices, sends=not options.offline)
        purse.day = _day(run, ledger)
        answering = Answering(ledger, providers, purse, told, not options.offline, options.parallel, patience)
        if not options.offline:
            _refuse_empty(ledger, workspace.builds, run.pipeline.name, providers)
            answering.later.collect()
        with _beside(home) as folder:
            readings = run.read(folder / "sources", told)
            if options.redo:
                reject_answers_of(options.redo, shards_of(readings), run.pipeline, ledger, providers, folder / "redo")
            snapshots = Snapshots(None if options.demo else workspace.snapshots)
            walk = Walk(run.pipeline, answering, snapshots, folder / "walk", told)
            try:
                kept = walk.through(shards_of(readings))
            except OverBudget as error:
                raise _with_summary(error, answering) from error
            finally:
                save_accounts(workspace.accounts, answering.desk.accounts)
            return _publish(run, readings, kept, walk, home, folder, told)


def _day(run: Run, ledger: Ledger) -> Day | None:
    """What may be spent today, where the pipeline file has a limit."""
    limit = run.pipeline.limits.usd_per_day
    return None if limit is None else Day(limit, ledger)


def _with_summary(error: OverBudget, answering: Answering) -> OverBudget:
    """The same, with what was paid for until then."""
    tallies = answering.tallies.values()
    sent, usd = sum(tally.sent for tally in tallies), sum(tally.usd for tally in tallies)
    return type(error)(f"{sent:,} asks were answered for ${usd:.4f}; {error}") if sent else error


def _publish(
    run: Run, readings: list[Reading], kept: Shards, walk: Walk, home: Path, folder: Path, told: Told
) -> Build:
    unread = sum(reading.unreadable.records for reading in readings)
    records, dropped = sum(len(reading.rows) for reading in readings), walk.left + unread
    if records != kept.records + dropped:
        raise LawBroken(f"{records:,} records came in, {kept.records:,} are kept and {dropped:,} dropped")
    findings = [Finding(stage, what) for stage, what in unused_corrections(run.pipeline.steps, kept, walk.dropped)]
    for finding in findings:
        told(finding)
    facts = Facts(
        pipeline=run.pipeline,
        sources=run.sources,
        readings=readings,
        variant=run.options.variant,
        flags=run.options.flags,
        tallies=dict(walk.answering.tallies),
        reasons={"source": sum((Counter(reading.reasons) for reading in readings), Counter()), **walk.reasons},
        noticed=walk.noticed,
        findings=[finding.what for finding in findings],
        held_back_by=_held_back_by(run, walk, records, unread),
        at=datetime.now(UTC),
    )
    final = _free(home, f"{facts.at:%Y%m%dT%H%M%SZ}-{_short(f'{run.pipeline.identity} {digest_of(readings)}')}")
    usd = round(sum(tally.usd for tally in walk.answering.tallies.values()), 6)
    is_latest = not run.options.variant and not facts.held_back_by
    ended = BuildEnded(str(final), records, kept.records, dropped, usd, is_latest, facts.held_back_by)
    told.end(ended)
    is_due = Every()

    def moved(done: int) -> None:
        if is_due():
            told(PublishMoved(done, kept.records))

    publish(facts, kept, walk.dropped, walk.remarks, told.lines, folder / "build", moved)
    for form in run.pipeline.publish:
        export(Build(folder / "build"), form.to, folder / "build" / "exports" / form.to, form.template)
    (folder / "build").replace(final)
    if is_latest:
        _move_latest(home, final)
    if run.options.out is not None and not facts.held_back_by:
        shutil.copytree(final, run.options.out, dirs_exist_ok=True)
    told.show(ended)
    return Build(final)


def _may_write(out: Path | None) -> None:
    """Raises PipelineError when files that are no build's would be overwritten."""
    if out is None or (out / "manifest.json").is_file():
        return
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise PipelineError(f"--out {out}: not an empty folder, nor one that holds a build. Name another")


def _held_back_by(run: Run, walk: Walk, records: int, unread: int) -> str:
    """Which limit the build passes, with its figure; empty when none. What a sample leaves out counts nowhere.

    A demo is there to show every way to leave, so that no share is too large for it.
    """
    limits = run.pipeline.limits
    if records == walk.left + unread:
        return "no record is left"
    if run.options.pilot is not None:  # what left before the sample was drawn is not of it
        return ""
    reasons = sum(walk.reasons.values(), Counter[str]())
    unanswered, not_sampled = reasons["unanswered"], reasons[NOT_SAMPLED]
    dropped, records = unread + walk.left - unanswered - not_sampled, records - not_sampled
    if dropped > limits.dropped * records and not run.options.demo:
        return f"{dropped / records:.1%} of the records were dropped, the limit is {limits.dropped:.1%}"
    if unanswered > limits.unanswered * records and not run.options.offline:
        return f"{unanswered:,} records got no answer, the limit is {limits.unanswered:.1%}; run again to ask for them"
    return ""


def shards_of(readings: list[Reading]) -> Shards:
    return reduce(Shards.joined, (reading.records for reading in readings))


def ledger_of(run: Run, *, writes: bool) -> Ledger:
    """The user's ledger; one in memory for a demo, and for a plan where there is none yet."""
    if run.options.demo or (not writes and not run.workspace.ledger.exists()):
        return Ledger.in_memory()
    return Ledger(run.workspace.ledger)


def _refuse_empty(ledger: Ledger, builds: Path, name: str, providers: Mapping[str, Provider]) -> None:
    """Raises LedgerError when a ledger without an answer would pay again for what builds that are here rest on."""
    if len(ledger) or all(provider.is_pretend for provider in providers.values()):
        return
    for home in (builds / name, *builds.glob(f"{name}@*")):
        for path in home.glob("*/manifest.json"):
            if any(asked["usd"] or asked["known"] for asked in Build(path.parent).manifest["asks"].values()):
                raise LedgerError(
                    f"the ledger {where(ledger)} is empty, but {path.parent} was paid for with another one. Bring it "
                    "back with `kodata ledger pull`, `import` or `merge` or by KODATA_HOME; to pay for everything "
                    "again move that folder away"
                )


def where(ledger: Ledger) -> str:
    return str(ledger.path) if ledger.path is not None else "none"


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    """One build of a pipeline at a time; a plan takes no lock."""
    lock = FileLock(home.with_name(f".{home.name}.lock"), timeout=0)
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise BuildError(f"another build of {home.name} is running. Wait for it, or stop it") from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _beside(home: Path) -> Iterator[Path]:
    """A folder beside the builds, gone at the end whatever happens; leftovers of a killed run go first."""
    folder = home / ".unfinished"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):  # it holds builds
            home.rmdir()


def _free(home: Path, name: str) -> Path:
    """A folder of that name that is not there yet: two builds may end in one second."""
    names = [name, *(f"{name}-{n}" for n in range(2, 1000))]
    return next(path for path in (home / name for name in names) if not path.exists())


def _move_latest(home: Path, final: Path) -> None:
    """`latest` points to the build; a reader sees the old one or the new one, never neither."""
    beside = home / ".latest"
    beside.unlink(missing_ok=True)
    beside.symlink_to(final.name, target_is_directory=True)
    beside.replace(home / "latest")


def _short(text: str) -> str:
    return blake2b(text.encode(), digest_size=4).hexdigest()


def silent(event: Event) -> None:
    """Tells nobody."""
