"""The formats that are read: one function each, raw item to record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from kodata.sources.alpaca import alpaca
from kodata.sources.dolly import dolly
from kodata.sources.gpt4all import gpt4all
from kodata.sources.kin import kin
from kodata.sources.messages import messages
from kodata.sources.raw import Raw
from kodata.sources.sharegpt import sharegpt

ReadItem: TypeAlias = Callable[[Mapping[str, object]], Raw]

SOURCES: dict[str, ReadItem] = {
    "alpaca": alpaca,
    "sharegpt": sharegpt,
    "dolly": dolly,
    "gpt4all": gpt4all,
    "messages": messages,
    "kin": kin,
}
