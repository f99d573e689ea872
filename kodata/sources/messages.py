"""Conversations with the roles of the OpenAI API: UltraChat, Tulu 3, Magpie; and OpenOrca's system prompts."""

from __future__ import annotations

from collections.abc import Mapping

from kodata.korean import clean
from kodata.sources.conversation import Said, chat, heard
from kodata.sources.raw import Raw, Unreadable, named_plainly
from kodata.sources.single import QUESTION, SYSTEM, single

LISTS = ("messages", "conversations", "conversation")
IDS = ("id", "prompt_id", "conversation_id", "uuid")
_REPEATS = ("prompt", "instruction", "response", "question")  # what UltraChat and Magpie say a second time
_NAMES = frozenset({*LISTS, *IDS, *SYSTEM, *_REPEATS, "data", "category"})


def messages(item: Mapping[str, object]) -> Raw:
    """One chat as a record of as many turns as it has questions with answers.

    `data` may be a list of texts, the user's first (UltraChat as first published); an item without a list of messages
    is read as one question (OpenOrca: system_prompt, question, response). Raises Unreadable as `chat` and `single` do.
    """
    item = named_plainly(item, _NAMES)
    there = next((name for name in (*LISTS, "data") if isinstance(item.get(name), list)), None)
    if there is None:
        if not any(name in item for name in QUESTION):
            names = clean(", ".join(map(str, item)))
            raise Unreadable("no-conversation", f'no field "messages" among {names or "none"}'[:200])
        return single(item)
    said = _by_turns(item[there]) if there == "data" else heard(item[there])
    texts = {message.text.strip() for message in said}
    repeats = {name for name in _REPEATS if isinstance(text := item.get(name), str) and clean(text).strip() in texts}
    return chat(item, said, {there, *repeats}, IDS)


def _by_turns(texts: object) -> list[Said]:
    assert isinstance(texts, list)
    if wrong := [n for n, text in enumerate(texts, 1) if not isinstance(text, str)]:
        raise Unreadable("not-text", f"message {wrong[0]} is {type(texts[wrong[0] - 1]).__name__}, not text")
    return [Said("assistant" if n % 2 else "user", clean(text)) for n, text in enumerate(texts)]
