"""A seeded corpus of Korean texts with twins of every kind planted in it, and texts that only look like twins."""

from __future__ import annotations

import json
import random
import re
import unicodedata
from dataclasses import dataclass, field

from tests.conftest import SHARED

SYLLABLES = "가나다라마바사자카타파하고노도로모보소조코토포호구누두루무부수주쿠투푸후기니디리미비시지키티피히"
PARTICLES = (("은", "는"), ("이", "가"), ("을", "를"))
ENDINGS = (
    ("설명하세요", "설명해 주세요", "설명하십시오", "설명합니다", "설명해라"),
    ("무엇인가요", "무엇입니까", "무엇인가"),
    ("글로 쓰세요", "글로 써 주세요", "글로 쓰십시오", "글로 써라"),
    ("알려 주세요", "알려주십시오", "알려 줘", "알려 주시기 바랍니다"),
    ("표를 만드세요", "표를 만들어 주세요", "표를 만듭니다"),
)
NOUNS = ("강물", "기차", "도서관", "사과", "여름", "음악", "지도", "화산")


@dataclass
class Planted:
    """Texts; `kind` says of a twin how it was made from the text in row `base`; unlike ones are no twins."""

    texts: list[str] = field(default_factory=list)
    kind: dict[int, str] = field(default_factory=dict)
    base: dict[int, int] = field(default_factory=dict)


def planted(count: int, seed: int = 1) -> Planted:
    """Of the texts, a third are made from an earlier one; lengths are those of real records, with more short ones."""
    rng = random.Random(seed)
    rows = [json.loads(line)["ko"] for line in (SHARED / "koalpaca/koalpaca_aligned.jsonl").open(encoding="utf-8")]
    real = ["\n".join((row["instruction"], row["input"], row["output"] or "")) for row in rows]
    words = [word for word in re.sub(r"[^\w ]", " ", " ".join(real)).split() if re.fullmatch("[가-힣]+", word)]
    lengths, made = [len(text) for text in real], Planted()
    makers = {
        "exact": lambda text: text, "NFC/NFD": lambda text: unicodedata.normalize("NFD", text),
        "particle": lambda text: _particle(text, rng), "ending": lambda text: _ending(text, rng),
        "spacing": lambda text: _spacing(text, rng), "punctuation": lambda text: _punctuation(text, rng),
        "inserted sentence": lambda text: f"{text} {' '.join(rng.choices(words, k=4))}입니다.",
        "unlike: number": lambda text: text.replace("3", str(rng.randint(4, 99))),
        "unlike: Latin word": lambda text: text.replace("Java", "Rust"),
        "unlike: noun": lambda text: _noun(text, rng),
    }  # fmt: skip
    bases: list[int] = []
    while len(made.texts) < count:
        if bases and rng.random() < 1 / 3:
            kind, base = rng.choice(list(makers)), bases.pop(rng.randrange(len(bases)))
            text = makers[kind](made.texts[base])
            if (text == made.texts[base]) != (kind == "exact"):
                continue
            made.kind[len(made.texts)], made.base[len(made.texts)] = kind, base
            made.texts.append(text)
        else:
            bases.append(len(made.texts))
            length = rng.choice(lengths) if rng.random() < 0.6 else 0  # a good part under 40 characters
            made.texts.append(_written(len(made.texts), length, words, rng))
    return made


def _written(number: int, length: int, words: list[str], rng: random.Random) -> str:
    """A text about a thing that no other text is about."""
    name = ""
    for _ in range(4):
        number, digit = divmod(number, len(SYLLABLES))
        name += SYLLABLES[digit]
    said = [f"{name}의", f"{rng.choice(NOUNS)}을" if rng.random() < 0.3 else f"{rng.choice(('3가지', 'Java', '오늘'))}"]
    while sum(map(len, said)) + len(said) < length - 12:
        start = rng.randrange(len(words) - 3)
        said += words[start : start + 3]
    return f"{' '.join(said)} {rng.choice(('특징을', '까닭을', '쓰임새를'))} {rng.choice(ENDINGS)[0]}."


def _particle(text: str, rng: random.Random) -> str:
    words = text.split(" ")
    places = [n for n, word in enumerate(words) if len(word) > 2 and word[-1] in "은는이가을를" and _fits(word)]
    if not places:
        return text
    at = rng.choice(places)
    own = [pair[not _closed(words[at][-2])] for pair in PARTICLES]
    words[at] = words[at][:-1] + rng.choice([particle for particle in own if particle != words[at][-1]])
    return " ".join(words)


def _closed(syllable: str) -> bool:
    return (ord(syllable) - 0xAC00) % 28 > 0


def _fits(word: str) -> bool:
    return any(word[-1] == pair[not _closed(word[-2])] for pair in PARTICLES)


def _ending(text: str, rng: random.Random) -> str:
    body = text.rstrip(".")
    group = next(group for group in ENDINGS if body.endswith(group[0]))
    return body.removesuffix(group[0]) + rng.choice(group[1:]) + "."


def _spacing(text: str, rng: random.Random) -> str:
    places = [n for n, char in enumerate(text) if char == " "]
    at = rng.choice(places)
    return text[:at] + text[at + 1 :]


def _punctuation(text: str, rng: random.Random) -> str:
    return text.rstrip(".") + rng.choice(("!", "!!", "", "...", "?"))


def _noun(text: str, rng: random.Random) -> str:
    for noun in NOUNS:
        if f" {noun}을" in text and len(text) < 40:
            return text.replace(f" {noun}을", f" {rng.choice([other for other in NOUNS if other != noun])}을")
    return text
