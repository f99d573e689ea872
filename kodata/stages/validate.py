"""Validate: holds every row against the JSON Schemas in `schemas/`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import orjson
import polars as pl

from kodata.corpus import DROPPED_COLUMNS, Split, split_off


@dataclass(frozen=True)
class Validate:
    """Drops a record when a row of it does not fit the schema.

    jsonschema-rs tells which rows do not fit, jsonschema says what does not.
    `schema` is the text of a JSON Schema of one row without its nulls, with references already inlined: a reference
    into a registry costs two thirds of the speed.
    """

    version: ClassVar[int] = 1

    schema: str

    def run(self, frame: pl.DataFrame) -> Split:
        hits = dict(self._errors(frame))
        rows = [(ident, "schema", error) for ident, error in hits.items()]
        return split_off(frame, pl.DataFrame(rows, schema=DROPPED_COLUMNS, orient="row"))

    def _errors(self, frame: pl.DataFrame) -> Iterator[tuple[str, str]]:
        import jsonschema_rs
        from jsonschema import Draft202012Validator
        from jsonschema.exceptions import best_match

        schema = orjson.loads(self.schema)
        gate = jsonschema_rs.Draft202012Validator(schema)  # the same schema, some forty times faster
        judge = Draft202012Validator(schema)
        for row in frame.iter_rows(named=True):
            item = {name: value for name, value in row.items() if value is not None}
            if not gate.is_valid(item) and (error := best_match(judge.iter_errors(item))):
                where = "/".join(str(part) for part in error.absolute_path) or "row"
                yield row["id"], f"{where}: {error.validator} {_short(error.validator_value)}"


def _short(value: object) -> str:
    text = orjson.dumps(value).decode() if isinstance(value, (list, Mapping)) else str(value)
    return text if len(text) <= 80 else text[:77] + "..."
