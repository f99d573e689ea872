"""Which version stands, decided by a person: one step forward or back, each whole or not at all."""

from __future__ import annotations

import shlex

from kodata.building import locked
from kodata.errors import BuildError
from kodata.history import History, Version, is_older
from kodata.published import find_build
from kodata.workspace import Workspace


def promote(name: str, workspace: Workspace) -> Version:
    """Let the build that was held back stand: of a pipeline the newest, or the one in that folder.

    Raises BuildError when none was, or a later build stands already and the older one was not named by its folder.
    """
    history = History(workspace.builds / name)
    if history.home.is_dir():
        with locked(history.home):
            history.settle()
    held, standing = history.held(), history.standing()
    found = held[-1] if held else find_build(name, workspace.builds)
    if held and standing is not None and is_older(found, standing):
        raise BuildError(
            f"{name}: the newest build that is held back is older than the one that stands. To let it stand all the "
            f"same: kodata promote {shlex.quote(str(found.path))}"
        )
    home = found.path.parent.parent
    with locked(home):
        return History(home).promote(found)


def roll_back(name: str, workspace: Workspace) -> Version:
    """Let the version before the one that stands stand again. Raises BuildError when there is none."""
    home = workspace.builds / name
    if not (home / "history.jsonl").exists():
        raise BuildError(f"{name} has no versions in {workspace.builds}")
    with locked(home):
        return History(home).roll_back()
