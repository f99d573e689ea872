"""Rows on which rules of answers and of answerable questions fire, with the evidence, and rows on which they do not.

Written for this project. What a rule mends stands in `MENDED`: name, text before, text after.
"""

from __future__ import annotations

from typing import Any

from kodata.corpus import Turn


def turn(**texts: Any) -> Turn:
    return Turn("alpaca-1", 0, **texts)


QUESTION = "건강을 유지하는 세 가지 방법을 알려 주세요."
POEM = "바다를 노래하는 시를 쓰세요."

FIRES: dict[str, list[tuple[str, Turn]]] = {
    "url-only-input": [
        ("https://example.com/a", turn(instruction="Summarize this article.", input="https://example.com/a")),
        ("www.example.com", turn(instruction="다음 웹사이트를 평가하세요.", input=" www.example.com\n")),
    ],
    "needs-image": [
        ("following photo", turn(instruction="Describe the following photo.", input="[photo of a lake]")),
        ("[Insert photo here]", turn(instruction="What is this?", input="[Insert photo here]")),
        ("this painting", turn(instruction="Who painted this painting?", input="https://example.com/a.jpg")),
        ("다음 그림", turn(instruction="다음 그림을 한 문장으로 설명하세요.", input="첨부된 그림")),
        ("제공된 사진", turn(instruction="제공된 사진에 무엇이 보이나요?", input="")),
    ],
    "missing-input": [
        ("following paragraph", turn(instruction="Summarize the following paragraph.", input="")),
        ("다음 글을", turn(instruction="다음 글을 읽고 제목을 지으세요.", input=" ")),
    ],
    "no-input-marker": [
        ("입력 없음", turn(instruction=POEM, input="입력 없음")),
        ("<노인입력>", turn(instruction=POEM, input="<노인입력>")),
        ('"입력이 필요하지 않습니다."', turn(instruction=POEM, input='"입력이 필요하지 않습니다."')),
        ("N/A", turn(instruction=POEM, input="N/A")),
    ],
    "echoed-question": [
        (
            "가장 큰 도시는 어디인가요? 서울입니다.",
            turn(instruction="가장 큰 도시는 어디인가요?", output="가장 큰 도시는 어디인가요?\n서울입니다."),
        ),
        (
            '"가장 큰 도시는 어디인가요?" -> "서울입니다."',
            turn(instruction="가장 큰 도시는 어디인가요?", output='"가장 큰 도시는 어디인가요?" -> "서울입니다."'),
        ),
    ],
    "answer-label": [
        ("출력: 42", turn(instruction="6 곱하기 7은?", output="출력: 42")),
        ("### 응답: 서울입니다.", turn(instruction="한국의 수도는?", output="### 응답:\n서울입니다.")),
    ],
    "merged-record": [
        ("18. Instruction: Name a fruit.", turn(output="Read more.\n##\n18. Instruction: Name a fruit.")),
        ("### 질문: 둘째는?", turn(output="첫째입니다.\n\n### 질문: 둘째는?")),
    ],
    "quoted-answer": [
        ('"사과는 빨갛습니다."', turn(instruction="사과의 색은?", output='"사과는 빨갛습니다."')),
        ("“간호사”", turn(instruction="직업 하나를 대세요.", output=" “간호사”\n")),
    ],
    "html-residue": [
        ("하늘,<br>바람은", turn(instruction=POEM, output="푸른 하늘,<br>바람은 잠들고")),
        ("&apos;쉼&apos;입니다", turn(instruction="낱말을 고르세요.", output="&apos;쉼&apos;입니다")),
    ],
    "leaked-label": [
        ("입력:", turn(instruction="날씨를 묘사하세요.", output="맑습니다.\n입력: 없음\n출력: 흐립니다.")),
        ("### 답변:", turn(instruction=QUESTION, output="걷습니다.\n### 답변: 잠을 잡니다.")),
        ("<|im_end|>", turn(instruction=QUESTION, output="걷습니다.<|im_end|>")),
        ("첫 번째 응답내용", turn(instruction=POEM, output="첫 번째 응답내용\n여름밤의 별")),
    ],
    "same-as-question": [
        (
            "존은 가게에 갔습니다.",
            turn(instruction="고치세요.", input="존은 가게에 갔습니다", output="존은 가게에 갔습니다."),
        ),
        ('"로고를 그려 주세요."', turn(instruction="로고를 그려 주세요.", output='"로고를 그려 주세요."')),
    ],
    "asks-for-input": [
        ("입력을 제공해 주세요", turn(instruction="배열에서 가장 작은 수는?", output="입력을 제공해 주세요.")),
        ("입력이 없어서", turn(instruction="요약하세요.", output="입력이 없어서 요약할 수 없습니다.")),
        (
            "[입력값을 적어 제공해 주세요]",
            turn(instruction="요약하세요.", output="결과: [입력값을 적어 제공해 주세요]"),
        ),
        ("Please provide the text", turn(instruction="요약하세요.", output="Please provide the text.")),
    ],
    "ai-disclaimer": [
        (
            "저는 인공지능이기 때문",
            turn(instruction="맛있는 과일은?", output="망고입니다. 다만 저는 인공지능이기 때문에 맛을 모릅니다."),
        ),
        ("as an AI language model", turn(instruction=QUESTION, output="Walk. But as an AI language model I do not.")),
    ],
    "self-reference": [
        ("ChatGPT", turn(instruction="관용구를 쓰세요.", output="ChatGPT 모델이 지었습니다. 발이 넓다.")),
        ("OpenAI에서 개발", turn(instruction=QUESTION, output="저는 OpenAI에서 개발한 도우미입니다. 걸으세요.")),
    ],
    "stray-script": [
        ("output: 문제를引起합니다.", turn(instruction="설명하세요.", output="온실가스가 문제를引起합니다.")),
        ("output: 아주 хороший", turn(instruction=QUESTION, output="아주 хороший 방법은 걷기입니다.")),
    ],
    "loop": [
        ("output: 공용", turn(output="그 방은 공용 공용 공용 공용 공용 공용 공간입니다.")),
        ("output: 감사합니다.", turn(output="감사합니다." * 5)),
        (
            "input: 공원",
            turn(instruction="요약하세요.", input="공원 " * 6, input_source="A park in the middle of the city"),
        ),
    ],
    "unfilled": [
        ("[여기에 설명을 입력하세요]", turn(instruction="소개하세요.", output="이 제품은 [여기에 설명을 입력하세요]")),
        ("N/A", turn(instruction="분류하세요.", output="N/A")),
        ("Lorem ipsum", turn(instruction="글을 쓰세요.", output="Lorem ipsum dolor sit amet")),
    ],
}

HOLDS_STILL: dict[str, list[Turn]] = {
    "url-only-input": [
        turn(instruction="URL에서 도메인을 찾으세요.", input="https://example.com/a"),
        turn(instruction="Create a link to an article.", input="https://example.com/a"),
        turn(instruction="주소만 보고 내용을 짐작하세요.", input="https://example.com/a"),
        turn(instruction="요약하세요.", input="출처: https://example.com/a 본문은 다음과 같습니다."),
        turn(instruction="요약하세요.", input=""),
    ],
    "needs-image": [
        turn(instruction="Describe the following painting.", input="The Starry Night by Vincent van Gogh"),
        turn(instruction='이 그림을 설명하세요: "별이 빛나는 밤"', input=""),
        turn(instruction="유명한 그림 세 점을 대세요.", input=""),
        turn(instruction="다음 그림의 넓이를 구하세요.", input="한 변이 2cm인 정사각형"),
        turn(instruction="사진을 잘 찍는 법을 알려 주세요.", input=""),
    ],
    "missing-input": [
        turn(instruction="Correct the following sentence: He go home.", input=""),
        turn(instruction="다음 문장이 참인지 답하세요. 물은 100도에서 끓는다.", input=""),
        turn(instruction="주어진 목록을 정렬하는 함수를 쓰세요.", input=""),
        turn(instruction="다음 글을 요약하세요.", input="도서관이 새로 문을 열었다."),
        turn(instruction="여행 계획을 세워 주세요.", input=""),
    ],
    "no-input-marker": [
        turn(instruction="요약하세요.", input="입력이 없는 함수도 있습니다."),
        turn(instruction="설명하세요.", input="없음이라는 개념"),
        turn(instruction=POEM, input=""),
    ],
    "echoed-question": [
        turn(instruction="가장 높은 산의 이름", output="가장 높은 산의 이름은 에베레스트입니다."),
        turn(instruction="로고를 그려 주세요.", output='"로고를 그려 주세요."'),
        turn(instruction="수도는?", output="수도는?\n서울"),
        turn(
            instruction="Write a function that adds.",
            output='"""\nWrite a function that adds.\n"""\ndef add(a, b): ...',
        ),
        turn(instruction=QUESTION, output=None),
    ],
    "answer-label": [
        turn(instruction="문답을 지어 보세요.", output="질문: 몇 시인가요?\n답변: 세 시입니다."),
        turn(instruction="프로그램의 출력을 쓰세요.", output="출력: 42"),
        turn(instruction="뜻을 쓰세요.", output="출력: "),
        turn(instruction="뜻을 쓰세요.", output="출력은 내보내는 것입니다."),
    ],
    "merged-record": [
        turn(output="1. 물을 끓입니다.\n2. 면을 넣습니다.\n3. 지시 사항을 확인합니다."),
        turn(output="Instruction: press the button."),
        turn(output="# 봄\n꽃이 핍니다.\n### 여름\n덥습니다."),
    ],
    "quoted-answer": [
        turn(instruction="인사말 두 개를 쓰세요.", output='"안녕하세요", "반갑습니다"'),
        turn(instruction="문장에 따옴표를 넣으세요.", output='"반갑습니다"'),
        turn(instruction="뜻을 쓰세요.", output='"하늘"은 위에 있는 공간입니다.'),
        turn(instruction="쓰세요.", output='""'),
        turn(output=None),
    ],
    "html-residue": [
        turn(instruction="HTML에서 줄을 바꾸는 법은?", output="<br>을 씁니다."),
        turn(instruction="낱말을 굵게 표시하세요.", input="하늘", output="<b>하늘</b>"),
        turn(instruction="고치세요.", input="<p>하늘</p>", output="<p>하늘</p>"),
        turn(instruction=QUESTION, output="몸무게 < 70 이고 키 > 170, A&B"),
    ],
    "leaked-label": [
        turn(instruction="글을 쓰세요.", output="### 봄\n꽃이 핍니다.\n\n### 여름\n덥습니다."),
        turn(instruction="함수의 입력과 출력의 예를 쓰세요.", output="입력: 1\n출력: 2"),
        turn(instruction="배열을 정렬하는 코드를 쓰세요.", output="sorted(a)\n출력: [1, 2]"),
        turn(instruction="설명하세요.", output="컴퓨터의 입력: 키보드"),
    ],
    "same-as-question": [
        turn(instruction="둘 중에 고르세요.", input="참", output="참"),
        turn(instruction="쉼표를 넣으세요.", input="그래서 나는 갔다", output="그래서, 나는 갔다"),
        turn(instruction=QUESTION, input="", output=None),
        turn(instruction=QUESTION, input="", output=""),
    ],
    "asks-for-input": [
        turn(instruction="어조를 분석하세요.", input="기쁩니다.", output="입력된 문장은 긍정적입니다."),
        turn(instruction="오류를 찾으세요.", input="하늘은 맑다.", output="입력 문장에는 오류가 없습니다."),
        turn(instruction="전화를 받는 말을 쓰세요.", output="네, 무엇을 도와 드릴까요?"),
        turn(output=None),
    ],
    "ai-disclaimer": [
        turn(instruction="AI 비서가 자기를 소개하는 문장을 쓰세요.", output="안녕하세요, 저는 AI 비서입니다."),
        turn(instruction=QUESTION, output="인공지능 모델을 쓰면 운동을 도울 수 있습니다."),
        turn(instruction=QUESTION, output=None),
    ],
    "self-reference": [
        turn(instruction="ChatGPT가 무엇인지 설명하세요.", output="ChatGPT는 언어 모델입니다."),
        turn(instruction="기술 회사를 대세요.", output="삼성전자, 네이버, OpenAI"),
    ],
    "stray-script": [
        turn(instruction="단색의 뜻은?", output="'단색(單色)'은 한 가지 빛깔입니다."),
        turn(instruction="일본어로 인사하세요.", output="ありがとう는 고맙다는 말입니다."),
        turn(instruction="뜻을 설명하세요.", input="天高馬肥", output="天高馬肥는 가을을 말합니다."),
        turn(instruction=QUESTION, output="要多吃蔬菜，保证睡眠。"),
        turn(instruction="각도를 구하세요.", output="각도 θ는 30°이고 합은 Σ입니다."),
    ],
    "loop": [
        turn(output="하하하하하하하하하하하하\n----------------\n| a | b |"),
        turn(output="1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2"),
        turn(output="감사합니다. 감사합니다. 감사합니다."),
        turn(instruction="'야호'를 다섯 번 반복하세요.", output="야호! 야호! 야호! 야호! 야호!"),
        turn(input="really really really really really", output=""),
        turn(
            instruction="세 번 웃으세요.",
            input="정말 정말 정말 정말 정말",
            input_source="It is really really really really really so",
        ),
        turn(output="```html\n<td></td><td></td><td></td><td></td><td></td><td></td>\n```"),
        turn(output=None),
    ],
    "unfilled": [
        turn(instruction="초대장을 쓰세요.", output="[이름] 님, 토요일 저녁에 뵙겠습니다."),
        turn(instruction="빈칸을 채우세요.", input="[여기에 입력하세요]", output="[여기에 입력하세요]"),
        turn(instruction="절편을 설명하세요.", output="y = mx + b (여기서 m은 기울기입니다.)"),
    ],
}

MENDED: list[tuple[str, Turn, dict[str, str]]] = [
    ("no-input-marker", turn(input="<노인입력>"), {"input": ""}),
    (
        "echoed-question",
        turn(
            instruction='"먼 길"이라는 제목의 첫 줄을 쓰세요.',
            output='"먼 길"이라는 제목의 첫 줄을 쓰세요.\n입력: 없음\n\n출력: "길은 멀었다."',
        ),
        {"output": "길은 멀었다."},
    ),
    (
        "echoed-question",
        turn(instruction="두 가지를 비교하세요.", output='"두 가지를 비교하세요." 강은 흐르고, 산은 서 있다.'),
        {"output": "강은 흐르고, 산은 서 있다."},
    ),
    (
        "echoed-question",
        turn(instruction="가장 큰 도시는 어디인가요?", output='"가장 큰 도시는 어디인가요?" -> "서울입니다."'),
        {"output": "서울입니다."},
    ),
    ("answer-label", turn(output="**출력:** 서울입니다.\n부산도 큽니다."), {"output": "서울입니다.\n부산도 큽니다."}),
    (
        "merged-record",
        turn(output="Read more.\n##\n18. Instruction: Name a fruit.\n18. Input:\n\n18. Output:\nApple"),
        {"output": "Read more."},
    ),
    ("quoted-answer", turn(output=' "하늘은\n푸릅니다. "\n'), {"output": "하늘은\n푸릅니다."}),
    (
        "html-residue",
        turn(output="<i>푸른 하늘</i><br>\n&lt;바람&gt;&nbsp;한 점 &amp; 구름"),
        {"output": "푸른 하늘\n<바람> 한 점 & 구름"},
    ),
]
