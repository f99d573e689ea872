"""Values as they stand in a pipeline file."""

from __future__ import annotations

import json
from collections.abc import Mapping


def toml_of(value: object) -> str:
    """The value as TOML on one line."""
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{json.dumps(key)} = {toml_of(inner)}' for key, inner in value.items())} }}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(toml_of, value))}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
