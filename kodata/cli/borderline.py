"""`kodata borderline`: the pairs of a build that are nearly twins, and how many records other thresholds would drop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

import typer

from kodata.cli.look import BuildName
from kodata.cli.options import AsJson
from kodata.cli.table import cut, screen_cells, table
from kodata.show.lines import printable, printable_lines

Pairs = Annotated[int, typer.Option("-n", metavar="N", min=1, help="How many pairs.")]
MinShare = Annotated[float, typer.Option(metavar="SHARE", min=0.6, max=1.0, help="Where the line is drawn.")]
OfSources = Annotated[bool, typer.Option("--source", help="Compare the texts before translation.")]
_AROUND = (-0.1, -0.05, 0.0, 0.05, 0.1)
_LINES = 3  # shown of each text


def borderline(
    build: BuildName, n: Pairs = 20, min_share: MinShare = 0.8, source: OfSources = False, as_json: AsJson = False
) -> None:
    """Show the pairs of records around the line between near twins and others.

    And how many records other thresholds would drop, of those in the build and those it dropped as duplicates.
    """
    import orjson

    from kodata.alone import borderline as pairs_around
    from kodata.alone import tried
    from kodata.published import find_build
    from kodata.workspace import Workspace, environment

    frame = find_build(build, Workspace.of(environment()).builds).with_duplicates(of_sources=source)
    pairs = pairs_around(frame, n, min_share=min_share).to_dicts()
    counts = tried(frame, [round(min_share + by, 3) for by in _AROUND if min_share + by <= 1]).rows()
    if as_json:
        found = {"pairs": pairs, "tried": [{"min_share": share, "near": near} for share, near in counts]}
        print(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
        return
    for pair in pairs:
        print("\n".join(_shown(pair)))
    print("\n".join(table(("min_share", "near twins dropped"), [(f"{share:.2f}", near) for share, near in counts])))


def _shown(pair: Mapping[str, object]) -> Iterator[str]:
    verdict = "near twins" if pair["is_twin"] else "not twins"
    yield f"{pair['share']:.3f}  {verdict}"
    for side in ("better", "other"):
        yield f"  {printable(str(pair[side]))}"
        lines = printable_lines(str(pair[f"{side}_text"]))
        yield from (f"    {cut(line, screen_cells() - 4)}".rstrip() for line in lines[:_LINES])
        if len(lines) > _LINES:
            yield "    …"
    yield ""
