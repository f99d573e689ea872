"""A conversation as found, who said what, made into turns of a question and its answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from kodata.sources.raw import Raw, Unreadable, extra_of, text_of
from kodata.sources.single import SYSTEM

Role: TypeAlias = Literal["user", "assistant", "system", "tool"]

# The names of the field's data sets, and what became of them where whole files were translated.
_NAMES: dict[Role, str] = {
    "user": "user human prompter person questioner 사용자 사람 인간 유저 질문자 用户 人类 人間 ユーザー usuario "
    "usuário humano utilisateur humain benutzer mensch пользователь человек",
    "assistant": "assistant gpt chatgpt bard bing bot ai model claude gemini 어시스턴트 비서 도우미 조수 챗봇 챗gpt "
    "인공지능 助手 助理 アシスタント asistente assistente assistent ассистент",
    "system": "system developer 시스템 系统 システム sistema système",
    "tool": "tool function observation function_call function_response ipython",
}
ROLES: dict[str, Role] = {name: role for role, names in _NAMES.items() for name in names.split()}


@dataclass(frozen=True, slots=True)
class Said:
    """One message: whose it is, what it says, and what was mended in it."""

    role: Role
    text: str
    fixes: tuple[str, ...] = ()


def heard(messages: object) -> list[Said]:
    """The messages of a list of objects with `from` or `role`, and `value`, `content` or `text`.

    A content in parts is their texts, one a line. Raises Unreadable for a role that nobody has, a call of a tool, and
    a message that is no text.
    """
    if not isinstance(messages, list):
        raise Unreadable("no-conversation", f"the conversation is {type(messages).__name__}, not a list")
    return [_said(n, message) for n, message in enumerate(messages, 1)]


def _said(n: int, message: object) -> Said:
    if not isinstance(message, Mapping):
        raise Unreadable("no-conversation", f"message {n} is {type(message).__name__}, not an object")
    name = text_of(message, "from", "role").strip()
    role = ROLES.get(name.lower())
    if role is None:
        raise Unreadable("unknown-role", f'message {n} is by "{name[:50]}"' if name else f"message {n} is by nobody")
    if role == "tool" or message.get("tool_calls") or message.get("function_call"):
        raise Unreadable("tool-call", f"message {n} calls a tool or is what one answered")
    content = message.get("content")
    if isinstance(content, list):
        return Said(role, "\n".join(_part(n, part) for part in content))
    return Said(role, text_of(message, "value", "content", "text"))


def _part(n: int, part: object) -> str:
    if not isinstance(part, Mapping) or part.get("type") not in ("text", "input_text", "output_text"):
        raise Unreadable("not-text", f"message {n} holds more than text")
    return text_of(part, "text")


def chat(item: Mapping[str, object], messages: Sequence[Said], known: set[str], ids: Sequence[str]) -> Raw:
    """The messages as a record, with what the item says besides: its id under the first of `ids` that it has.

    Questions and answers go by turns, as FastChat cleans ShareGPT (`clean_sharegpt.py`): system messages at the
    beginning are the system line; then one message that is not the user's, and a question at the end, are taken off.
    Raises Unreadable when nothing is left, a message is empty, or the roles do not alternate.
    """
    first = next((n for n, said in enumerate(messages) if said.role != "system"), len(messages))
    system, rest = "\n\n".join(said.text for said in messages[:first] if said.text.strip()), list(messages[first:])
    fixes: dict[int, list[str]] = {}
    if rest and rest[0].role != "user":
        first, rest = first + 1, rest[1:]
        fixes.setdefault(0, []).append("first-message-dropped")
    if rest and rest[-1].role == "user":
        rest = rest[:-1]
        fixes.setdefault(max(len(rest) // 2 - 1, 0), []).append("last-question-dropped")
    if not rest:
        raise Unreadable("no-turn", f"no question with an answer among {len(messages)} messages")
    _check(rest, first + 1)
    pairs = list(zip(rest[::2], rest[1::2], strict=True))
    mended = [dict.fromkeys([*q.fixes, *a.fixes, *fixes.get(n, ())]) for n, (q, a) in enumerate(pairs)]
    ident = next((name for name in ids if text_of(item, name)), "id")
    beside = [name for name in SYSTEM if not system or not text_of(item, name)]
    return Raw(
        tuple((asked.text.strip(), "", answered.text) for asked, answered in pairs),
        system or text_of(item, *SYSTEM) or None,
        text_of(item, "category") or None,
        text_of(item, ident) or None,
        extra_of(item, {*known, "category", ident, *beside}),
        tuple(map(tuple, mended)) if any(mended) else (),
    )


def _check(messages: Sequence[Said], first: int) -> None:
    """Raises Unreadable unless user and assistant speak in turns, each something. `first` numbers the first message."""
    for n, said in enumerate(messages):
        expected = "assistant" if n % 2 else "user"
        if said.role != expected:
            raise Unreadable("not-alternating", f"message {first + n} is the {said.role}'s, not the {expected}'s")
        if not said.text.strip():
            raise Unreadable("empty-message", f"message {first + n}, the {said.role}'s, is empty")
