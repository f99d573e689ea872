"""Which format a source is in, told from its first items; of an unknown layout, what it holds and how it may be mapped.

Nothing is decided between two formats that fit equally well: whoever asks says which.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kodata.errors import PipelineError, did_you_mean
from kodata.sources import messages, sharegpt
from kodata.sources.formats import SOURCES
from kodata.sources.mapping import OF_MESSAGES
from kodata.sources.single import ANSWER

LOOKED_AT = 500  # items
_MOST = 0.8  # share of the items that must have the shape
_DEEPEST = 3  # levels of objects that are looked into

_ASKED = (
    "instruction", "question", "query", "prompt", "problem", "ask", "user", "human", "title", "q", "질문", "지시",
    "지시문", "명령어",
)  # fmt: skip
_GIVEN = ("input", "context", "passage", "document", "body", "description", "맥락", "입력", "본문")
_ANSWERED = (
    "output", "response", "answer", "completion", "reply", "solution", "assistant", "gpt", "target", "a", "답변",
    "응답", "출력", "답",
)  # fmt: skip
_EVALUATIONS = {  # in small letters
    "hellaswag": {"ctx", "endings", "label"},
    "arc": {"question", "choices", "answerkey"},
    "mmlu": {"question", "choices", "answer"},
    "truthfulqa": {"question", "mc1_targets"},
}
_SPEAKS = ("role", "from", "speaker", "author", "who", "name", "화자")
_SAYS = ("content", "value", "text", "utterance", "message", "body", "says", "내용")


@dataclass(frozen=True)
class Field:
    """One field of the items looked at: its path, the share of items that have it, of what kind it is, an example."""

    path: str
    share: float
    kind: str
    example: str


@dataclass(frozen=True)
class Way:
    """One way to read a source: a format, and where it has the fields of the format if not where they belong."""

    use: str
    fields: Mapping[str, str]


@dataclass(frozen=True)
class Layout:
    """What the first items look like. One of `ways` is known; of several somebody must choose.

    `is_known` claims that the ways are formats that fit; otherwise they are suggestions from the names of the fields.
    """

    ways: tuple[Way, ...]
    is_known: bool
    fields: tuple[Field, ...]

    def has(self, place: str) -> bool:
        """Whether a field stands at that place, or may: what lists and deep objects hold is not among the fields."""
        return any(
            f"{field.path}.".startswith(f"{place}.")
            or (place.startswith(f"{field.path}.") and ("list" in field.kind or "object" in field.kind))
            for field in self.fields
        )


def layout_of(items: Sequence[Mapping[str, object]]) -> Layout:
    """The layout of items that are objects."""
    strengths = [_strengths({str(name).lower(): value for name, value in item.items()}) for item in items]
    fields = tuple(_fields(items))
    for level in (2, 1):
        counts = Counter(use for found in strengths for use, strength in found.items() if strength >= level)
        fitting = [use for use, count in counts.items() if count >= _MOST * len(items)]
        if fitting:
            return Layout(tuple(Way(use, {}) for use in sorted(fitting)), True, fields)
    return Layout(tuple(_suggested(items, fields)), False, fields)


def chosen(layout: Layout, use: str, fields: Mapping[str, str]) -> Way | None:
    """How to read: as was said, else in the one format that is known to fit; None where somebody must say.

    Raises PipelineError for a format or field that nobody knows, and for a place that no item has.
    """
    if not use and not fields:
        return layout.ways[0] if layout.is_known and len(layout.ways) == 1 else None
    use = use or ("messages" if "messages" in fields else "alpaca")
    if use not in SOURCES:
        raise PipelineError(f'no format "{use}"{did_you_mean(use, SOURCES)}')
    if wrong := [name for name in fields if name not in SOURCES[use].fields]:
        raise PipelineError(f'{use} has no field "{wrong[0]}"{did_you_mean(wrong[0], SOURCES[use].fields)}')
    places = [place for name, place in fields.items() if name not in OF_MESSAGES]
    if layout.fields and (lost := [place for place in places if not layout.has(place)]):
        known = [field.path for field in layout.fields]
        raise PipelineError(f'no item has the field "{lost[0]}"{did_you_mean(lost[0], known)}')
    return Way(use, fields)


def _strengths(item: Mapping[str, object]) -> dict[str, int]:
    """For each format that could read the item: 2 where it has what sets the format apart, else 1."""
    has = item.keys()
    found = dict(_chats(item))
    if "title" in has and has & {"answer", "accepted_answer", "best_answer", "answers"}:
        found["kin"] = 2
    if {"system_prompt", "question", "response"} <= has:
        found["messages"] = 2
    found |= {use: 2 for use, names in _EVALUATIONS.items() if names <= has}
    if "instruction" in has:
        answers = has & set(ANSWER)
        found["alpaca"] = 2 if "output" in has or "instances" in has else 1
        if "output" not in has and ("response" in answers or ("text" in has and not answers)):
            found["dolly"] = 2 if "response" in has and has & {"context", "category"} else 1
    elif has & {"prompt", "question"} and has & set(ANSWER):
        found.setdefault("alpaca", 1)
        if {"prompt", "response"} <= has:
            found["gpt4all"] = 2 if "source" in has else 1
    return found


def _chats(item: Mapping[str, object]) -> Iterator[tuple[str, int]]:
    for name in dict.fromkeys((*sharegpt.LISTS, *messages.LISTS)):
        said = item.get(name)
        first = said[0] if isinstance(said, list) and said else None
        if isinstance(first, Mapping) and "from" in first and first.keys() & {"value", "text"}:
            yield "sharegpt", 2
        elif isinstance(first, Mapping) and {"role", "content"} <= first.keys():
            yield "messages", 2
    data = item.get("data")
    if isinstance(data, list) and len(data) > 1 and all(isinstance(text, str) for text in data):
        yield "messages", 2


def _fields(items: Sequence[Mapping[str, object]]) -> Iterator[Field]:
    """The fields in the order in which they appear, those of objects in them by their path."""
    seen: dict[str, list[object]] = {}
    for item in items:
        for path, value in _leaves(item):
            seen.setdefault(path, []).append(value)
    for path, values in seen.items():
        there = [value for value in values if value is not None]
        kinds = Counter(map(_kind, there))
        example = next((value for value in there if value not in ("", [], {})), "")
        yield Field(path, len(there) / len(items), " or ".join(kinds) or "null", str(example))


def _leaves(item: Mapping[str, object], before: str = "", depth: int = 1) -> Iterator[tuple[str, object]]:
    for name, value in item.items():
        path = f"{before}{name}"
        if isinstance(value, Mapping) and value and depth < _DEEPEST:
            yield from _leaves(value, f"{path}.", depth + 1)
        else:
            yield path, value


def _kind(value: object) -> str:
    if isinstance(value, list):
        first = value[0] if value else None
        return f"list of objects ({', '.join(map(str, first))})" if isinstance(first, Mapping) else "list"
    names = {str: "text", bool: "truth value", int: "number", float: "number", dict: "object"}
    return names.get(type(value), type(value).__name__)


def _suggested(items: Sequence[Mapping[str, object]], fields: Sequence[Field]) -> Iterator[Way]:
    """Ways to read an unknown layout, from the names of its fields: lists of messages first, then pairs of texts."""
    for path in dict.fromkeys(field.path for field in fields if field.kind.startswith("list of objects")):
        if way := _as_chat(items, path):
            yield way
    groups: dict[str, dict[str, str]] = {}
    for field in fields:
        before, dot, name = field.path.rpartition(".")
        if field.kind == "text":
            groups.setdefault(before + dot, {}).setdefault(name.lower(), field.path)
    for names in groups.values():
        asked, given, answered = (_first(names, known) for known in (_ASKED, _GIVEN, _ANSWERED))
        if asked:
            found = {"instruction": asked, "input": given, "output": answered}
            yield Way("alpaca", {target: path for target, path in found.items() if path})


def _as_chat(items: Sequence[Mapping[str, object]], path: str) -> Way | None:
    """The list of objects at the path as a conversation, where who speaks and what is said can be told by name."""
    lists = (dict(_leaves(item)).get(path) for item in items)
    first = next((said[0] for said in lists if isinstance(said, list) and said and isinstance(said[0], Mapping)), {})
    names = {str(name).lower(): str(name) for name in first}
    speaks, says = _first(names, _SPEAKS), _first(names, _SAYS)
    return Way("messages", {"messages": path, "role": speaks, "content": says}) if speaks and says else None


def _first(names: Mapping[str, str], known: Sequence[str]) -> str:
    return next((names[name] for name in known if name in names), "")
