"""Where records come from, as a pipeline file says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from kodata.licences import UNKNOWN

_HUB = "hf://"


@dataclass(frozen=True)
class LicenceColumn:
    """The licence of each record by what stands in a column of its item: `map` has a licence for each value.

    `column` is a field, or a path such as `meta.source`. A value that the map has not is under an unknown licence.
    """

    column: str
    map: Mapping[str, str]

    def __str__(self) -> str:
        return f"by column {self.column}"


@dataclass(frozen=True)
class Source:
    """One `[[source]]` of a pipeline file: a format, where it is, and under what licence.

    It is at `path` (a local file or folder) or on the Hugging Face `hub`, at `revision`; when neither is set, it is for
    whoever builds to bring. `lang` declares the language of all records; without it that is decided record by record.
    `fields` says where an unknown layout has what the format knows: `{"instruction": "question"}`; see
    `mapping.mapped`. Without `publish_source` nothing that the source says itself is in a published file: see
    `stages.withhold`.
    """

    use: str
    name: str = ""
    path: str = ""
    hub: str = ""
    config: str = ""
    revision: str = ""
    split: str = "train"
    licence: str | LicenceColumn = UNKNOWN
    lang: Literal["", "en", "ko"] = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    publish_source: bool = True


def is_on_hub(where: str) -> bool:
    """Whether that is a data set on the Hugging Face hub, `hf://owner/name`."""
    return where.startswith(_HUB)


def source_at(where: str, config: str = "", split: str = "train", revision: str = "") -> Source:
    """The source at a path, or on the hub at `hf://owner/name`; how it is read is not said yet."""
    if is_on_hub(where):
        return Source("", hub=where.removeprefix(_HUB).strip("/"), config=config, split=split, revision=revision)
    return Source("", path=where)
