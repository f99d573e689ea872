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

from kodata.errors import BuildError, PipelineError, did_you_mean
from kodata.exports.alpaca import alpaca
from kodata.exports.croissant import croissant
from kodata.exports.hub import hf
from kodata.exports.lm_eval import lm_eval
from kodata.exports.messages import messages, openai, preference, prompt_completion
from kodata.exports.opened import Corpus as Corpus
from kodata.exports.opened import Files
from kodata.exports.possible import why_not
from kodata.exports.sharegpt import sharegpt
from kodata.exports.text import template_text, text
from kodata.exports.trainers import axolotl, llamafactory, trl
from kodata.licences import Use
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


def export(build: Build, to: str, folder: Path, template: str = "", use: Use = "any") -> list[Path]:
    """Write the corpus in that form into the folder; the files written, `export.json` with their hashes last.

    Only records whose licence allows the `use` are written. The folder must be new, empty, or hold an earlier export,
    which is replaced. Raises PipelineError on an unknown form or template, or a folder with other files in it, and
    BuildError where the corpus cannot be put in the form.
    """
    to = named(to)
    _may_replace(folder)
    corpus = Corpus(build, template_text(template), use)
    beside = folder.with_name(f".{folder.name}.unfinished")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    try:
        names = write_export(corpus, to, EXPORTS[to](corpus), beside)
        shutil.rmtree(folder, ignore_errors=True)
        beside.replace(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return [folder / name for name in names]


def write_export(corpus: Corpus, to: str, files: Files, folder: Path) -> list[str]:
    """Write the files of a form into the folder, and `export.json` with their hashes last; their names.

    Raises BuildError where no record may be put to the use of the corpus.
    """
    if corpus.use != "any" and not corpus.licences:
        licences = ", ".join(share.licence for share in corpus.left_out)
        raise BuildError(f"{corpus.name}: no record is under a licence known to allow {corpus.use} use ({licences})")
    hashes = {name: _write(folder / name, content) for name, content in files}
    how = {"to": to, "use": corpus.use, "left_out": [share._asdict() for share in corpus.left_out]}
    receipt = {**how, "pipeline": corpus.name, "built_at": corpus.build.manifest["built_at"], "files": hashes}
    (folder / RECEIPT).write_bytes(orjson.dumps(receipt, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    return [*hashes, RECEIPT]


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
