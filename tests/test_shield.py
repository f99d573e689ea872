"""What must survive a translation survives it, or the loss is seen."""

from __future__ import annotations

import re
import time
from itertools import accumulate

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from kodata.shield import PieceLost, Prose, Shielded, by_hand, shield, smaller, unshield
from tests.servers.deepl import billed
from tests.test_kinds import UNITS

FRAGMENTS = (
    '<x id="0"/>', '<x id="1"></x>', "<x id='0'/>",
    '&lt;x id="0"/&gt;', '＜x id="0"/＞', 'id="0"/>', "\u202e", "\u2066",
    "&lt;", "&amp;amp;", "&#39;", "&", "<", ">", "<b>", "</b>", "<br/>",
    "<!--", "-->", "```", "```python\n", "`", "$", "$$", "\\(", "\\)", "\\[", "\\]", "\\frac{1}{2}",
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
def test_no_more_characters_are_billed_than_the_text_has(text: str) -> None:
    sent = [stretch.xml for stretch in shield(text) if isinstance(stretch, Prose)]
    assert sum(billed(xml, "xml") for xml in sent) <= len(text)


@given(any_text)
def test_what_is_sent_has_no_white_space_at_the_ends_of_lines(text: str) -> None:
    sent = [stretch.xml for stretch in shield(text) if isinstance(stretch, Prose)]
    assert [line for xml in sent for line in xml.split("\n") if line != line.strip()] == []


def joined(stretches: Shielded) -> str:
    """The text that the stretches are of."""
    return "".join(stretch if isinstance(stretch, str) else stretch.text for stretch in stretches)


@given(any_text)
def test_smaller_parts_join_to_the_text(text: str) -> None:
    for stretch in shield(text):
        if isinstance(stretch, Prose) and (parts := smaller(stretch)):
            assert joined(parts) == stretch.text


@given(any_text)
@example("Run ```a. b``` and <!-- c. d --> now. `e. f` g.")
def test_smaller_parts_never_cut_a_piece(text: str) -> None:
    for stretch in shield(text):
        if isinstance(stretch, Prose):
            parts = [part if isinstance(part, str) else part.text for part in smaller(stretch)]
            cuts = set(accumulate(map(len, parts)))
            for place, piece in zip(stretch.places, stretch.pieces, strict=True):
                assert not cuts & set(range(place + 1, place + len(piece.text)))


spans = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=4)


@given(any_text, spans)
def test_english_that_is_kept_comes_back_too(text: str, english: list[tuple[int, int]]) -> None:
    assert "".join(s if isinstance(s, str) else unshield(s.xml, s) for s in shield(text, english)) == text


def test_english_that_the_task_is_about_is_a_piece() -> None:
    (stretch,) = shield("Spell 'recieve' and `x`.", [(7, 14)])
    assert isinstance(stretch, Prose)
    assert stretch.xml == 'Spell \'<x id="0"/>\' and <x id="1"/>.'
    assert [piece.text for piece in stretch.pieces] == ["recieve", "`x`"]


def test_a_text_that_is_kept_whole_is_not_sent() -> None:
    assert shield("He go home.\nI is sad.", [(0, 21)]) == ("He go home.\nI is sad.",)


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
        ("What does the tag “<pre>” do?", ["<pre>"]),
        ('Given ["tea", "jam"] and a letter', ['["tea", "jam"]']),
        ('Read {"name": "Sora", "ages": [27, 3]} aloud', ['{"name": "Sora", "ages": [27, 3]}']),
        ("Say ['Hi' to them]", ["[", "]"]),
        ("Decode ?id=b-1.2&size=9 now", ["?id=b-1.2&size=9"]),
        ("See https://example.com/a_(b)?c=d#e.", ["https://example.com/a_(b)?c=d#e"]),
        ("See www.example.com, please", ["www.example.com"]),
        ("Write to first.last+tag@mail.example.co.kr!", ["first.last+tag@mail.example.co.kr"]),
        ("Hello {name}, {{ user }} and ${place}", ["{name}", "{{ user }}", "${place}"]),
        ("At %(time)s sharp", ["%(time)s"]),
        ("[Company] hires [Your Name]", ["[Company]", "[Your Name]"]),
        ("The capital is ____.", ["____"]),
        ("The variable my_list and list.append(x) in Main.java", ["my_list", "list.append(x)", "Main.java"]),
        ("You may call camelCase or std::vector with --force", ["camelCase", "std::vector", "--force"]),
        ("It follows from x + 2 = 5 that f(x) = 2x holds", ["x + 2 = 5", "f(x) = 2x"]),
        ("Save it in /usr/local/bin or C:\\Temp\\a.txt", ["/usr/local/bin", "C:\\Temp\\a.txt"]),
        ("Ask @helen about #FF00AA", ["@helen", "#FF00AA"]),
        ("This is **very** important", ["**", "**"]),
        ("Pick one of [red, green]", ["[", "]"]),
        ("As shown in [1, 2]", ["[1, 2]"]),
        ("A <mask> walks in \x00 here", ["<mask>", "\x00"]),
    ],
    ids=lambda value: value[:16] if isinstance(value, str) else "",
)
def test_a_piece_is_kept_from_translation(text: str, pieces: list[str]) -> None:
    assert [piece.text for piece in prose(text).pieces] == pieces


@pytest.mark.parametrize(
    "text",
    [
        "It costs $5 and $6.",
        "A & B are 3 < 4",
        "Rock 'n' roll (live)",
        "f**k, he said. 2 * 3 = 6",
        "A grade of A+ and/or B, 24/7, on 5/6/2020",
        "an iPhone, eBay, YouTube and a PhD",
        "<image of a train station> please",
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
    assert [found.text for found in prose(text).pieces] == [piece]


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


def test_a_piece_that_moved_to_another_line_is_seen() -> None:
    with pytest.raises(PieceLost, match=r"^pieces moved to another line$"):
        unshield('- <x id="1"/> 하나\n- <x id="0"/> 둘', prose("- `a` one\n- `b` two"))


@pytest.mark.parametrize(
    ("text", "xml", "lost"),
    [
        ("{1}.", "{1.", "brackets {} became {"),
        ("Say {1, 2}.", "1, 2}라고 말하세요.", "brackets {} became }"),
        ("Go (now).", "가세요 (지금.", "brackets none became ("),
        ("Is 3 < 4?", "3이 4보다 작습니까?", "brackets < became none"),
    ],
)
def test_a_bracket_lost_or_added_is_seen(text: str, xml: str, lost: str) -> None:
    with pytest.raises(PieceLost, match=f"^{re.escape(lost)}$"):
        unshield(xml, prose(f"So {text}"))


def test_a_round_bracket_may_hold_a_gloss() -> None:
    assert unshield("오전 10시(UTC)", prose("10:00 AM UTC")) == "오전 10시(UTC)"


def test_tags_that_cross_are_seen() -> None:
    with pytest.raises(PieceLost, match=r"^the order of tags$"):
        unshield('<x id="1"/>굵게<x id="0"/> 쓰세요.', prose("Write <b>bold</b> now."))


def test_tags_may_move_as_a_pair() -> None:
    moved = unshield('<x id="2"/>나<x id="3"/>와 <x id="0"/>가<x id="1"/>', prose("The <b>a</b> and the <i>c</i>"))
    assert moved == "<i>나</i>와 <b>가</b>"


def stretches(text: str) -> list[str | tuple[str]]:
    """The stretches of a text: a string stays as it is, what is sent stands in a tuple."""
    return [stretch if isinstance(stretch, str) else (stretch.xml,) for stretch in shield(text)]


def test_lines_of_code_are_cut_out_and_never_sent() -> None:
    text = "Fix it:\n\ndef f(x):\n    # add one\n    return x + 1\n\nIt prints 'no'."
    code = "\n\ndef f(x):\n    # add one\n    return x + 1\n\n"
    assert stretches(text) == [("Fix it:",), code, ("It prints 'no'.",)]


def test_code_that_ends_a_line_is_cut_off() -> None:
    assert stretches("Explain: print(1 + x)\nThank you.") == [("Explain:",), " print(1 + x)\n", ("Thank you.",)]


def test_gaps_between_columns_are_cut_out() -> None:
    assert stretches("Name:\t\tJane     Miller\nJob:  nurse") == [
        ("Name:",), "\t\t", ("Jane",), "     ", ("Miller\nJob:  nurse",),
    ]  # fmt: skip


def test_a_gap_in_a_piece_is_none() -> None:
    assert stretches("Run `a    b` now") == [('Run <x id="0"/> now',)]


def test_line_breaks_inside_a_piece_do_not_count() -> None:
    assert unshield('<x id="0"/>을 실행하세요.', prose("Run ```\na\nb\n``` now")) == "```\na\nb\n```을 실행하세요."


def test_entities_come_back_as_characters() -> None:
    assert unshield("톰 &amp; 제리 &lt;3 &#39;네&#x27; &quot;", prose("Tom & Jerry <3")) == "톰 & 제리 <3 '네' \""


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
    parts = smaller(prose("One. Two!\n<!-- x.\ny --> Last line"))
    texts = [part if isinstance(part, str) else part.text for part in parts]
    assert texts == ["One. Two!", "\n", "<!-- x.\ny --> Last line"]


def test_smaller_parts_of_a_line_are_its_sentences() -> None:
    parts = smaller(prose("One. Two! Is it `a. b`?"))
    assert [part.text for part in parts if isinstance(part, Prose)] == ["One.", "Two!", "Is it `a. b`?"]


def test_a_sentence_has_no_smaller_parts() -> None:
    assert smaller(prose("Name three fruits")) == ()


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
    fixed = [stretch.strip() or stretch for stretch in shield(text.strip()) if isinstance(stretch, str)]
    assume(all(text.count(stretch) == 1 for stretch in fixed))
    sent = [stretch.xml for stretch in shield(text) if isinstance(stretch, Prose)]
    assert by_hand(text, text) == {xml: xml for xml in sent}


@pytest.mark.parametrize("unit", UNITS)
def test_100_000_characters_are_shielded_in_no_time(unit: str) -> None:
    text = unit * (100_000 // len(unit))
    start = time.process_time()
    assert "".join(s if isinstance(s, str) else unshield(s.xml, s) for s in shield(text)) == text
    for stretch in shield(text):
        if isinstance(stretch, Prose):
            smaller(stretch)
    assert time.process_time() - start < 15  # under 2 s; a step for each pair of characters takes minutes
