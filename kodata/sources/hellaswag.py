"""HellaSwag: the beginning of a scene, four endings, the label of the right one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from kodata.sources.choices import choices_of, number_of, with_choices
from kodata.sources.raw import Raw, text_of

_KNOWN = frozenset({"activity_label", "ctx", "ctx_a", "ctx_b", "endings", "label", "ind"})
_MARK = re.compile(r"\[.*?\]")


def hellaswag(item: Mapping[str, object]) -> Raw:
    """One item; its instruction is the activity, a colon and the beginning, as lm-evaluation-harness puts them.

    The marks that WikiHow left, `[header]`, `[title]`, `[step]`, are taken out. Raises Unreadable as `with_choices`
    and `choices_of` do; the labels of the test split are not published.
    """
    first, second = (text_of(item, name).strip() for name in ("ctx_a", "ctx_b"))
    context = f"{first} {second[:1].upper()}{second[1:]}" if first and second else text_of(item, "ctx").strip()
    activity = text_of(item, "activity_label").strip()
    texts = (f"{activity}: {context}" if activity and context else context, *choices_of(item.get("endings")))
    bare = tuple(_without_marks(text) for text in texts)
    question, *endings = bare
    ident = text_of(item, "ind")
    raw = with_choices(item, question, choices_of(endings), number_of(item.get("label")), _KNOWN, activity, ident)
    return raw if bare == texts else replace(raw, fixes=(("wikihow-marks",),))


def _without_marks(text: str) -> str:
    return _MARK.sub("", text.replace(" [title]", ". ")).replace("  ", " ").strip() if "[" in text else text
