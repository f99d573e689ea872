"""`kodata align`: an English file and its Korean translation, paired where ids were lost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kodata.cli.table import table
from kodata.show.lines import counted

if TYPE_CHECKING:
    from kodata.pairing import Paired

English = Annotated[Path, typer.Argument(metavar="EN", help="The English file.")]
Korean = Annotated[Path, typer.Argument(metavar="KO", help="Its Korean translation, in the same order.")]
Pairs = Annotated[Path | None, typer.Option("--out", metavar="PAIRS.jsonl", help="Write the pairs here.")]
Format = Annotated[str, typer.Option("--format", metavar="NAME", help="The format of both files.")]

_DOUBTFUL = 0.1  # of wrong pairs, one of twenty scores more
_SHOWN = 5  # places of gaps of one length


def align(english: English, korean: Korean, out: Pairs = None, format_: Format = "alpaca") -> None:
    """Pair an English file with its Korean translation.

    For files whose ids were lost: both must keep their order, and may lack records. What is written is a translation
    memory for `translate`, so that nobody pays again for what is translated already.
    """
    from kodata import pairing

    found = pairing.align(english, korean, use=format_)
    if out is not None:
        found.write(out)
    print("\n".join(_summary(found, out)))


def _summary(found: Paired, out: Path | None) -> Iterator[str]:
    yield (
        f"{counted(found.records, 'record')} paired, of {found.english:,} English and {found.korean:,} Korean"
        + (f" -> {out}" if out is not None else "")
    )
    places: dict[tuple[str, int], list[int]] = defaultdict(list)
    for gap in found.gaps:
        places[gap.of.capitalize(), gap.count].append(gap.start)
    rows = [
        (of, f"{count:,}", f"{len(starts):,}", ", ".join(f"{start:,}" for start in starts[:_SHOWN]) + " …" * more)
        for (of, count), starts in sorted(places.items(), key=lambda item: (item[0][0], -len(item[1]), item[0][1]))
        for more in [len(starts) > _SHOWN]
    ]
    if rows:
        yield ""
        yield from table(("only in", "records in a row", "times", "from item (counted from 0)"), rows)
    doubtful = len({line["en_index"] for line in found.lines if line["score"] < _DOUBTFUL})
    if doubtful:
        yield ""
        yield f"{counted(doubtful, 'pair')} below a score of {_DOUBTFUL}: placed by neighbours, not by words"
    if found.uneven:
        yield f"{counted(found.uneven, 'conversation')} left out: English and Korean differ in the number of turns"
