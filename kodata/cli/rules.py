"""`kodata rules`: what filters can ask, and what each rule fires on."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import getdoc
from typing import TYPE_CHECKING, Annotated

import typer

from kodata.cli.table import table
from kodata.show.lines import printable_lines

if TYPE_CHECKING:
    from kodata.rules import Rule
    from kodata.rules.kinds import Example

RuleName = Annotated[str | None, typer.Argument(metavar="[NAME]", help="A rule, as it stands in pipeline files.")]


def rules(name: RuleName = None) -> None:
    """List the rules of filters.

    With a NAME: what it asks, its settings, a row on which it fires and one on which it does not.
    """
    from kodata.errors import PipelineError, did_you_mean
    from kodata.rules import RULES
    from kodata.sources.slugs import DROPS
    from kodata.stages.reasons import REASONS

    name = name and name.lower().replace("_", "-")
    if name is None:
        rows = [(rule.name, rule().severity, _doc(rule)[0]) for rule in RULES.values()]
        print("\n".join(table(("rule", "severity", "asks"), sorted(rows))))
    elif name in RULES:
        print("\n".join(_explained(RULES[name])))
    elif name in REASONS:
        stage, what = REASONS[name]
        raise PipelineError(f'"{name}" is no rule but a reason of {stage}: {what}')
    elif name in DROPS:
        raise PipelineError(f'"{name}" is no rule but a reason of reading a source: {DROPS[name]}')
    else:
        raise PipelineError(f'no rule "{name}"{did_you_mean(name, RULES)}')


def _explained(rule: type[Rule]) -> Iterator[str]:
    from dataclasses import MISSING, fields

    from kodata.pipeline.toml import toml_of

    first, *rest = _doc(rule)
    yield f"{rule.name}: {first}"
    yield from rest
    yield ""
    yield "settings:"
    for field in fields(rule):  # type: ignore[arg-type]  # every rule is a dataclass
        default = field.default_factory() if field.default_factory is not MISSING else field.default
        yield f"  {field.name} = {toml_of(default)}"
    for title, row in (("fires on", rule.fires), ("does not fire on", rule.passes)):
        yield ""
        yield f"{title}:"
        yield from _row(row)


def _row(row: Example) -> Iterator[str]:
    for column, text in row.items():
        yield f"  {column}:"
        shown = "\n".join(text) if isinstance(text, tuple) else text or ""
        yield from (f"    {line}" for line in printable_lines(shown))


def _doc(rule: type[Rule]) -> list[str]:
    return (getdoc(rule) or "").splitlines()
