"""What kodata knows of Korean and of text in general: hygiene, language, speech level.

Each of them is a module of its own; their public names stand here.
"""

from __future__ import annotations

from kodata.korean.detection import LANGDETECT, MASKED, by_letters, has_code, is_english_prose, language, languages
from kodata.korean.hygiene import clean

__all__ = ["LANGDETECT", "MASKED", "by_letters", "clean", "has_code", "is_english_prose", "language", "languages"]
