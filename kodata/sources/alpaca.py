"""Stanford Alpaca and what has its shape: instruction, input, output."""

from __future__ import annotations

import re
from collections.abc import Mapping

from kodata.sources.raw import Raw, mended
from kodata.sources.single import single

# 674 of the 52,002 inputs say in 41 spellings that there is none; DeepL made "elderly input" of `<noinput>`.
_NO_INPUT = re.compile(
    r"^\W*(?:no[ _-]?inputs?(?: (?:is )?(?:required|needed|provided|necessary|given|available|text))*"
    r"|n[/.]a\.?|(?-i:NA)|none|nan|null|not applicable)\W*$",  # "Na" is sodium
    re.IGNORECASE,
)
_NO_OUTPUT = re.compile(r"^\W*(?:no[ _-]?output\b.{0,80}|n/a)\W*$", re.IGNORECASE)


def alpaca(item: Mapping[str, object]) -> Raw:
    """One Alpaca item as a record of one turn; markers for "no input" and "no output" become empty.

    Code Alpaca, Self-Instruct, AlpacaEval and other relatives are read as well, whatever they call the answer; see
    `single`, also for what it raises.
    """
    raw = single(item)
    ((instruction, context, output),) = raw.turns
    if _NO_INPUT.match(context):
        context, raw = "", mended(raw, (instruction, "", output), "no-input-marker")
    return mended(raw, (instruction, context, ""), "no-output-marker") if _NO_OUTPUT.match(output) else raw
