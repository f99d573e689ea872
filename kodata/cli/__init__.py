"""The command line: each command is about one call of the library, results on stdout, everything else on stderr."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from kodata.cli import (
    align,
    audit,
    borderline,
    build,
    compare,
    doctor,
    export,
    history,
    inspect,
    ledger,
    look,
    push,
    refresh,
    rethreshold,
    rules,
)
from kodata.cli.ending import catch_signals, print_anything, well_ended

app = typer.Typer(
    name="kodata",
    help="Turns English instruction data into Korean instruction corpora.",
    epilog="Begin with `kodata build alpaca-ko --demo`: the shipped sample, without keys, network or cost.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,  # its tracebacks show locals, which may hold keys and texts
)
ledger_app = typer.Typer(help="See, export and take in what was paid for.", no_args_is_help=True, rich_markup_mode=None)

COMMANDS: list[Callable[..., None]] = [
    inspect.inspect, inspect.init, audit.audit, build.build, build.plan, refresh.refresh, history.history,
    history.promote, history.rollback, compare.compare, look.list_, look.check, look.show, look.diff, export.export,
    push.push, align.align, borderline.borderline, rethreshold.rethreshold, rules.rules, doctor.doctor,
]  # fmt: skip
LEDGER_COMMANDS: list[Callable[..., None]] = [
    ledger.summary, ledger.export, ledger.import_, ledger.merge, ledger.pull, ledger.push,
    ledger.pending, ledger.verify, ledger.reject, ledger.redact,
]  # fmt: skip
for home, commands in ((app, COMMANDS), (ledger_app, LEDGER_COMMANDS)):
    for command in commands:
        home.command(command.__name__.rstrip("_"))(well_ended(command))
app.add_typer(ledger_app, name="ledger")


def _version(is_wanted: bool) -> None:
    if is_wanted:
        from importlib.metadata import version

        print(f"kodata {version('kodata')}")
        raise typer.Exit


@app.callback()
def kodata(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Turns English instruction data into Korean instruction corpora."""


def main() -> None:
    """The entry point `kodata`."""
    print_anything()
    catch_signals()
    app()
