"""What a corpus rests on, part by part, so that a change can be named: sources, settings, prompts, answers."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from importlib.metadata import version

from kodata.asks import canonical
from kodata.building import Run, ledger_of
from kodata.exports.text import template_text
from kodata.sources.opening import state_of
from kodata.stages import identity


def seen_of(run: Run) -> dict[str, str]:
    """Each part by a name for people, and what stays the same as long as it does. A price is no part.

    Raises SourceError when a source is missing.
    """
    pipeline = run.pipeline
    parts = {f"source {source.name}": state_of(source, run.env.get("HF_TOKEN")) for source in run.sources}
    for step in pipeline.steps:
        parts |= {f"stage {step.name}{name}": digest for name, digest in _settings(identity(step.stage))}
    for form in pipeline.publish:
        parts |= {f"export {form.to}, template": _digest(template_text(form.template))} if form.template else {}
    said = {name: table for name, table in tomllib.loads(pipeline.text).items() if name not in ("about", "notify")}
    parts["pipeline file"] = _digest(canonical(said))
    parts["kodata"] = version("kodata")
    with ledger_of(run, writes=False) as ledger:
        withdrawn = [ledger.withdrawn(name) for name in pipeline.providers]
        parts["answers that were rejected or redacted"] = "".join(withdrawn)
    return parts


def changed(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """The parts that are not as they were, those that are gone or new among them."""
    parts = [name for name in {**now, **before} if before.get(name) != now.get(name)]
    named = [name for name in parts if name != "pipeline file"]
    return named or parts  # a setting that is named says more than the file that it stands in


def _settings(stage: object) -> Iterator[tuple[str, str]]:
    """The settings of a stage: what it reads (a prompt, a glossary, rules) is among them by its content."""
    settings = stage if isinstance(stage, dict) else {"": stage}
    for name, value in settings.items():
        yield f", {name}" if name not in ("use", "version") else f" ({name})", _digest(canonical(value))


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=8).hexdigest()
