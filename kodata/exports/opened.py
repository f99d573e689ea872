"""A build as exports read it: one record after another, so that memory stays small however long the corpus is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple, TypeAlias, TypedDict

import orjson

from kodata.corpus import question
from kodata.errors import BuildError
from kodata.licences import Use, allows
from kodata.published import Build

Files: TypeAlias = Iterator[tuple[str, Iterable[bytes]]]  # name, and content in pieces


class Message(TypedDict):
    """One line of a chat."""

    role: str
    content: str


@dataclass(frozen=True)
class Talk:
    """One record: `turns` are what a person types and what is answered, `item` is its line of `corpus.jsonl`."""

    item: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.item["id"])

    @property
    def is_item(self) -> bool:
        """Whether it is an item of an evaluation: it has choices, and no answer."""
        return bool(self.item.get("choices"))

    @property
    def system(self) -> str:
        return self.item["system"] or ""

    @cached_property
    def rows(self) -> tuple[dict[str, Any], ...]:
        """The turns as they are published: instruction, input, output and what is known of each.

        Raises BuildError where there is no answer to train on: in an item of an evaluation, or before it is written.
        """
        if self.is_item:
            raise BuildError(f"{self.id} is an item of an evaluation, which nobody trains on. Export it --to lm-eval")
        rows = (*self.item["history"], self.item)
        if any(row["output"] is None for row in rows):
            raise BuildError(f"{self.id} has no answer: its pipeline ends before one is written")
        return rows

    @cached_property
    def turns(self) -> tuple[tuple[str, str], ...]:
        return tuple((question(row["instruction"], row["input"]), row["output"]) for row in self.rows)

    @cached_property
    def messages(self) -> list[Message]:
        """The chat with the roles that all trainers of today know."""
        chat = [Message(role="system", content=self.system)] if self.system else []
        for asked, answered in self.turns:
            chat += [Message(role="user", content=asked), Message(role="assistant", content=answered)]
        return chat


class Share(NamedTuple):
    """The records that a source has under a licence."""

    source: str
    licence: str
    records: int


@dataclass(frozen=True)
class Corpus:
    """The corpus of a build, its records by split.

    `template` is the text of a Jinja template, for the text export. Only records whose licence allows the `use` are
    seen.
    """

    build: Build
    template: str = ""
    use: Use = "any"

    @property
    def name(self) -> str:
        return str(self.build.manifest["pipeline"]["name"])

    @cached_property
    def shares(self) -> tuple[Share, ...]:
        """How many records each source has under each licence, in the order of their names, whatever the use."""
        return tuple(Share(**share) for share in self.build.manifest["shares"])

    @property
    def left_out(self) -> tuple[Share, ...]:
        """What the use does not allow, by source and licence."""
        return () if self.use == "any" else tuple(s for s in self.shares if not allows(s.licence, self.use))

    @cached_property
    def licences(self) -> dict[str, int]:
        """How many records there are under each licence that allows the use, in the order of their names."""
        counts: dict[str, int] = self.build.manifest["licences"]
        return {name: n for name, n in sorted(counts.items()) if allows(name, self.use)}

    @cached_property
    def splits(self) -> tuple[str, ...]:
        """`train`, and `test` where records are held out; of an evaluation `test` alone."""
        if self.is_evaluation:
            return ("test",)
        return ("train", "test") if self.build.manifest.get("split", {}).get("test") else ("train",)

    @cached_property
    def is_evaluation(self) -> bool:
        """Whether its records are items of an evaluation, as the first one tells."""
        return any(Talk(item).is_item for item in islice(self._items(), 1))

    def talks(self, split: str) -> Iterator[Talk]:
        """The records of a split, in the order of the corpus.

        Raises BuildError where items of an evaluation stand among records of another kind.
        """
        for talk in map(Talk, self._items()):
            if talk.is_item != self.is_evaluation:
                raise BuildError(f"{talk.id}: records with and without choices are two corpora. Build them apart")
            if self.use != "any" and not allows(talk.item["licence"], self.use):
                continue
            if self.is_evaluation or talk.item.get("split", "train") == split:
                yield talk

    def _items(self) -> Iterator[dict[str, Any]]:
        try:
            with (self.build.path / "corpus.jsonl").open("rb") as lines:
                for line in lines:
                    yield orjson.loads(line)
        except (OSError, orjson.JSONDecodeError) as error:
            raise BuildError(f"{self.build.path}: its corpus.jsonl cannot be read. Build it again") from error
