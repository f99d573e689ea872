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
    "choices-alike": [
        ("네. | 아니요. | 네.", turn(choices=("네.", "아니요.", "네."), choices_source=("Yes.", "No.", "Indeed."))),
    ],
    "blanks-lost": [
        ("input: 2 blanks became 1", turn(input="___은 집에 갔다.", input_source="___ went ___ home.")),
        ("instruction: 1 blanks became 2", asked("__와 __", "Fill in: ____")),
    ],
    "tags-changed": [
        ("input: <mask> became ", turn(input="<마스크>를 샀다.", input_source="I bought a <mask>.")),
        (
            "instruction: </b> <b> became <b> <b>",
            asked("<b>굵게<b> 쓰세요.", "Write in <b>bold</b>."),
        ),
    ],
    "brackets-lost": [
        ("input: 1 of [ became 0", turn(input="회사]에게", input_source="Dear [Company],")),
        ("instruction: 2 of { became 1", asked("{a}를 b}로", "{a} to {b}")),
    ],
    "label-added": [
        ("input: 번역:", turn(input="번역: 하늘이 파랗다.", input_source="The sky is blue.")),
        ("instruction: **Translation**:", asked("**Translation**: 하늘을 그리세요.", "Draw the sky.")),
        ("instruction: 다음은 번역입니다", asked("다음은 번역입니다. 하늘을 그리세요.", "Draw the sky.")),
    ],
    "code-changed": [
        (
            "input: lost return",
            turn(input="def f(x):\n    반환 x * 2", input_source="def f(x):\n    return x * 2"),
        ),
        (
            "instruction: lost for, i, in, range",
            asked("설명하세요:\ni의 범위(3):\n    print(i)", "Explain:\nfor i in range(3):\n    print(i)"),
        ),
    ],
    "numbers-changed": [
        ("instruction: lost 1998; new 1989", asked("1989년의 일을 쓰세요.", "Write about 1998.")),
        ("input: lost 3.5", turn(input="길이는 몇 미터입니다.", input_source="It is 3.5 meters long.")),
        ("instruction: new 7", asked("장점 7가지를 쓰세요.", "Write down some advantages.")),
        ("instruction: lost 5 million; new 50만", asked("인구 50만 명의 도시", "A city of 5 million people")),
    ],
    "quoted-lost": [
        ("vocabulary, instruction: happy", asked('"행복한"의 동의어를 찾으세요.', 'Find a synonym for "happy".')),
        (
            "correction, input: He go home.",
            asked("문법을 고치세요.", "Correct the grammar.", input="그는 집에 간다.", input_source="He go home."),
        ),
    ],
    "option-lost": [
        ("red became 적색", turn(input="빨강, 파랑", input_source="red, blue", output="적색", output_source="Red.")),
        (
            "spam became 광고",
            asked("스팸인지 아닌지 고르세요.", "Spam or not?", output='"광고"', output_source='"Spam"'),
        ),
    ],
    "final-answer-changed": [
        ("7 is nowhere", turn(output="3 + 4 = 8입니다.", output_source="3 + 4 = 7.")),
        (
            "boxed 12 became 21",
            turn(output="답은 $\\boxed{21}$입니다.", output_source="The answer is $\\boxed{12}$."),
        ),
    ],
    "mojibake": [
        ("input: donâ€™t", turn(input="그는 donâ€™t 라고 했다.")),
        ("output: 안녕\ufffd하세", turn(output="안녕\ufffd하세")),
    ],
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
    "choices-alike": [
        turn(choices=("네.", "아니요."), choices_source=("Yes.", "No.")),
        turn(choices=("네.", "네"), choices_source=("Yes.", "yes")),
        turn(choices=("Yes.", "Yes.")),
        turn(instruction="바다는 왜 짠가요?"),
    ],
    "blanks-lost": [
        turn(input="집에 __ 갔다.", input_source="___ went home."),
        turn(input="__", input_source=None),
        turn(input="snake_case", input_source="snake case"),
    ],
    "tags-changed": [
        turn(input="<i>나</i> <b>너</b>", input_source="<b>you</b> <i>me</i>"),
        turn(input="<도시 이름>", input_source="<name of a city>"),
        turn(input="<입력 없음>", input_source="<no input>"),
        turn(input="3 < 5", input_source="3 < 5 > 4"),
        turn(input="<b>", input_source=None),
    ],
    "brackets-lost": [
        turn(input="[회사]의 {이름}(본명)", input_source="{name} of [company]"),
        turn(input="[", input_source=None),
    ],
    "label-added": [
        turn(input="입력: 3", input_source="Input: 3"),
        turn(input="번역가는 일합니다.", input_source="The translator works."),
        turn(input="번역: 하늘", input_source=None),
    ],
    "code-changed": [
        turn(input="def f(x):\n    return x  # 두 배", input_source="def f(x):\n    return x  # double"),
        turn(input='print("안녕")', input_source='print("hello")'),
        turn(input="물을 마시고; 쉬세요", input_source="Drink water; then rest"),
        turn(input="반환", input_source=None),
    ],
    "numbers-changed": [
        asked("인구가 300만 명인 도시 두 곳을 대세요.", "Name 2 cities of 3 million people."),
        asked("3월 5일 오후 2시 30분", "14:30 on March 5th"),
        asked("오후 3시에 만나요.", "We meet at 3:00 p.m."),
        asked("1만 2,500원", "12,500 won"),
        asked("3억 5천만 원", "350 million won"),
        asked("첫째와 세 번째", "The 1st and the 3rd"),
        asked("스물다섯 살", "25 years old"),
        asked("16진수를 10진수로", "From hexadecimal to decimal"),
        asked("20대와 30대", "People in their twenties and thirties"),
        asked("제2차 세계 대전", "World War II"),
        asked("코로나19", "COVID-19"),
        asked("50만 명", "half a million people"),
        asked("245개", "two hundred and forty-five"),
        asked("1/2컵", "1/2 cup"),
        turn(instruction="3"),
    ],
    "quoted-lost": [
        asked('"happy"의 동의어를 찾으세요.', 'Find a synonym for "happy".'),
        asked('"행복"이라는 제목의 시를 쓰세요.', 'Write a poem with the title "Happy".'),
        asked("봄에 대한 말장난을 하세요.", "Make a pun about spring."),
        turn(instruction="동의어"),
    ],
    "option-lost": [
        turn(input="빨강, 파랑", input_source="red, blue", output="파랑입니다.", output_source="Blue"),
        turn(input="하늘", input_source="sky", output="파랑", output_source="Blue"),
        turn(input="빨강", input_source="red", output="붉은색을 고르는 편이 좋겠습니다.", output_source="Red"),
        turn(input="빨강", input_source="red", output="적색", output_source="Red", written_by="openai/m"),
        turn(input="빨강", input_source="red", output=None, output_source="Red"),
    ],
    "final-answer-changed": [
        turn(output="3 + 4 = 7이므로 일곱 개입니다.", output_source="3 + 4 = 7, so the total is 7."),
        turn(output="답은 세 개입니다.", output_source="The answer is 3."),
        turn(output="1998년에 지었습니다.", output_source="It was built in 1989."),
        turn(output="답은 8입니다.", output_source="The answer is 7.", written_by="openai/m"),
        turn(output="답은 8입니다.", output_source=None),
    ],
    "mojibake": [turn(input="São Paulo의 naïve한 여행자, crème brûlée"), turn(output="â, ë, Ã"), turn(output=None)],
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
