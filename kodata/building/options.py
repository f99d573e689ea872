"""How one run differs from the pipeline file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Options:
    """How one run differs from the pipeline file. The first six, `pilot` and `until` go into the name of the build.

    `sources` replaces where a source is read from, by its name ("" for the only one); `limit` takes the first
    records of each; `demo` answers from the recording of the shipped sample, `offline` from the ledger alone; `strict`
    drops what rules ask to review; `pilot` samples that many records before anything is paid for, `until` is the last
    stage. The answers of the records `redo` are rejected and asked anew; `wait` stays until batches that are out are
    done.
    """

    sources: Mapping[str, Path] = field(default_factory=dict)
    limit: int | None = None
    demo: bool = False
    offline: bool = False
    overrides: tuple[str, ...] = ()
    strict: bool = False
    budget_usd: float = 0.0
    parallel: int | None = None
    out: Path | None = None
    redo: tuple[str, ...] = ()
    pilot: int | None = None
    until: str | None = None
    wait: bool = False

    @property
    def mode(self) -> Literal["live", "demo", "offline"]:
        """Who answers."""
        return "demo" if self.demo else "offline" if self.offline else "live"

    @property
    def flags(self) -> list[str]:
        """What goes into the name of the build as flags of the command, sources without their folders."""
        flags = [flag for flag, is_set in self._switches if is_set]
        if self.pilot is not None:
            flags += ["--pilot", str(self.pilot)]
        if self.until is not None:
            flags += ["--until", self.until]
        if self.limit is not None:
            flags += ["--limit", str(self.limit)]
        for name, path in sorted(self.sources.items()):
            flags += ["--source", f"{name}={path.name}" if name else path.name]
        return flags + [word for text in self.overrides for word in ("--set", text)]

    @property
    def _switches(self) -> tuple[tuple[str, bool], ...]:
        return ("--demo", self.demo), ("--offline", self.offline), ("--strict", self.strict)

    @property
    def variant(self) -> str:
        """What makes this no full build; empty for a full one."""
        parts = [flag.removeprefix("--") for flag, is_set in self._switches if is_set]
        if self.pilot is not None:
            parts.append(f"pilot-{self.pilot}")
        if self.until is not None:
            parts.append(f"until-{self.until}")
        if self.limit is not None:
            parts.append(f"limit-{self.limit}")
        if self.sources:
            parts.append(f"source-{short(str(sorted((n, str(p.absolute())) for n, p in self.sources.items())))}")
        if self.overrides:
            parts.append(f"set-{short(str(sorted(self.overrides)))}")
        return "+".join(parts)


def short(text: str) -> str:
    """Eight hexadecimal digits that stand for a text in a name."""
    return blake2b(text.encode(), digest_size=4).hexdigest()
