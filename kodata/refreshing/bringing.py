"""A corpus brought up to date. Whatever goes wrong leaves the corpus that stands."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from kodata.answering import PATIENT, Patience, Purse
from kodata.building import Run, build, locked
from kodata.errors import BuildError, KodataError, Misconfigured, Transient
from kodata.events import Tell
from kodata.history import History
from kodata.prices import load_prices
from kodata.providers.openai import OpenAI
from kodata.refreshing.looking import Look
from kodata.refreshing.outcome import Outcome, TimeIsUp
from kodata.snapshots import Snapshots
from kodata.workspace import Workspace

_ROOM = 64 * 2**20  # bytes that are left free beside what a build takes


@contextmanager
def one_at_a_time(workspace: Workspace) -> Iterator[None]:
    """One refresh in a workspace. Raises BuildError saying who is at it."""
    with locked(workspace.builds / "@refresh", f"another refresh of {workspace.builds}"):
        yield


def refresh(
    look: Look, workspace: Workspace, env: Mapping[str, str], tell: Tell, purse: Purse,
    keep: int | None = None, patience: Patience = PATIENT,
) -> Outcome:  # fmt: skip
    """Bring a corpus up to date, and write down how that ended: builds, where something has changed, else does nothing.

    What is paid comes out of the purse. `keep` builds are kept of each kind. An error is an outcome: the corpus that
    stands stays.
    """
    paid = purse.spent_usd
    try:
        look.refuse_wrong()
        with locked(look.home):
            History(look.home).settle()
        if not look.because:
            outcome = look.untouched()
        else:
            _refuse_without_room(look.home)
            _refuse_missing_models(look.run, workspace)
            made = build(look.pipeline, look.run.options, workspace, env, tell, patience, purse)
            outcome = look.built(made, purse.spent_usd - paid)
    except (KodataError, OSError, TimeIsUp) as error:
        outcome = replace(look.failed(error), usd=round(purse.spent_usd - paid, 6))
    if outcome.end != "failed":
        outcome = replace(outcome, deleted=_cleared(look, workspace, keep))
    with suppress(OSError):  # a full disk: what stands there is of an earlier run, and the next looks at more
        outcome.write(look.home)
    return outcome


def _refuse_without_room(home: Path) -> None:
    """Raises BuildError when the disk has no room for another build."""
    standing = History(home).standing()
    size = sum(path.stat().st_size for path in standing.path.rglob("*") if path.is_file()) if standing else 0
    home.mkdir(parents=True, exist_ok=True)
    needed, free = 3 * size + _ROOM, shutil.disk_usage(home).free
    if free < needed:
        raise BuildError(
            f"{home}: {free / 2**20:,.0f} MB are free, and a build needs some {needed / 2**20:,.0f} MB. Delete "
            "old builds, or the snapshots, which cost no money"
        )


def _refuse_missing_models(run: Run, workspace: Workspace) -> None:
    """Raises Misconfigured for a model that is not there any more, before its questions are translated."""
    providers = run.providers(load_prices(workspace.prices), sends=True)
    for face in dict.fromkeys(step.face for step in run.pipeline.steps if step.face is not None):
        provider, model = providers[face.provider], getattr(face, "model", None)
        if isinstance(provider, OpenAI) and isinstance(model, str):
            try:
                with suppress(Transient):  # whoever asks first tries again
                    provider.model_is_there(model)
            except Misconfigured as error:
                raise Misconfigured(f"model {model}: {error}") from error


def _cleared(look: Look, workspace: Workspace, keep: int | None) -> int:
    """How many old builds were deleted; snapshots that nobody has used for long go with them.

    What cannot be deleted now is deleted on another night.
    """
    with suppress(OSError, BuildError, TimeIsUp):
        Snapshots(workspace.snapshots).prune()
        if keep is not None:
            with locked(look.home):
                return History(look.home).prune(keep)
    return 0
