"""How a command ends: exit codes, messages without tracebacks, Ctrl-C, and a reader that has gone."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from io import TextIOWrapper
from types import FrameType
from typing import ParamSpec

import typer

from kodata.errors import KodataError
from kodata.show.lines import printable

FAILED, HELD_BACK, OPEN, GATED, INTERRUPTED = 1, 3, 5, 6, 130  # the errors bring their own: kodata.errors
_READER_GONE = 128 + signal.SIGPIPE
_SHOW_CURSOR = b"\x1b[?25h"

P = ParamSpec("P")


def well_ended(command: Callable[P, None]) -> Callable[P, None]:
    """The command, its errors said in a line on stderr and turned into exit codes. Bugs keep their traceback."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
            sys.stdout.flush()
        except KodataError as error:
            say(str(error))
            raise typer.Exit(error.exit_code) from error
        except KeyboardInterrupt as error:
            say(f"stopped.{_how_to_go_on()}")
            raise typer.Exit(INTERRUPTED) from error
        except BrokenPipeError as error:  # `kodata show alpaca-ko | head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the flush at exit fails again
            raise typer.Exit(_READER_GONE) from error
        except OSError as error:
            if error.errno is None and "(os error" not in str(error):  # not the machine's, as polars names it, so ours
                raise
            say(f"{error.filename}: {error.strerror}" if error.filename else f"a file could not be written: {error}")
            raise typer.Exit(1) from error

    return run


def say(text: str) -> None:
    """One line on stderr, with whose it is."""
    print(f"kodata: {printable(text)}", file=sys.stderr)


def print_anything() -> None:
    """Write what a terminal or pipe has no character for as an escape, rather than fail."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def catch_signals() -> None:
    """SIGTERM, and the end of the terminal, stop like Ctrl-C; a second one ends at once, whatever is on the way."""
    stop = _Stop()
    signal.signal(signal.SIGTERM, stop)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup has it
        signal.signal(signal.SIGHUP, stop)
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # ignored by whoever put us into the background
        signal.signal(signal.SIGINT, stop)


def let_signals_interrupt() -> None:
    """Let Ctrl-C interrupt a wait again.

    Importing polars sets SIGINT to restart what it interrupts (SA_RESTART), so that a wait for an answer would go on.
    """
    signal.siginterrupt(signal.SIGINT, True)


@dataclass
class _Stop:
    is_asked: bool = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self.is_asked:
            if os.isatty(2):
                os.write(2, _SHOW_CURSOR + b"\n")
            os._exit(INTERRUPTED)
        self.is_asked = True
        if _is_build():  # os.write: print may be what was interrupted
            os.write(2, b"\nkodata: stopping, as soon as the requests on the way are taken in. Again: at once\n")
        raise KeyboardInterrupt


def _is_build() -> bool:
    return sys.argv[1:2] in (["build"], ["refresh"])


def _how_to_go_on() -> str:
    if not _is_build():
        return ""
    again = shlex.join(["kodata", *_without_redo(sys.argv[1:])])
    return f" Nothing is published; questions that were answered are in the ledger. To go on: {again}"


def _without_redo(words: list[str]) -> list[str]:
    """The command without what is done already: answers that were rejected stay so, once is enough."""
    kept = [word for n, word in enumerate(words) if word != "--redo" and (n == 0 or words[n - 1] != "--redo")]
    return [word for word in kept if not word.startswith("--redo=")]
