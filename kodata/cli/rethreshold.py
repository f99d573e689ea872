"""`kodata rethreshold`: what another threshold of a rule would change in a build, without building again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from kodata.cli.look import BuildName
from kodata.cli.options import AsJson
from kodata.cli.table import cut, screen_cells
from kodata.show.lines import counted, printable, printable_lines

if TYPE_CHECKING:
    from kodata.thresholds import Tried

RuleName = Annotated[str, typer.Argument(metavar="RULE", help="A rule with a threshold: length-ratio.")]
Most = Annotated[float | None, typer.Option("--max", metavar="X", min=0, help="The most that would pass.")]
Least = Annotated[float | None, typer.Option("--min", metavar="X", min=0, help="The least that would pass.")]
Shown = Annotated[int, typer.Option("-n", metavar="N", min=0, help="How many texts on either side of it.")]
_LINES = 2  # shown of each text


def rethreshold(
    build: BuildName, rule: RuleName, most: Most = None, least: Least = None, n: Shown = 5, as_json: AsJson = False
) -> None:
    """Say how many records more or fewer would leave a build with another threshold.

    What the rule compares is computed again from the texts in the build's files; nothing is asked, paid or changed.
    """
    import orjson

    from kodata.published import find_build
    from kodata.thresholds import tried
    from kodata.workspace import Workspace, environment

    if (most is None) == (least is None):
        raise typer.BadParameter("give one of --max and --min")
    found = find_build(build, Workspace.of(environment()).builds)
    uses = tried(found, rule, "max", most, n) if most is not None else tried(found, rule, "min", least or 0.0, n)
    if as_json:
        print(orjson.dumps([_json(use) for use in uses], option=orjson.OPT_INDENT_2).decode())
        return
    for use in uses:
        print("\n".join(_lines(rule, use, "max" if most is not None else "min")))


def _json(use: Tried) -> dict[str, object]:
    return {**vars(use), "nearest": use.nearest.to_dicts()}


def _lines(rule: str, use: Tried, side: str) -> Iterator[str]:
    for row in use.nearest.iter_rows(named=True):
        yield from _text(row, use)
    would = "leave" if use.drops else "be flagged"
    yield f"{use.stage}, {rule}: {side} = {use.after:g} instead of {use.before:g}"
    anyway = f", {len(use.later):,} of which leave later anyway" if use.later else ""
    yield f"{counted(len(use.more), 'record')} more would {would}{anyway}; {len(use.fewer):,} fewer"


def _text(row: Mapping[str, object], use: Tried) -> Iterator[str]:
    would = ("leaves" if use.drops else "is flagged") if row["is_out"] else "passes"
    yield f"{row['statistic']:.3f}  {would}  {printable(str(row['id']))}"
    for name in use.columns:
        for text in (row[f"{name}_source"], row[name]):
            lines = printable_lines(str(text or ""))
            yield from (f"    {cut(line, screen_cells() - 4)}".rstrip() for line in lines[:_LINES] if text)
    yield ""
