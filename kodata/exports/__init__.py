"""A corpus in the form that a trainer, an evaluation or a hub reads: one function a format, corpus to files.

Files are streamed and hold no date: equal corpora give equal bytes.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from hashlib import blake2b
from inspect import getdoc
from pathlib import Path

import orjson

from kodata.errors import PipelineError, did_you_mean
from kodata.exports.alpaca import alpaca
from kodata.exports.croissant import croissant
from kodata.exports.hub import hf
from kodata.exports.lm_eval import lm_eval
from kodata.exports.messages import messages, openai, preference, prompt_completion
from kodata.exports.opened import Corpus, Files
from kodata.exports.possible import why_not
from kodata.exports.sharegpt import sharegpt
from kodata.exports.text import template_text, text
from kodata.exports.trainers import axolotl, llamafactory, trl
from kodata.pipeline import Pipeline
from kodata.published import Build

EXPORTS: dict[str, Callable[[Corpus], Files]] = {
    "alpaca": alpaca,
    "messages": messages,
    "prompt-completion": prompt_completion,
    "preference": preference,
    "sharegpt": sharegpt,
    "llamafactory": llamafactory,
    "axolotl": axolotl,
    "trl": trl,
    "openai": openai,
    "hf": hf,
    "croissant": croissant,
    "lm-eval": lm_eval,
    "text": text,
}
RECEIPT = "export.json"


def named(to: str) -> str:
    """The form of that name, whatever its case and hyphens: `LLaMA-Factory` is `llamafactory`.

    Raises PipelineError naming the nearest there is.
    """
    plain = {name.replace("-", ""): name for name in EXPORTS}
    found = plain.get(to.lower().replace("-", "").replace("_", ""))
    if found is None:
        raise PipelineError(f'no export "{to}"{did_you_mean(to, EXPORTS)}')
    return found


def about(name: str) -> str:
    """What the files of a form hold, in a line."""
    return (getdoc(EXPORTS[name]) or "").splitlines()[0]


def refuse_impossible(pipeline: Pipeline) -> None:
    """Raises PipelineError naming the first `[[publish]]` that no build of the pipeline can have, and why."""
    for n, form in enumerate(pipeline.publish, 1):
        if form.to not in EXPORTS:
            raise PipelineError(
                f'{pipeline.name}, [[publish]] {n}: no export "{form.to}"{did_you_mean(form.to, EXPORTS)}'
            )
        if why := why_not(pipeline, form):
            raise PipelineError(f"{pipeline.name}, [[publish]] {n}: {why}")


def export(build: Build, to: str, folder: Path, template: str = "") -> list[Path]:
    """Write the corpus in that form into the folder; the files written, `export.json` with their hashes last.

    The folder must be new, empty, or hold an earlier export, which is replaced. Raises PipelineError on an unknown
    form or template, or a folder with other files in it, and BuildError where the corpus cannot be put in the form.
    """
    to = named(to)
    _may_replace(folder)
    corpus = Corpus(build, template_text(template))
    beside = folder.with_name(f".{folder.name}.unfinished")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    try:
        hashes = {name: _write(beside / name, content) for name, content in EXPORTS[to](corpus)}
        receipt = {"to": to, "pipeline": corpus.name, "built_at": build.manifest["built_at"], "files": hashes}
        (beside / RECEIPT).write_bytes(orjson.dumps(receipt, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        shutil.rmtree(folder, ignore_errors=True)
        beside.replace(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return [folder / name for name in (*hashes, RECEIPT)]


def _write(path: Path, content: Iterable[bytes]) -> str:
    """The hash of what was written."""
    digest = blake2b(digest_size=16)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        for piece in content:
            file.write(piece)
            digest.update(piece)
    return digest.hexdigest()


def _may_replace(folder: Path) -> None:
    """Raises PipelineError when files that are no export's would be lost."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not folder.is_dir():
        raise PipelineError(f"{folder} is a file. Name a folder with --out")
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    try:
        ours = {RECEIPT, *orjson.loads((folder / RECEIPT).read_bytes())["files"]}
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError):
        ours = set()
    if foreign := sorted(there - ours):
        raise PipelineError(f"{folder}: holds {foreign[0]}, which no export wrote. Name another folder with --out")
