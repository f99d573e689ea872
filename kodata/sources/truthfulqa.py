"""TruthfulQA, multiple choice: a question that misleads, a true answer among false ones."""

from __future__ import annotations

from collections.abc import Mapping

from kodata.sources.choices import choices_of, with_choices
from kodata.sources.raw import Raw, text_of

_KNOWN = frozenset({"question", "mc1_targets", "mc2_targets", "category"})


def truthfulqa(item: Mapping[str, object]) -> Raw:
    """One item with the choices of MC1, of which one is true, in their order: the true one comes first there.

    The larger set of MC2 has several true ones and is left out. Raises Unreadable as `with_choices` and
    `choices_of` do.
    """
    found = item.get("mc1_targets")
    targets = found if isinstance(found, Mapping) else {}
    texts, labels = choices_of(targets.get("choices")), targets.get("labels")
    marks = labels if isinstance(labels, list) and len(labels) == len(texts) else []
    label = marks.index(1) if marks.count(1) == 1 else None
    return with_choices(item, text_of(item, "question").strip(), texts, label, _KNOWN, text_of(item, "category"))
