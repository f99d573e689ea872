"""What a model says of itself instead of answering: refusals, disclaimers, names, requests for the input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from kodata.rules.asked import shown, unless_asked, where
from kodata.rules.kinds import Example, Severity

_REFUSAL = (  # anchored: the keyword anywhere is false five times of five
    r"(?i)^\W*(?:(?:죄송|미안)(?:[^.\n]{0,40}|합니다\.\s*(?:저는|제가)?[^.\n]{0,20})"
    r"(?:AI|인공지능|언어 ?모델|수 없|수는 없|불가능)"
    r"|(?:저는 |나는 )?(?:AI|인공지능)(?: 언어)? ?(?:모델|어시스턴트)?(?:로서|이기 때문|이므로|이라서|라서)"
    r"|as an ai(?: language)? (?:model|assistant)|i(?:'m| am) sorry,? (?:but )?i (?:can|am)"
    r"|i can(?:not|'t) (?:help|assist)"
    # or the whole answer is one sentence that says that it cannot be done
    r"|[^.\n]{0,80}(?:답변|응답|명령|요청|예측|생성|작성|처리|제공|변환|정보|만들어|도와)"
    r"[^.\n]{0,12} 수(?:가|는)? 없습니다\W*$)"
)
_REFUSES = ("죄송", "미안", "인공지능", "없습니다", "ai", "sorry", "i can")  # one of them is in each
_WRITES_APOLOGY = (
    r"(?i)고객|불만|항의|사과|거절|챗봇|상담|대화|메시지|이메일|편지|apolog|complain|customer|declin|refus"
)
_DISCLAIMER = (
    r"(?i)(?:저는|나는|제가) (?:단지 |그저 )?(?:AI|인공지능)(?: 언어)? ?(?:모델|어시스턴트|비서|챗봇)?"
    r"(?:이?기 때문|로서|이라|라서|이므로|이며|입니다|이에요|일 뿐)"
    r"|(?:AI|인공지능)(?: 언어)? 모델(?:로서|이기 때문|이므로|이라)|언어 모델로서"
    r"|\bas an? (?:AI|artificial intelligence)(?: language)?(?: model| assistant)?\b"
    r"|\bI(?:'m| am) (?:just |only )?an? (?:AI|large)\b"
)
_MAKER = (
    r"(?i)chat ?gpt|챗 ?GPT|챗지피티|trained by openai"
    r"|(?:openai|오픈 ?AI)(?:에서|에 의해|가|의)? (?:개발|만든|만들|훈련|학습|교육)"
)
_ABOUT_AI = r"(?i)gpt|openai|오픈 ?AI|\bAI\b|인공 ?지능|챗봇|chatbot|언어 ?모델|language model|어시스턴트|assistant"
_NO_INPUT_GIVEN = (
    r"^\W*(?:[^.\n\"]{0,20}?(?:입력(?:값|된 내용| 내용)?|컨텍스트|문맥)(?:이|가|은)? ?"
    r"(?:없습니다|없어서?|없으므로|없기 때문|없이는|주어지지|제공되지)"
    r"|[^\n]{0,80}?(?:입력|텍스트|문장|데이터|정보|기사|내용|자료|글|코드|배열)[을를]? ?(?:더 )?"
    r"(?:제공|입력|첨부|알려) ?(?:해 ?)?주(?:세요|십시오|시면|시기))"
    r"|\[입력[^\]\n]{0,40}(?:제공|작성|입력)[^\]\n]{0,20}\]"
    r"|^\W*[^.\n]{0,60}(?i:please (?:provide|share) (?:me (?:with )?)?(?:the|an?|your|more) (?:\w+ )?"
    r"(?:input|text|sentence|article|context|information|code|list))"
)


@dataclass(frozen=True)
class Refusal:
    """An answer that declines to answer.

    Fires on an answer that begins "죄송하지만 AI 언어 모델로서 ...", or is one sentence that it cannot be done; does
    not fire on the same words later in an answer, nor on an apology or a decline that was asked for.
    """

    name: ClassVar[str] = "refusal"
    version: ClassVar[str] = "2"
    fires: ClassVar[Example] = {"output": "죄송하지만 저는 AI 언어 모델이라 그 일을 도울 수 없습니다."}
    passes: ClassVar[Example] = {"output": "늦어서 죄송합니다. 내일 오전까지 보고서를 보내 드리겠습니다."}

    severity: Severity = "drop"

    def evidence(self) -> pl.Expr:
        output = pl.col("output")
        may_be = output.str.contains_any(list(_REFUSES), ascii_case_insensitive=True)
        return unless_asked(where(may_be, output).str.extract(_REFUSAL, 0), _WRITES_APOLOGY)


@dataclass(frozen=True)
class AiDisclaimer:
    """An answer that speaks of itself as an AI, anywhere in it.

    Fires on "저는 인공지능이기 때문에 맛을 모릅니다."; does not fire where the question is about AI, chatbots or
    assistants. For review: a sentence of it can spoil an answer that is right otherwise.
    """

    name: ClassVar[str] = "ai-disclaimer"
    version: ClassVar[str] = "1"
    fires: ClassVar[Example] = {
        "instruction": "가장 맛있는 과일은 무엇인가요?",
        "output": "망고를 꼽는 사람이 많습니다. 다만 저는 인공지능이기 때문에 맛을 느낄 수 없습니다.",
    }
    passes: ClassVar[Example] = {
        "instruction": "AI 비서가 자기를 소개하는 문장을 쓰세요.",
        "output": "안녕하세요, 저는 AI 비서입니다. 무엇을 도와 드릴까요?",
    }

    severity: Severity = "review"

    def evidence(self) -> pl.Expr:
        return unless_asked(pl.col("output").str.extract(_DISCLAIMER, 0), _ABOUT_AI)


@dataclass(frozen=True)
class SelfReference:
    """An answer that names ChatGPT, or says who made the model, although nobody asked.

    Fires on "ChatGPT 모델은 임의의 문장을 생성했습니다."; does not fire on a list of companies with OpenAI in it, nor
    where the question is about AI. In KoAlpaca v1.0 all five hits of 5,970 answers are leaks of one call.
    """

    name: ClassVar[str] = "self-reference"
    version: ClassVar[str] = "1"
    fires: ClassVar[Example] = {
        "instruction": "관용구가 들어간 문장을 쓰세요.",
        "output": "입력이 없어서 ChatGPT 모델이 문장을 지었습니다. 발이 넓은 사람입니다.",
    }
    passes: ClassVar[Example] = {
        "instruction": "ChatGPT가 무엇인지 설명하세요.",
        "output": "ChatGPT는 대화하듯 질문에 답하는 언어 모델입니다.",
    }

    severity: Severity = "drop"

    def evidence(self) -> pl.Expr:
        return unless_asked(pl.col("output").str.extract(_MAKER, 0), _ABOUT_AI)


@dataclass(frozen=True)
class AsksForInput:
    """An answer that says that the input is missing, or asks for it, instead of answering.

    Fires on "입력을 제공해 주세요."; does not fire on "입력된 문장은 긍정적입니다." For review: it is the right answer
    to a question without its text, but teaches to ask back.
    """

    name: ClassVar[str] = "asks-for-input"
    version: ClassVar[str] = "1"
    fires: ClassVar[Example] = {
        "instruction": "배열에서 가장 작은 수를 찾으세요.",
        "output": "배열이 주어지지 않았습니다. 입력을 제공해 주세요.",
    }
    passes: ClassVar[Example] = {
        "instruction": "배열에서 가장 작은 수를 찾으세요.",
        "input": "[3, 1, 2]",
        "output": "입력된 배열에서 가장 작은 수는 1입니다.",
    }

    severity: Severity = "review"

    def evidence(self) -> pl.Expr:
        begins = pl.col("output").str.slice(0, 120)
        may_be = begins.str.contains(r"입력|컨텍스트|문맥|주세요|주십시오|주시|(?i:please)")
        return shown(where(may_be, begins).str.extract(_NO_INPUT_GIVEN, 0))
