"""How many tokens a text is: by a model's own vocabulary where that is installed, else by its letters."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import bpe_openai

# Characters a token in o200k: KoAlpaca v1.0 is 1.7-1.8 with its blanks, the English it came from 5.0, code about 3.5.
_WIDE_A_TOKEN = 1.4
_ASCII_A_TOKEN = 4.4
_LONGEST = 50_000  # characters; at worst each of their 200,000 bytes is a token, and no more are taken at a time


def is_counted(vocabulary: str) -> bool:
    """Whether texts are counted with that vocabulary rather than estimated: it is installed with `kodata[tokens]`."""
    return bool(vocabulary) and find_spec("bpe_openai") is not None and vocabulary in _installed()


@lru_cache(maxsize=20_000)
def tokens_of(text: str, vocabulary: str) -> int:
    """The tokens of a text, counted with a vocabulary such as `o200k_base`, or estimated where it is not there."""
    if not is_counted(vocabulary):
        return _estimated(text)
    encode = _encoding(vocabulary).encode_ordinary
    return sum(len(encode(text[at : at + _LONGEST])) for at in range(0, len(text), _LONGEST))


def _estimated(text: str) -> int:
    wide = (len(text.encode("utf-8", "surrogatepass")) - len(text)) / 2  # a syllable is three bytes
    return round(wide / _WIDE_A_TOKEN + max(len(text) - wide, 0) / _ASCII_A_TOKEN)


@lru_cache(maxsize=1)
def _installed() -> frozenset[str]:
    import bpe_openai

    return frozenset(bpe_openai.list_encoding_names())


@lru_cache(maxsize=4)
def _encoding(vocabulary: str) -> bpe_openai.Encoding:
    import bpe_openai

    return bpe_openai.get_encoding(vocabulary)
