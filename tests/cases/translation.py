"""Rows on which rules of translations and of speech levels fire, with the evidence, and rows on which they do not.

Written for this project. What a rule mends stands in `MENDED`: name, row before, texts after.
"""

from __future__ import annotations

from typing import Any

from kodata.corpus import Turn


def turn(**texts: Any) -> Turn:
    return Turn("alpaca-1", 0, **texts)


def asked(korean: str, english: str, **texts: Any) -> Turn:
    """A translated instruction."""
    return turn(instruction=korean, instruction_source=english, **texts)


QUESTION = "바다가 왜 짠지 설명하세요."

FIRES: dict[str, list[tuple[str, Turn]]] = {
    "speech-level": [
        ("output is haera: 강물이 소금을 실어 온다", turn(instruction=QUESTION, output="강물이 소금을 실어 온다.")),
        ("output is haeyo: 소금이 녹아 있어요", turn(instruction=QUESTION, output="소금이 녹아 있어요! 그렇죠?")),
        ("output is hae: 소금이 녹아 있어", turn(instruction=QUESTION, output="소금이 녹아 있어.")),
    ],
    "speech-level-mix": [
        (
            "output: hapsyo 2, haeyo 0, plain 1; 그래서 바닷물은 짜다",
            turn(instruction=QUESTION, output="강물에는 소금이 있습니다. 그래서 바닷물은 짜다. 물은 증발합니다."),
        ),
        (
            "output: hapsyo 1, haeyo 1, plain 0; 소금은 남아요",
            turn(instruction=QUESTION, output="소금은 남아요.\n물은 증발합니다."),
        ),
    ],
    "statement-for-request": [
        ("설명합니다 → 설명하세요", asked("코드를 설명합니다.", "Explain the code.")),
        ("찾습니다 → 찾으세요", asked("가장 긴 낱말을 찾습니다", "Find the longest word")),
        (
            "고릅니다 → 고르세요, 씁니다 → 쓰세요",
            asked("하나를 고릅니다. 이유를 씁니다.", "Choose one. Write down why."),
        ),
        ("씁니다 → 쓰세요", asked("이것은 표입니다. 제목을 씁니다.", "This is a table. Write a title.")),
        ("만듭니다 → 만드세요", asked("문장을 짧게 만듭니다:\n\n비가 옵니다.", "Make it shorter:\n\nIt rains.")),
        ("요약합니다 → 요약하세요", asked("글이 주어지면 요약합니다.", "Given a text, summarize it.")),
    ],
}  # fmt: skip

HOLDS_STILL: dict[str, list[Turn]] = {
    "speech-level": [
        turn(instruction=QUESTION, output="강물이 소금을 실어 옵니다. 한번 맛을 보세요. 어떤가요?"),
        turn(instruction=QUESTION, output="강물의 소금"),
        turn(instruction="바다 이야기를 지어 주세요.", output="바다가 말했다."),
        turn(instruction="다음 문장을 고치세요.", input="비가 온다", output="비가 내린다."),
        turn(instruction="너는 누구야?", output="저는 도우미입니다."),
        turn(instruction=QUESTION, output=None),
    ],
    "speech-level-mix": [
        turn(instruction=QUESTION, output="강물에는 소금이 있습니다. 한번 맛을 보세요. 어떤가요?"),
        turn(instruction=QUESTION, output="그는 “바닷물은 짜다.”라고 말했습니다. (맛을 보았다.)"),
        turn(instruction="짧은 대화를 쓰세요.", output="가: 어디 가?\n나: 학교에 갑니다."),
        turn(instruction=QUESTION, output="짜다. 그래서 마실 수 없다."),
        turn(instruction=QUESTION, output=None),
    ],
    "statement-for-request": [
        asked("이 코드는 수를 더합니다.", "This code adds numbers."),
        asked("코드를 설명하세요.", "Explain the code."),
        asked("글을 써야 합니다.", "Write a text."),
        asked("표가 있습니다.", "Have a table."),
        asked("문을 열었습니다.", "Open the door."),
        asked("그는 말했습니다. 코드를 설명합니다.", "Explain the code."),
        turn(instruction="코드를 설명합니다."),
    ],
}

MENDED: list[tuple[str, Turn, dict[str, str]]] = [
    ("statement-for-request", one, {"instruction": mended})
    for one, mended in (
        (asked("코드를 설명합니다.", "Explain the code."), "코드를 설명하세요."),
        (
            asked("  하나를 고릅니다. \n이유를 씁니다!", "Choose one.\nWrite down why!"),
            "  하나를 고르세요. \n이유를 쓰세요!",
        ),
        (asked("값은 3.5입니다. 반올림합니다.", "The value is 3.5. Round it."), "값은 3.5입니다. 반올림하세요."),
        (
            asked("문장을 짧게 만듭니다:\n\n비가 옵니다.", "Make it shorter:\n\nIt rains."),
            "문장을 짧게 만드세요:\n\n비가 옵니다.",
        ),
    )
]
