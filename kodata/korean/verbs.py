"""Korean verbs: a statement that was meant as a request, made one."""

from __future__ import annotations

import re
from typing import Final

from kodata.korean.letters import final, without_final

# Stems that change before -(으)세요; those that end in a vowel or in ㄹ lose nothing by it (만듭니다, 만드세요).
_CHANGED: Final = {
    "돕": "도우", "줍": "주우", "굽": "구우", "눕": "누우", "깁": "기우", "짓": "지으", "잇": "이으", "긋": "그으",
    "붓": "부으", "젓": "저으", "낫": "나으", "듣": "들으", "걷": "걸으", "싣": "실으", "묻": "물으", "깨닫": "깨달으",
}  # fmt: skip
_STATEMENT = re.compile(r"([가-힣]*)([가-힣])(니다)$")
# No request can be meant: being, having, having to, wishing, states, and what is done to one.
_NO_ACTION = re.compile(
    r"(?:(?:^|\s)(?:있|없|같|많|좋|싫|옳|맞|높|낮|길|짧|작|쉽|어렵|계시)|[가-힣](?:있|없)|되|어지|아지|여지|해지|당하"
    r"|아니|(?<![줄붙높울들끓녹벌숙직먹])이|(?:[야여]만?|려고?|고자|기로) 하|(?:필요|중요|가능|다양|동일|유사|비슷|적합"
    r"|적절|명확|분명|충분|치열|행복|건강|편리|유명|강력|심각|복잡|단순|특별|완벽|훌륭|정확|부족|존재|위치|해당|속|의미"
    r"|원)하|바라|모르|알|들리|생기|나타나|일어나|늘어나|줄어들|않)$"
)


def request(sentence: str) -> str | None:
    """The sentence as a request: `코드를 설명합니다` becomes `코드를 설명하세요`.

    Without its full stop. None where it is no statement of an action in the present, so that no request can be meant.
    """
    match = _STATEMENT.search(sentence)
    if match is None:
        return None
    before, last = sentence[: match.start(2)], match[2]
    if last == "습":  # 찾습니다: the stem ends in a consonant
        return _consonant_stem(before)
    if final(last) != "ㅂ":
        return None
    stem = before + without_final(last)  # 만듭 is 만드 and 합 is 하
    return None if _NO_ACTION.search(stem) else f"{stem}세요"


def _consonant_stem(stem: str) -> str | None:
    if not stem or not final(stem[-1]) or final(stem[-1]) == "ㅆ" or _NO_ACTION.search(stem):  # ㅆ: past, 있다, 겠다
        return None
    for old, new in _CHANGED.items():
        if stem.endswith(old):
            return f"{stem.removesuffix(old)}{new}세요"
    return f"{stem}으세요"
