"""Text as it enters: one form of every character, one kind of line break, nothing that cannot be written."""

from __future__ import annotations

import re
import unicodedata

_LINE_BREAKS = dict.fromkeys(map(ord, "\x0b\x0c\x85\u2028\u2029"), "\n")
_UNUSUAL = re.compile(r"[^\n\t -~]")  # anything that may need cleaning
_UNWANTED = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
_ESCAPE = re.compile("\x1b(?:\\[[0-?]*[ -/]*[@-~]|\\][^\x07\x1b\n]*(?:\x07|\x1b\\\\))")  # colours; titles of windows


def has_controls(text: str) -> bool:
    """Whether `clean` takes characters off that a reader would not see, or that cannot be written."""
    return bool(_UNUSUAL.search(text) and _UNWANTED.search(text.replace("\r", "\n").translate(_LINE_BREAKS)))


def clean(text: str) -> str:
    """The text in NFC, with `\\n` as the only line break and without control characters and lone surrogates.

    What sets a colour or the title of a terminal goes as a whole. NFC and not NFKC, which would turn ㄱ, ½ and ㈜ into
    other characters.
    """
    if not _UNUSUAL.search(text):
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_LINE_BREAKS)
    if "\x1b" in text:
        text = _ESCAPE.sub("", text)
    return unicodedata.normalize("NFC", _UNWANTED.sub("", text))
