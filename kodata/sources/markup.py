"""HTML that was scraped with a text, made into Markdown; HTML that is the text itself stays as it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bs4 import Tag

_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)([^<>]*)>")
_OPENING = re.compile(r"<(?:p|div|span|h[1-6]|ul|ol|pre|blockquote|table)\b[^<>]*>", re.IGNORECASE)
_CLOSING = re.compile(r"(?:</(?:p|div|span|h[1-6]|ul|ol|pre|blockquote|table)>|<br ?/?>)$", re.IGNORECASE)
_SCRAPED = re.compile(r'<div[^<>]*\bclass="[^"<>]*\bmarkdown\b')  # how a chat page wraps an answer
_ATTRIBUTE = re.compile(r"(?<![\w-])([\w-]++)\s*+=")
_LONG_BLANK = re.compile(r"[ \t]{200,}")  # markdownify takes the square of its length
_LINE_END = re.compile(r"(?<![ \t])[ \t]++(?=\n)")
_PLAIN_TAG = re.compile(
    r"a|b|blockquote|br|code|del|div|em|h[1-6r]|i|img|kbd|li|ol|p|pre|s|small|span|strong|su[bp]|table|tbody|t[dhr]"
    r"|tfoot|thead|ul?"
)
_PLAIN_ATTRIBUTES = frozenset({"href", "src", "alt", "title", "rel", "start", "target", "colspan", "rowspan", "lang"})
_VOID = frozenset({"br", "hr", "img"})
_DEEPEST = 100  # nested tags: the parsers below recurse
_LONGEST = 500_000  # characters: parsing takes some 2 s for it


def as_markdown(text: str) -> str:
    """The text in Markdown when all of it is marked-up prose, else the text itself.

    It is when it begins and ends with a block of HTML and holds nothing but the tags of prose, without the
    attributes that only a page needs; or when it is wrapped as an answer of a chat page is. A text with code fences is
    Markdown already, and a snippet of a page (`<div class="box">`, `<form>`, `<script>`) is what is talked about.
    """
    if not _is_marked_up_prose(text):
        return text
    from bs4 import BeautifulSoup
    from markdownify import MarkdownConverter

    soup = BeautifulSoup(_LONG_BLANK.sub(" ", text), "html.parser")
    for noise in soup.find_all(["button", "svg", "script", "style"]):
        noise.decompose()
    for block in soup.find_all("pre"):  # a chat page puts the name of the language in there, above the code
        if code := block.find("code"):
            block.clear()
            block.append(code)
    converter = MarkdownConverter(
        heading_style="atx",
        bullets="-",
        escape_asterisks=False,
        escape_underscores=False,
        code_language_callback=_language,
    )
    markdown = _LINE_END.sub("", str(converter.convert_soup(soup)))
    return re.sub(r"\n{3,}", "\n\n", markdown).strip()


def is_scraped(text: str) -> bool:
    """Whether the text is wrapped as the answers of a chat page are."""
    return _SCRAPED.search(text) is not None


def _is_marked_up_prose(text: str) -> bool:
    if "<" not in text or len(text) > _LONGEST:
        return False
    tags = [(slash, name.lower(), rest) for slash, name, rest in _TAG.findall(text)]
    if not tags or _depth(tags) > _DEEPEST:
        return False
    if is_scraped(text):
        return True
    body = text.strip()
    if not _OPENING.match(body) or not _CLOSING.search(body[-20:]):
        return False
    if "```" in body or body.count("<") > len(tags):  # in HTML a sign that begins no tag is written `&lt;`
        return False
    return all(
        _PLAIN_TAG.fullmatch(name) and (name in ("code", "pre") or set(_ATTRIBUTE.findall(rest)) <= _PLAIN_ATTRIBUTES)
        for _, name, rest in tags
    )


def _depth(tags: list[tuple[str, str, str]]) -> int:
    """How deep the tags nest at most, as far as they are closed."""
    depth = deepest = 0
    for slash, name, rest in tags:
        if name not in _VOID and not rest.endswith("/"):
            depth = max(depth + (-1 if slash else 1), 0)
            deepest = max(deepest, depth)
    return deepest


def _language(block: Tag) -> str:
    """The language that the class of a code block names: `language-python`."""
    code = block.find("code")
    classes = (code or block).get("class")
    names = [str(name) for name in classes] if isinstance(classes, list) else []
    return next((name.removeprefix("language-") for name in names if name.startswith("language-")), "")
