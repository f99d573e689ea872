"""What comes with kodata beside its code: pipelines, prompts, schemas, samples."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import orjson

_PACKAGE = Path(__file__).parents[1]


def shipped(*parts: str) -> Path:
    """A file or folder that comes with kodata: in the installed package, or in a checkout (editable installs)."""
    inside = _PACKAGE.joinpath("shipped", *parts)
    return inside if inside.exists() else _PACKAGE.parent.joinpath(*parts)


def shipped_pipelines() -> list[str]:
    """The names of the pipelines that come with kodata, sorted."""
    return sorted(path.stem for path in shipped("pipelines").glob("*.toml"))


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
