"""A corpus as a refresh finds it: what it rests on, and what of that has changed since the last one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from kodata.building import Options, Run, run_of
from kodata.errors import KodataError, PipelineError, WaitingForBatch
from kodata.history import History
from kodata.published import HELD, Build
from kodata.refreshing.outcome import Outcome, last_outcome
from kodata.refreshing.seen import changed, seen_of
from kodata.workspace import Workspace


def known_corpora(workspace: Workspace) -> dict[str, str]:
    """The corpora that were refreshed before, by name, and the pipeline of each: a name or a file.

    One that never came to anything but an error is none: nobody agreed to pay for it.
    """
    known = {}
    for path in sorted(workspace.builds.glob("*/run.json")):
        outcome = last_outcome(path.parent)
        if outcome is not None and (outcome.end != "failed" or outcome.version):
            known[outcome.corpus] = outcome.pipeline
    return known


def is_file(pipeline: str) -> bool:
    """Whether that is the path of a pipeline file, not the name of a shipped one."""
    return pipeline.endswith(".toml") or "/" in pipeline


def _is_same(before: str, now: str) -> bool:
    """Whether it is the same pipeline: by its name, or its file, which may have moved."""
    if not (is_file(before) and is_file(now)):
        return before == now
    return not Path(before).exists() or (Path(now).exists() and Path(before).samefile(now))


def held_by(last: Outcome | None, home: Path) -> str:
    """The folder of the build that the last run held back, while nobody has decided about it; else empty."""
    held = home / HELD / Path(last.held).name if last and last.held else None
    return str(held) if held and (held / "manifest.json").is_file() else ""


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
        full = str(Path(name).expanduser().absolute()) if is_file(name) else name
        if last is not None and not _is_same(last.pipeline, full):
            raise PipelineError(
                f"{home.name} is the corpus of {last.pipeline}: give {name} another name, or move {home} away"
            )
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
        if held_by(self.last, self.home):
            return self._of_held(Build(Path(held_by(self.last, self.home))), is_settled=True)
        build = History(self.home).standing()
        facts = self._not_exported(build) | {"records": build.manifest["records"]} if build else {}
        return self._outcome("unchanged", is_settled=True, **facts)

    def failed(self, error: BaseException) -> Outcome:
        """How it ends when something goes wrong: the corpus that stands stays, and what it rests on."""
        plain = Outcome.of_error(self.run.pipeline.name, error)
        before = {"seen": self.last.seen, "is_settled": self.last.is_settled} if self.last else {}
        end = "waiting" if isinstance(error, WaitingForBatch) else plain.end
        stands, held = History(self.home).number(), held_by(self.last, self.home)
        facts = {"pipeline": self.pipeline, "because": self.because, "version": stands, "held": held}
        return replace(plain, end=end, **facts, **before)  # type: ignore[arg-type]  # checked by Outcome

    def built(self, made: Build, usd: float) -> Outcome:
        """How it ends when a build was made."""
        reasons = made.manifest["dropped"].values()
        is_settled = not any(why in ("unanswered", "waiting") for counts in reasons for why in counts)
        facts = {"build": str(made.path), "usd": round(usd, 6), "is_settled": is_settled}
        if made.held_back_by:
            return self._of_held(made, **facts)
        facts |= {"changes": History(self.home).versions()[-1].changes, "records": made.manifest["records"]}
        return self._outcome("published", **facts, **self._not_exported(made))

    def _not_exported(self, build: Build) -> dict[str, object]:
        refused = "; ".join(f"not exported to {to}: {why}" for to, why in build.not_exported.items())
        return {"exit_code": 1 if refused else 0, "message": refused}

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
    if history.standing() is None and not held_by(last, history.home):
        return ["there is no corpus yet"]
    if last is None or not last.seen:
        return ["it was not refreshed before"]
    if (parts := changed(last.seen, seen)) or last.is_settled:
        return parts
    is_back = history.versions()[-1:] and history.versions()[-1].event == "rolled back"
    return [] if is_back else ["the last run left something open"]
