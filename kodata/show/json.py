"""One event a line, as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TextIO

from kodata.events import Event, json_line


@dataclass
class JsonLines:
    """Writes every event to a stream. A stream that breaks is left alone; the build goes on."""

    stream: TextIO
    is_broken: bool = False

    def __call__(self, event: Event) -> None:
        if self.is_broken:
            return
        try:
            self.stream.write(json_line(event).decode())
            self.stream.flush()
        except (OSError, ValueError):  # its reader has gone, or it is closed
            self.is_broken = True
