"""The versions of a corpus: every build that readers were given, what it changed, and which one stands.

`history.jsonl` in the folder of a pipeline's builds has a line for each; `history/7.jsonl` the records that version 7
added, edited, removed or changed. What is gone upstream stays there when the builds that held it are deleted. A line is
written before `latest` moves, so that `settle` can finish what a crash cut off.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import orjson

from kodata.differences import Difference, difference
from kodata.errors import BuildError
from kodata.published import GATES, HELD, Build, builds_in


@dataclass(frozen=True)
class Version:
    """One version: `build` is the name of its folder, `at` when it came to stand (UTC), `usd` what its build paid.

    `changes` counts records by what became of them since the version before, by source, and by why. `pipeline` and
    `sources` are the hashes of what it was made of, as in its manifest: with these, and the ledger, it is made again.
    """

    number: int
    build: str
    at: str
    event: str  # published, promoted, rolled back
    records: int
    usd: float
    changes: Mapping[str, Mapping[str, Mapping[str, int]]]
    pipeline: str
    sources: Mapping[str, str]

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

    def held(self) -> list[Build]:
        """The builds that were held back and are still there, the oldest first."""
        return builds_in(self.home / HELD)

    def publish(self, build: Build, event: str = "published") -> Version:
        """Make a build in `home`, or in its folder of held ones, the one that stands, as a new version."""
        before, versions = self.standing(), self.versions()
        found = difference(before, build) if before is not None else None
        if found and event == "rolled back":  # sources did not move
            found = Difference(tuple(replace(change, why=event) for change in found.changes))
        paid = sum(asked["usd"] for asked in build.manifest["asks"].values())
        version = Version(
            number=len(versions) + 1,
            build=build.path.name,
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            event=event,
            records=build.manifest["records"]["kept"],
            usd=0.0 if event == "rolled back" else round(paid, 6),
            changes=found.counts() if found else {"added": _all_of(build)},
            pipeline=build.manifest["pipeline"]["hash"],
            sources={source["name"]: source["hash"] for source in build.manifest["sources"]},
        )
        self._write(version, found)
        self.settle()
        return version

    def roll_back(self) -> Version:
        """Let the build before stand again, as a new version. Raises BuildError when none is left."""
        now, before = self.standing(), None
        for name in dict.fromkeys(version.build for version in self.versions()):
            if now is not None and name == now.path.name:
                break
            before = name if (self.home / name / "manifest.json").is_file() else before
        if before is None:
            raise BuildError(f"{self.home.name}: no version before the one that stands is left to go back to")
        return self.publish(Build(self.home / before), "rolled back")

    def promote(self, build: Build) -> Version:
        """Let a build that was held back stand, as a new version. Raises BuildError when it was not held back."""
        if build.path.parent != (self.home / HELD).resolve():
            raise BuildError(f"{build.path} was not held back: there is nothing to promote")
        manifest = build.path / "manifest.json"
        beside = manifest.with_suffix(".new")
        facts = build.manifest | {"held_back_by": ""}
        beside.write_bytes(orjson.dumps(facts, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        beside.replace(manifest)
        (build.path / GATES).unlink(missing_ok=True)
        return self.publish(build, "promoted")

    def settle(self) -> None:
        """Let the build of the last version stand, as its line says; this ends what a crash may have cut off."""
        versions, now = self.versions(), self.standing()
        if not versions or (now is not None and now.path.name == versions[-1].build):
            return
        name = versions[-1].build
        if (self.home / HELD / name / "manifest.json").is_file():
            (self.home / HELD / name).replace(self.home / name)
        if (self.home / name / "manifest.json").is_file():
            beside = self.home / ".latest"
            beside.unlink(missing_ok=True)
            beside.symlink_to(name, target_is_directory=True)
            beside.replace(self.home / "latest")  # a reader sees the old one or the new one, never neither

    def prune(self, keep: int) -> list[Path]:
        """Delete all builds but the one that stands and the newest, `keep` in all, and as many held ones."""
        now = self.standing()
        versions = [build for build in builds_in(self.home) if now is None or build.path != now.path]
        held = self.held()
        gone = versions[: max(len(versions) - keep + 1, 0)] + held[: max(len(held) - keep, 0)]
        for build in gone:
            shutil.rmtree(build.path)
        return [build.path for build in gone]

    def _write(self, version: Version, found: Difference | None) -> None:
        folder = self.home / "history"
        folder.mkdir(exist_ok=True)
        changes = found.changes if found else ()
        lines = (orjson.dumps(asdict(one), option=orjson.OPT_APPEND_NEWLINE) for one in changes)
        (folder / f"{version.number}.jsonl").write_bytes(b"".join(lines))
        path, beside = self.home / "history.jsonl", self.home / ".history.jsonl"
        before = path.read_bytes() if path.exists() else b""
        beside.write_bytes(before + orjson.dumps(asdict(version), option=orjson.OPT_APPEND_NEWLINE))
        beside.replace(path)


def _all_of(build: Build) -> dict[str, dict[str, int]]:
    firsts = (frame.filter(turn=0)["source"] for frame in build.frames(["id", "turn", "source"]))
    counts = Counter(source for sources in firsts for source in sources)
    return {source: {"first version": n} for source, n in sorted(counts.items())}
