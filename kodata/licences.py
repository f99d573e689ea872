"""What the licences of instruction data allow, as far as their names tell; what a person must read is named only.

A licence stands on each record. Two licences are never merged into one: what is published together and has several is
published apart, by licence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Use: TypeAlias = Literal["commercial", "research", "any"]

UNKNOWN: Final = "unknown"  # of a record whose source does not say


@dataclass(frozen=True)
class Licence:
    """A licence by its SPDX name. `hub` is its name on the Hugging Face hub."""

    name: str
    hub: str
    title: str
    url: str
    is_commercial: bool = True
    conditions: str = "name the authors"


_ALL = (
    Licence("CC0-1.0", "cc0-1.0", "CC0 1.0", "https://creativecommons.org/publicdomain/zero/1.0/", conditions="none"),
    Licence("CC-BY-4.0", "cc-by-4.0", "CC BY 4.0", "https://creativecommons.org/licenses/by/4.0/"),
    Licence(
        "CC-BY-SA-3.0",
        "cc-by-sa-3.0",
        "CC BY-SA 3.0",
        "https://creativecommons.org/licenses/by-sa/3.0/",
        conditions="name the authors, share under the same licence",
    ),
    Licence(
        "CC-BY-SA-4.0",
        "cc-by-sa-4.0",
        "CC BY-SA 4.0",
        "https://creativecommons.org/licenses/by-sa/4.0/",
        conditions="name the authors, share under the same licence",
    ),
    Licence(
        "CC-BY-NC-4.0",
        "cc-by-nc-4.0",
        "CC BY-NC 4.0",
        "https://creativecommons.org/licenses/by-nc/4.0/",
        is_commercial=False,
        conditions="name the authors, no commercial use",
    ),
    Licence(
        "CC-BY-NC-SA-4.0",
        "cc-by-nc-sa-4.0",
        "CC BY-NC-SA 4.0",
        "https://creativecommons.org/licenses/by-nc-sa/4.0/",
        is_commercial=False,
        conditions="name the authors, no commercial use, share under the same licence",
    ),
    Licence(
        "Apache-2.0",
        "apache-2.0",
        "Apache 2.0",
        "https://www.apache.org/licenses/LICENSE-2.0",
        conditions="keep the notices",
    ),
    Licence("MIT", "mit", "MIT", "https://opensource.org/license/mit", conditions="keep the notice"),
    Licence("ODC-BY-1.0", "odc-by", "ODC-By 1.0", "https://opendatacommons.org/licenses/by/1-0/"),
)
_BY_NAME = {spelling.lower(): licence for licence in _ALL for spelling in (licence.name, licence.hub, licence.title)}


def licence_of(name: str) -> Licence | None:
    """The licence of that name, in SPDX's, the hub's or the common spelling; None for one that is not known here."""
    return _BY_NAME.get(name.strip().lower())


def allows(name: str, use: Use) -> bool:
    """Whether a record under that licence may be used so, by the licence's name alone.

    An unknown licence allows nothing but `any`, which asks nothing.
    """
    if use == "any":
        return True
    found = licence_of(name)
    return found is not None and (found.is_commercial or use == "research")


def terms_of(*by: str | None) -> list[str]:
    """The terms, besides the licence, that whoever had texts translated or written by these is bound to; sorted.

    `by` are values of `translated_by` and `written_by`: `deepl/KO/quality_optimized`, `openai/<model>`.
    """
    found = set()
    for writer in (one for many in by if many for one in many.split(", ")):
        service, _, model = writer.rpartition("/")
        if service.partition("@")[0].startswith("deepl"):
            found.add("DeepL Terms and Conditions")
        elif service == "openai":
            found.add("OpenAI Terms of Use")
        elif service.partition("@")[0] not in ("memory", "recording", "echo", ""):
            found.add(f"terms of {model}")
    return sorted(found)
