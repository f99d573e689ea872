"""`kodata export`: a build in the form that a trainer, an evaluation or a hub reads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kodata.cli.look import BuildName
from kodata.cli.options import For
from kodata.cli.table import table
from kodata.show.lines import counted

if TYPE_CHECKING:
    from kodata.exports import Corpus

To = Annotated[str | None, typer.Option("--to", metavar="NAME", help="The form. Without it: a list of all.")]
Folder = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="The folder to write; by default PIPELINE-NAME here.")
]
Template = Annotated[
    str, typer.Option("--template", metavar="NAME|FILE", help="For text: koalpaca, kullm, or a Jinja file.")
]


def export(build: BuildName, to: To = None, out: Folder = None, template: Template = "", use: For = "any") -> None:
    """Write a build in the form that a trainer reads."""
    from kodata.exports import EXPORTS, Corpus, about, named
    from kodata.exports import export as write
    from kodata.published import find_build
    from kodata.workspace import Workspace, environment

    found = find_build(build, Workspace.of(environment()).builds)
    if to is None:
        print("\n".join(table(("--to", "files"), [(name, about(name)) for name in EXPORTS])))
        return
    folder = out or Path(f"{found.manifest['pipeline']['name']}-{named(to)}")
    written = write(found, to, folder, template, use)
    print("\n".join(table(("file", "bytes"), [(str(path), f"{path.stat().st_size:,}") for path in written])))
    corpus = Corpus(found, use=use)
    print(f"\n{counted(sum(corpus.licences.values()), 'record')} of {found.path.name}")
    print("\n".join(left_out(corpus)))


def left_out(corpus: Corpus) -> list[str]:
    """What the use does not allow, as a table by source and licence; nothing where that is nothing."""
    if not corpus.left_out:
        return []
    rows = [(share.source, share.licence, f"{share.records:,}") for share in corpus.left_out]
    return ["", *table(("source", "licence", f"left out, as it does not allow {corpus.use} use by its name"), rows)]
