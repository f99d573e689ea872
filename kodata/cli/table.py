"""Tables of plain text, measured in terminal cells: a Korean syllable is two wide."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterable, Sequence

from kodata.show.lines import printable

PIPED_CELLS = 120
_FIGURE = re.compile(r"-?|(?:about |under )*\$?[\d,.]+(?: \+ [\d,]+)?")


def table(head: Sequence[str], rows: Iterable[Sequence[object]], width: int | None = None) -> list[str]:
    """Lines of a table. Columns of numbers and dollars are flush right; the last column is cut to what is left."""
    from rich.cells import cell_len

    cells = [list(head), *([printable(str(cell)) for cell in row] for row in rows)]
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    left = (width or screen_cells()) - sum(widths[:-1]) - 2 * (len(widths) - 1)
    widths[-1] = min(widths[-1], max(left, 20))
    flush_right = [all(map(_is_figure, column[1:])) for column in zip(*cells, strict=True)]
    return ["  ".join(map(_cell, row, widths, flush_right)).rstrip() for row in cells]


def cut(text: str, cells: int) -> str:
    """The text, printable, at most that many cells wide; `…` where it was cut."""
    from rich.cells import cell_len, set_cell_size

    line = printable(text[: 4 * cells])
    return line if cell_len(line) <= cells else set_cell_size(line, cells - 1).rstrip() + "…"


def screen_cells() -> int:
    """How wide a line may be: the terminal, or `PIPED_CELLS` where stdout is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else PIPED_CELLS


def _cell(text: str, width: int, is_flush_right: bool) -> str:
    from rich.cells import cell_len

    shown = cut(text, width)
    pad = " " * (width - cell_len(shown))
    return pad + shown if is_flush_right else shown + pad


def _is_figure(text: str) -> bool:
    return _FIGURE.fullmatch(text) is not None
