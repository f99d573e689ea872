"""What is to be audited, as one frame: a file or folder, a data set on the hub, a build, or what is in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path

import polars as pl

from kodata.corpus import COLUMNS
from kodata.errors import BuildError, PipelineError, SourceError, did_you_mean
from kodata.published import build_at, find_build
from kodata.sources import Source, read
from kodata.sources.memory import Data, corpus_in, open_data
from kodata.sources.opening import Opened, open_source
from kodata.sources.sniffing import LOOKED_AT, Layout, Way, chosen, layout_of
from kodata.sources.source import is_on_hub, source_at

_BESIDE = ("instruction", "input", "output")  # may have its English beside it


@dataclass(frozen=True)
class Wanted:
    """How to read what is audited. `use` and `fields` are as in a pipeline file; without them the layout tells.

    `english` says where the English of a field stands: `{"instruction": "en.instruction"}`. Without it the fields
    `instruction_source`, `input_source` and `output_source` hold it, as in what kodata publishes.
    """

    use: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    english: Mapping[str, str] = field(default_factory=dict)
    licence: str = "unknown"
    config: str = ""
    split: str = "train"
    revision: str = ""
    limit: int | None = None


@dataclass(frozen=True)
class Taken:
    """A corpus in the order of its file: `corpus.COLUMNS`, source_file, source_row; and why items could not be read."""

    corpus: pl.DataFrame
    origin: str
    unreadable: Mapping[str, int]


def taken(what: str | Path | Data, wanted: Wanted, builds: Path, token: str | None = None) -> Taken:
    """The corpus at a path, at `hf://OWNER/NAME`, in a build of that name or folder, or in memory.

    Raises SourceError when there is none, PipelineError when it is in no format that is known or in several, or has no
    such field or English.
    """
    if wrong := [name for name in wanted.english if name not in _BESIDE]:
        raise PipelineError(f'English stands beside {", ".join(_BESIDE)}, not beside "{wrong[0]}"')
    if not isinstance(what, str | Path):
        corpus = corpus_in(what)
        return _of_items(open_data(what), Source(""), wanted) if corpus is None else _of_corpus(corpus, "data")
    where = str(what)
    path = Path(where).expanduser()
    if is_on_hub(where) or (path.exists() and build_at(path) is None):
        source = source_at(where, wanted.config, wanted.split, wanted.revision)
        return _of_items(open_source(source, token, whole=wanted.limit is None), source, wanted)
    try:
        return _of_corpus(find_build(where, builds).corpus, where)
    except BuildError as error:
        raise SourceError(f'"{where}" is no file, no folder and no build. {error}') from error


def _of_corpus(corpus: pl.DataFrame, origin: str) -> Taken:
    if "source_row" not in corpus.columns:
        row = pl.col("id").rle_id().cast(pl.Int64) + 1
        corpus = corpus.with_columns(source_file=pl.lit(origin), source_row=row)
    return Taken(corpus.select(*COLUMNS, "source_file", "source_row"), origin, {})


def _of_items(opened: Opened, source: Source, wanted: Wanted) -> Taken:
    head = list(islice(opened.items, LOOKED_AT))
    objects = [item.decoded for item in head if isinstance(item.decoded, dict)]
    layout = layout_of(objects)
    way = chosen(layout, wanted.use, wanted.fields) if head else Way("alpaca", {})
    if way is None and not objects:
        why = head[0].error or "it is no object with fields"
        raise SourceError(
            f"{opened.origin} has no item that can be read; of the first ({head[0].unit} {head[0].row}), {why}"
        )
    if way is None:
        raise PipelineError(f"{opened.origin} {_choice(layout)}")
    source = replace(source, use=way.use, name=source.name or way.use, fields=way.fields, licence=wanted.licence)
    reading = read(source, replace(opened, items=chain(head, opened.items)), wanted.limit)
    if head and not reading.records.records:
        why = ", ".join(f"{reason} {count:,}" for reason, count in reading.reasons.items())
        raise SourceError(
            f"{opened.origin}: none of its items ({len(reading.rows):,}) is a record of the format {way.use}: {why}"
        )
    corpus = _with_english(reading.frame, wanted.english)
    if lost := [place for name, place in wanted.english.items() if not corpus[f"{name}_source"].count()]:
        near = did_you_mean(lost[0], {field.path for field in layout.fields} - {*lost, *way.fields.values()})
        raise PipelineError(f'no record has "{lost[0]}" beside its texts{near}')
    placed = corpus.join(reading.rows, on="id", how="left", maintain_order="left")
    return Taken(placed, opened.origin, reading.reasons)


def _choice(layout: Layout) -> str:
    """What to say where nothing fits, or several formats do."""
    if layout.is_known:
        return f"fits several formats. Say which: --use {' or '.join(way.use for way in layout.ways)}"
    ways = [" ".join(f"--map {name}={place}" for name, place in way.fields.items()) for way in layout.ways]
    names = ", ".join(field.path for field in layout.fields[:10])
    suggested = f": {' or '.join(ways)}" if ways else ", such as --map instruction=FIELD --map output=FIELD"
    return f"is in no format that is known; it has the fields {names}. Say which are which{suggested}"


def _with_english(frame: pl.DataFrame, english: Mapping[str, str]) -> pl.DataFrame:
    """The English of each turn, from where it stands among the extra fields, in the columns of source texts."""
    places = english or {name: f"{name}_source" for name in _BESIDE}
    beside = {f"{name}_source": pl.col("extra").str.json_path_match(_json_path(p)) for name, p in places.items()}
    with_it = frame.with_columns(**beside)
    lang = pl.when(pl.col("instruction_source").is_not_null()).then(pl.lit("en")).otherwise("lang")
    return with_it.with_columns(lang=lang)


def _json_path(place: str) -> str:
    """`en.0.text` as `$.en[0].text`."""
    return "$" + "".join(f"[{part}]" if part.isdigit() else f"['{part}']" for part in place.split("."))
