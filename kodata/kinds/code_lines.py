"""Which lines of a text are program text, found without fences: a score for each line, then a look at its neighbours.

Of 1,412 records with code in Alpaca 10 use fences, so the lines themselves must tell. tests/data/code_lines.txt is the
labelled set it is measured on.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

SURE: Final = 3  # a line of this score is code wherever it stands
_MAYBE: Final = 1  # one of this score is code next to code
_LONG: Final = 1_000  # characters of a line that are looked at: minified code goes on as it begins

_SIGN = re.compile(r"[(){}\[\]<>=;:#$@/*|&\\+\"'`_.,-]")
_BARE_CODE = re.compile(  # code without a sign
    r"import|from|package|namespace|pass|break|continue|return|end|done|fi|do|then|else|begin|class|puts|print|for|while|SELECT|FROM|WHERE|"
    r"UNION|GROUP|ORDER|pip|npm|git|cd|sudo|docker|select|delete|loop"
)
_STRING = re.compile(
    r"""(?:\b[rbfu]{1,2})?"(?:[^"\\]|\\.)*"|(?<!\w)(?:[rbfu]{1,2})?'(?:[^'\\]|\\.)*'(?!\w)|`[^`]*`|“[^”]*”"""
)
_REMARK_LINE = {"//": 2, "/*": 2, "*/": 2, "<!--": 2, '"""': 2, "'''": 2, "# ": 1, "#": 1, "-- ": 1}
_REMARK = re.compile(r"(?<=[\w;,:)}\]>\"'])\s+(?://|\#\s|--\s|/\*).*$")
_DIRECTIVE = re.compile(r"#\s*(?:include|define|ifn?def|endif|pragma)\b|#!|#[\w-]+\s*[{>,.:]")
# Words of programming languages, which may stand side by side in code.
_KEYWORD = re.compile(
    r"\b(?:[A-Z]{2,}|abstract|and|as|assert|async|auto|await|bool|boolean|break|byte|case|catch|char|class|const|continue|"
    r"def|default|del|delete|do|double|elif|else|end|enum|except|export|extends|extern|final|finally|float|fn|for|foreach|"
    r"from|fun|func|function|get|global|goto|if|impl|implements|import|in|inline|instanceof|int|interface|internal|is|lambda|"
    r"let|long|mut|namespace|new|not|null|object|of|or|override|package|pass|print|private|protected|public|puts|raise|"
    r"readonly|return|self|set|short|signed|static|string|String|struct|switch|template|then|this|throw|throws|trait|try|"
    r"typedef|typename|typeof|union|unless|unsigned|until|using|val|var|virtual|void|when|while|with|yield)\b"
)
_STOP = re.compile(
    r"\b(?:the|an?(?= [a-z]{3})|of|to|is|are|was|were|that|these|your?|its?|be|been|have|has|had|he|she|they|we|my|our|"
    r"their|will|would|can|should|must|what|how|which|who|where|there|than|into|about|at|on|every|each|"
    r"The|It|What|How|Which|Write|Explain|Using|Given|Find|Create|Please)\b"
)
_SIDE_BY_SIDE = re.compile(r"[A-Za-z]{2,} [A-Za-z]{2,}|\d [a-z]{3,}")

# What tells code, with its points. Searched in the line without its strings and the remark at its end.
_SIGNS: Final = tuple(
    (points, re.compile(pattern, re.VERBOSE))
    for points, pattern in (
        (4, r"""
            ^[{}()\[\];,]+$ | ^[})\]]+[;,)]*\s*(?:else|catch|finally|while)\b
          | ^(?:async\s+)?(?:def|func|fn|fun|function|sub)\s+[\w.&]+\s*[(<{:] | ^(?:def|function)\s*\(
          | ^import\s+[\w.*]+(?:\s+as\s+\w+)?(?:,\s*\w+)*;?$ | ^from\s+[\w.]+\s+import\s | ^import\b.*""$
          | ^\#\s*(?:include|define|ifn?def|endif|pragma|!) | ^using\s[\w\s.:]+;$ | ^(?:package|namespace)\s+[\w.\\]+;?$
          | ^<\?(?:php|xml|=) | ^\?>$ | ^<!(?:DOCTYPE|doctype)
          | ^(?:else|try|finally|do)\s*[:{]$ | ^except\b[\w\s,.()]*:$ | ^for\s+[\w\s,()]+\sin\s[^.?!]+:
          | ^while\s+(?:True|1):
          | ^(?:el|else\s)?if\s.*[=<>!()\[\]].*: | ^while\s.*[=<>!()\[\]].*: | ^(?:async\s+)?with\s+[\w.]+\(.*:$
          | \b(?:if|for|while|switch|catch|foreach)\s?\(.*[=<>!;&|:\w)+"-]\s*\)
          | ^(?:public|private|protected|internal|static|final|abstract|virtual|override|export|extern)\s
            .*(?:\w\(|[;={])
          | ^(?:interface|struct|enum|trait|impl|template|typedef|class)\b.*[{;<]
          | ^class\s+[A-Z]\w*(?:\([\w.,\s=]*\))?:?$
          | ^(?:const|let|var|val|my)\s+(?:mut\s+)?[\w{\[$@][^.?!]*(?:=|;)
          | ^(?:const|let|var)\s+\w+(?:,\s*\w+)*\s*:\s*\w+$ | ^[a-z]\w*\s\($
          | ^(?:\w+\s+)*(?:int|float|double|char|bool|boolean|long|short|byte|string|String|auto|void|decimal)
            (?:<[^<>]*>)?[\s*&\[\]]+[\w*&]+\s*(?:[=;(\[]|,.*;)
          | ^[\w.:]+<[\w\s,.:<>*]+>[\s*&]*\w+\s*(?:[;=(,]|$)
          | ^\$\w+(?:\[.*\])?\s*(?:[-+*/.]?=|->) | ^std:: | ^\w+(?:\.\w+)?\s*(?:<<|>>)\s*\S
          | ^@\w[\w.]*\( | ^\.\w+\(.*\)?[;,]?$ | \.each\b | \bdo\s*\|[\w,\s]+\| | ^attr_\w+\s
          | ^["'][\w\s.$-]*["']\s*(?::|=>)\s*\S
        """),
        (4, r"""^(?:SELECT|INSERT\s+INTO|UPDATE|DELETE\s+FROM|(?:CREATE|ALTER|DROP)\s+[A-Z]+|FROM|WHERE|GROUP\s+BY
                 |ORDER\s+BY|HAVING|LIMIT|(?:(?:LEFT|RIGHT|INNER|FULL|OUTER|CROSS)\s+)*JOIN|UNION|VALUES|SET|ON|AND|OR)
                \s+(?!(?:[A-Z]{2,}[\s.!?:]*){2,}$)[\w*("'@%<`]
              | ^\w+\s+(?:INT|INTEGER|VARCHAR|CHAR|TEXT|DATE|DATETIME|DECIMAL|FLOAT|BOOLEAN|SERIAL|BIGINT)\b
              | ^\w+\s+(?:int|varchar|char|text|date|datetime|decimal|float|boolean)(?:\(\d+\))?,?$
        """),
        (8, r"""^(?i:select\s.{1,80}\sfrom\s+(?!the\b|this\b|an?\b|your\b|each\b|our\b|these\b)\w+
                (?:\s*;|\s+(?:where|order|group|join|left|inner|limit)\b|$)
                |insert\s+into\s+\w+\s*(?:\(|values)|update\s+\w+\s+set\s+\w+\s*=|delete\s+from\s+\w+\s*(?:;|where\b|$)
                |(?:create|drop|alter)\s+table\s+\w+\s*[(;])
              | ^(?:\$\s+[a-z]|>>>\s|\#!)
              | ^(?:sudo|git|npm|npx|pip3?|apt|apt-get|yum|docker|kubectl|cd|ls|mkdir|rm|cp|mv|chmod|chown|curl|wget
                |grep|cat|echo|export|source|tar|ssh|scp|yarn|brew|conda|python3?|node|gcc|g\+\+|make|find|awk|sed|ps|kill)\s+
                (?:(?:un)?install\s+(?:[\w.=-]+$|-)|(?:[\w./-]+\s+)?[-+]{1,2}[A-Za-z]|[\w.~-]*/[\w.*~/-]|\$\w
                |[\w/]+\.[a-z]{1,4}\b|\w+=|""|\w+\s*&&)
              | ^\./[\w.-]+ | ^(?:for|if|while)\s.*;\s*(?:do|then)$ | ^if\s+\[\s.*\]
              | \s\|\s(?:grep|sort|wc|head|tail|awk|sed|xargs|jq)\b
        """),
        (3, r"""(?:[\w)\]"'=>]|^)\s*\{$ | =>\s*[\w({\[] | [\w)\]"'}]\s*;$ | \{[^{}]*;[^{}]*\}
              | ^(?:await\s+|new\s+|[!*&])?[A-Za-z_$][\w$]*(?:(?:\.|::|->)[\w$]+|\[[^\]]*\])*!?\((?!s\)).*\)?[;:,{)\]]*$
              | ^(?![A-Z][a-z]+(?:\s\w)?\s*=\s*(?:[\w$£€.,°%]+\s*$|[$£€]?[\d.,]+\s*(?:[a-z°%]{0,3}\b|,)))  # a = 3 cm
                (?:[\w<>\[\]*&]+\s+)?[*&@$]{0,2}[A-Za-z_][\w.]*(?:->\w+)*(?:\[[^\]]*\])*(?:\s?:\s?[\w.\[\]]+)?
                (?:,\s*[\w.]+)*\s*(?:[-+*/%|&^:]|<<|>>|\*\*|//)?=(?![=>])
              | ^(?:return|yield|raise|throw|await|assert|del|echo|print|puts)\b\s*
                (?:[\w.]+\s*[-+*/%<>=(\[,]|[\w.]+;|""|[\[({$!-]|\w+\.\w)
              | ^(?!.*\b(?:and|or)\b)[\[{(]\s*(?:-?[\d.]+|""|'')\s*[,:\]})](?:.*[\]}),;\d".])?$ | ^lambda\s[\w\s,]*:
              | ^""\s*:\s*(?:""|[\d\[{]) | ^""[,;]?$(?<=[,;])
              | ^[a-z-]+\s*:\s*[^;{}:.]{1,60}; | ^[.#@]?[a-z][\w.#:,>*\[\]=\s-]*\{
              | ^\{\s*\w+\s*:.*\}[,;]?$ | ^[\w.]+\s*<-\s*\S | ^\w+\s*\+\+;? | \bself\.\w | \bthis\.\w
        """),
        (2, r"""^""\s*,\s*(?:""|[\d\[{]) | ^(?:break|continue|pass|return|done|fi|esac|end|then|do|else|begin)\s*;?$
              | ^case\s.{1,30}:$ | ^end\s(?:if|while|for|loop|case|function|procedure)$
              | ^(?:default|public|private|protected)\s*:$ | \w\([^()\s]*\s?[-+*/%]\s?\w | ^(?:return|print)\s+[\w.]+$
              | ^for\s\w+\sin\s\w+$ | ^while\s\w+\s[<>]=? | && | \|\|
              | [=!]==? | [<>]=(?!\w) | :: | [-+*/%]=\s | \w->\w | \w\[\w+\] | \w\.\w+\(\w* | \)\s*->\s*\w"""),
        (1, r"""^@[A-Za-z]\w*$ | \w\s\*\s\w | ^(?:-\s+)?[a-z_][\w.-]*:(?:\s+\S+)?$ | \b\w*[a-z0-9]_[a-z0-9]\w*\b
              | \b[a-z]+[A-Z]\w* | \w\(\) | ^-\s["'\[{] | \d\s*[-+*/%]\s*\w | \w\s*[*+%]\s*\d"""),
    )
)  # fmt: skip
# What every sign of code that need not stand at the beginning of a line holds.
_ANYWHERE = re.compile(r"[(|{;=<>&!\[_*+%/:-]|[a-z][A-Z]|\.\w")

_TAGS = re.compile(r"<!?(/?)([A-Za-z][\w:-]*)((?:\s[^<>]*)?)/?>")
_MARKUP = re.compile(r"<[A-Za-z!/][^<>]*>(?:.*>)?;?")
_INLINE = re.compile(r"a|b|br|code|del|em|font|h[1-4]|i|ins|kbd|li|mark|p|q|s|small|span|strong|su[bp]|tt|u", re.I)
_HTML = re.compile(
    r"article|aside|audio|blockquote|body|button|canvas|center|d[dlt]|div|fieldset|figure|footer|form|h5|h6|head|header|hr|"
    r"html|iframe|img|input|label|legend|link|main|meta|nav|ol|option|path|pre|script|section|select|style|svg|table|"
    r"tbody|t[dhr]|textarea|thead|title|ul|video",
    re.IGNORECASE,
)
_ELEMENT = re.compile(r"\s*<(\w+)[^<>]*>.*</\1>\s*")
_FENCE = re.compile(r"\s*(`{3,}|~{3,})([^`]*)$")
_OPENS = {'"""': '"""', "'''": "'''", "/*": "*/", "<!--": "-->"}  # comments and strings of several lines


def code_lines(lines: Sequence[str]) -> list[bool]:
    """For each line whether it is program text, comments and strings in it included; a blank line is not.

    A doubtful line goes with its neighbours: `# Add the numbers` above code is code, `# Introduction` above prose is
    not. Where no line is prose, all are code.
    """
    scores = [score(line) for line in lines]
    is_code = [points >= SURE for points in scores]
    _fill_fences(lines, is_code)
    if not any(is_code):
        return [bool(line.strip()) for line in lines] if _is_markup(lines, scores) else is_code
    _fill_strings(lines, is_code)
    for order in (range(len(lines)), range(len(lines) - 1, -1, -1)):
        needed = SURE  # what makes a line code here: less after code, a little more when a blank line is between
        for n in order:
            if not lines[n].strip():
                needed += needed == _MAYBE
                continue
            is_code[n] = is_code[n] or scores[n] >= needed
            needed = _MAYBE if is_code[n] else SURE
    for n in range(1, len(lines) - 1):  # a text between its tags, a string that goes on
        if lines[n][:1] in (" ", "\t") and lines[n].strip() and is_code[n - 1] and is_code[n + 1]:
            is_code[n] = True
    doubtful = [n for n, line in enumerate(lines) if not is_code[n] and any(map(str.isalpha, line))]
    if all(scores[n] >= _MAYBE for n in doubtful):
        for n in doubtful:
            is_code[n] = True
    return is_code


def _is_markup(lines: Sequence[str], scores: Sequence[int]) -> bool:
    """Whether all lines are elements of HTML with a few words in each."""
    return all(
        points == _MAYBE and _ELEMENT.fullmatch(line)
        for line, points in zip(lines, scores, strict=True)
        if line.strip()
    )


def score(line: str) -> int:
    """How much a line looks like program text: from 3 code, 1 and 2 code beside code, below 1 prose."""
    text = line.strip()
    if not _SIGN.search(text) and not _BARE_CODE.match(text):
        return 0
    if len(text) > _LONG:
        text = text[: _LONG - 100] + text[-100:]
    if text[0] == "<" and (markup := _markup(text)) is not None:
        return markup
    for mark, points in _REMARK_LINE.items():
        if text.startswith(mark) and not _DIRECTIVE.match(text):
            return SURE if mark in ("# ", "#") and score(text.lstrip("# ")) >= SURE else points
    bare = _REMARK.sub("", _STRING.sub('""', text))
    looked_for = re.Pattern.search if _ANYWHERE.search(bare) else re.Pattern.match
    points = sum(points for points, sign in _SIGNS if looked_for(sign, bare))
    if points <= 0:
        return 0
    prose = _KEYWORD.sub(";", bare)
    return points - 2 * len(_STOP.findall(prose)) - 2 * len(_SIDE_BY_SIDE.findall(prose))


def _markup(text: str) -> int | None:
    """The score of a line that begins and ends with a tag; None for one that only begins with it.

    `<p>` and `<b>` are in letters as well as in documents, so that words between them are code next to code only.
    """
    tags = _TAGS.findall(text)
    if not tags or not _MARKUP.fullmatch(text):
        return None
    said = _TAGS.sub(" ", text)
    if all(_INLINE.fullmatch(name) for _, name, _ in tags) and any(map(str.isalpha, said)):
        return 0 if len(said.split()) >= 8 and _STOP.search(said) else _MAYBE
    is_document = any(
        end or "=" in inner or _INLINE.fullmatch(name) or _HTML.fullmatch(name) for end, name, inner in tags
    )
    return SURE if is_document else _MAYBE


def _fill_fences(lines: Sequence[str], is_code: list[bool]) -> None:
    """Marks fenced lines with their fences; an open fence runs to the end, a longer one may hold shorter ones."""
    fence = ""
    for n, line in enumerate(lines):
        found = _FENCE.match(line)
        if fence or found:
            is_code[n] = True
        if found and not fence:
            fence = found[1]
        elif found and found[1].startswith(fence) and not found[2].strip():
            fence = ""


def _fill_strings(lines: Sequence[str], is_code: list[bool]) -> None:
    """Marks the lines of a comment or string of several lines that opens in or beside code."""
    closing = ""
    for n, line in enumerate(lines):
        if closing:
            is_code[n] = True
            closing = "" if closing in line else closing
            continue
        text = line.strip()
        for mark, end in _OPENS.items():
            if text.startswith(mark) and end not in text[len(mark) :]:
                beside = [is_code[m] for m in (n - 1, n + 1) if 0 <= m < len(lines)]
                if is_code[n] or mark == "/*" or any(beside):
                    is_code[n], closing = True, end
