"""Words that translators get wrong, and what they are in Korean: "odd one out" is 나머지와 다른 하나, no odd number."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b

MAX_BYTES = 1024  # of a term, DeepL "Glossaries"


@dataclass(frozen=True)
class Glossary:
    """English terms and their Korean, in the order of the file. `digest` is the hash of the entries."""

    name: str
    digest: str
    entries: tuple[tuple[str, str], ...] = field(compare=False, repr=False)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        terms = sorted((english for english, _ in self.entries), key=len, reverse=True)
        return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, terms))})(?!\w)", re.IGNORECASE)

    def occurring(self, texts: Sequence[str]) -> list[tuple[str, str]]:
        """The entries whose English stands in one of the texts, whatever its case, in the order of the file."""
        found = {match.lower() for text in texts for match in self._pattern.findall(text)}
        return [(english, korean) for english, korean in self.entries if english.lower() in found]


def glossary_of(name: str, text: str) -> Glossary:
    """The glossary of a TSV file: English, a tab, Korean; a line that begins with # is a remark.

    Raises ValueError naming the line that is neither, or a term that stands twice.
    """
    entries: dict[str, str] = {}
    for n, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        english, _, korean = line.strip().partition("\t")
        english, korean = english.strip(), korean.strip()
        if not (english and korean) or "\t" in korean:
            raise ValueError(f"line {n} is not English, a tab and Korean")
        if max(len(english.encode()), len(korean.encode())) > MAX_BYTES:
            raise ValueError(f"line {n} is longer than {MAX_BYTES:,} bytes")
        if english in entries:
            raise ValueError(f'line {n}: "{english}" stands twice')
        entries[english] = korean
    if not entries:
        raise ValueError("it has no entries")
    digest = blake2b("\n".join(f"{en}\t{ko}" for en, ko in entries.items()).encode(), digest_size=16).hexdigest()
    return Glossary(name, digest, tuple(entries.items()))
