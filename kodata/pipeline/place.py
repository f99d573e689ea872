"""A place in a pipeline file, for settings and for messages about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, get_type_hints

import orjson

from kodata.corpus import COLUMNS
from kodata.errors import PipelineError, did_you_mean


@dataclass(frozen=True)
class Place:
    """The file and where in it something stands; every message begins with both."""

    path: Path
    where: str = ""
    texts: dict[str, str] = field(default_factory=dict, compare=False)  # read so far, by the names in the file

    def within(self, where: str) -> Place:
        """A place inside this one."""
        return replace(self, where=f"{self.where}, {where}" if self.where else where)

    def error(self, what: str) -> PipelineError:
        return PipelineError(f"{self.path.name}, {self.where}: {what}" if self.where else f"{self.path.name}: {what}")

    def known(self, table: Mapping[str, object], known: Iterable[str]) -> None:
        """Raises PipelineError for a key that is not known, with the nearest that is."""
        names = list(known)
        for key in table:
            if key not in names:
                raise self.error(f'no setting "{key}"{did_you_mean(key, names)}')

    def settings(self, kind: type, table: Mapping[str, Any], given: Iterable[str] = ()) -> dict[str, Any]:
        """The table's values as the fields of a dataclass, converted to their types; none unknown, none missing."""
        from pydantic import TypeAdapter, ValidationError

        own = {f.name: f for f in fields(kind) if f.name not in given}
        self.known(table, own)
        for name, f in own.items():
            if name not in table and f.default is MISSING and f.default_factory is MISSING:
                raise self.error(f'setting "{name}" is missing')
        hints, settings = get_type_hints(kind, include_extras=True), {}
        for name, value in table.items():
            try:
                settings[name] = TypeAdapter(hints[name]).validate_json(orjson.dumps(value), strict=True)
            except ValidationError as error:
                raise self.error(f'setting "{name}": {error.errors()[0]["msg"]}, not {value!r}') from error
        columns = settings.get("columns", ())
        for column in columns if isinstance(columns, tuple) else ():
            if column not in COLUMNS:
                raise self.error(f'no column "{column}"{did_you_mean(column, COLUMNS)}')
        return settings

    def beside(self, name: object) -> Path:
        """A path as the file names it, relative to the file."""
        return self.path.parent / Path(str(name)).expanduser()

    def text(self, key: str, name: object) -> str:
        """The text of a file that a setting names."""
        try:
            text = self.beside(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise self.error(f"{key} = {name!r} cannot be read ({error})") from error
        self.texts[str(name)] = text
        return text
