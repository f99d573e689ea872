"""Text as it enters: one form of every character, one kind of line break, nothing that cannot be written."""

from __future__ import annotations

import re
import unicodedata

_LINE_BREAKS = dict.fromkeys(map(ord, "\x0b\x0c\x85\u2028\u2029"), "\n")
_UNUSUAL = re.compile(r"[^\n\t -~]")  # anything that may need cleaning
_UNWANTED = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")


def clean(text: str) -> str:
    """The text in NFC, with `\\n` as the only line break and without control characters and lone surrogates.

    NFC and not NFKC, which would turn ㄱ, ½ and ㈜ into other characters.
    """
    if not _UNUSUAL.search(text):
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_LINE_BREAKS)
    return unicodedata.normalize("NFC", _UNWANTED.sub("", text))
