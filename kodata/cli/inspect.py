"""`kodata inspect` and `kodata init`: from a stranger's data set to what is in it, and to a pipeline that builds it."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kodata.cli.options import AsJson, Config, Map, Revision, Shown, SplitName, Use, places
from kodata.cli.table import cut, screen_cells, table
from kodata.show import Progress
from kodata.show import show as shown
from kodata.show.lines import counted, printable

if TYPE_CHECKING:
    from kodata.corpus import Record
    from kodata.inspecting import Inspection
    from kodata.sources import Source

Where = Annotated[str, typer.Argument(metavar="PATH", help="A file, a folder, or hf://OWNER/NAME on the hub.")]
From = Annotated[str, typer.Option("--from", metavar="PATH", help="A file, a folder, or hf://OWNER/NAME on the hub.")]
NewName = Annotated[str, typer.Argument(metavar="NAME", help="What the pipeline is to be called.")]
Items = Annotated[
    int | None, typer.Option("--limit", metavar="N", min=1, help="Look at the first N items only (hub: 10,000).")
]

_EXAMPLES = 3  # records shown
_LONG = 30  # characters of an example in a table
_DRAFTED_FROM = 2_000  # items that `init` looks at


def inspect(
    where: Where,
    *,
    use: Use = "",
    mapping: Map = None,
    limit: Items = None,
    config: Config = "",
    split: SplitName = "train",
    revision: Revision = "",
    progress: Shown = None,
    as_json: AsJson = False,
) -> None:
    """Show what a file or data set is.

    Its container, the format it is in, its records, what is odd about them and what will be done with each. Nothing
    is written.
    """
    from kodata.inspecting import source_at

    source = source_at(where, config, split, revision)
    found = _inspected(source, use, places(mapping, "--map"), limit, progress)
    if as_json:
        print(_json(found))
        return
    print("\n".join(_report(found, where)))


def init(
    name: NewName,
    *,
    source: From,
    use: Use = "",
    mapping: Map = None,
    config: Config = "",
    split: SplitName = "train",
    revision: Revision = "",
    progress: Shown = None,
) -> None:
    """Write a pipeline file for a data set.

    NAME.toml and the prompt it needs are written into this folder, for `kodata plan` and `kodata build`. Files that
    are there are not overwritten.
    """
    from kodata.errors import PipelineError
    from kodata.inspecting import source_at, template_of, write_draft

    place = source_at(source, config, split, revision)
    found = _inspected(place, use, places(mapping, "--map"), _DRAFTED_FROM, progress)
    if found.source is None and not found.layout.is_known and len(found.layout.ways) == 1:
        way = found.layout.ways[0]  # from the names of the fields; shown, and easily changed in the file
        found = _inspected(place, way.use, way.fields, _DRAFTED_FROM, progress)
    if found.source is None:
        print("\n".join(_report(found, source)))
        raise PipelineError("nothing is written: say how it is to be read, with --use or --map")
    if not found.records:
        print("\n".join(_report(found, source)))
        raise PipelineError("nothing is written: none of its items is a record. Say with --map where its fields are")
    written = write_draft(name.removesuffix(".toml"), _placed(found.source), Path())
    print("\n".join([*_head(found), "", *_examples(found.examples)]))
    print(f"\nWritten: {', '.join(map(str, written))} (stages as in {template_of(found.source.use)})")
    print(f"Next: {shlex.join(['kodata', 'plan', str(written[0]), '--limit', '200'])}")


def _inspected(
    source: Source, use: str, fields: Mapping[str, str], limit: int | None, progress: Progress | None
) -> Inspection:
    from kodata.inspecting import inspect as run
    from kodata.workspace import environment

    with shown(progress, sys.stderr) as tell:
        return run(source, tell, use=use, fields=fields, limit=limit, token=environment().get("HF_TOKEN"))


def _placed(source: Source) -> Source:
    """The source as a file in this folder names it: a path relative to it where that is short, a commit of the hub."""
    if source.hub:
        from kodata.sources.opening import hub_facts
        from kodata.workspace import environment

        revision, licence = hub_facts(source.hub, source.revision, environment().get("HF_TOKEN"))
        return replace(source, revision=revision, licence=licence)
    path = Path(source.path).expanduser().absolute()
    return replace(source, path=str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path))


def _report(found: Inspection, where: str) -> Iterator[str]:
    yield from _head(found)
    if found.source is None:
        yield from _choice(found, where)
        return
    yield ""
    if found.quirks:
        rows = [(q.name, f"{q.records:,}", cut(q.example, _LONG), q.becomes) for q in found.quirks]
        yield from table(("quirk", "records", "for example", "what is done"), rows)
    else:
        yield "Nothing odd was found."
    yield ""
    if not found.records:
        yield f"None of its items is a record. Say where its fields are:\n  {_with_places(where)}"
        return
    yield from _examples(found.examples[:1])
    again = [word for name, place in found.source.fields.items() for word in ("--map", f"{name}={place}")]
    known = [] if found.layout.is_known and len(found.layout.ways) == 1 else ["--use", found.source.use]
    yield f"\nNext: {printable(shlex.join(['kodata', 'init', 'NAME', '--from', where, *known, *again]))}"


def _head(found: Inspection) -> Iterator[str]:
    part = "the first " if found.is_part else ""
    yield printable(f"{found.origin}: {found.container or 'items'}, {part}{counted(found.items, 'item')}")
    if found.source is None:
        return
    from kodata.sources import SOURCES

    use = found.source.use
    rows = [("format", f"{use} ({SOURCES[use].about})")]
    if found.source.fields:
        rows.append(("fields", ", ".join(f"{name} = {place}" for name, place in found.source.fields.items())))
    unread = found.items - found.records
    rows.append(("records", f"{found.records:,}" + (f"; {counted(unread, 'item')} cannot be read" if unread else "")))
    most = f", at most {found.most_turns:,} a record" if found.most_turns > 1 else ""
    rows.append(("turns", f"{found.turns:,}{most}; {found.with_input:,} with an input, {found.with_output:,} answered"))
    rows.append(("languages", ", ".join(f"{name} {count:,}" for name, count in (found.languages or {}).items())))
    if found.characters:
        size = counted(found.characters, "character")
        what = "questions and choices" if SOURCES[use].has_choices else "instructions, inputs and system lines"
        rows.append(("to translate", f"{size} of {what}"))
    width = max(len(name) for name, _ in rows)
    yield from (_line(f"{name:{width}}  ", text) for name, text in rows if text)


def _choice(found: Inspection, where: str) -> Iterator[str]:
    """What was seen where it cannot be told how to read it, and what somebody may say."""
    from kodata.sources import SOURCES

    ways = found.layout.ways
    rows = [(f.path, f"{f.share:.0%}", f.kind, f.example) for f in found.layout.fields]
    yield from ("", *table(("field", "present", "kind", "for example"), rows), "")
    if found.layout.is_known:
        yield f"{' and '.join(way.use for way in ways)} fit equally well. Which is it? In the pipeline file:"
    elif ways:
        yield "No format that is known fits. From the names of the fields, it may be read so:"
    else:
        yield "No format that is known fits, and the names of the fields tell nothing. Say where they are, for example:"
    for way in ways:
        pairs = ", ".join(f'{name} = "{place}"' for name, place in way.fields.items())
        about = f" # {SOURCES[way.use].about}" if found.layout.is_known else ""
        fields = f", fields = {{ {pairs} }}" if pairs else ""
        yield "  " + printable(f'use = "{way.use}"{fields}{about}')
    if not ways:
        yield '  use = "alpaca", fields = { instruction = "question", output = "answer" }'
    yield "\nNext, to see its records:"
    for way in ways:
        places = [word for name, place in way.fields.items() for word in ("--map", f"{name}={place}")]
        yield f"  {printable(shlex.join(['kodata', 'inspect', where, '--use', way.use, *places]))}"
    if not ways:
        yield f"  {_with_places(where)}"


def _with_places(where: str) -> str:
    return shlex.join(["kodata", "inspect", where, "--map", "instruction=PLACE", "--map", "output=PLACE"])


def _examples(records: Sequence[Record]) -> Iterator[str]:
    for record in records[:_EXAMPLES]:
        yield printable(record.id)
        for turn in record.turns[:2]:
            for name in ("system", "instruction", "input", "output"):
                if text := turn.text(name):
                    yield _line(f"  {name}: ", text)
        if len(record.turns) > 2:
            yield f"  … {len(record.turns) - 2:,} more turns"


def _line(before: str, text: str) -> str:
    """The text on one line of the screen, after what stands before it."""
    return before + cut(text, screen_cells() - len(before))


def _json(found: Inspection) -> str:
    from dataclasses import asdict

    import orjson

    examples = [[turn._asdict() for turn in record.turns] for record in found.examples]
    plain = asdict(replace(found, examples=())) | {"examples": examples}
    return orjson.dumps(plain, option=orjson.OPT_INDENT_2).decode()
