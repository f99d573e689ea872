"""The fields of an unknown layout under the names that a format knows: `fields = { instruction = "question" }`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

Tree: TypeAlias = "dict[str, Tree]"

OF_MESSAGES = {"role": "from", "content": "value"}  # what may be said of every message of a conversation
LISTS = ("conversations", "messages")


def mapped(item: Mapping[str, object], fields: Mapping[str, str]) -> Mapping[str, object]:
    """The item with its fields under new names; what they were taken from is gone, all else stays.

    A place is a field, or a path such as `ko.instruction` or `instances.0.input`. `role` and `content` name the fields
    of every message of the conversation. A field that stands where another is put is kept as `original_` and its name.
    """
    if not fields:
        return item
    names = {new: fields[name] for name, new in OF_MESSAGES.items() if name in fields}
    places = {name: place for name, place in fields.items() if name not in OF_MESSAGES}
    taken = {name: value for name, place in places.items() if (value := at(item, place)) is not None}
    rest = _without(item, _tree(_parts(item, places[name]) for name in taken)) if taken else item
    kept = {f"original_{name}" if name in places else name: value for name, value in _object(rest).items()}
    return {name: _renamed(value, names) if name in LISTS else value for name, value in {**kept, **taken}.items()}


def _parts(item: Mapping[str, object], place: str) -> list[str]:
    return [place] if place in item else place.split(".")


def at(item: Mapping[str, object], place: str) -> object:
    """What stands at a field, or at a path such as `ko.instruction`; None where there is nothing."""
    value: object = item
    for part in _parts(item, place):
        value = _child(value, part)
    return value


def _child(value: object, part: str) -> object:
    if isinstance(value, Mapping):
        return value.get(part)
    return next((old for n, old in enumerate(value) if str(n) == part), None) if isinstance(value, list) else None


def _tree(places: Iterable[list[str]]) -> Tree:
    """All places in one: the parts that stand first, each with the tree of what follows it."""
    tree: Tree = {}
    for first, *others in places:
        branch = tree.setdefault(first, {})
        branch |= _tree([others]) if others else {}
    return tree


def _without(value: object, tree: Tree) -> object:
    """The value without what stands at the places; a list or object that is left empty by that goes too, as None."""
    if not tree:
        return None
    old = value.items() if isinstance(value, Mapping) else [(str(n), item) for n, item in enumerate(_list(value))]
    left = [(name, _without(item, tree[name]) if name in tree else item) for name, item in old]
    stays = [(name, item) for name, item in left if name not in tree or item is not None]
    return (dict(stays) if isinstance(value, Mapping) else [item for _, item in stays]) or None


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _renamed(messages: object, names: Mapping[str, str]) -> object:
    """The messages with who speaks and what is said under the names of ShareGPT."""
    if not names or not isinstance(messages, list):
        return messages
    return [
        {**message, **{new: message.get(old) for new, old in names.items()}}
        if isinstance(message, Mapping)
        else message
        for message in messages
    ]
