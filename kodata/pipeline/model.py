"""What a pipeline file says, read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Gt

from kodata.asks import Translator, Writer, canonical
from kodata.corpus import Share
from kodata.errors import PipelineError
from kodata.gates import Gates
from kodata.glossary import Glossary
from kodata.licences import Use
from kodata.providers.servers import Server
from kodata.sources import Source
from kodata.splits import HoldOut
from kodata.stages import CorpusStage, FrameStage, RecordStage, Stage, identity


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
class Notify:
    """`[notify]`: whom a refresh tells, and of what.

    `webhook_env` names the variable that holds the URL, which is a secret; `style` is Slack's message or a plain JSON
    object.
    """

    webhook_env: str
    style: Literal["slack", "json"] = "slack"
    on: tuple[Literal["changed", "held", "failed"], ...] = ("changed", "held", "failed")


@dataclass(frozen=True)
class Publish:
    """One `[[publish]]`: a form of `kodata export` that every build gets, in its folder `exports/`.

    `template` is for the form `text`; `use` keeps the records whose licence allows that.
    """

    to: str
    template: str = ""
    use: Use = "any"


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
    gates: Gates = field(default_factory=Gates)
    notify: Notify | None = None
    split: HoldOut | None = None
    servers: Mapping[str, Server] = field(default_factory=dict)  # `[providers.NAME]`
    files: Mapping[str, str] = field(default_factory=dict)  # texts that it names: prompts, glossaries, corrections

    @property
    def identity(self) -> str:
        """Canonical JSON of everything that can change a row."""
        steps = [[step.name, identity(step.stage)] for step in self.steps]
        split = {"split": identity(self.split)} if self.split else {}
        return canonical({"sources": [identity(source) for source in self.sources], "steps": steps, **split})

    @property
    def providers(self) -> tuple[str, ...]:
        """The names of the providers that its stages ask, in order of first use."""
        return tuple(dict.fromkeys(step.face.provider for step in self.steps if step.face is not None))

    @property
    def glossaries(self) -> dict[str, Glossary]:
        """The glossaries that its stages translate with, by digest."""
        found = [getattr(step.face, "glossary", None) for step in self.steps]
        return {glossary.digest: glossary for glossary in found if glossary is not None}


def kind_of(stage: Stage) -> str:
    """`frame`, `record` or `corpus`."""
    for kind, name in ((FrameStage, "frame"), (RecordStage, "record"), (CorpusStage, "corpus")):
        if isinstance(stage, kind):
            return name
    raise PipelineError(f"{type(stage).__name__} is no stage: it has neither run, story nor decide")
