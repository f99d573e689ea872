"""An item of an evaluation: a question, its choices in their order, and which of them is right."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from kodata.sources.raw import Raw, Unreadable, extra_of, text_of


def with_choices(
    item: Mapping[str, object],
    question: str,
    choices: tuple[str, ...],
    label: int | None,
    known: Collection[str],
    category: str = "",
    upstream_id: str = "",
) -> Raw:
    """The item as a record of one turn without an answer; fields that are not `known` are kept as extra.

    Raises Unreadable when there is no question, or the label is none of a choice.
    """
    if not question:
        raise Unreadable("no-question", "the question is missing or empty")
    if label is None or label not in range(len(choices)):
        raise Unreadable("no-label", f"the right one of {len(choices)} choices is not marked")
    extra = extra_of(item, known)
    turns = ((question, "", ""),)
    return Raw(turns, None, category or None, upstream_id or None, extra, choices=choices, label=label)


def choices_of(value: object) -> tuple[str, ...]:
    """The texts of a list, cleaned. Raises Unreadable when there are fewer than two, or one of them is empty."""
    texts = tuple(text_of({"choice": text}, "choice").strip() for text in value) if isinstance(value, list) else ()
    if len(texts) < 2 or not all(texts):
        raise Unreadable("no-choices", "there are not two choices or more, each with a text")
    return texts


def number_of(value: object) -> int | None:
    """A whole number, as such or in digits; None for all else."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 4:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
