"""The speech level of Korean sentences, by their endings: 합쇼, 해요, 해라, 해, 하오, or none.

Nouns that look like an ending (필요, 바다, 페이지, 사용자) and nominal endings (걷기, 있음) are neutral; what stands in
quotation marks or brackets does not count. Right on all levels of 314 sentences written for it as stated in
tests/test_speech.py.
"""

from __future__ import annotations

from typing import Final, Literal

import polars as pl

from kodata.korean.detection import masked
from kodata.korean.letters import with_final

Level = Literal["hapsyo", "haeyo", "haera", "hae", "hao"]
LEVELS: Final[tuple[Level, ...]] = ("hapsyo", "haeyo", "haera", "hae", "hao")

_QUOTED = r"\"[^\"\n]*\"|“[^”\n]*”|‘[^’\n]*’|'[^'\n]*'|「[^」\n]*」|『[^』\n]*』|《[^》\n]*》|<[^<>\n]*>"
_BRACKETED = r"\([^()\n]*\)|\[[^\[\]\n]*\]|（[^（）\n]*）"
_END = r"([가-힣])[.!?…。？！]+|[.!?…。？！]+(?:\s|$)"
_TRAILING = r"[^가-힣A-Za-z0-9]+$"  # emoji, ^^, ㅋㅋ, what is left of a bracket
_TAIL = 12  # characters: longer than any ending and the noun before it

_B, _L, _N, _SS = (with_final(final) for final in ("ㅂ", "ㄹ", "ㄴ", "ㅆ"))
# Stems that take -어 or -아; after ㄴ and ㅇ stand nouns (언어, 영어).
_VERBAL = with_final(*"ㄱㄲㄷㄹㄺㄻㅀㅁㅂㅄㅅㅆㅈㅊㅌㅍㅎㄶ")

_NOUNS = (
    # -요, -소
    r"(?:필|중|주|수|소|동|민|강|개|담)요|(?:^|[^지] )마요|(?:대중|인기|국민|유행|전통|최신|한국|외국) ?가요"
    r"|^(?:아니)?요",
    # -다
    r"바다|캐나다|르완다|우간다|사이다|베란다|프라다|마[쓰츠]다|아만다|브렌다|멜린다|콜라다|마다|보다",
    r"(?:^|\s|베이킹)(?:소|수|혼|요|린|완|람)다|(?:^|[^게을를] )판다",
    # -라
    r"(?:^|\s|우리|이웃|온|먼)나라|사하라|나이아가라|타마라|키아라|아니라",
    # -자
    r"(?:참가|평가|전문가|후보|제보|통보|배우|자살)자|(?:^|의 |제품 |시공 )하자",
    # -가, -냐
    r"(?:누군|언젠|어딘|뭔|무언)가|(?:^|\s|생산|제조|평균|기준)(?:원|단|본|민|친|연|번|관|인)가|케냐|소냐",
    # -어, -아, -해
    r"(?:국|약|악|복|숙|독|속|불|목적|수식|서술|검색|접속|단일)어|(?:육|동북)아",
    r"(?:이|오|동|남|서|북|올|새|첫|피|손|방|침|자|견|공|재|항|저|폐|유|무|화|분|박|살|양|상|황|흑|위|통|의|대|관"
    r"|인)해",
    r"(?:지중|발트|카리브|지난|남극|북극|비아|(?:다음|그|이|첫|새|지난|매|두|세|몇) )해",
    # -지, -네, -데, -래
    r"(?:페이|스테이|베이|케이|세이|메시|까|가)지|(?:동|그|얘|걔|너|우리|르)네|가운데|군데",
    r"(?:빨|(?:^|\s|두|세|여러 )갈)래",
)
_HAPSYO = rf"{_B}(?:니다만?|니까)|십시[오요]|{_B}니다요"
_HAEYO = r"요|죠|세용|해용|네용"
_HAO = rf"(?:^|[^십])시오|(?:있|없|겠|{_SS}|옳|좋|같|많)소|{_B}시다|구려"
_HAERA = (
    rf"다|(?:[하해여어아워와봐줘써가거너으시되마말쳐져려켜펴꺼내서르쓰]|떠나|나타나|일어나|만나|지나)라"
    r"|[하었았]노라|[하가되오]리라|더라|[아어여해워와려져쳐펴켜] ?(?:보|두|주)라|[을를] 보라|(?:만들|들|풀)라"
    r"|[지시]키라|[맞갖멈]추라|[배세피키]우라"
    r"|(?:[하되말않먹읽찾쓰들놀살알잡앉걷듣믿웃가보오서]|[지시]키|[맞갖멈]추|[세피키]우|[들높줄]이|나누|떠나|일어나"
    r"|만나)자"
    r"|[아어여해워와려져쳐펴켜] ?[주두]자"
    rf"|{_N}가|(?:느|으|이)?냐|(?:{_SS}|있|없|겠|하|되|거|뭐|가|오|보)니|구나|도다|로다|려무나|[하보가오]렴"
)
_HAE = (
    rf"{_VERBAL}[어아]|괜찮아|해|돼|봐|줘|둬|어때|아파|슬퍼|기뻐|바빠|예뻐|나빠|고파|몰라|달라|빨라|골라|눌러|흘러"
    r"|(?:고마|추|더|쉬|어려|가까|무서|귀여|매|아쉬|뜨거|차가|부러|반가|외로|즐거|가벼|무거|배|싸|피|키|세|비|채|그리"
    r"|새로)워"
    r"|(?:^|[가-힣] |나|들어|돌아|다녀|가져|걸어|찾아)와|(?:\s|들어|나|올라|내려|돌아|지나|걸어|따라|살아|넘어)가"
    r"|(?:이|거|뭐|니|누구|어디|언제|테)야"
    rf"|(?:하|되|있|없|겠|{_SS}|같|좋|많|싶|렇|않|알|르|맞|먹|것이|크|쉽|렵|춥|덥)지"
    rf"|(?:{_SS}|없|되)나|(?:{_SS}|없|겠|하|되|이|좋|많|같|크|오|가|보|나|쁘|맞|싶|렇)네"
    rf"|{_N}데|{_L}[래게까]|(?:는|은|던|{_L})걸|거든|더라고|(?:는|겠|{_SS}|하|렇|좋|없)군|지 ?마|걱정 ?마"
    r"|(?:보|줄|붙|먹|높|움직|숙|속|쌓|섞|녹|끓)여|(?:[해어아]|커)져"
    r"|(?:기다|들|걸|달|느|내|알|빌|열|말|틀|올|돌|그|버|놀|울|흘|날|팔|풀)려|(?:시|지|\s)켜|(?:일어|떠|만|나타|끝"
    r"|태어)나|가르쳐|(?:\s|힘|애)써|\s커"
)


def sentences(texts: pl.Series) -> pl.DataFrame:
    """The sentences of all texts in order: `text` (which text, u32), `sentence`, `level`; null where it is neutral.

    A line break ends a sentence as a full stop does. Code, tags and addresses, quotations and brackets are left out.
    """
    said = masked(texts.fill_null("")).str.replace_all(_QUOTED, " ").str.replace_all(_BRACKETED, "")
    parts = said.str.replace_all(_END, "$1\n").str.split("\n")
    rows = pl.DataFrame({"sentence": parts}).with_row_index("text").explode("sentence")
    bare = rows.with_columns(pl.col("sentence").str.replace(_TRAILING, "").str.strip_chars())
    return bare.filter(pl.col("sentence") != "").with_columns(level=_level(pl.col("sentence").str.tail(_TAIL)))


def _level(tail: pl.Expr) -> pl.Expr:
    endings = zip(LEVELS, (_HAPSYO, _HAEYO, _HAERA, _HAE, _HAO), strict=True)
    named = [pl.when(_ends(tail, ending)).then(pl.lit(level)) for level, ending in endings]
    by_priority = [named[0], named[4], *named[1:4]]  # 합시다 is no 다, 하시오 no 오
    return pl.when(~_ends(tail, "|".join(_NOUNS))).then(pl.coalesce(by_priority))


def _ends(tail: pl.Expr, endings: str) -> pl.Expr:
    return tail.str.contains(f"(?:{endings})$")


def speech_levels(texts: pl.Series) -> pl.DataFrame:
    """How many sentences of each text have each level: the columns `LEVELS` (u32), one row a text, in order."""
    found = sentences(texts)
    counts = found.group_by("text").agg((pl.col("level") == level).sum().alias(level) for level in LEVELS)
    rows = pl.DataFrame({"text": range(len(texts))}, schema={"text": pl.UInt32})
    return rows.join(counts, on="text", how="left", maintain_order="left").select(pl.col(LEVELS).fill_null(0))
