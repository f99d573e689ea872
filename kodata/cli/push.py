"""`kodata push`: a build on the Hugging Face hub, shown first, then sent as one commit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from kodata.cli.export import left_out
from kodata.cli.look import BuildName
from kodata.cli.options import For
from kodata.cli.pilot import agrees, is_terminal
from kodata.cli.table import table
from kodata.errors import Misconfigured, Unreachable
from kodata.show.lines import counted, printable

if TYPE_CHECKING:
    from kodata.pushing import Difference, Held, Hub, Layout

Repository = Annotated[str, typer.Argument(metavar="USER/NAME", help="The data set repository on the hub.")]
Private = Annotated[bool, typer.Option("--private", help="Nobody but its owners may read it.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change and send nothing; needs no token.")]
WithDropped = Annotated[
    bool, typer.Option("--with-dropped", help="Push the dropped records too, as far as they may be published.")
]
WithLedger = Annotated[
    bool, typer.Option("--with-ledger", help="Push the answers that the build rests on, to rebuild it from.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def push(
    build: BuildName,
    repository: Repository,
    private: Private = False,
    dry_run: DryRun = False,
    use: For = "any",
    with_dropped: WithDropped = False,
    with_ledger: WithLedger = False,
    yes: Yes = False,
) -> None:
    """Put a build on the Hugging Face hub.

    Shows what differs from what is there and asks; then all of it is one commit, and a tag.
    """
    from kodata.ledger import Ledger
    from kodata.published import find_build
    from kodata.pushing import Hub, Wanted, compared, lay_out, may_be_private
    from kodata.workspace import Workspace, environment

    env = environment()
    workspace = Workspace.of(env)
    hub = Hub(repository, env.get("HF_TOKEN", ""), env.get("HF_ENDPOINT", ""))
    found = find_build(build, workspace.builds)
    if not dry_run:
        if not (yes or is_terminal()):
            raise typer.BadParameter("nobody is here to be asked; --yes pushes, --dry-run shows", param_hint="--yes")
        hub.refuse_stranger()
    has_ledger = with_ledger and workspace.ledger.exists()
    opened = Ledger(workspace.ledger) if has_ledger else nullcontext(None)
    with TemporaryDirectory(prefix="kodata-") as folder, opened as ledger:
        wanted = Wanted(use, private, with_dropped, with_ledger)
        layout = lay_out(found, repository, wanted, Path(folder), ledger, env.get("HF_TOKEN"))
        held, unasked = _held(hub, is_needed=not dry_run)
        may_be_private(held, repository, is_private=private)
        difference = compared(layout, held)
        for line in _shown(layout, difference, held, hub, is_private=private, unasked=unasked):
            print(line)
        if dry_run:
            print("\nNothing was sent: this was a dry run")
            return
        if difference.is_none:
            print("\nNothing to do: the hub holds all of it")
            return
        is_seen = not (held.is_private if held else private)
        if not yes and not agrees(f"Push to {repository}, {'which anybody may read' if is_seen else 'in private'}?"):
            print("\nNothing was sent")
            return
        hub.send(layout, difference, held, is_private=private)
        print(f"\npushed: {hub.url}/tree/{layout.tag}")


def _held(hub: Hub, *, is_needed: bool) -> tuple[Held | None, str]:
    """What the repository holds, and why the hub was not asked, where a dry run goes on without it."""
    try:
        return hub.held(), ""
    except (Unreachable, Misconfigured) as error:
        if is_needed:
            raise
        return None, str(error)


def _shown(
    layout: Layout, difference: Difference, held: Held | None, hub: Hub, *, is_private: bool, unasked: str
) -> Iterator[str]:
    """What would be there, and how that differs from what is."""
    sees = "private" if (held.is_private if held else is_private) else "public"
    state = "not asked" if unasked else "there" if held else "new"
    yield f"{printable(layout.corpus.build.path.name)} to {hub.url}: {state}, {sees}"
    if unasked:
        yield f"The hub was not asked what it holds, so that everything looks new: {unasked}"
    rows = [(c.name, ", ".join(c.licences), f"{c.records:,}") for c in layout.configs]
    yield from ("", *table(("configuration", "licence", "records"), rows))
    if len(rows) > 1:
        yield "Each licence is a configuration of its own: the conditions of one do not cover the others"
    yield from left_out(layout.corpus)
    for extra in layout.extras:
        yield f"\n{extra.path}: {extra.about}, {extra.records:,}"
        for why, n in extra.left_out.items():
            yield f"  left out {n:,}: {why}"
    yield from ("", *_files(layout, difference))
    if terms := layout.corpus.build.manifest["terms"]:
        yield f"\nRead before you publish; kodata does not decide them: {printable(', '.join(terms))}"


def _files(layout: Layout, difference: Difference) -> list[str]:
    named = (("added", difference.added), ("changed", difference.changed))
    rows = [(name, f"{layout.files[name].size:,}", what) for what, names in named for name in names]
    rows += [(name, "", "removed") for name in difference.removed]
    same = len(layout.files) - len(difference.added) - len(difference.changed)
    last = f"{counted(same, 'file')} unchanged, tag {layout.tag}"
    return [*(table(("file", "bytes", ""), rows) if rows else ()), last]
