"""The items of a benchmark, or why there are none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeAlias

from kodata.benchmarks.tasks import read_task
from kodata.errors import SourceError
from kodata.leaks.benchmark import Benchmark, Origin
from kodata.sources import Source
from kodata.sources.opening import Item, open_source
from kodata.sources.raw import Unreadable

Asked: TypeAlias = Callable[[Mapping[str, object]], Sequence[str]]  # what an item asks, one text or several

_TASK_FILES = (".yaml", ".yml")
# Columns that hold what is asked, in files that do not say: the first of these whose first column an item has.
_USUAL = (
    ("instruction", "input"), ("paragraph", "question", "choices"), ("question", "choices", "A", "B", "C", "D", "E"),
    ("prompt",), ("query",), ("questions",), ("context",), ("sentence",), ("premise", "hypothesis"), ("text",),
)  # fmt: skip


@dataclass(frozen=True)
class Loaded:
    """The benchmarks that could be loaded, and why the others could not, by name."""

    benchmarks: tuple[Benchmark, ...]
    missing: Mapping[str, str]


def load_benchmarks(wanted: Iterable[Benchmark], token: str | None = None) -> Loaded:
    """Every benchmark that can be loaded; `token` opens what is private on the hub."""
    loaded, missing = [], {}
    for benchmark in wanted:
        try:
            loaded.append(load_benchmark(benchmark, token))
        except SourceError as error:
            missing[benchmark.name] = str(error)
    return Loaded(tuple(loaded), missing)


def load_benchmark(benchmark: Benchmark, token: str | None = None) -> Benchmark:
    """The benchmark with its items; itself when it has them.

    Raises SourceError, naming the benchmark, when it cannot be loaded or has not the columns that are wanted.
    """
    if benchmark.digest:
        return benchmark
    origin = benchmark.origin
    asked: Asked = partial(_in_columns, origin)
    try:
        if origin.path.endswith(_TASK_FILES):
            task = read_task(Path(origin.path).expanduser())
            origin, asked = task.origin, asked if origin.text else task.asked
        return benchmark.loaded(_items(origin, asked, token))
    except (SourceError, Unreadable) as error:
        raise SourceError(f"benchmark {benchmark.name}: {error}") from error


def _items(origin: Origin, asked: Asked, token: str | None) -> Iterator[tuple[str, str]]:
    """Names and texts. An item is called by its number, behind its configuration where there are several."""
    for config in _configs(origin, token):
        prefix = f"{config}/" if origin.config == "*" else ""
        for item in _rows(replace(origin, config=config), token):
            try:
                texts = asked(item.value())
            except SourceError as error:
                raise SourceError(f"{item.file}, {item.unit} {item.row}: {error}") from error
            for n, text in enumerate(texts, 1):
                yield f"{prefix}{item.row}" + (f".{n}" if len(texts) > 1 else ""), text


def _rows(origin: Origin, token: str | None) -> Iterator[Item]:
    hub = "" if origin.path else origin.hub
    source = Source("", "", origin.path, hub, origin.config, origin.revision, origin.split)
    return open_source(source, token).items


def _configs(origin: Origin, token: str | None) -> list[str]:
    """The configurations of a data set on the hub that are wanted."""
    if origin.config != "*" or not origin.hub:
        return [origin.config]
    from datasets import get_dataset_config_names
    from datasets.exceptions import DatasetsError
    from huggingface_hub.errors import HfHubHTTPError

    try:
        return sorted(get_dataset_config_names(origin.hub, revision=origin.revision or None, token=token))
    except (OSError, ValueError, DatasetsError, HfHubHTTPError) as error:
        raise SourceError(
            f"{origin.hub} cannot be loaded from the hub ({type(error).__name__}). Check the name and the network"
        ) from error


def _in_columns(origin: Origin, row: Mapping[str, object]) -> list[str]:
    """What is asked in the columns of an item: one text, or with `each` one for every entry of its lists."""
    names = origin.text or next((group for group in _USUAL if group[0] in row), ())
    values = [value for name in names if (value := row.get(name)) is not None]
    if not values:
        wanted = ", ".join(origin.text) or "question, prompt, instruction or the like; name one with `text`"
        raise SourceError(f"has the columns {', '.join(row)}, but no {wanted}")
    if origin.each:
        return [str(entry) for value in values for entry in (value if isinstance(value, list) else [value])]
    return ["\n".join("\n".join(map(str, value)) if isinstance(value, list) else str(value) for value in values)]
