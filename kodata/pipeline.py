"""A pipeline file, `pipelines/*.toml`, as sources, stages and limits; what is misspelt is named with the nearest name.

The file says what (everything that can change a row), flags say how.
"""

from __future__ import annotations

import importlib
import re
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints
from urllib.parse import urlsplit

import orjson
from annotated_types import Gt

from kodata.asks import Register, Translator, Writer, canonical
from kodata.corpus import COLUMNS, Share
from kodata.errors import Misconfigured, PipelineError, did_you_mean
from kodata.glossary import Glossary, glossary_of
from kodata.leaks.benchmark import Benchmark
from kodata.leaks.known import wanted
from kodata.memory import Memory, memory_of
from kodata.providers.deepl import DeepLTranslator
from kodata.providers.echo import EchoFace
from kodata.providers.openai import OpenAIWriter
from kodata.providers.openai_translator import OpenAITranslator
from kodata.providers.servers import Server
from kodata.rules import RULES, Fix, Rule
from kodata.sources import SOURCES, Source
from kodata.stages import CorpusStage, FrameStage, RecordStage, Stage, identity
from kodata.stages.compose import Compose
from kodata.stages.correct import Correct
from kodata.stages.decontaminate import Decontaminate
from kodata.stages.dedupe import Dedupe, Published
from kodata.stages.distinct import Distinct
from kodata.stages.filter import Filter
from kodata.stages.regenerate import Regenerate
from kodata.stages.sample import Sample
from kodata.stages.translate import Registers, Translate
from kodata.stages.validate import Validate
from kodata.stages.withhold import Withhold

STAGES: dict[str, type[Stage]] = {
    "translate": Translate,
    "regenerate": Regenerate,
    "compose": Compose,
    "filter": Filter,
    "correct": Correct,
    "sample": Sample,
    "distinct": Distinct,
    "dedupe": Dedupe,
    "decontaminate": Decontaminate,
    "validate": Validate,
}
FACES: dict[type[Stage], dict[str, type]] = {  # what may stand in `with = { use = ... }`
    Translate: {"deepl": DeepLTranslator, "openai": OpenAITranslator, "echo": EchoFace},
    Regenerate: {"openai": OpenAIWriter, "echo": EchoFace},
    Compose: {"openai": OpenAIWriter, "echo": EchoFace},
}
REDIRECTS = {"deepl": "DEEPL_SERVER_URL", "openai": "OPENAI_BASE_URL"}
KEYS = {"deepl": "DEEPL_AUTH_KEY", "openai": "OPENAI_API_KEY"}
_HOME = {"deepl": ("api.deepl.com", "api-free.deepl.com"), "openai": ("api.openai.com",)}
_SOURCE_NAME = re.compile(r"\w[\w.-]*")  # it begins every id, or names a folder
_CORRECTIONS = "corrections.jsonl"  # beside the pipeline file
_TAKEN = ("deepl", "openai", "echo", "recording")  # names of providers that servers may not have
_TOP = ("about", "source", "stage", "limits", "publish", "providers")


@dataclass(frozen=True)
class Limits:
    """Shares of the records (0..1) that may leave before a build is kept aside.

    `unanswered` counts the records whose questions got no answer, `dropped` all others. `usd_per_day` is what all runs
    on one ledger may spend on a day (UTC) together, when this pipeline is built.
    """

    dropped: Share = 0.5
    unanswered: Share = 0.0
    usd_per_day: Annotated[float, Gt(0)] | None = None


@dataclass(frozen=True)
class Publish:
    """One `[[publish]]`: a form of `kodata export` that every build gets, in its folder `exports/`.

    `template` is for the form `text`.
    """

    to: str
    template: str = ""


@dataclass(frozen=True)
class Step:
    """A stage and its name in the file (its `use`, unless it has a `name`)."""

    name: str
    stage: Stage

    @property
    def face(self) -> Translator | Writer | None:
        """Whom the stage asks; None when nobody."""
        face: Translator | Writer | None = getattr(self.stage, "by", None)
        return face if hasattr(face, "provider") else None


@dataclass(frozen=True)
class Pipeline:
    """A pipeline file as read: `text` is the file, `overrides` what was set beside it."""

    name: str
    about: str
    sources: tuple[Source, ...]
    steps: tuple[Step, ...]
    limits: Limits
    text: str
    overrides: Mapping[str, str] = field(default_factory=dict)
    publish: tuple[Publish, ...] = ()
    servers: Mapping[str, Server] = field(default_factory=dict)  # `[providers.NAME]`

    @property
    def identity(self) -> str:
        """Canonical JSON of everything that can change a row."""
        steps = [[step.name, identity(step.stage)] for step in self.steps]
        return canonical({"sources": [identity(source) for source in self.sources], "steps": steps})

    @property
    def providers(self) -> tuple[str, ...]:
        """The names of the providers that its stages ask, in order of first use."""
        return tuple(dict.fromkeys(step.face.provider for step in self.steps if step.face is not None))

    @property
    def glossaries(self) -> dict[str, Glossary]:
        """The glossaries that its stages translate with, by digest."""
        found = [getattr(step.face, "glossary", None) for step in self.steps]
        return {glossary.digest: glossary for glossary in found if glossary is not None}


def shipped(*parts: str) -> Path:
    """A file or folder that comes with kodata: in the installed package, or in a checkout (editable installs)."""
    inside = Path(__file__).with_name("shipped").joinpath(*parts)
    return inside if inside.exists() else Path(__file__).parent.parent.joinpath(*parts)


def shipped_pipelines() -> list[str]:
    """The names of the pipelines that come with kodata, sorted."""
    return sorted(path.stem for path in shipped("pipelines").glob("*.toml"))


def load_pipeline(name: str, overrides: Iterable[str] = (), env: Mapping[str, str] | None = None) -> Pipeline:
    """The pipeline of that name, or in that file; `overrides` are texts such as `translate.model_type=...`.

    Raises PipelineError naming file, stage, key and the nearest known name.
    """
    path = Path(name).expanduser() if name.endswith(".toml") or "/" in name else shipped("pipelines", f"{name}.toml")
    if not path.is_file():
        known = did_you_mean(name, shipped_pipelines()) if not name.endswith(".toml") else ""
        raise PipelineError(f'no pipeline "{name}"{known} (`kodata list` shows them; a file is given by its path)')
    try:
        text = path.read_text(encoding="utf-8")
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PipelineError(f"{path.name} is not TOML: {error}") from error
    return _Loader(path, env or {}).pipeline(table, text, list(overrides))


def endpoint(service: str, env: Mapping[str, str]) -> str:
    """The provider's name: the service, or `service@host` where the environment redirects it.

    The port and path stand in it when they are not the usual ones, as another server gives other answers; a user and
    a password never do. Raises Misconfigured when the redirect is no http(s) URL: the real service is not asked
    instead.
    """
    url = env.get(REDIRECTS.get(service, ""), "")
    if not url:
        return service
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Misconfigured(f"{REDIRECTS[service]} is no http:// or https:// URL. Correct or unset it")
    port = f":{parts.port}" if parts.port not in (None, {"http": 80, "https": 443}[parts.scheme]) else ""
    path = parts.path.rstrip("/").removesuffix("/v1")
    place = f"{parts.hostname}{port}{path}"
    return service if place in _HOME[service] else f"{service}@{place}"


@cache
def translation_prompt() -> str:
    """The system message that a model is asked with to translate, where the pipeline file names no other."""
    return shipped("pipelines", "prompts", "translate-ko.md").read_text(encoding="utf-8")


@cache
def schema(name: str = "record") -> str:
    """A shipped JSON Schema as text, references to its neighbours inlined."""
    return orjson.dumps(_inlined(orjson.loads(shipped("schemas", f"{name}.schema.json").read_bytes()))).decode()


def _inlined(node: object) -> object:
    if isinstance(node, list):
        return [_inlined(item) for item in node]
    if not isinstance(node, dict):
        return node
    if str(node.get("$ref", "")).endswith(".schema.json"):
        other = orjson.loads(shipped("schemas", node["$ref"]).read_bytes())
        return {k: _inlined(v) for k, v in other.items() if k not in ("$id", "$schema")}
    return {key: _inlined(value) for key, value in node.items()}


@dataclass(frozen=True)
class _Loader:
    """Reads one file. Every message begins with the file, then the place in it."""

    path: Path
    env: Mapping[str, str]
    servers: dict[str, Server] = field(default_factory=dict)

    def pipeline(self, table: Mapping[str, Any], text: str, overrides: Sequence[str]) -> Pipeline:
        if not _SOURCE_NAME.fullmatch(self.path.stem):
            raise PipelineError(f"{self.path.name}: the name of a pipeline file is of letters, digits, - and _")
        self._known("top level", table, _TOP)
        stages = [dict(stage) for stage in self._tables(table, "stage")]
        sources = [dict(source) for source in self._tables(table, "source")]
        chosen = dict(self._override(stages, text) for text in overrides)
        self.servers.update(self._servers(table.get("providers", {})))
        steps = tuple(self._step(n, stage) for n, stage in enumerate(stages, 1))
        read = tuple(self._source(n, source) for n, source in enumerate(sources, 1))
        if private := tuple(source.name for source in read if not source.publish_source):
            steps += (Step("withhold", Withhold(private)),)
        for names in ([step.name for step in steps], [str(s.get("name", s.get("use"))) for s in sources]):
            if twice := {name for name in names if names.count(name) > 1}:
                raise PipelineError(
                    f'{self.path.name}: the name "{min(twice)}" stands twice. Give one a `name` of its own'
                )
        shares = table.get("limits", {})
        if not isinstance(shares, dict):
            raise PipelineError(f"{self.path.name}: limits are a table, [limits]")
        limits = self._settings("[limits]", Limits, shares)
        return Pipeline(
            self.path.stem,
            str(table.get("about", "")),
            read,
            steps,
            Limits(**limits),
            text,
            chosen,
            tuple(self._publish(n, entry) for n, entry in enumerate(self._tables(table, "publish", least=0), 1)),
            self.servers,
        )

    def _servers(self, tables: object) -> dict[str, Server]:
        """Servers by the name that stands in `with = { use = ... }`."""
        if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
            raise PipelineError(f"{self.path.name}: each server is a table, [providers.NAME]")
        servers = {}
        for name, table in tables.items():
            where = f"[providers.{name}]"
            if name in _TAKEN or not _SOURCE_NAME.fullmatch(name):
                raise PipelineError(f"{self.path.name}, {where}: give it another name, of letters, digits and -")
            servers[name] = Server(**self._settings(where, Server, table))
            if not servers[name].base_url.startswith(("http://", "https://")):
                raise PipelineError(f"{self.path.name}, {where}: base_url is no http:// or https:// URL")
        return servers

    def _publish(self, n: int, table: Mapping[str, Any]) -> Publish:
        entry = Publish(**self._settings(f"publish {n}", Publish, table))
        if entry.template.endswith(".jinja") and not Path(entry.template).is_absolute():
            return replace(entry, template=str(self.path.parent / entry.template))
        return entry

    def _tables(self, table: Mapping[str, Any], name: str, least: int = 1) -> list[Mapping[str, Any]]:
        found = table.get(name, [])
        if not isinstance(found, list) or len(found) < least or not all(isinstance(item, dict) for item in found):
            raise PipelineError(f"{self.path.name}: at least one [[{name}]] is needed")
        return found

    def _override(self, stages: list[dict[str, Any]], text: str) -> tuple[str, str]:
        """Put `stage.key=value` into the tables; a key of the provider may be given without `with.`."""
        target, equals, value = text.partition("=")
        name, dot, key = target.strip().partition(".")
        if not (equals and dot and key):
            raise PipelineError(f'--set "{text}" is not of the form stage.key=value')
        names = [str(stage.get("name", stage.get("use"))) for stage in stages]
        if name not in names:
            raise PipelineError(f'--set "{text}": no stage "{name}"{did_you_mean(name, names)}')
        stage = stages[names.index(name)]
        kind = STAGES.get(str(stage.get("use")))
        own = {f.name for f in fields(kind)} if kind is not None else set()  # type: ignore[arg-type]
        if key.startswith("with.") or (key not in (*own, "with") and isinstance(stage.get("with"), dict)):
            stage["with"] = dict(stage["with"]) | {key.removeprefix("with."): _toml_value(value)}
        else:
            stage[key] = _toml_value(value)
        return target.strip(), value

    def _source(self, n: int, table: dict[str, Any]) -> Source:
        where = f"source {n}"
        use = str(table.get("use", ""))
        if use not in SOURCES:
            raise PipelineError(f'{self.path.name}, {where}: no format "{use}"{did_you_mean(use, SOURCES)}')
        source = Source(**{"name": use, **self._settings(f"{where} ({use})", Source, table)})
        if source.path and source.hub:
            raise PipelineError(f"{self.path.name}, {where} ({use}): give one of `path` and `hub`")
        if not _SOURCE_NAME.fullmatch(source.name):
            raise PipelineError(f'{self.path.name}, {where}: name "{source.name}" is not of letters, digits and -')
        self._known(f"{where} ({use}), fields", source.fields, SOURCES[use].fields)
        if source.path and not Path(source.path).expanduser().is_absolute():
            source = Source(**{**vars(source), "path": str(self.path.parent / source.path)})
        return source

    def _step(self, n: int, table: dict[str, Any]) -> Step:
        use = str(table.pop("use", ""))
        name = str(table.pop("name", use))
        where = f"stage {n} ({name})"
        kind = self._imported(where, use) if ":" in use else STAGES.get(use)
        if kind is None:
            raise PipelineError(f'{self.path.name}, stage {n}: no stage "{use}"{did_you_mean(use, STAGES)}')
        self._known(where, table, _settable(kind))
        given: dict[str, Any] = {}
        if kind in FACES:
            given["by"] = self._face(where, FACES[kind], table.pop("with", None))
        if kind is Filter:
            rules = table.pop("rules", None)
            if not isinstance(rules, list) or not rules:
                raise PipelineError(f'{self.path.name}, {where}: setting "rules" is missing or no list of rules')
            given["rules"] = tuple(self._rule(where, rule) for rule in rules)
        if kind is Decontaminate:
            given["benchmarks"] = self._benchmarks(where, table.pop("benchmarks", "all"))
        if kind is Dedupe:
            given["against"] = self._against(where, table.pop("against", []))
        if kind is Validate:
            given["schema"] = schema()
        if kind in (Regenerate, Compose) and "prompt" in table:
            table["prompt"] = self._file(where, "prompt", table["prompt"])
        if kind is Translate and "memory" in table:
            given["memory"] = self._memory(where, table.pop("memory"))
        if kind is Translate and "register" in table:
            given["register"] = self._registers(where, table.pop("register"))
        if kind is Correct:
            table["file"] = self._corrections(where, table.get("file"))
        given |= self._settings(where, kind, table, given)
        try:
            return Step(name, kind(**given))
        except PipelineError as error:  # settings that do not go together
            raise PipelineError(f"{self.path.name}, {where}: {error}") from error

    def _face(self, where: str, faces: Mapping[str, type], table: object) -> object:
        use = str(table.get("use", "")) if isinstance(table, dict) else ""
        known = {**faces, **(dict.fromkeys(self.servers, faces["openai"]) if "openai" in faces else {})}
        if not isinstance(table, dict) or use not in known:
            raise PipelineError(
                f"{self.path.name}, {where}: `with = {{ use = ... }}` names who is asked"
                + (f'; no "{use}"{did_you_mean(use, known)}' if use else f": {', '.join(known)}")
            )
        settings = {key: value for key, value in table.items() if key != "use"}
        given: dict[str, Any] = {"provider": use if use in self.servers else endpoint(use, self.env)}
        kind = known[use]
        if "glossary" in settings and any(f.name == "glossary" for f in fields(kind)):
            given["glossary"] = self._glossary(f"{where}, with", settings.pop("glossary"))
        if kind is OpenAITranslator:
            name = settings.get("prompt")
            settings["prompt"] = self._file(f"{where}, with", "prompt", name) if name else translation_prompt()
        face: object = kind(**given, **self._settings(f"{where}, with", kind, settings, given))
        return face

    def _glossary(self, where: str, name: object) -> Glossary:
        try:
            return glossary_of(str(name), self._file(where, "glossary", name))
        except ValueError as error:
            raise PipelineError(f"{self.path.name}, {where}: glossary = {name!r}: {error}") from error

    def _memory(self, where: str, name: object) -> Memory:
        path = self.path.parent / str(name)
        try:
            return memory_of(path.stem, path.read_bytes())
        except (OSError, ValueError) as error:
            raise PipelineError(f"{self.path.name}, {where}: memory = {name!r} cannot be read ({error})") from error

    def _registers(self, where: str, levels: object) -> Registers:
        """One level for all fields, or a table by field."""
        if isinstance(levels, dict):
            return Registers(**self._settings(f"{where}, register", Registers, levels))
        if levels not in (known := get_args(Register)):
            raise PipelineError(
                f'{self.path.name}, {where}: setting "register": one of {", ".join(known)}, or a table by field, '
                f"not {levels!r}"
            )
        return Registers(**dict.fromkeys((f.name for f in fields(Registers)), levels))  # type: ignore[arg-type]

    def _rule(self, where: str, entry: object) -> Rule:
        table = {"use": entry} if isinstance(entry, str) else dict(entry) if isinstance(entry, dict) else {}
        use = str(table.pop("use", ""))
        if use not in RULES:
            raise PipelineError(f'{self.path.name}, {where}: no rule "{use}"{did_you_mean(use, RULES)}')
        rule = RULES[use](**self._settings(f"{where}, rule {use}", RULES[use], table))
        if rule.severity == "fix" and not isinstance(rule, Fix):
            raise PipelineError(
                f'{self.path.name}, {where}, rule {use}: it cannot mend. Set "drop", "review" or "info"'
            )
        return rule

    def _against(self, where: str, names: object) -> tuple[Published, ...]:
        """The builds that `against` names, not loaded yet."""
        if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
            raise PipelineError(f'{self.path.name}, {where}: setting "against": a list of builds is needed')
        if self.path.stem in names:
            raise PipelineError(
                f'{self.path.name}, {where}: setting "against": its own builds hold a twin of every record'
            )
        return tuple(map(Published, dict.fromkeys(names)))

    def _benchmarks(self, where: str, entries: object) -> tuple[Benchmark, ...]:
        """What `benchmarks` names, not loaded yet; paths are relative to the file."""
        try:
            found = wanted(entries)
        except PipelineError as error:
            raise PipelineError(f'{self.path.name}, {where}: setting "benchmarks": {error}') from error
        return tuple(
            replace(b, origin=replace(b.origin, path=str(self.path.parent / Path(b.origin.path).expanduser())))
            if b.origin.path
            else b
            for b in found
        )

    def _settings(
        self, where: str, kind: type, table: Mapping[str, Any], given: Mapping[str, object] | None = None
    ) -> dict[str, Any]:
        """The table's values as the fields of a dataclass, converted to their types; none unknown, none missing."""
        from pydantic import TypeAdapter, ValidationError

        own = {f.name: f for f in fields(kind) if f.name not in (given or {})}
        self._known(where, table, own)
        for name, f in own.items():
            if name not in table and f.default is MISSING and f.default_factory is MISSING:
                raise PipelineError(f'{self.path.name}, {where}: setting "{name}" is missing')
        hints, settings = get_type_hints(kind, include_extras=True), {}
        for name, value in table.items():
            try:
                settings[name] = TypeAdapter(hints[name]).validate_json(orjson.dumps(value), strict=True)
            except ValidationError as error:
                what = error.errors()[0]["msg"]
                raise PipelineError(f'{self.path.name}, {where}: setting "{name}": {what}, not {value!r}') from error
        columns = settings.get("columns", ())
        for column in columns if isinstance(columns, tuple) else ():
            if column not in COLUMNS:
                raise PipelineError(f'{self.path.name}, {where}: no column "{column}"{did_you_mean(column, COLUMNS)}')
        return settings

    def _known(self, where: str, table: Mapping[str, object], known: Iterable[str]) -> None:
        names = list(known)
        for key in table:
            if key not in names:
                raise PipelineError(f'{self.path.name}, {where}: no setting "{key}"{did_you_mean(key, names)}')

    def _file(self, where: str, key: str, name: object) -> str:
        try:
            return (self.path.parent / str(name)).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise PipelineError(f"{self.path.name}, {where}: {key} = {name!r} cannot be read ({error})") from error

    def _corrections(self, where: str, name: object) -> str:
        """The text of the file; of the one that is looked for where none is named, nothing if it is not there."""
        is_there = name is not None or (self.path.parent / _CORRECTIONS).exists()
        return self._file(where, "file", _CORRECTIONS if name is None else name) if is_there else ""

    def _imported(self, where: str, use: str) -> type[Stage]:
        module, _, name = use.partition(":")
        if (here := str(self.path.parent.absolute())) not in sys.path:
            sys.path.append(here)  # a stage of one's own stands beside its pipeline file
        try:
            found = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError, ValueError) as error:
            raise PipelineError(f'{self.path.name}, {where}: "{use}" cannot be imported ({error})') from error
        if not hasattr(found, "version"):
            raise PipelineError(f'{self.path.name}, {where}: "{use}" has no `version: ClassVar[int]`')
        if not any(hasattr(found, method) for method in ("run", "story", "decide")):
            raise PipelineError(f'{self.path.name}, {where}: "{use}" is no stage: it has neither run, story nor decide')
        if not is_dataclass(found):
            raise PipelineError(f'{self.path.name}, {where}: "{use}" is no stage: it is no dataclass')
        stage: type[Stage] = found  # type: ignore[assignment]
        return stage


def _settable(kind: type[Stage]) -> list[str]:
    """The keys that may stand in the table of a stage."""
    own = {f.name for f in fields(kind)} | {"use", "name"}  # type: ignore[arg-type]
    if kind in FACES:
        own = own - {"by"} | {"with"}
    return sorted(own - {"schema"} if kind is Validate else own)


def _toml_value(text: str) -> object:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text  # a bare word is a string


def kind_of(stage: Stage) -> str:
    """`frame`, `record` or `corpus`."""
    for kind, name in ((FrameStage, "frame"), (RecordStage, "record"), (CorpusStage, "corpus")):
        if isinstance(stage, kind):
            return name
    raise PipelineError(f"{type(stage).__name__} is no stage: it has neither run, story nor decide")
