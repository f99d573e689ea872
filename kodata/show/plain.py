"""Plain lines for logs and pipes: when a stage starts and ends, and how far it is now and then."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TextIO

from kodata.events import (
    BuildEnded,
    BuildStarted,
    Event,
    Finding,
    Moved,
    PublishMoved,
    SourceMoved,
    SourceRead,
    StageEnded,
    StageMoved,
    StageStarted,
    Waiting,
)
from kodata.show import lines

MOVED_SHARE = 0.05  # a line for that much of a stage
MOVED_EVERY_S = 30.0  # or after that long
MOVED_APART_S = 1.0  # but not more often: a short stage has no need of twenty lines


@dataclass
class Plain:
    """Writes lines to a stream. A stream that breaks is left alone; the build goes on."""

    stream: TextIO
    clock: Callable[[], float] = time.monotonic
    is_broken: bool = False
    _place: str = ""  # of the running stage, as in `3/8`
    _said: tuple[float, int] = field(default=(0.0, 0))  # when, and how many records were done

    def __call__(self, event: Event) -> None:
        for line in self._lines(event):
            self._write(line)

    def _lines(self, event: Event) -> list[str]:
        said: list[str] = []
        match event:
            case BuildStarted():
                self._said, said = (self.clock(), 0), lines.of_start(event)
            case SourceRead():
                self._said, said = (self.clock(), 0), [lines.of_source(event)]
            case StageStarted():
                self._place, self._said = f"{event.number}/{event.of}", (self.clock(), 0)
                said = [f"{self._place} {lines.printable(event.stage)}: {lines.counted(event.records, 'record')}"]
            case StageMoved() if self._is_due(event):
                said = [f"{self._place} {lines.of_progress(event)}"]
            case SourceMoved() | PublishMoved() if self._is_due(event):
                said = [lines.of_progress(event)]
            case StageEnded():
                self._said, said = (self.clock(), 0), [f"{self._place} {lines.of_stage(event)}"]
            case Waiting():
                said = [lines.of_waiting(event)]
            case Finding():
                said = [lines.of_finding(event)]
            case BuildEnded():
                said = [lines.of_end(event)]
        return said

    def _is_due(self, event: Moved) -> bool:
        now, (when, before) = self.clock(), self._said
        done, total = lines.place_of(event)
        far = total and done - before >= max(1.0, MOVED_SHARE * total) and now - when >= MOVED_APART_S
        if not far and now - when < MOVED_EVERY_S:
            return False
        self._said = now, done
        return True

    def _write(self, line: str) -> None:
        if self.is_broken:
            return
        try:
            self.stream.write(f"{line}\n")
            self.stream.flush()
        except (OSError, ValueError):  # its reader has gone, or it is closed
            self.is_broken = True
