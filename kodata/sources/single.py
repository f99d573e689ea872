"""One question and its answer, under whatever names an item has them."""

from __future__ import annotations

from collections.abc import Mapping

from kodata.korean import clean
from kodata.sources.raw import Raw, Unreadable, extra_of, is_missing, named_plainly, text_of

QUESTION = ("instruction", "prompt", "question")
CONTEXT = ("input", "context")
ANSWER = ("output", "response", "completion")
SYSTEM = ("system", "system_prompt")
_NAMES = frozenset({*QUESTION, *CONTEXT, *ANSWER, *SYSTEM, "text", "instances", "category", "id"})
_TEMPLATE = "Below is an instruction that describes a task"  # the hub's `text` repeats the other fields in it


def single(item: Mapping[str, object]) -> Raw:
    """The item as a record of one turn.

    Of several names for one thing the first that has text counts, and what the others hold is kept as extra. A `prompt`
    that is an object stands for its `value`, else its `description`. Without context and answer of its own, an item
    has those of the first of its `instances`. Raises Unreadable when there is no question, or a field holds no text.
    """
    item = named_plainly(item, _NAMES)
    known = {"category", "id"}
    if "instances" in item and not any(name in item for name in (*CONTEXT, *ANSWER)):
        item = _with_first_instance(item)
    question, fixes = _question(item, known)
    context, answer = _taken(item, CONTEXT, known), _taken(item, ANSWER, known)
    if not any(name in item for name in ANSWER):
        answer = _taken(item, ("text",), known)
    elif isinstance(text := item.get("text"), str) and text.startswith(_TEMPLATE):
        known.add("text")
    system = _taken(item, SYSTEM, known)
    return Raw(
        ((question.strip(), context, answer),),
        system or None,
        text_of(item, "category") or None,
        text_of(item, "id") or None,
        extra_of(item, known),
        (fixes,) if fixes else (),
    )


def _question(item: Mapping[str, object], known: set[str]) -> tuple[str, tuple[str, ...]]:
    there = [name for name in QUESTION if name in item]
    if not there:
        names = clean(", ".join(map(str, item)))
        raise Unreadable("no-instruction", f'no field "instruction" among {names or "none"}'[:200])
    prompt = item.get("prompt")
    if isinstance(prompt, Mapping) and "instruction" not in item:
        if not (text := text_of(prompt, "value", "description")):
            raise Unreadable("no-instruction", 'field "prompt" holds an object without value and description')
        known.add("prompt")
        return text, ("prompt-object",)
    return _taken(item, there, known), ()


def _taken(item: Mapping[str, object], names: tuple[str, ...] | list[str], known: set[str]) -> str:
    """The first text there is. Its name is known then, and so are those that are empty or say the same."""
    text = text_of(item, *names)
    known.update(name for name in names if name in item and _says(item[name]) in ("", text))
    return text


def _says(value: object) -> str | None:
    if is_missing(value) or (isinstance(value, str) and not value.strip()):
        return ""
    return clean(value) if isinstance(value, str) else None


def _with_first_instance(item: Mapping[str, object]) -> Mapping[str, object]:
    """The item with context and answer of its first instance; what the instances hold besides stays."""
    instances = item["instances"]
    if not isinstance(instances, list) or not all(isinstance(instance, Mapping) for instance in instances):
        raise Unreadable("not-text", 'field "instances" holds no list of objects')
    first, rest = (instances[0] if instances else {}), instances[1:]
    taken = {name: first[name] for name in (*CONTEXT, *ANSWER) if name in first}
    left = [{name: value for name, value in first.items() if name not in taken}, *rest]
    others = {"instances": left} if any(left) else {}
    return {**{name: value for name, value in item.items() if name != "instances"}, **taken, **others}
