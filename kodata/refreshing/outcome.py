"""How the refresh of a corpus ended: what is said of it, and what the next one goes by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias

import orjson

from kodata.errors import KodataError
from kodata.files import write_whole

End: TypeAlias = Literal["published", "unchanged", "held", "waiting", "failed"]
WORST_FIRST = (130, 2, 1, 4, 6, 3, 7, 0)  # exit codes

NAME = "run.json"
_ENDS = {"held": "held back", "waiting": "waiting", "failed": "failed"}


class TimeIsUp(KeyboardInterrupt):
    """The refresh has taken as long as it may. It ends as Ctrl-C ends it: what is on the way is taken in."""


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True)
class Outcome:
    """`pipeline` is a name, or the path of a file; `because` what had changed; `version` the one that stands (0: none).

    `build` is the folder of the build that was made, `held` that of one that is held back and not decided, `failures`
    the gates it did not get through. `changes` counts the records of a new version, see `history.Version`. `seen` is
    what the last build rests on, and `is_settled` whether there is nothing to do while that stays.
    """

    corpus: str
    pipeline: str
    end: End
    exit_code: int = 0
    message: str = ""
    because: list[str] = field(default_factory=list)
    version: int = 0
    build: str = ""
    held: str = ""
    records: Mapping[str, int] = field(default_factory=dict)
    changes: Mapping[str, Mapping[str, Mapping[str, int]]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    usd: float = 0.0
    deleted: int = 0
    at: str = field(default_factory=_now)
    seen: Mapping[str, str] = field(default_factory=dict)
    is_settled: bool = False

    def public(self) -> dict[str, Any]:
        """What is told to others: all but what it goes by."""
        return {name: value for name, value in asdict(self).items() if name not in ("seen", "is_settled")}

    @classmethod
    def of_error(cls, name: str, error: BaseException) -> Outcome:
        """The outcome of a corpus that could not even be looked at; nothing of it is written down."""
        code = error.exit_code if isinstance(error, KodataError) else 1
        what = str(error) if isinstance(error, (KodataError, OSError, TimeIsUp)) else f"{type(error).__name__}, a bug"
        return cls(name, name, "failed", code, what)

    @property
    def said(self) -> str:
        """What became of the corpus, in one line."""
        stands = f"; version {self.version} stands" if self.version else ""
        refused = f"; {self.message}" if self.message else ""
        if self.end == "published":
            counts = {what: sum(sum(whys.values()) for whys in by.values()) for what, by in self.changes.items()}
            changes = ", ".join(f"{n:,} {what}" for what, n in counts.items()) or "no record changed"
            return f"{self.corpus}: version {self.version} with {self.records['kept']:,} records: {changes}{refused}"
        if self.end == "unchanged":
            return f"{self.corpus}: nothing has changed{stands}{refused}"
        return f"{self.corpus}: {_ENDS[self.end]}: {self.message}{stands}"

    def write(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        write_whole(home / NAME, orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def last_outcome(home: Path) -> Outcome | None:
    """How the last refresh ended; None when there was none, or it cannot be read: then everything is looked at anew."""
    try:
        return Outcome(**orjson.loads((home / NAME).read_bytes()))
    except (OSError, TypeError, orjson.JSONDecodeError):
        return None


def worst(codes: list[int]) -> int:
    """Of several exit codes the one that matters most."""
    return min(codes, key=WORST_FIRST.index, default=0)
