"""How a build is made again: the command, the pipeline file and what that names, and a ledger excerpt."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from kodata.publish.markdown import code, fenced, inline

FOLDER = "pipeline"  # in a published repository: the pipeline file and what it names
LEDGER = "ledger.jsonl.gz"  # as `kodata ledger pull` looks for it


def rebuilding(manifest: Mapping[str, Any], repository: str, is_whole: bool | None) -> list[str]:
    """The section of the card. `is_whole` claims that no answer was left out of the excerpt; None: there is none."""
    pipeline = manifest["pipeline"]
    flags = [flag for flag in pipeline["flags"] if flag != "--offline"]
    has_ledger = is_whole is not None
    name = f"{FOLDER}/{pipeline['name']}.toml" if has_ledger else pipeline["name"]
    command = shlex.join(["kodata", "build", name, *flags, *([] if "--demo" in flags else ["--offline"])])
    if has_ledger:
        ends = (
            "The same sources and endpoints give the same files byte for byte."
            if is_whole
            else "Records whose answers were left out of the excerpt (see above) cannot be rebuilt from it."
        )
        how = [*fenced("\n".join([*_fetching(repository), command]), "sh"), "", ends]
    else:
        how = [
            f"{code(command)}, with the ledger it was built from and the same endpoints, gives the same files byte for "
            "byte."
        ]
    return [*how, "", "The pipeline file:", "", *fenced(pipeline["text"], "toml"), *_prompts(pipeline)]


def _fetching(repository: str) -> Iterator[str]:
    yield shlex.join(["hf", "download", repository, "--repo-type", "dataset", "--include", f"{FOLDER}/**",
                      "--local-dir", "."])  # fmt: skip
    yield shlex.join(["kodata", "ledger", "pull", f"hf://datasets/{repository}"])


def _prompts(pipeline: Mapping[str, Any]) -> Iterator[str]:
    for name, text in pipeline["files"].items():
        if PurePosixPath(name).suffix == ".md":
            yield from ("", f"The prompt {inline(name)}:", "", *fenced(text))


def pipeline_files(pipeline: Mapping[str, Any]) -> dict[str, bytes]:
    """The pipeline file and the texts that it names, by their places below a folder.

    A file that it names outside of its own folder has no place there, and is left out.
    """
    named = {f"{pipeline['name']}.toml": pipeline["text"], **pipeline["files"]}
    places = {name: PurePosixPath(name) for name in named}
    inside = [n for n, p in places.items() if not (p.is_absolute() or ".." in p.parts or n.startswith("~"))]
    return {f"{FOLDER}/{places[name]}": named[name].encode() for name in inside}
