"""Who a stage asks: `with = { use = ... }`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Any

from kodata.errors import did_you_mean
from kodata.glossary import Glossary, glossary_of
from kodata.pipeline.endpoints import endpoint
from kodata.pipeline.place import Place
from kodata.pipeline.shipped import shipped
from kodata.providers.deepl import DeepLTranslator
from kodata.providers.echo import EchoFace
from kodata.providers.openai import OpenAIWriter
from kodata.providers.openai_translator import OpenAITranslator
from kodata.providers.servers import Server
from kodata.stages import Stage
from kodata.stages.compose import Compose
from kodata.stages.regenerate import Regenerate
from kodata.stages.translate import Translate

FACES: dict[type[Stage], dict[str, type]] = {
    Translate: {"deepl": DeepLTranslator, "openai": OpenAITranslator, "echo": EchoFace},
    Regenerate: {"openai": OpenAIWriter, "echo": EchoFace},
    Compose: {"openai": OpenAIWriter, "echo": EchoFace},
}


@cache
def translation_prompt() -> str:
    """The system message that a model is asked with to translate, where the pipeline file names no other."""
    return shipped("pipelines", "prompts", "translate-ko.md").read_text(encoding="utf-8")


def face_of(
    place: Place, stage: type[Stage], table: object, servers: Mapping[str, Server], env: Mapping[str, str]
) -> object:
    """The face that the table of this stage names; a server of one's own has the faces of `openai`."""
    faces = FACES[stage]
    known = {**faces, **(dict.fromkeys(servers, faces["openai"]) if "openai" in faces else {})}
    use = str(table.get("use", "")) if isinstance(table, dict) else ""
    if not isinstance(table, dict) or use not in known:
        raise place.error(
            "`with = { use = ... }` names who is asked"
            + (f'; no "{use}"{did_you_mean(use, known)}' if use else f": {', '.join(known)}")
        )
    place = place.within("with")
    settings = {key: value for key, value in table.items() if key != "use"}
    given: dict[str, Any] = {"provider": use if use in servers else endpoint(use, env)}
    kind = known[use]
    if "glossary" in settings and any(f.name == "glossary" for f in fields(kind)):
        given["glossary"] = _glossary(place, settings.pop("glossary"))
    if kind is OpenAITranslator:
        name = settings.get("prompt")
        settings["prompt"] = place.text("prompt", name) if name else translation_prompt()
    face: object = kind(**given, **place.settings(kind, settings, given))
    return face


def _glossary(place: Place, name: object) -> Glossary:
    try:
        return glossary_of(str(name), place.text("glossary", name))
    except ValueError as error:
        raise place.error(f"glossary = {name!r}: {error}") from error
