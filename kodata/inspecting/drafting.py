"""A pipeline file for a source that nobody has built from yet: the shipped one of its format, with the source in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from kodata.errors import PipelineError
from kodata.pipeline import load_pipeline, shipped, shipped_pipelines
from kodata.pipeline.toml import toml_of
from kodata.sources import Source

_LIKE = {"messages": "sharegpt"}  # formats that are built as another is
_BESIDE = re.compile(r'"((?:prompts|glossaries|templates)/[\w.-]+)"')  # files that a pipeline names
_NAME = re.compile(r"\w[\w.-]*")


def template_of(use: str) -> str:
    """The name of the shipped pipeline that is the model for sources of that format."""
    names = (f"{use}-ko", f"{_LIKE.get(use, use)}-ko")
    return next((name for name in names if name in shipped_pipelines()), "alpaca-ko")


def draft(name: str, source: Source) -> str:
    """The text of a pipeline file that builds from the source; comments say what may be changed."""
    model = template_of(source.use)
    text = shipped("pipelines", f"{model}.toml").read_text(encoding="utf-8")
    body = text[re.search(r"(?m)^(?=\[)", text).start() :]  # type: ignore[union-attr]
    block = "\n".join([*_source(name, source), "", ""])
    return "\n".join(
        [
            f"# Stages as in {model}. See what a build would ask and cost: kodata plan {name}.toml --limit 200",
            f"about = {toml_of(f'{name} in Korean')}",
            "",
            re.sub(r"(?ms)^\[\[source\]\]\n.*?(?=^\[|^# --)", lambda _: block, body, count=1),
        ]
    )


def _source(name: str, source: Source) -> Iterator[str]:
    yield "[[source]]"
    yield f"use = {toml_of(source.use)}"
    yield f"name = {toml_of(name)} # the ids of records begin with it"
    for key in ("path", "hub", "config", "revision"):
        if value := getattr(source, key):
            yield f"{key} = {toml_of(value)}"
    if source.hub and source.split != "train":
        yield f"split = {toml_of(source.split)}"
    licence = (
        "# what the card of the data set says" if source.licence != "unknown" else "# say it: every record bears it"
    )
    yield f"licence = {toml_of(str(source.licence))} {licence}"
    if source.fields:
        pairs = ", ".join(f"{key} = {toml_of(value)}" for key, value in source.fields.items())
        yield f"fields = {{ {pairs} }} # where the source has what {source.use} calls so"
    if not load_pipeline(template_of(source.use)).sources[0].publish_source:
        yield "publish_source = false # what people wrote is the seed of new texts and is not published"
    yield '# lang = "ko" # for a source that is Korean already: it is not translated'


def write_draft(name: str, source: Source, folder: Path) -> list[Path]:
    """Write NAME.toml and the prompts it names into the folder; the files written.

    Raises PipelineError when one is there already with other content: nothing is overwritten.
    """
    if not _NAME.fullmatch(name):
        raise PipelineError(f'"{name}" is no name for a pipeline: letters, digits, - and _')
    text = draft(name, source)
    files = {folder / f"{name}.toml": text.encode()}
    for beside in dict.fromkeys(_BESIDE.findall(text)):
        files[folder / beside] = shipped("pipelines", *beside.split("/")).read_bytes()
    for path, content in files.items():
        if path.exists() and (path.suffix == ".toml" or path.read_bytes() != content):
            raise PipelineError(f"{path} is there already and is not overwritten. Take another name, or move it away")
    for path, content in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return list(files)
