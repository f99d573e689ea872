"""Data sets on the Hugging Face hub: downloaded once and read from disk, or streamed where only a look is wanted."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kodata.errors import NoSource, SourceError
from kodata.sources.opening.items import Item, Opened

if TYPE_CHECKING:
    from kodata.sources.source import Source


def open_hub(source: Source, token: str | None, *, whole: bool) -> Opened:
    """The rows of a data set, one after another: `whole` ones are kept on disk by `datasets` and mapped from there.

    Raises SourceError when it cannot be loaded.
    """
    import datasets

    if not sys.stderr.isatty():  # bars are for a person: on a pipe they would stand between the lines of progress
        datasets.disable_progress_bars()
    where = f"{source.hub}@{source.revision[:12]}" if source.revision else source.hub
    with _loading(where):
        table = datasets.load_dataset(
            source.hub,
            source.config or None,
            split=source.split,
            revision=source.revision or None,
            token=token,
            streaming=not whole,
        )
    return Opened(_rows(table, where), f"hf://{where}", "data set on the hub")


def _rows(table: Iterable[object], where: str) -> Iterator[Item]:
    with _loading(where):
        for n, row in enumerate(table, 1):
            yield Item(where, n, "row", row)


@contextmanager
def _loading(where: str) -> Iterator[None]:
    """Raises SourceError for what the hub and its client may fail with."""
    from datasets.exceptions import DatasetsError
    from huggingface_hub.errors import HfHubHTTPError

    try:
        yield
    except (OSError, ValueError, DatasetsError, HfHubHTTPError) as error:
        raise NoSource(
            f"{where} cannot be loaded from the hub ({type(error).__name__}): check the name and the network"
        ) from error


def hub_facts(hub: str, revision: str, token: str | None) -> tuple[str, str]:
    """The commit that a revision stands for, in full, and the licence on the card ("unknown" where there is none).

    Raises SourceError when the hub does not know the data set.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        info = HfApi(token=token).dataset_info(hub, revision=revision or None)
    except (OSError, HfHubHTTPError, HFValidationError) as error:
        raise SourceError(
            f"{hub} cannot be found on the hub ({type(error).__name__}). Check the name and the network"
        ) from error
    licence = getattr(info.card_data, "license", None)
    return info.sha or revision, licence if isinstance(licence, str) else "unknown"
