"""One live line for the running stage on a terminal; each stage that ends leaves one printed line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TaskID, TimeRemainingColumn
from rich.table import Column
from rich.text import Text

from kodata.events import BuildEnded, BuildStarted, Event, SourceRead, StageEnded, StageMoved, StageStarted, Tell
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
            case SourceRead():
                self._print(lines.of_source(event))
            case StageStarted():
                self._place = f"{event.number}/{event.of}"
                name = f"{self._place} {lines.printable(event.stage)}"
                self._running = self.progress.add_task(name, total=event.records, spent="")
            case StageMoved() if self._running is not None:
                spent = lines.spent(event.sent, event.usd) if event.sent else ""
                self.progress.update(self._running, completed=event.done, spent=spent)
            case StageEnded():
                self._end(event)
            case BuildEnded() | StageMoved():  # the result itself is printed on stdout
                pass
            case _:
                self._print(lines.of_waiting(event))

    def _end(self, event: StageEnded) -> None:
        if self._running is not None:
            self.progress.remove_task(self._running)
            self._running = None
        if not self._is_plan:  # its table says the same
            self._print(f"{self._place} {lines.of_stage(event)}")

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
        return Text(f"{task.speed:,.1f}/s" if task.speed else "")
