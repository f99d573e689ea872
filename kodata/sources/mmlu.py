"""MMLU: a question of a subject, four choices, the number of the right one."""

from __future__ import annotations

from collections.abc import Mapping

from kodata.sources.choices import choices_of, number_of, with_choices
from kodata.sources.raw import Raw, text_of

_KNOWN = frozenset({"question", "subject", "choices", "answer"})


def mmlu(item: Mapping[str, object]) -> Raw:
    """One item, its subject as the category. Raises Unreadable as `with_choices` and `choices_of` do."""
    question, label = text_of(item, "question").strip(), number_of(item.get("answer"))
    return with_choices(item, question, choices_of(item.get("choices")), label, _KNOWN, text_of(item, "subject"))
