"""The formats that are read: one function each, raw item to record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import getmodule
from typing import TypeAlias

from kodata.sources.alpaca import alpaca
from kodata.sources.arc import arc
from kodata.sources.dolly import dolly
from kodata.sources.gpt4all import gpt4all
from kodata.sources.hellaswag import hellaswag
from kodata.sources.kin import kin
from kodata.sources.messages import messages
from kodata.sources.mmlu import mmlu
from kodata.sources.raw import Raw
from kodata.sources.sharegpt import sharegpt
from kodata.sources.truthfulqa import truthfulqa

ReadItem: TypeAlias = Callable[[Mapping[str, object]], Raw]


@dataclass(frozen=True)
class Format:
    """How items are read, the names that `fields` may give to what they hold, and whether these are choices."""

    read: ReadItem
    fields: tuple[str, ...]
    has_choices: bool = False

    @property
    def about(self) -> str:
        """What the format is, in a line."""
        return (getattr(getmodule(self.read), "__doc__", "") or "").splitlines()[0].rstrip(".")


_SINGLE = ("instruction", "input", "output", "system", "category", "id")
_CHAT = ("role", "content", "system", "category", "id")
SOURCES: dict[str, Format] = {
    "alpaca": Format(alpaca, _SINGLE),
    "sharegpt": Format(sharegpt, ("conversations", *_CHAT)),
    "dolly": Format(dolly, _SINGLE),
    "gpt4all": Format(gpt4all, _SINGLE),
    "messages": Format(messages, ("messages", *_CHAT, "instruction", "output")),
    "kin": Format(kin, ("title", "body", "answer", "answers", "category", "id")),
    "hellaswag": Format(hellaswag, ("ctx", "endings", "label", "activity_label", "ind"), has_choices=True),
    "arc": Format(arc, ("question", "choices", "answerKey", "id"), has_choices=True),
    "mmlu": Format(mmlu, ("question", "choices", "answer", "subject"), has_choices=True),
    "truthfulqa": Format(truthfulqa, ("question", "mc1_targets", "category"), has_choices=True),
}
