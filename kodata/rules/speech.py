"""The speech level of instructions and answers: the one that was wished for, and one throughout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

import polars as pl

from kodata.corpus import TextField
from kodata.korean import LEVELS, Level, sentences
from kodata.rules.asked import question, shown
from kodata.rules.kinds import Example, Severity

Register: TypeAlias = Level | Literal["any"]

# Requests and questions of the 해요 level and 합시다 stand in 합쇼 text as a matter of course, 어떨까 in any.
_ANYWHERE = r"(?:[세셔]|[나까가]|겠어)요$|[가까]$|시다$"
# Fiction, and texts that have a voice of their own: their speech level is the author's.
_OWN_VOICE = (
    r"이야기|스토리|소설|동화|우화|시나리오|대본|대화|연극|독백|시적|행시|운문|운율|(?:^|\s|창작)시[를가에 ]"
    r"|시조|하이쿠|소네트|리머릭|리메릭|노래|가사|랩|편지|엽서|카드|일기|농담|유머|수수께끼|말장난|속담|격언"
    r"|명언|인용|슬로건|표어|구호|광고|문구|태그 ?라인|트윗|게시|헤드라인|제목|연설|대사|초대장|메시지|이메일"
    r"|은유|직유|비유|줄거리|시놉시스|플롯|캐릭터|주인공|발표문|성명|역할극|말투|반말|존댓말|높임말|사투리"
    r"|이름을|되어 (?:대답|말)"
)
# Texts that are given and changed, or made as examples: their level is that of the text.
_GIVEN_TEXT = (
    r"문장|구절|단락|바꾸|변환|다시 쓰|다시 작성|고치|고쳐|편집|의역|재구성|질문을|질문 목록|퀴즈|설문|예문|번역"
    r"|쓰여진|문법|철자|배열|순서|단어|낱말|동의어|유의어|반의어|동사"
)


@dataclass(frozen=True)
class SpeechLevel:
    """A text in another speech level than its `instruction` or `output` is to have, or than its speaker had before.

    Fires on an answer of plain statements where `output` is "hapsyo", and, whatever is wished for, on a turn whose
    speaker used another level in most of the conversation; does not fire on requests and questions (하세요, 인가요), on
    fiction and texts with a voice of their own, nor where a given text is changed. A level is a matter of taste: for
    review.
    """

    name: ClassVar[str] = "speech-level"
    version: ClassVar[str] = "1"
    fires: ClassVar[Example] = {
        "instruction": "바다는 왜 짠가요?",
        "output": "강물이 소금을 실어 온다. 물은 증발하고 소금은 남는다.",
    }
    passes: ClassVar[Example] = {"instruction": "짧은 동화를 써 주세요.", "output": "옛날에 한 어부가 살았다."}

    instruction: Register = "any"
    output: Register = "hapsyo"
    severity: Severity = "review"

    def evidence(self) -> pl.Expr:
        return pl.coalesce(self._of("instruction", self.instruction), self._of("output", self.output))

    def _of(self, column: TextField, register: Register) -> pl.Expr:
        is_off = pl.col("level") != (pl.col("speaker") if register == "any" else pl.lit(register))
        said = pl.format("{} is {}: {}", pl.lit(column), "level", shown(pl.col("example")))
        return _by_levels(column, pl.when(is_off & ~pl.col("own voice")).then(said))


@dataclass(frozen=True)
class SpeechLevelMix:
    """Statements of two speech levels in one text: 합쇼 beside 해요, or polite beside plain.

    Fires on "중요합니다. 그래서 푹 자야 한다."; does not fire on requests and questions (하세요, 인가요) beside
    합쇼, on what stands in quotation marks, on fiction and texts with a voice of their own, nor where a given text is
    changed. Of the answers of KoAlpaca v1.0 with two sentences or more 2.4 % mix polite and plain, and 7.2 % 합쇼 and
    해요 when requests and questions count too.
    """

    name: ClassVar[str] = "speech-level-mix"
    version: ClassVar[str] = "1"
    fires: ClassVar[Example] = {"instruction": "잠을 설명하세요.", "output": "잠은 중요합니다. 그래서 푹 자야 한다."}
    passes: ClassVar[Example] = {"instruction": "잠을 설명하세요.", "output": "잠은 중요합니다. 일찍 주무세요."}

    columns: tuple[TextField, ...] = ("output",)
    severity: Severity = "review"

    def evidence(self) -> pl.Expr:
        return pl.coalesce(self._of(column) for column in self.columns)

    def _of(self, column: TextField) -> pl.Expr:
        hapsyo, haeyo, haera, hae = map(pl.col, LEVELS[:4])
        plain = haera + hae
        manners = [(count > 0).cast(pl.UInt8) for count in (hapsyo, haeyo, plain)]
        is_mixed = (pl.sum_horizontal(manners) > 1) & ~pl.col("own voice")
        shares = pl.format("{}: hapsyo {}, haeyo {}, plain {}", pl.lit(column), hapsyo, haeyo, plain)
        return _by_levels(column, pl.when(is_mixed).then(pl.format("{}; {}", shares, shown(pl.col("example")))))


def _has_own_voice(column: TextField) -> pl.Expr:
    is_told = question().str.contains(_OWN_VOICE) | question().str.contains(_GIVEN_TEXT)
    return is_told if column == "output" else pl.lit(False)


def _by_levels(column: TextField, evidence: pl.Expr) -> pl.Expr:
    """String: an expression over the columns of `_judged` and `own voice`, each computed once, however often used."""

    def asked(rows: pl.Series) -> pl.Series:
        turns = rows.struct.unnest()
        judged = _judged(turns["id"], turns["text"]).with_columns(turns["own voice"])
        return judged.select(evidence.alias("evidence"))["evidence"]

    turns = pl.struct("id", _has_own_voice(column).alias("own voice"), text=column)
    return turns.map_batches(asked, return_dtype=pl.String)


def _judged(ids: pl.Series, texts: pl.Series) -> pl.DataFrame:
    """How many statements have each of `LEVELS`; `level`, that most have; `speaker`, that most of the record's have in
    this column; `example`, one of the level that the fewest have. Of two levels that are even the first.
    """
    found = sentences(texts).drop_nulls("level").filter(~pl.col("sentence").str.contains(_ANYWHERE))
    of_level = [(pl.col("level") == level).sum().alias(level) for level in LEVELS]
    counted = (
        found.with_columns(n=pl.len().over("text", "level"))
        .group_by("text")
        .agg(*of_level, example=pl.col("sentence").sort_by("n", maintain_order=True).first())
    )
    turns = pl.DataFrame({"id": ids}).with_row_index("text")
    by_turn = turns.join(counted, on="text", how="left", maintain_order="left").with_columns(
        pl.col(LEVELS).fill_null(0)
    )
    sums = by_turn.select(pl.col(LEVELS).sum().over("id"))
    judged = by_turn.with_columns(level=_most(), speaker=sums.select(_most()).to_series())
    return judged.select(*LEVELS, "level", "speaker", "example")


def _most() -> pl.Expr:
    """The level that most sentences have; null where none has one."""
    most = pl.max_horizontal(LEVELS)
    return pl.coalesce(pl.when((pl.col(level) == most) & (most > 0)).then(pl.lit(level)) for level in LEVELS)
