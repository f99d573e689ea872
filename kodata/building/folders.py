"""The folders of builds: one build of a pipeline at a time, whole or not at all."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

from filelock import FileLock, Timeout

from kodata.errors import BuildError, PipelineError
from kodata.published import HELD

UNFINISHED = ".unfinished"  # what a run that was killed leaves


def may_write(out: Path | None) -> None:
    """Raises PipelineError when files that are no build's would be overwritten."""
    if out is None or (out / "manifest.json").is_file() or (out / UNFINISHED).is_dir():
        return
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise PipelineError(f"--out {out}: not an empty folder, nor one that holds a build. Name another")


@contextmanager
def locked(home: Path, busy: str = "") -> Iterator[None]:
    """One build of a pipeline at a time, or one of what `busy` names; a plan takes no lock.

    The system takes the lock from whoever dies, so that none is ever stale.

    Raises BuildError saying which process holds it, and since when.
    """
    lock, holder = FileLock(home.with_name(f".{home.name}.lock"), timeout=0), home.with_name(f".{home.name}.holder")
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        whose = f"{busy or f'another build of {home.name}'} is running{_said(holder)}"
        raise BuildError(f"{whose}. Wait for it, or stop it") from error
    try:
        holder.write_text(str(os.getpid()))
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _said(holder: Path) -> str:
    """Which process it is, and for how long it has been at it."""
    try:
        pid, age_s = int(holder.read_text()), time.time() - holder.stat().st_mtime
    except (OSError, ValueError):  # it has just begun, or just ended
        return ""
    return f" (process {pid}, for {timedelta(seconds=round(age_s))})"


@contextmanager
def beside(home: Path) -> Iterator[Path]:
    """A folder beside the builds, gone at the end whatever happens; leftovers of a killed run go first."""
    folder = home / UNFINISHED
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):  # it holds builds
            home.rmdir()


def free(home: Path, name: str) -> str:
    """The name, or one like it, that no build has, held back or not: two may end in one second."""
    names = [name, *(f"{name}-{n}" for n in range(2, 1000))]
    return next(one for one in names if not (home / one).exists() and not (home / HELD / one).exists())


def copy_over(build: Path, out: Path) -> None:
    """Copy the build into a folder, in place of an earlier one; other files in it stay.

    All of it is copied before anything is replaced. The manifest, which makes it a build, goes first and comes last.
    """
    copied = out / UNFINISHED
    shutil.rmtree(copied, ignore_errors=True)
    try:
        shutil.copytree(build, copied)
        (out / "manifest.json").unlink(missing_ok=True)
        shutil.rmtree(out / "exports", ignore_errors=True)  # forms that an earlier build published
        for path in sorted(copied.iterdir(), key=lambda path: path.name == "manifest.json"):
            path.replace(out / path.name)
    finally:
        shutil.rmtree(copied, ignore_errors=True)
