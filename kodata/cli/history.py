"""`kodata history`, `promote` and `rollback`: the versions of a corpus, and which one stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from kodata.cli.options import AsJson
from kodata.cli.table import table
from kodata.errors import BuildError
from kodata.show.lines import counted, dollars, printable

if TYPE_CHECKING:
    from kodata.history import History, Version

Name = Annotated[str, typer.Argument(metavar="NAME", help="A pipeline, as `kodata list` shows its builds.")]
Held = Annotated[
    str, typer.Argument(metavar="BUILD", help="A pipeline (its newest held build), or that build's folder.")
]


def history(name: Name, as_json: AsJson = False) -> None:
    """List the versions of a corpus: what each changed, and what it cost."""
    import orjson

    from kodata.differences import WHATS
    from kodata.history import History, is_older
    from kodata.workspace import Workspace, environment

    name = corpus_of(name)
    home = Workspace.of(environment()).builds / name
    found = History(home)
    versions, held = found.versions(), found.held()
    if not versions and not held:
        raise BuildError(f'"{printable(name)}" has no versions in {home.parent}. `kodata build` or `refresh` makes one')
    if as_json:
        print(orjson.dumps(versions, option=orjson.OPT_INDENT_2).decode())
        return
    rows = [
        (
            version.number,
            version.at[:16].replace("T", " "),
            version.event,
            *(f"{n:,}" for n in (version.records, *map(version.count, WHATS))),
            dollars(version.usd),
            _place(found, version),
        )
        for version in versions
    ]
    print("\n".join(table(("", "at (UTC)", "", "records", *WHATS, "paid", "build"), rows)))
    print("The last one stands. `kodata ledger summary` has what builds paid that were stopped or held back.")
    standing = found.standing()
    for build in held:
        old = " before the one that stands" if standing and is_older(build, standing) else ""
        print(printable(f"held back{old}: {name}/held/{build.path.name}: {build.held_back_by}"))
    print(f"\nWhich records: {home / 'history'}/NUMBER.jsonl. Two builds beside each other: kodata diff A B")


def corpus_of(name: str) -> str:
    """The name of a corpus, also where its pipeline file is given."""
    from pathlib import Path

    return Path(name).stem if name.endswith(".toml") else name


def _place(found: History, version: Version) -> str:
    is_there = (found.home / version.build).is_dir()
    return f"{found.home.name}/{version.build}" if is_there else "deleted"


def promote(build: Held) -> None:
    """Let a build that was held back stand.

    One step: readers of `latest` see the old corpus or the new one.
    """
    from kodata.refreshing import promote as run
    from kodata.workspace import Workspace, environment

    _say(run(corpus_of(build), Workspace.of(environment())))


def rollback(name: Name) -> None:
    """Let the version before the one that stands stand again.

    The next refresh leaves it so until something changes.
    """
    from kodata.refreshing import roll_back as run
    from kodata.workspace import Workspace, environment

    _say(run(corpus_of(name), Workspace.of(environment())))


def _say(version: Version) -> None:
    print(f"Version {version.number} stands: {version.build}, {counted(version.records, 'record')}, {version.event}")
