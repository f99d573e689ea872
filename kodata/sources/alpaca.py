"""Stanford Alpaca and what has its shape: instruction, input, output."""

from __future__ import annotations

import re
from collections.abc import Mapping

from kodata.korean import clean
from kodata.sources.raw import Raw, Unreadable, extra_of, text_of

_KNOWN = frozenset({"instruction", "input", "output", "category", "id", "text"})

# 674 of the 52,002 inputs say in 41 spellings that there is none; DeepL made "elderly input" of `<noinput>`.
_NO_INPUT = re.compile(
    r"^\W*(?:no[ _-]?inputs?(?: (?:is )?(?:required|needed|provided|necessary|given|available|text))*"
    r"|n[/.]a\.?|(?-i:NA)|none|nan|null|not applicable)\W*$",  # "Na" is sodium
    re.IGNORECASE,
)
_NO_OUTPUT = re.compile(r"^\W*(?:no[ _-]?output\b.{0,80}|n/a|none)\W*$", re.IGNORECASE)


def alpaca(item: Mapping[str, object]) -> Raw:
    """One Alpaca item as a record of one turn; markers for "no input" and "no output" become empty.

    The `text` field of the hub's version repeats the three others in a template and is left out. Raises
    Unreadable when there is no instruction field, or a field holds no text.
    """
    if "instruction" not in item:
        names = clean(", ".join(map(str, item)))
        raise Unreadable("no-instruction", f'no field "instruction" among {names or "none"}'[:200])
    context, output = text_of(item, "input"), text_of(item, "output")
    turn = (
        text_of(item, "instruction").strip(),
        "" if _NO_INPUT.match(context) else context,
        "" if _NO_OUTPUT.match(output) else output,
    )
    return Raw(
        (turn,),
        category=text_of(item, "category") or None,
        upstream_id=text_of(item, "id") or None,
        extra=extra_of(item, _KNOWN),
    )
