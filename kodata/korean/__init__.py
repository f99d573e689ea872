"""What kodata knows of Korean and of text in general: hygiene, language, speech level.

Each of them is a module of its own; their public names stand here.
"""

from __future__ import annotations

from kodata.korean.detection import LANGDETECT, by_letters, has_code, is_english_prose, language, languages, masked
from kodata.korean.hygiene import clean, has_controls
from kodata.korean.letters import final, with_final
from kodata.korean.numerals import FIGURE, figure, numbers, quantities
from kodata.korean.speech import LEVELS, Level, sentences, speech_levels
from kodata.korean.verbs import request

__all__ = [
    "FIGURE", "LANGDETECT", "LEVELS", "Level", "by_letters", "clean", "figure", "final", "has_code", "has_controls",
    "is_english_prose", "language", "languages", "masked", "numbers", "quantities", "request", "sentences",
    "speech_levels", "with_final",
]  # fmt: skip
