"""A benchmark: where it is, and once it is loaded, its items and a digest of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from hashlib import blake2b

import polars as pl

from kodata.asks import canonical
from kodata.errors import SourceError

ITEMS: dict[str, pl.DataType] = {"item": pl.String(), "text": pl.String()}


@dataclass(frozen=True)
class Origin:
    """Where the items of a benchmark are: a file or folder, a task of lm-evaluation-harness (YAML), or the hub.

    `text` names the columns that make up an item, in order; those that are lists are joined. With `each`, every entry
    of the lists is an item. `config` may be "*": all that there are.
    """

    path: str = ""
    hub: str = ""
    config: str = ""
    split: str = "test"
    revision: str = ""
    text: tuple[str, ...] = ()
    each: bool = False


@dataclass(frozen=True)
class Benchmark:
    """`items` has the columns of `ITEMS`. Without a `digest`, which tells what is in them, it is not loaded yet."""

    name: str
    digest: str = ""
    origin: Origin = field(default=Origin(), compare=False)
    items: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=ITEMS), compare=False, repr=False)

    def loaded(self, items: Iterable[tuple[str, str]]) -> Benchmark:
        """With these items, each a name and a text. Raises SourceError when none has a letter or digit."""
        rows = [(item, text) for item, text in items if any(map(str.isalnum, text))]
        if not rows:
            raise SourceError(f"benchmark {self.name} has no item with text")
        digest = blake2b(canonical(rows).encode(), digest_size=8).hexdigest()
        return replace(self, digest=digest, items=pl.DataFrame(rows, schema=ITEMS, orient="row"))
