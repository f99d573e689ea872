"""What people have in memory, as items: a polars or pandas frame, a `datasets.Dataset`, or a list of dicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import polars as pl

from kodata.corpus import COLUMNS
from kodata.errors import SourceError
from kodata.sources.opening.items import Item, Opened

if TYPE_CHECKING:
    import datasets
    import pandas as pd

Data: TypeAlias = "pl.DataFrame | pd.DataFrame | datasets.Dataset | Sequence[Mapping[str, object]]"


def corpus_in(data: Data) -> pl.DataFrame | None:
    """The data with `corpus.COLUMNS`, and where its items stood if it says so; None when it is no corpus."""
    names: Iterable[object] = getattr(data, "column_names", ()) or getattr(data, "columns", ())
    if not set(COLUMNS) <= set(names):
        return None
    frame = _polars(data)
    return frame.select(*COLUMNS, *({"source_file", "source_row"} & set(frame.columns))).cast(COLUMNS)  # type: ignore[arg-type]


def open_data(data: Data) -> Opened:
    """The rows of the data as items. Raises SourceError for what is none of the four."""
    rows = _rows(data)
    items = (Item("data", n, "row", dict(row) if isinstance(row, Mapping) else row) for n, row in enumerate(rows, 1))
    return Opened(items, "data")


def _polars(data: Data) -> pl.DataFrame:
    if isinstance(data, pl.DataFrame):
        return data
    if hasattr(data, "iterrows"):
        return pl.from_pandas(data)
    frame = data.to_polars()  # type: ignore[union-attr]
    assert isinstance(frame, pl.DataFrame)
    return frame


def _rows(data: Data) -> Sequence[object]:
    """One object a row. A pandas frame and a Dataset are known by their methods: neither library is imported here."""
    if isinstance(data, pl.DataFrame):
        return data.to_dicts()
    if isinstance(data, Sequence) and not isinstance(data, str):
        return data
    for known_by, method, how in (("iterrows", "to_dict", ("records",)), ("column_names", "to_list", ())):
        if hasattr(data, known_by) and hasattr(data, method):
            return list(getattr(data, method)(*how))
    raise SourceError(
        f"{type(data).__name__} is not read. Give a polars or pandas frame, a datasets.Dataset or a list of dicts"
    )
