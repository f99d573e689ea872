"""What must survive a translation survives it, or the loss is seen."""

from __future__ import annotations

import re
import time
from itertools import accumulate

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kodata.shield import PieceLost, Prose, by_hand, shield, smaller, unshield

FRAGMENTS = (
    '<x id="0"/>', '<x id="1"></x>', "<x id='0'/>", "&lt;", "&amp;amp;", "&#39;", "&", "<", ">", "<b>", "</b>",
    "<br/>", "<!--", "-->", "```", "```python\n", "`", "$", "$$", "\\(", "\\)", "\\[", "\\]", "\\frac{1}{2}",
    "\\begin{align}", "\\end{align}", "{", "}", "{{", "}}", "{name}", "${x}", "%(a)s", "[", "]", "[Company]",
    "[MASK]", "__", "_", "\n", "\r\n", "\t", " ", "\u3000", "\x85", "www.", "https://example.com/a?b=c&d",
    "me@example.com", "@", ".", "!", "x^2", "5", "은", "사과를", "가", "Name it.", "\ud800", "\\1", "\\g<0>",
)  # fmt: skip
fragmented = st.lists(st.sampled_from(FRAGMENTS), max_size=12).map("".join)
any_text = st.text(max_size=60) | fragmented | st.lists(st.text(max_size=5) | fragmented, max_size=4).map("".join)


def prose(text: str) -> Prose:
    """The only stretch of a text that is to be translated."""
    (found,) = (stretch for stretch in shield(text) if isinstance(stretch, Prose))
    return found


@given(any_text)
@example('$a_1$ <x id="0"/> &lt;b&gt; `c` ```\n')
def test_any_text_comes_back_as_it_was(text: str) -> None:
    assert "".join(s if isinstance(s, str) else unshield(s.xml, s) for s in shield(text)) == text


@given(any_text)
def test_what_is_sent_holds_no_markup_but_marks(text: str) -> None:
    for stretch in shield(text):
        if isinstance(stretch, Prose):
            marks = "".join(re.findall(r"<[^>]*>", stretch.xml))
            assert marks == "".join(f'<x id="{n}"/>' for n in range(len(stretch.pieces)))


@given(any_text)
def test_what_is_sent_has_no_white_space_at_the_ends_of_lines(text: str) -> None:
    sent = [stretch.xml for stretch in shield(text) if isinstance(stretch, Prose)]
    assert [line for xml in sent for line in xml.split("\n") if line != line.strip()] == []


@given(any_text)
def test_smaller_parts_join_to_the_text(text: str) -> None:
    assert "".join(smaller(text)) == text


def spans(text: str) -> list[tuple[int, int]]:
    """Where the pieces of a text begin and end."""
    found, start = [], 0
    for stretch in shield(text):
        if isinstance(stretch, str):
            start += len(stretch)
            continue
        for piece in stretch.pieces:
            start = text.index(piece, start)
            found.append((start, start + len(piece)))
            start += len(piece)
    return found


@given(any_text)
@example("Run ```a. b``` and <!-- c. d --> now. `e. f` g.")
def test_smaller_parts_never_cut_a_piece(text: str) -> None:
    cuts = set(accumulate(map(len, smaller(text))))
    assert [(start, end) for start, end in spans(text) if cuts & set(range(start + 1, end))] == []


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("Run ```python\nx = 1\n``` now", ["```python\nx = 1\n```"]),
        ("An open fence ```\nreturn 1", ["```\nreturn 1"]),
        ("Call `print(n)` once", ["`print(n)`"]),
        ("Solve $$x^2 = 4$$ first", ["$$x^2 = 4$$"]),
        (r"Solve \[x^2\] and \(y\)", [r"\[x^2\]", r"\(y\)"]),
        (r"Half is $\frac{1}{2}$ of it", [r"$\frac{1}{2}$"]),
        ("Find $x$ and $y_1$", ["$x$", "$y_1$"]),
        ("\\begin{align}a&=b\\end{align} holds", ["\\begin{align}a&=b\\end{align}"]),
        ('Use <a href="/x">here</a><br/>', ['<a href="/x">', "</a>", "<br/>"]),
        ("Hidden <!-- a\nb --> note", ["<!-- a\nb -->"]),
        ("Fill <mask> or [MASK]", ["<mask>", "[MASK]"]),
        ("Dear <Your Name>,", ["<Your Name>"]),
        ("See https://example.com/a_(b)?c=d#e.", ["https://example.com/a_(b)?c=d#e"]),
        ("See www.example.com, please", ["www.example.com"]),
        ("Write to first.last+tag@mail.example.co.kr!", ["first.last+tag@mail.example.co.kr"]),
        ("Hello {name}, {{ user }} and ${place}", ["{name}", "{{ user }}", "${place}"]),
        ("At %(time)s sharp", ["%(time)s"]),
        ("[Company] hires [Your Name]", ["[Company]", "[Your Name]"]),
        ("The capital is ____.", ["____"]),
    ],
    ids=lambda value: value[:16] if isinstance(value, str) else "",
)
def test_a_piece_is_kept_from_translation(text: str, pieces: list[str]) -> None:
    assert list(prose(text).pieces) == pieces


@pytest.mark.parametrize(
    "text",
    [
        "It costs $5 and $6.",
        "A & B < C > D",
        "Rock 'n' roll (live) [1]",
        "snake_case is fine; 3 < 4",
        "an @ sign and a # sign",
        "{1, 2, 3} is a set",
    ],
)
def test_plain_words_are_no_pieces(text: str) -> None:
    assert prose(text).pieces == ()


@pytest.mark.parametrize(
    ("text", "piece"),
    [
        ("{name}은 학생입니다.", "{name}"),
        ("https://example.com/page에서 보세요.", "https://example.com/page"),
        ("me@example.com으로 보내세요.", "me@example.com"),
        ("____을 채우세요.", "____"),
        ("`print`를 쓰세요.", "`print`"),
        ("$x$는 얼마입니까?", "$x$"),
        ("[Company]의 주소", "[Company]"),
    ],
)
def test_a_particle_right_after_a_piece_is_not_part_of_it(text: str, piece: str) -> None:
    assert prose(text).pieces == (piece,)


def test_white_space_around_a_text_is_not_sent() -> None:
    before, stretch, after = shield("\n\t Name it. \n")
    assert isinstance(stretch, Prose)
    assert (before, stretch.xml, after) == ("\n\t ", "Name it.", " \n")


def test_lost_white_space_around_lines_is_put_back() -> None:
    text = "Name it:  \n\t- a fruit\n  \n    - a tea \t"
    assert prose(text).xml == "Name it:\n- a fruit\n\n- a tea"
    assert unshield("말하세요:\n - 과일\n\n- 차", prose(text)) == "말하세요:  \n\t- 과일\n  \n    - 차"


TWO = prose(r"Show $\frac{1}{2}$ to {name}.")


def test_a_piece_may_move_with_its_sentence() -> None:
    assert unshield('<x id="1"/>에게 <x id="0"/>을 보여 주세요.', TWO) == r"{name}에게 $\frac{1}{2}$을 보여 주세요."


def test_a_piece_with_a_backslash_comes_back_as_it_was() -> None:
    text = r"\1 and \(\g<0>\) and `\n`"
    assert unshield(prose(text).xml.replace("and", "및"), prose(text)) == r"\1 및 \(\g<0>\) 및 `\n`"


@pytest.mark.parametrize("mark", ['<x id="0"></x>', '<x  id="0" />', '<x id="0"> </x>'])
def test_a_mark_may_be_written_another_way(mark: str) -> None:
    assert unshield(f"{mark}을 보세요.", prose("See {name}.")) == "{name}을 보세요."


@pytest.mark.parametrize(
    ("xml", "lost"),
    [
        ('<x id="1"/>에게 보여 주세요.', r"$\frac{1}{2}$"),
        ('<x id="0"/>을 <x id="1"/>에게 <x id="1"/>', "{name}"),
        ("보여 주세요.", r"$\frac{1}{2}$, {name}"),
        ('<x id="0"/>을 <x id="1"/>에게 <x id="2"/>', "a mark that was never sent"),
        ("", "the text itself"),
    ],
    ids=["dropped", "doubled", "both dropped", "unknown", "empty"],
)
def test_a_wrong_mark_is_seen(xml: str, lost: str) -> None:
    with pytest.raises(PieceLost, match=f"^{re.escape(lost)}$"):
        unshield(xml, TWO)


@pytest.mark.parametrize(("xml", "breaks"), [("하나 둘", 0), ("하나\n\n둘", 2)])
def test_line_breaks_lost_or_added_are_seen(xml: str, breaks: int) -> None:
    with pytest.raises(PieceLost, match=f"^1 line breaks became {breaks}$"):
        unshield(xml, prose("One\ntwo"))


def test_line_breaks_inside_a_piece_do_not_count() -> None:
    assert unshield('<x id="0"/>을 실행하세요.', prose("Run ```\na\nb\n```")) == "```\na\nb\n```을 실행하세요."


def test_entities_come_back_as_characters() -> None:
    assert unshield("톰 &amp; 제리 &lt;3 &#39;네&#x27; &quot;", prose("Tom & Jerry")) == "톰 & 제리 <3 '네' \""


@pytest.mark.parametrize(
    "text",
    [
        "```python\nx = 1\n```",
        "`x`",
        "42",
        "3.14 + 2 = ?",
        "https://example.com/page",
        "<br/>",
        "____",
        "{name}",
        "",
        " \n",
        "!?",
    ],
)
def test_there_is_nothing_to_translate_in_code_numbers_and_urls(text: str) -> None:
    assert "".join(map(str, shield(text))) == text


@pytest.mark.parametrize("text", ["Go", "`x` is", "2nd", "안녕", "https://example.com or not", "A & B"])
def test_a_letter_outside_the_pieces_is_something_to_translate(text: str) -> None:
    assert prose(text).text == text


def test_smaller_parts_of_a_text_are_its_lines() -> None:
    text = "One. Two!\n<!-- x.\ny --> Last line"
    assert smaller(text) == ["One. Two!\n", "<!-- x.\ny --> Last line"]


def test_smaller_parts_of_a_line_are_its_sentences() -> None:
    assert smaller("One. Two! Is it `a. b`?") == ["One.", " Two!", " Is it `a. b`?"]


@pytest.mark.parametrize("text", ["", "One"])
def test_a_text_of_one_sentence_has_no_smaller_parts(text: str) -> None:
    assert len(smaller(text)) == len(text[:1])


def test_a_translation_by_hand_gets_the_marks_of_the_text_sent() -> None:
    korean = r"{name}에게 $\frac{1}{2}$을 & 보여 주세요."
    assert by_hand(TWO.text, korean) == {TWO.xml: '<x id="1"/>에게 <x id="0"/>을 &amp; 보여 주세요.'}


def test_a_piece_that_stands_twice_gets_both_marks() -> None:
    assert list(by_hand("`a` and `a`", "`a`와 `a`").values()) == ['<x id="0"/>와 <x id="1"/>']


@pytest.mark.parametrize("korean", ["{name}에게", r"$\frac{1}{2}$을 {name}에게 {name}", r"$\frac{1}{2}$을 {이름}에게"])
def test_a_translation_by_hand_without_a_piece_has_no_marks(korean: str) -> None:
    assert by_hand(TWO.text, korean) == {TWO.xml: korean}


@given(any_text)
def test_a_text_is_its_own_translation_by_hand(text: str) -> None:
    sent = [stretch.xml for stretch in shield(text) if isinstance(stretch, Prose)]
    assert by_hand(text, text) == {xml: xml for xml in sent}


@pytest.mark.parametrize("unit", ["QmFzZTY0", "a.b", "$a=b ", "x@a-", "word "])
def test_a_long_line_is_shielded_in_no_time(unit: str) -> None:
    text = unit * (100_000 // len(unit))
    start = time.perf_counter()
    shield(text)
    assert time.perf_counter() - start < 5  # 0.1 s; a step for each pair of characters takes half a minute
