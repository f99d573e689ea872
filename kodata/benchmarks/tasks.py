"""Task files of lm-evaluation-harness: where the documents are, and what a task asks of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from kodata.errors import SourceError
from kodata.leaks.benchmark import Origin

if TYPE_CHECKING:
    from jinja2 import Template

_FILES = ("json", "csv", "parquet")  # `dataset_path` of local files, whose names are in `dataset_kwargs`


@dataclass(frozen=True)
class Task:
    """`query` is a column or a Jinja template over the columns, as the harness has it."""

    origin: Origin
    query: str

    def asked(self, row: Mapping[str, object]) -> Sequence[str]:
        """What the task asks of a document. Raises SourceError when the template does not fit it."""
        from jinja2 import TemplateError

        if self.query in row:
            return [str(row[self.query])]
        try:
            return [self._template.render(row)]
        except TemplateError as error:
            raise SourceError(f"what the task asks cannot be written: {error}") from error

    @cached_property
    def _template(self) -> Template:
        from jinja2 import StrictUndefined
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        # Sandboxed: task files are passed around as data sets are.
        return ImmutableSandboxedEnvironment(undefined=StrictUndefined).from_string(self.query)


def read_task(path: Path) -> Task:
    """The task in a YAML file, with what it includes.

    Raises SourceError when it cannot be read, is no task, or asks by a Python function.
    """
    task = _merged(path, ())
    query = task.get("doc_to_decontamination_query") or task.get("doc_to_text")
    dataset = task.get("dataset_path")
    if not isinstance(dataset, str):
        raise SourceError(f"{path} is no task of lm-evaluation-harness: it has no dataset_path")
    if not isinstance(query, str) or query.startswith("!function"):
        raise SourceError(f"{path} asks by a Python function. Name the columns that make up an item with `text`")
    split = str(task.get("test_split") or task.get("validation_split") or task.get("training_split") or "test")
    if dataset not in _FILES:
        name = str(task.get("dataset_name") or "")
        return Task(Origin(hub=dataset, config=name, split=split), query)
    kwargs = task.get("dataset_kwargs")
    files = kwargs.get("data_files") if isinstance(kwargs, Mapping) else None
    file = files.get(split) if isinstance(files, Mapping) else files
    if not isinstance(file, str):
        raise SourceError(f"{path} names no data file for the split {split}")
    return Task(Origin(path=str(path.parent / file), split=split), query)


def _merged(path: Path, including: tuple[Path, ...]) -> dict[str, object]:
    """The keys of a task file, over those of the file that it includes."""
    import yaml

    class Loader(yaml.SafeLoader):
        """Knows `!function`, without calling it."""

    Loader.add_constructor("!function", lambda _, node: f"!function {node.value}")
    if path in including:
        raise SourceError(f"{path} includes itself")
    try:
        task = yaml.load(path.read_text(encoding="utf-8"), Loader)  # a SafeLoader
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SourceError(f"{path} cannot be read as YAML: {error}") from error
    if not isinstance(task, dict):
        raise SourceError(f"{path} is no task of lm-evaluation-harness")
    included = task.pop("include", None)
    return _merged(path.parent / str(included), (*including, path)) | task if included else task
