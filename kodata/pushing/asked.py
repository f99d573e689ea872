"""Which answers of a ledger are of a build: a record may have been asked in other words, or of another model."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from kodata.pipeline import STAGES, translation_prompt


@dataclass(frozen=True)
class Asked:
    """How the stages of a build ask: with these system messages, or longer ones that begin so, these models.

    Without `prompts` a stage of one's own asks, in words that nobody knows here; then every answer may be of the build.
    """

    prompts: tuple[str, ...]
    models: frozenset[str]

    def holds(self, entry: Mapping[str, Any]) -> bool:
        """Whether the question of an export line may be one of the build's."""
        if not self.prompts:
            return True
        if orjson.loads(entry["settings"]).get("model", "") not in {"", *self.models}:
            return False
        if not entry["content"].startswith("[{"):
            return True
        system = [message["content"] for message in orjson.loads(entry["content"]) if message["role"] == "system"]
        return not system or system[0].startswith(self.prompts)


def asked_by(pipeline: Mapping[str, Any]) -> Asked:
    """How the stages of a manifest's `pipeline` ask."""
    stages = tomllib.loads(pipeline["text"])["stage"]
    if any(stage["use"] not in STAGES for stage in stages):
        return Asked((), frozenset())
    faces = [stage["with"] for stage in stages if "with" in stage]
    set_beside = {value.strip('"') for key, value in pipeline["overrides"].items() if key.endswith(".model")}
    prompts = [translation_prompt(), *pipeline["files"].values()]
    models = {str(face["model"]) for face in faces if "model" in face} | set_beside
    return Asked(tuple(prompt.strip() for prompt in prompts), frozenset(models))
