"""Which version stands, decided by a person: one step forward or back, each whole or not at all."""

from __future__ import annotations

from kodata.building import locked
from kodata.errors import BuildError
from kodata.history import History, Version
from kodata.published import find_build
from kodata.workspace import Workspace


def promote(name: str, workspace: Workspace) -> Version:
    """Let the build that was held back stand: of a pipeline the newest, or the one in that folder.

    Raises BuildError when none was.
    """
    home = workspace.builds / name
    held = History(home).held()
    found = held[-1] if held else find_build(name, workspace.builds)
    with locked(found.path.parent.parent):
        return History(found.path.parent.parent).promote(found)


def roll_back(name: str, workspace: Workspace) -> Version:
    """Let the version before the one that stands stand again. Raises BuildError when there is none."""
    home = workspace.builds / name
    if not (home / "history.jsonl").exists():
        raise BuildError(f"{name} has no versions in {workspace.builds}")
    with locked(home):
        return History(home).roll_back()
