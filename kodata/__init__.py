"""Turns English instruction data into Korean instruction corpora: paid for once, nothing lost, rebuilt byte for byte.

import kodata
b = kodata.build("alpaca-ko", limit=200, budget=1.0)
b.corpus, b.dropped          # polars frames
b.to_datasets()              # a datasets.Dataset
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kodata.alone import borderline, decontaminate, dedupe, regenerate, sieve, translate, validate
    from kodata.asks import Answer, Ask
    from kodata.auditing import audit
    from kodata.corpus import Split
    from kodata.errors import KodataError
    from kodata.ledger import Ledger
    from kodata.library import build, load, plan
    from kodata.pairing import align
    from kodata.pipeline import Pipeline
    from kodata.providers import Provider
    from kodata.stages import Stage

# Loaded when first used: `import kodata` and `kodata --help` stay instant.
_HOME = {
    "build": "library", "plan": "library", "load": "library",
    "audit": "auditing",
    "translate": "alone", "regenerate": "alone", "sieve": "alone", "dedupe": "alone",
    "decontaminate": "alone", "borderline": "alone", "validate": "alone",
    "align": "pairing",
    "Pipeline": "pipeline", "Stage": "stages", "Split": "corpus", "Ask": "asks", "Answer": "asks",
    "Provider": "providers", "Ledger": "ledger", "KodataError": "errors",
}  # fmt: skip

__all__ = [
    "Answer", "Ask", "KodataError", "Ledger", "Pipeline", "Provider", "Split", "Stage",
    "align", "audit", "borderline", "build", "decontaminate", "dedupe", "load", "plan", "regenerate", "sieve",
    "translate", "validate",
]  # fmt: skip


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'kodata' has no attribute {name!r}")
    return getattr(import_module(f"kodata.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
