"""ShareGPT: conversations of human and gpt, scraped from chat pages, with what the pages left in them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from kodata.korean import clean
from kodata.sources.conversation import Said, chat, heard
from kodata.sources.markup import as_markdown, is_scraped
from kodata.sources.raw import Raw, Unreadable, named_plainly
from kodata.sources.single import SYSTEM

LISTS = ("conversations", "conversation", "items")
_NAMES = frozenset({*LISTS, *SYSTEM, "category", "id"})

_PAGE_NUMBER = re.compile(r"\s*(\d{1,3}) / (\d{1,3})(?=\s*\n|\s*$|[^\W\d_])")  # "2 / 3", above a message
_COPY_FENCE = re.compile(
    r"```[ \t]*+(?:\n[ \t]*+)?([A-Za-z0-9+#.-]{0,20}?)[ \t]*+(?:\n[ \t]*+)?(?:Copy code)++[ \t]*+\n?"
)
_COPY_LINE = re.compile(r"(?m)^([A-Za-z0-9+#.-]{0,20}?)Copy code[ \t]*\n")
_COPY_COUNT = re.compile(r"Copy\d{1,9} chars / \d{1,9} words")


def sharegpt(item: Mapping[str, object]) -> Raw:
    """One conversation as a record of as many turns as it has questions with answers.

    HTML becomes Markdown, page numbers and the captions of "Copy code" buttons are taken out, and the roles must
    alternate once a first message that is not the human's and a last question are gone; see `chat`, also for what it
    raises.
    """
    item = named_plainly(item, _NAMES)
    there = next((name for name in LISTS if name in item), None)
    if there is None:
        names = clean(", ".join(map(str, item)))
        raise Unreadable("no-conversation", f'no field "conversations" among {names or "none"}'[:200])
    said = heard(item[there])
    is_about_html = any("html" in message.text.lower() for message in said if message.role == "user")
    return chat(item, [_tidied(message, is_about_html) for message in said], {there}, ("id",))


def _tidied(said: Said, is_about_html: bool) -> Said:
    """The message without what a page put around it. Where HTML is the subject, only a page's own is touched."""
    fixes, text = [], said.text
    for name, mend in (("page-number", _unnumbered), ("html", as_markdown), ("copy-code", _without_captions)):
        if name == "html" and is_about_html and not is_scraped(text):
            continue
        if (mended := mend(text)) != text:
            text = mended
            fixes.append(name)
    return replace(said, text=text.strip(), fixes=tuple(fixes))


def _unnumbered(text: str) -> str:
    """The text without a page number such as `2 / 3` before it; `10 / 2` is none."""
    number = _PAGE_NUMBER.match(text)
    return text[number.end() :] if number and int(number[1]) <= int(number[2]) else text


def _without_captions(text: str) -> str:
    if "Copy" not in text:
        return text
    return _COPY_COUNT.sub("", _COPY_LINE.sub(_language_line, _COPY_FENCE.sub(r"```\1\n", text)))


def _language_line(caption: re.Match[str]) -> str:
    return f"{caption[1]}\n" if caption[1] else ""
