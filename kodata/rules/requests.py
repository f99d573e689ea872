"""Requests that a translator made statements of: "Explain the code." became "코드를 설명합니다."."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from kodata.korean import request
from kodata.rules.kinds import Example, Severity

_MAY_BE = r"니다(?:[.!:]|\s*$|\s*\n)"
_SENTENCE = re.compile(r"\s*[^.!?\n]*(?:[.!?](?!\s|$)[^.!?\n]*)*(?:[.!?]+|$|(?=\n))")

_LEADING = (
    r"(?:(?:please|then|next|now|also|finally|first|and|briefly|carefully|directly|simply|just|clearly|automatically"
    r"|randomly)\b,? )*(?:(?:given|using|for|in|based|from|with|after|to|if|when|without|imagine|suppose|by|as|on"
    r"|considering|according|of|at)\b[^.!?]{0,250}?, (?:please |then )?)?"
)
_VERBS = (
    "accept act add address adjust adopt advise agree alter analy[sz]e answer apply appraise argue arrange "
    "articulate ask assemble assess assign assume attach balance begin blend brainstorm break bring build "
    "calculate capitalize capture categori[sz]e cause challenge change characteri[sz]e check choose cite clarify "
    "classify clean code collect combine come comment compare compile complete compose composite compress compute "
    "conceive conclude conduct confirm conjugate connect consider construct contrast convert convince cook copy "
    "correct count craft create critique crop cut debate decide declare decode deconstruct decrease deduce define "
    "delete deliver demonstrate derive describe design detail detect determine devise develop diagnose diagram "
    "differentiate discard discover discuss display distinguish divide do draft draw edit educate elaborate "
    "eliminate employ enhance enter enumerate equate estimate evaluate examine execute exemplify expand explain "
    "explore express extend extract extrapolate fact-check fill filter find finish fix flip follow forecast form "
    "format formulate frame gather generate get give go group guess handle have help highlight hypothesi[sz]e "
    "identify illustrate imagine implement imply improve include incorporate increase indicate infer input insert "
    "inspect integrate interpret introduce invent investigate join judge justify keep label lay let link list "
    "locate look make map mark match measure memori[sz]e mention merge mix modify motivate name narrate negate "
    "note offer open optimi[sz]e order organi[sz]e outline output overwrite pair paraphrase parse perform "
    "persuade pick place plan play plot point polish pose postulate predict prepare present pretend print "
    "prioriti[sz]e produce program promote pronounce proofread propose prove provide punctuate put quantify query "
    "quote rank rate re-?arrange re-?write read recall recast recite recommend reconstruct record re-?create "
    "redact reduce refactor refer reflect reformat reformulate refute reimagine relate re-?name remove render "
    "re-?order re-?organi[sz]e re-?phrase replace reply report represent reread research reshape resolve respond "
    "restate restructure retell retrieve return reveal reverse review revise re-?word role-?play rotate round run "
    "save say scan score search select send separate set share shift shorten show simplify simulate sing sketch "
    "solve sort speculate spell spin split spot stage standardi[sz]e start state stitch structure submit "
    "substitute suggest sum summari[sz]e supply support switch synthesi[sz]e take talk teach tell test think "
    "trace track train transcribe transform translate try turn type understand underline update use validate "
    "verify visuali[sz]e vote weigh withdraw write"
)
_NO_SUBJECT = r"(?! (?:is|are|was|were|has|can|could|will|would)\b)"
_IMPERATIVE = re.compile(rf"\W*{_LEADING}(?:{_VERBS.replace(' ', '|')})\b{_NO_SUBJECT}", re.IGNORECASE)


@dataclass(frozen=True)
class StatementForRequest:
    """An English request that became a Korean statement; its verb is made a request again.

    Fires on "코드를 설명합니다." for "Explain the code."; does not fire on statements that stand for statements, nor on
    past, being, having and having to. Sentence by sentence, where both texts have as many; else where the Korean is
    one sentence. 19 to 23 % of translated instructions are such statements (KoAlpaca v1.0).
    """

    name: ClassVar[str] = "statement-for-request"
    version: ClassVar[str] = "1"
    fires: ClassVar[Example] = {"instruction": "코드를 설명합니다.", "instruction_source": "Explain the code."}
    passes: ClassVar[Example] = {
        "instruction": "이 코드는 수를 더합니다.",
        "instruction_source": "This code adds numbers.",
    }

    severity: Severity = "fix"

    def evidence(self) -> pl.Expr:
        return _where_stated().map_batches(_changes, return_dtype=pl.String)

    def mended(self) -> Mapping[str, pl.Expr]:
        return {"instruction": _where_stated().map_batches(_mended, return_dtype=pl.String)}


def _where_stated() -> pl.Expr:
    """Struct of `korean` and `english`; null where nothing can be mended."""
    korean, english = pl.col("instruction"), pl.col("instruction_source")
    may_be = korean.str.contains(_MAY_BE) & english.is_not_null() & (korean != english)
    return pl.when(may_be).then(pl.struct(korean=korean, english=english))


def _changes(rows: pl.Series) -> pl.Series:
    return pl.Series([_change(**row) if row is not None else None for row in rows], dtype=pl.String)


def _change(korean: str, english: str) -> str | None:
    """What is changed, `생성합니다 → 생성하세요`; None where nothing is."""
    pieces = [(old, new) for old, new in _pieces(korean, english) if old != new]
    return ", ".join(f"{_last(old)} → {_last(new)}" for old, new in pieces) or None


def _mended(rows: pl.Series) -> pl.Series:
    whole = ("".join(new for _, new in _pieces(**row)) if row is not None else None for row in rows)
    return pl.Series(list(whole), dtype=pl.String)


def _pieces(korean: str, english: str) -> Iterator[tuple[str, str]]:
    """The sentences of the Korean and what stands between, as they are and as they should be."""
    parts = _SENTENCE.findall(korean)
    said = [part for part in parts if part.strip()]
    asked = [part for part in _SENTENCE.findall(english) if part.strip()]
    if len(said) != len(asked):
        asked = asked[-1:] if len(said) == 1 else []
    is_request = iter([_IMPERATIVE.match(part.strip()) is not None for part in asked] or [False] * len(said))
    for part in parts:
        yield part, _as_request(part) if part.strip() and next(is_request) else part


def _as_request(part: str) -> str:
    core = part.rstrip(".!: ")
    return (request(core) or core) + part[len(core) :]


def _last(sentence: str) -> str:
    return sentence.strip(" \n.!:").rpartition(" ")[2]
