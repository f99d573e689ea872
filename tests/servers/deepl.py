"""A DeepL server on the loopback interface, for the real ``deepl`` client.

Its Korean is made up, but deterministic: it keeps everything except Latin letters in place, is about as
long as Korean is against English, and ends its sentences politely.
"""

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import shake_128
from html import unescape
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError, ParserCreate
from xml.sax.saxutils import escape

from .ledger import Answer, Faults, Refused, digest, unit
from .loopback import LoopbackServer, arguments, run

KEY = "test-key:fx"
MAX_TEXTS = 50
MAX_BYTES = 128 * 1024
NO_QUOTA = 1_000_000_000_000
MESSAGES = {403: "Forbidden", 413: "Payload Too Large", 429: "Too many requests", 456: "Quota exceeded"}

MARK = re.compile(r"""<!--.*?-->|</?[A-Za-z!?](?:"[^"]*"|'[^']*'|[^'">])*>""", re.DOTALL)
WORD = r"[A-Za-zÀ-ÖØ-öø-ɏ]+"
LAST = r"""(?P<last>(?=[.!?](?:[\s"')\]<]|\Z)|\s*\Z))?"""
PLAIN = re.compile(rf"(?P<word>{WORD}){LAST}")
MARKED = re.compile(rf"{MARK.pattern}|&[#\w]+;|(?P<word>{WORD}){LAST}", re.DOTALL)
SYLLABLES = (
    "가각간감강개거건게결경계고공과관교구국그금기길나남내너노누는능니다단당대도동되두드라로리마만말면모목무문물"
    "미바반방법보부분비사산상생서선성세소수시식신실아안양어여연열영오와용우원위유은을음의이인일자작장재전점정제"
    "조주지진집차처체초추치크타토트파편표품하학한함해행형호화활회"
)
CODE = {  # what the real service makes of code that stands unprotected
    "return": "반환", "print": "인쇄", "for": "위해", "while": "동안", "class": "클래스", "import": "가져오기",
    "mask": "마스크", "noinput": "노인입력", "factorial": "계승", "array": "배열", "arr": "배열", "true": "참",
    "false": "거짓", "select": "선택",
}  # fmt: skip
ENDINGS = ("합니다", "됩니다", "입니다", "습니다")
SOFTER = {"합니다": "해요", "됩니다": "돼요", "입니다": "이에요", "습니다": "어요"}
# What may follow a mark, as a translator that cannot see the word writes it.
PARTICLES = ("을(를)", "은(는)", "이(가)", "와(과)", "(으)로", "를", "은", "이", "과", "로", "의", "에서")
FREE_MARK = re.compile(r'<x id="\d+"/>(?=[\s.,?!]|\Z)')


@lru_cache(maxsize=100_000)
def korean_word(word: str, last: bool = False) -> str:
    """Half as many syllables as the word has letters, at least one, and a polite ending for the last word."""
    if word in CODE:
        return CODE[word]
    stream = shake_128(word.lower().encode()).digest(max(len(word) // 2, 1))
    stem = "".join(SYLLABLES[byte % len(SYLLABLES)] for byte in stream)
    return stem[: max(len(stem) - 2, 1)] + ENDINGS[stream[0] % len(ENDINGS)] if last else stem


def pseudo_korean(text: str, marked: bool) -> str:
    """The text with its Latin words in Korean; with ``marked`` its tags and entities stay as they are."""

    def translated(match: re.Match[str]) -> str:
        word = match["word"]
        return korean_word(word, match["last"] is not None) if word else match[0]

    return (MARKED if marked else PLAIN).sub(translated, text)


def with_particles(korean: str, source: str) -> str:
    """The Korean with a particle after each mark that stands as a word of its own."""

    def with_one(mark: re.Match[str]) -> str:
        return mark[0] + PARTICLES[int(unit(source, mark[0]) * len(PARTICLES))]

    return FREE_MARK.sub(with_one, korean)


def escaped(korean: str, source: str) -> str:
    """The Korean escaped for XML, except for the marks it shares with the source."""
    marks = set(MARK.findall(source))
    if not marks:
        return escape(korean)
    parts = re.split(f"({'|'.join(map(re.escape, marks))})", korean)
    return "".join(part if part in marks else escape(part) for part in parts)


def spoiled(text: str, source: str, faults: Faults) -> tuple[str, str]:
    """The answer, with a mark dropped, doubled or moved if the faults ask for it, and which of these."""
    marks = list(MARK.finditer(text))
    seed, kinds = str(faults.seed), ("drop_marks", "double_marks", "move_marks")
    kind = next((kind for kind in kinds if unit(seed, kind, source) < getattr(faults, kind)), "")
    if not marks or not kind:
        return text, ""
    mark = marks[int(unit(seed, source) * len(marks))]
    before, after = text[: mark.start()], text[mark.end() :]
    if kind == "drop_marks":
        return before + after, kind
    if kind == "double_marks":
        return before + mark[0] * 2 + after, kind
    return (before + after + mark[0] if after else mark[0] + before), kind


def billed(text: str, handling: str | None) -> int:
    """The characters DeepL bills: code points, without tags and with entities unescaped for XML."""
    return len(unescape(MARK.sub("", text))) if handling == "xml" else len(text)


class DeepLServer(LoopbackServer):
    """POST /v2/translate into Korean and GET /v2/usage, as the DeepL API documents them.

    ``known`` holds translations to answer with, by the English text with tags kept and entities unescaped; with
    ``particles`` marks in other translations have particles as words have. Custom instructions that ask for 해요체 are
    followed. A request which would pass ``quota``
    characters is refused.
    """

    def __init__(
        self,
        *,
        known: Mapping[str, str] | None = None,
        particles: bool = False,
        key: str = KEY,
        quota: int | None = None,
        port: int = 0,
        latency: float = 0.0,
        state: Path | None = None,
    ) -> None:
        super().__init__(key=key, port=port, latency=latency, state=state, quota=quota)
        self.known, self.particles = {} if known is None else known, particles
        self.glossaries: dict[str, dict[str, Any]] = {}

    def answer(self, method: str, path: str, authorization: str, body: bytes) -> Answer:
        if authorization != f"DeepL-Auth-Key {self.key}":
            raise Refused(403)
        if (method, path) == ("GET", "/v2/usage"):
            limit = NO_QUOTA if self.quota is None else self.quota
            return Answer(200, {"character_count": self.ledger.billed, "character_limit": limit})
        if path == "/v3/glossaries":
            return Answer(200, self._glossary(json.loads(body)) if method == "POST" else self._all_glossaries())
        if (method, path) != ("POST", "/v2/translate"):
            raise Refused(404)
        return self._translate(checked(body))

    def _glossary(self, request: dict[str, Any]) -> dict[str, Any]:
        """A new glossary; refused without entries."""
        dictionaries = request["dictionaries"]
        if not request["name"] or not all(one["entries"] for one in dictionaries):
            raise Refused(400, "Invalid or missing glossary entries")
        ident = digest("glossary", str(len(self.glossaries)), request["name"])
        listed = [
            {key: one[key] for key in ("source_lang", "target_lang")} | {"entry_count": one["entries"].count("\n") + 1}
            for one in dictionaries
        ]
        made = {"glossary_id": ident, "name": request["name"], "creation_time": "2026-01-01T00:00:00.000000Z"}
        self.glossaries[ident] = made | {"dictionaries": listed, "tsv": dictionaries[0]["entries"]}
        return made | {"dictionaries": listed}

    def _all_glossaries(self) -> dict[str, Any]:
        return {"glossaries": [{k: v for k, v in one.items() if k != "tsv"} for one in self.glossaries.values()]}

    def _terms(self, ident: str | None) -> dict[str, str]:
        if ident is not None and ident not in self.glossaries:
            raise Refused(404, "Glossary not found")
        lines = self.glossaries[ident]["tsv"].splitlines() if ident is not None else []
        return {english.lower(): korean for english, _, korean in (line.partition("\t") for line in lines)}

    def error(self, refused: Refused) -> dict[str, Any]:
        return {"message": refused.message or MESSAGES.get(refused.status, "Something went wrong")}

    def shortened(self, payload: dict[str, Any]) -> dict[str, Any]:
        return {"translations": payload.get("translations", [])[:-1]}

    def _translate(self, request: dict[str, Any]) -> Answer:
        texts: Sequence[str] = request.pop("text")
        handling, faults = request.get("tag_handling"), self.active
        default = "quality_optimized" if request.get("custom_instructions") else "latency_optimized"
        common = {
            "detected_source_language": request.get("source_lang") or "EN",
            "model_type_used": (request.get("model_type") or default).removeprefix("prefer_"),
        }
        settings, terms = json.dumps(request, sort_keys=True), self._terms(request.get("glossary_id"))
        is_soft = any("해요체" in instruction for instruction in request.get("custom_instructions") or [])
        said = [self._korean(text, handling, terms) for text in texts]
        said = [re.sub("|".join(SOFTER), lambda ending: SOFTER[ending[0]], one) for one in said] if is_soft else said
        answers = [spoiled(one, text, faults) for one, text in zip(said, texts, strict=True)]
        characters = [billed(text, handling) for text in texts]
        translations: list[dict[str, Any]] = [common | {"text": korean} for korean, _ in answers]
        if request.get("show_billed_characters"):
            for translation, count in zip(translations, characters, strict=True):
                translation["billed_characters"] = count
        return Answer(
            200,
            {"translations": translations},
            keys=[digest(settings, text) for text in texts],
            characters=sum(characters),
            spoiled=[kind for _, kind in answers if kind],
        )

    def _korean(self, text: str, handling: str | None, terms: Mapping[str, str]) -> str:
        if terms:
            words = re.compile("|".join(map(re.escape, sorted(terms, key=len, reverse=True))), re.IGNORECASE)
            text = words.sub(lambda found: terms[found[0].lower()], text)
        korean = self.known.get(unescape(text) if handling else text) if self.known else None
        if korean is None:
            made = pseudo_korean(text, marked=bool(handling))
            return with_particles(made, text) if self.particles else made
        return escaped(korean, text) if handling else korean


def checked(body: bytes) -> dict[str, Any]:
    """The request in the body, if it keeps to the limits that DeepL documents; raises `Refused` if not."""
    if len(body) > MAX_BYTES:
        raise Refused(413)
    try:
        request: dict[str, Any] = json.loads(body)
        texts = request.get("text")
    except (ValueError, AttributeError):
        raise Refused(400, "Bad request. Reason: the body is not a JSON object.") from None
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise Refused(400, "Parameter 'text' not specified.")
    if len(texts) > MAX_TEXTS:
        raise Refused(400, "Too many texts.")
    if str(request.get("target_lang")).upper() != "KO":
        raise Refused(400, "Value for 'target_lang' not supported.")
    instructions = request.get("custom_instructions") or []
    if len(instructions) > 10 or any(len(instruction) > 300 for instruction in instructions):
        raise Refused(400, "Too many or too long custom instructions.")
    if instructions and request.get("model_type") == "latency_optimized":
        raise Refused(400, "Custom instructions need a quality optimized model.")
    if request.get("tag_handling") not in (None, "xml", "html"):
        raise Refused(400, "Value for 'tag_handling' not supported.")
    if request.get("tag_handling") == "xml":
        for text in texts:
            try:
                ParserCreate().Parse(f"<root>{text}</root>", True)
            except (ExpatError, ValueError):
                raise Refused(400, "Tag handling parsing failed, please check input.") from None
    return request


def main() -> None:
    parser = arguments(KEY)
    parser.add_argument("--quota", type=int)
    parser.add_argument("--particles", action="store_true")
    parser.add_argument("--pairs", type=Path, help="JSON Lines with the keys en and ko")
    options = vars(parser.parse_args())
    if pairs := options.pop("pairs"):
        with pairs.open(encoding="utf-8") as lines:
            options["known"] = {pair["en"]: pair["ko"] for pair in map(json.loads, lines)}
    run(DeepLServer(**options))


if __name__ == "__main__":
    main()
