"""What the checks have in common: exported files as rows."""

import json
from pathlib import Path
from typing import Any

TO_TRAIN_ON = ("sample", "talks", "pairs")  # the corpora: of one turn, of several, with answers held out


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The rows of an array or of lines."""
    text = path.read_text(encoding="utf-8")
    return json.loads(text) if path.suffix == ".json" else [json.loads(line) for line in text.split("\n") if line]


def answers_of(messages: list[dict[str, str]]) -> list[str]:
    return [message["content"] for message in messages if message["role"] == "assistant"]
