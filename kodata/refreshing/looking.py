"""A corpus as a refresh finds it: what it rests on, and what of that has changed since the last one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from kodata.building import Options, Run, run_of
from kodata.errors import KodataError, WaitingForBatch
from kodata.history import History
from kodata.published import Build
from kodata.refreshing.outcome import Outcome, last_outcome
from kodata.refreshing.seen import changed, seen_of
from kodata.workspace import Workspace


def known_corpora(workspace: Workspace) -> dict[str, str]:
    """The corpora that were refreshed before, by name, and the pipeline of each: a name or a file."""
    found = (last_outcome(path.parent) for path in sorted(workspace.builds.glob("*/run.json")))
    return {outcome.corpus: outcome.pipeline for outcome in found if outcome is not None}


def held_by(last: Outcome | None) -> str:
    """The folder of the build that the last run held back, while nobody has decided about it; else empty."""
    held = last.held if last else ""
    return held if held and (Path(held) / "manifest.json").is_file() else ""


@dataclass(frozen=True)
class Look:
    """A corpus as it is found: how it runs, what it rests on, what of that has changed (`because`; empty: nothing).

    `wrong` is why what it rests on cannot be read.
    """

    run: Run
    pipeline: str
    home: Path
    seen: Mapping[str, str]
    last: Outcome | None
    because: list[str]
    wrong: KodataError | OSError | None = None

    @classmethod
    def at(cls, name: str, options: Options, workspace: Workspace, env: Mapping[str, str]) -> Look:
        """Raises PipelineError."""
        run = run_of(name, options, workspace, env)
        home = workspace.builds / run.pipeline.name
        last = last_outcome(home)
        full = str(Path(name).expanduser().absolute()) if name.endswith(".toml") or "/" in name else name
        try:
            seen = seen_of(run)
        except (KodataError, OSError) as error:
            return cls(run, full, home, {}, last, [], error)
        return cls(run, full, home, seen, last, _because(seen, last, History(home)))

    def refuse_wrong(self) -> None:
        """Raises SourceError, LedgerError or OSError when what it rests on cannot be read."""
        if self.wrong is not None:
            raise self.wrong

    def untouched(self) -> Outcome:
        """How a refresh ends that finds nothing to do: as the last build did, where it is still held back."""
        if held_by(self.last):
            return self._of_held(Build(Path(held_by(self.last))), is_settled=True)
        build = History(self.home).standing()
        return self._outcome("unchanged", records=build.manifest["records"] if build else {}, is_settled=True)

    def failed(self, error: BaseException) -> Outcome:
        """How it ends when something goes wrong: the corpus that stands stays, and what it rests on."""
        plain = Outcome.of_error(self.run.pipeline.name, error)
        before = {"seen": self.last.seen, "is_settled": self.last.is_settled} if self.last else {}
        end = "waiting" if isinstance(error, WaitingForBatch) else plain.end
        stands, held = History(self.home).number(), held_by(self.last)
        facts = {"pipeline": self.pipeline, "because": self.because, "version": stands, "held": held}
        return replace(plain, end=end, **facts, **before)  # type: ignore[arg-type]  # checked by Outcome

    def built(self, made: Build, usd: float) -> Outcome:
        """How it ends when a build was made."""
        reasons = made.manifest["dropped"].values()
        is_settled = not any(why in ("unanswered", "waiting") for counts in reasons for why in counts)
        facts = {"build": str(made.path), "usd": round(usd, 6), "is_settled": is_settled}
        if made.held_back_by:
            return self._of_held(made, **facts)
        refused = "; ".join(f"not exported to {to}: {why}" for to, why in made.not_exported.items())
        facts |= {"exit_code": 1 if refused else 0, "message": refused}
        changes = History(self.home).versions()[-1].changes
        return self._outcome("published", records=made.manifest["records"], changes=changes, **facts)

    def _of_held(self, held: Build, **facts: object) -> Outcome:
        failures = [gate["said"] for gate in held.gates]
        return self._outcome(
            "held", exit_code=6 if failures else 3, message=held.held_back_by, failures=failures,
            records=held.manifest["records"], held=str(held.path), **facts,
        )  # fmt: skip

    def _outcome(self, end: object, **facts: object) -> Outcome:
        head = {
            "corpus": self.run.pipeline.name,
            "pipeline": self.pipeline,
            "because": self.because,
            "version": History(self.home).number(),
        }
        return Outcome(end=end, **head, seen=self.seen, **facts)  # type: ignore[arg-type]  # checked by Outcome


def _because(seen: Mapping[str, str], last: Outcome | None, history: History) -> list[str]:
    if history.standing() is None and not held_by(last):
        return ["there is no corpus yet"]
    if last is None or not last.seen:
        return ["it was not refreshed before"]
    if (parts := changed(last.seen, seen)) or last.is_settled:
        return parts
    is_back = history.versions()[-1:] and history.versions()[-1].event == "rolled back"
    return [] if is_back else ["the last run left something open"]
