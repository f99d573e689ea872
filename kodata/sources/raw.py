"""What a source function gives: the texts of one record as they were, cleaned, and what else the item knew."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from math import isnan

from kodata.korean import clean, has_controls

CONTROLS_REMOVED = "control-characters"
_DEEPEST = 100  # levels of nesting in an extra field; JSON libraries give up at some 250
_INT64 = range(-(2**63), 2**63)


class Unreadable(ValueError):
    """An item that is no record. `reason` is the slug of the drop, the message says what was seen."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class Raw:
    """One record before it has an id: turns of (instruction, input, output), extra fields kept, not interpreted.

    `fixes` names the mendings of each turn, one tuple a turn; it is empty when nothing was mended. An item of an
    evaluation has `choices` and, counted from 0, the `label` of the right one, and its one turn no output.
    """

    turns: tuple[tuple[str, str, str], ...]
    system: str | None = None
    category: str | None = None
    upstream_id: str | None = None
    extra: Mapping[str, object] = field(default_factory=dict)
    fixes: tuple[tuple[str, ...], ...] = ()
    choices: tuple[str, ...] | None = None
    label: int | None = None


def mended(raw: Raw, turn: tuple[str, str, str], fix: str) -> Raw:
    """The record of one turn with other texts, and the name of what was mended in them."""
    return replace(raw, turns=(turn,), fixes=((*(raw.fixes[0] if raw.fixes else ()), fix),))


def noted_controls(raw: Raw, item: object) -> Raw:
    """The record, with a word in the fixes of its first turn where control characters were taken off the item."""
    if not _has_controls(item):
        return raw
    first, *rest = raw.fixes or ((),) * len(raw.turns)
    return replace(raw, fixes=((*first, CONTROLS_REMOVED), *rest))


def _has_controls(value: object) -> bool:
    if isinstance(value, str):
        return has_controls(value)
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, (list, tuple)) else ()
    return any(map(_has_controls, inner))


def text_of(item: Mapping[str, object], *names: str) -> str:
    """The first of the named fields that has text, cleaned; a number as its digits; empty when none has.

    Raises Unreadable when a field holds a list, an object or a truth value.
    """
    for name in names:
        value = item.get(name)
        if is_missing(value):
            continue
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise Unreadable("not-text", f'field "{name}" holds {type(value).__name__}, not text')
        text = clean(str(value))
        if text.strip():
            return text
    return ""


def is_missing(value: object) -> bool:
    """Whether a field holds nothing: null, or what a table has for it."""
    return value is None or (isinstance(value, float) and isnan(value))


def named_plainly(item: Mapping[str, object], names: frozenset[str]) -> Mapping[str, object]:
    """The item with `Instruction` or `OUTPUT` as the plain name that it means, where that is free."""
    if not any(isinstance(name, str) and name not in names and name.lower() in names for name in item):
        return item
    plain = {name: value for name, value in item.items() if name in names}
    for name, value in item.items():
        low = name.lower() if isinstance(name, str) else name
        plain.setdefault(low if low in names and low not in plain else name, value)
    return plain


def extra_of(item: Mapping[str, object], known: Container[str]) -> dict[str, object]:
    """The fields a source does not interpret, names and texts cleaned, so that they can be written again.

    A whole number beyond 64 bits is kept as its digits. Raises Unreadable when a field nests too deep.
    """
    return {clean(str(name)): _plain(value) for name, value in item.items() if name not in known}


def _plain(value: object, depth: int = 1) -> object:
    if depth > _DEEPEST:
        raise Unreadable("too-deep", f"a field nests more than {_DEEPEST} levels")
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {clean(str(name)): _plain(inner, depth + 1) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner, depth + 1) for inner in value]
    is_kept = value is None or isinstance(value, (bool, float)) or (isinstance(value, int) and value in _INT64)
    return value if is_kept else clean(str(value))
