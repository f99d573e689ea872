"""ARC: a question of a school exam, its choices with their letters, the letter of the right one."""

from __future__ import annotations

from collections.abc import Mapping

from kodata.sources.choices import choices_of, with_choices
from kodata.sources.raw import Raw, text_of

_KNOWN = frozenset({"id", "question", "choices", "answerKey"})


def arc(item: Mapping[str, object]) -> Raw:
    """One item of the Challenge or the Easy set; letters or numbers of the choices become their place.

    Raises Unreadable as `with_choices` and `choices_of` do.
    """
    found = item.get("choices")
    choices = found if isinstance(found, Mapping) else {}
    texts, letters = choices_of(choices.get("text")), choices.get("label")
    key = text_of(item, "answerKey").strip()
    places = [n for n, letter in enumerate(letters) if str(letter) == key] if isinstance(letters, list) else []
    label = places[0] if len(places) == 1 else None
    question = text_of(item, "question").strip()
    return with_choices(item, question, texts, label, _KNOWN, upstream_id=text_of(item, "id"))
