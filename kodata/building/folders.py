"""The folders of builds: one build of a pipeline at a time, whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from kodata.errors import BuildError, PipelineError


def may_write(out: Path | None) -> None:
    """Raises PipelineError when files that are no build's would be overwritten."""
    if out is None or (out / "manifest.json").is_file():
        return
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise PipelineError(f"--out {out}: not an empty folder, nor one that holds a build. Name another")


@contextmanager
def locked(home: Path) -> Iterator[None]:
    """One build of a pipeline at a time; a plan takes no lock."""
    lock = FileLock(home.with_name(f".{home.name}.lock"), timeout=0)
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise BuildError(f"another build of {home.name} is running. Wait for it, or stop it") from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def beside(home: Path) -> Iterator[Path]:
    """A folder beside the builds, gone at the end whatever happens; leftovers of a killed run go first."""
    folder = home / ".unfinished"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):  # it holds builds
            home.rmdir()


def free(home: Path, name: str) -> Path:
    """A folder of that name that is not there yet: two builds may end in one second."""
    names = [name, *(f"{name}-{n}" for n in range(2, 1000))]
    return next(path for path in (home / name for name in names) if not path.exists())


def move_latest(home: Path, final: Path) -> None:
    """`latest` points to the build; a reader sees the old one or the new one, never neither."""
    beside = home / ".latest"
    beside.unlink(missing_ok=True)
    beside.symlink_to(final.name, target_is_directory=True)
    beside.replace(home / "latest")


def copy_over(build: Path, out: Path) -> None:
    """Copy the build into a folder, in place of an earlier one; other files in it stay.

    All of it is copied before anything is replaced, and the manifest, which makes it a build, comes last.
    """
    copied = out / ".unfinished"
    shutil.rmtree(copied, ignore_errors=True)
    try:
        shutil.copytree(build, copied)
        shutil.rmtree(out / "exports", ignore_errors=True)  # forms that an earlier build published
        for path in sorted(copied.iterdir(), key=lambda path: path.name == "manifest.json"):
            path.replace(out / path.name)
    finally:
        shutil.rmtree(copied, ignore_errors=True)
