"""One live line for what is running on a terminal; each source and stage that ends leaves one printed line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TaskID, TimeRemainingColumn
from rich.table import Column
from rich.text import Text

from kodata.events import (
    BuildEnded,
    BuildStarted,
    Event,
    Finding,
    PublishMoved,
    SourceMoved,
    SourceRead,
    StageEnded,
    StageMoved,
    StageStarted,
    Tell,
    Waiting,
)
from kodata.show import lines


@contextmanager
def live(stream: TextIO) -> Iterator[Tell]:
    """A `Tell` that draws on the terminal; the live line is gone when the context is left."""
    console = Console(file=stream, markup=False, emoji=False, highlight=False, soft_wrap=True)
    texts = (_Stage, MofNCompleteColumn, _Spent, _Rate, TimeRemainingColumn)
    stage, *others = (kind(table_column=Column(no_wrap=True)) for kind in texts)  # one line, however narrow
    try:
        with Progress(
            stage, BarColumn(bar_width=16), *others, console=console, transient=True, redirect_stdout=False
        ) as progress:
            yield Live(progress)
    finally:
        console.print()  # between what was told and what came of it


@dataclass
class Live:
    """Draws events. Texts go in as `Text`, never as markup."""

    progress: Progress
    _running: TaskID | None = None
    _place: str = ""  # of the running stage, as in `3/8`
    _is_plan: bool = False

    def __call__(self, event: Event) -> None:
        match event:
            case BuildStarted():
                self._is_plan = event.mode == "plan"
                self._print(*lines.of_start(event))
            case SourceMoved() | StageMoved() | PublishMoved():
                self._move(event)
            case SourceRead():
                self._stop()
                self._print(lines.of_source(event))
            case StageStarted():
                self._place = f"{event.number}/{event.of}"
                self._start(f"{self._place} {event.stage}", event.records)
            case StageEnded():
                self._stop()
                if not self._is_plan:  # its table says the same
                    self._print(f"{self._place} {lines.of_stage(event)}")
            case BuildEnded():  # the result itself is printed on stdout
                self._stop()
            case Waiting():
                self._print(lines.of_waiting(event))
            case Finding():
                self._print(lines.of_finding(event))

    def _move(self, event: SourceMoved | StageMoved | PublishMoved) -> None:
        if self._running is None:
            self._start(f"source {event.source}" if isinstance(event, SourceMoved) else "publish", None)
        done, total = lines.place_of(event)
        spent = lines.spent(event.sent, event.usd) if isinstance(event, StageMoved) and event.sent else ""
        rate = lines.per_second(event.rate) if isinstance(event, StageMoved) else ""
        assert self._running is not None
        self.progress.update(self._running, completed=done, total=total or None, spent=spent, rate=rate)

    def _start(self, name: str, total: int | None) -> None:
        self._running = self.progress.add_task(lines.printable(name), total=total, spent="", rate="")

    def _stop(self) -> None:
        if self._running is not None:
            self.progress.remove_task(self._running)
            self._running = None

    def _print(self, *texts: str) -> None:
        for text in texts:
            self.progress.console.print(Text(text))


class _Stage(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(task.description)


class _Spent(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(str(task.fields["spent"]))


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(str(task.fields["rate"]))
