"""GPT4All: prompt, response, source."""

from __future__ import annotations

from collections.abc import Mapping

from kodata.sources.markup import as_markdown
from kodata.sources.raw import Raw, Unreadable, mended
from kodata.sources.single import single


def gpt4all(item: Mapping[str, object]) -> Raw:
    """One GPT4All item as a record of one turn, HTML in its prompt as Markdown.

    A null answer is an empty one. Raises Unreadable for a prompt of no or one character, and as `single` does.
    """
    raw = single(item)
    ((prompt, context, response),) = raw.turns
    if len(prompt) < 2:
        raise Unreadable("short-prompt" if prompt else "no-instruction", f"the prompt is {prompt!r}")
    markdown = as_markdown(prompt)
    return raw if markdown == prompt else mended(raw, (markdown, context, response), "html")
