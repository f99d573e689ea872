"""The versions of a corpus: every build that readers were given, what it changed, and which one stands.

`history.jsonl` in the folder of a pipeline's builds has a line for each; `history/7.jsonl` the records that version 7
added, edited, removed or changed. What is gone upstream stays there when the builds that held it are deleted. A line is
written before `latest` moves, so that `settle` can finish what a crash cut off.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeAlias

import orjson

from kodata.differences import Difference, difference
from kodata.errors import BuildError
from kodata.files import write_whole
from kodata.published import GATES, HELD, REJECT, Build, builds_in

_JSON = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
Event: TypeAlias = Literal["published", "promoted", "rolled back"]


@dataclass(frozen=True)
class Version:
    """One version: `build` is the name of its folder, `at` when it came to stand (UTC), `usd` what its build paid.

    `changes` counts records by what became of them since the version before, by source, and by why. `pipeline` and
    `sources` are the hashes of what it was made of, as in its manifest: with these, and the ledger, it is made again.
    `asks` are asks sent and dollars by provider.
    """

    number: int
    build: str
    at: str
    event: Event
    records: int
    usd: float
    changes: Mapping[str, Mapping[str, Mapping[str, int]]]
    pipeline: str
    sources: Mapping[str, str]
    asks: Mapping[str, Sequence[float]]

    def count(self, what: str) -> int:
        """How many records were `added`, `edited`, `removed` or `changed`."""
        return sum(n for whys in self.changes.get(what, {}).values() for n in whys.values())


@dataclass(frozen=True)
class History:
    """The versions below `home`, the folder of a pipeline's builds. Whoever changes them holds the pipeline's lock."""

    home: Path

    def versions(self) -> list[Version]:
        """All versions, the first one first."""
        path = self.home / "history.jsonl"
        lines = path.read_bytes().splitlines() if path.exists() else []
        return [Version(**orjson.loads(line)) for line in lines]

    def standing(self) -> Build | None:
        """The build that readers are given."""
        latest = self.home / "latest"
        return Build(latest.resolve()) if (latest / "manifest.json").is_file() else None

    def number(self) -> int:
        """The number of the version that stands; 0 where none does."""
        standing = self.standing()
        numbers = [version.number for version in self.versions() if standing and version.build == standing.path.name]
        return numbers[-1] if numbers else 0

    def held(self) -> list[Build]:
        """The builds that were held back and are still there, the oldest first."""
        return builds_in(self.home / HELD)

    def publish(self, build: Build) -> Version:
        """Make a build in `home` the one that stands, as a new version."""
        return self._add(build, "published")

    def roll_back(self) -> Version:
        """Let the build that stood before stand again, as a new version. Raises BuildError when none is left."""
        self.settle()
        stood: list[str] = []
        for version in self.versions():
            if version.event == "rolled back":  # what it went back from is not gone back to again
                del stood[stood.index(version.build) :]
            stood.append(version.build)
        before = [name for name in stood[:-1] if name != stood[-1] and (self.home / name / "manifest.json").is_file()]
        if not before:
            raise BuildError(f"{self.home.name}: no version before the one that stands is left to go back to")
        return self._add(Build(self.home / before[-1]), "rolled back")

    def promote(self, build: Build) -> Version:
        """Let a build that was held back stand, as a new version.

        Raises BuildError when it was not held back, or is no full build.
        """
        self.settle()
        if build.path.parent.resolve() != (self.home / HELD).resolve():
            raise BuildError(f"{build.path} was not held back: there is nothing to promote")
        if variant := build.manifest["pipeline"]["variant"]:
            raise BuildError(f"{build.path} is no full build but {variant}: `latest` is for full ones")
        return self._add(build, "promoted")

    def settle(self) -> None:
        """Let the build of the last version stand, as its line says; this ends what a crash may have cut off."""
        versions, now = self.versions(), self.standing()
        if not versions or (now is not None and now.path.name == versions[-1].build):
            return
        name, latest = versions[-1].build, self.home / "latest"
        if latest.is_dir() and not latest.is_symlink():
            raise BuildError(f"{latest} is a folder, and should be a link to a build. Move it away, then run again")
        if (self.home / HELD / name / "manifest.json").is_file():
            self._release(Build(self.home / HELD / name))
        if (self.home / name / "manifest.json").is_file():
            beside = self.home / ".latest"
            beside.unlink(missing_ok=True)
            beside.symlink_to(name, target_is_directory=True)
            beside.replace(latest)  # a reader sees the old one or the new one, never neither

    def prune(self, keep: int) -> int:
        """Delete all builds but the one that stands and the newest, `keep` in all, and as many held ones: how many."""
        now, gone = self.standing(), self.home / ".deleted"
        if now is None:  # somebody deleted it: the others are all there is
            return 0
        shutil.rmtree(gone, ignore_errors=True)  # what a crash left of an earlier time
        others = [build for build in builds_in(self.home) if build.path.name != now.path.name]
        held = self.held()
        old = others[: max(len(others) - keep + 1, 0)] + held[: max(len(held) - keep, 0)]
        gone.mkdir()
        for build in old:
            build.path.replace(gone / build.path.name)  # at once, so that nobody finds half of it
        shutil.rmtree(gone)
        return len(old)

    def usd_per_ask(self, least: int) -> dict[str, float]:
        """The mean price of an ask by provider, of the last version that sent at least so many."""
        means: dict[str, float] = {}
        for version in self.versions():
            means |= {name: usd / sent for name, (sent, usd) in version.asks.items() if sent >= least and usd}
        return means

    def _add(self, build: Build, event: Event) -> Version:
        """The line of a new version, then what it says. An earlier one is settled first."""
        self.settle()
        before, versions, manifest = self.standing(), self.versions(), build.manifest
        found = difference(before, build) if before is not None else None
        if found and event == "rolled back":  # sources did not move
            found = Difference(tuple(replace(change, why=event) for change in found.changes))
        asks = {} if event == "rolled back" else {n: (a["sent"], a["usd"]) for n, a in manifest["asks"].items()}
        version = Version(
            number=len(versions) + 1,
            build=build.path.name,
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            event=event,
            records=manifest["records"]["kept"],
            usd=round(sum(usd for _, usd in asks.values()), 6),
            changes=found.counts() if found else {"added": _all_of(build)},
            pipeline=manifest["pipeline"]["hash"],
            sources={source["name"]: source["hash"] for source in manifest["sources"]},
            asks=asks,
        )
        self._write(version, found)
        self.settle()
        return version

    def _write(self, version: Version, found: Difference | None) -> None:
        folder, path = self.home / "history", self.home / "history.jsonl"
        folder.mkdir(exist_ok=True)
        changes = found.changes if found else ()
        lines = (orjson.dumps(asdict(one), option=orjson.OPT_APPEND_NEWLINE) for one in changes)
        write_whole(folder / f"{version.number}.jsonl", b"".join(lines))
        before = path.read_bytes() if path.exists() else b""
        write_whole(path, before + orjson.dumps(asdict(version), option=orjson.OPT_APPEND_NEWLINE))

    def _release(self, build: Build) -> None:
        """Move a build out of the folder of held ones; it says no more that it is held back."""
        facts = build.manifest | {"held_back_by": ""}
        write_whole(build.path / "manifest.json", orjson.dumps(facts, option=_JSON))
        for name in (GATES, REJECT):
            (build.path / name).unlink(missing_ok=True)
        build.path.replace(self.home / build.path.name)


def is_older(build: Build, other: Build) -> bool:
    """Whether a build was made before another, by the second."""
    return str(build.manifest["built_at"]) < str(other.manifest["built_at"])


def _all_of(build: Build) -> dict[str, dict[str, int]]:
    firsts = (frame.filter(turn=0)["source"] for frame in build.frames(["id", "turn", "source"]))
    counts = Counter(source for sources in firsts for source in sources)
    return {source: {"first version": n} for source, n in sorted(counts.items())}
