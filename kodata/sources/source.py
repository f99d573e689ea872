"""Where records come from, as a pipeline file says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Source:
    """One `[[source]]` of a pipeline file: a format, where it is, and under what licence.

    Exactly one of `path` (a local file or folder) and `hub` (a data set on the Hugging Face hub, at `revision`) is set.
    `lang` declares the language of all records; without it that is decided record by record.
    """

    use: str
    name: str = ""
    path: str = ""
    hub: str = ""
    config: str = ""
    revision: str = ""
    split: str = "train"
    licence: str = "unknown"
    lang: Literal["", "en", "ko"] = ""
