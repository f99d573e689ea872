"""The formats of the field: what an item of each becomes, what is mended in it, and why it may not be one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import find_spec

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kodata.sources import SOURCES, Source, read
from kodata.sources.alpaca import alpaca
from kodata.sources.conversation import ROLES
from kodata.sources.dolly import dolly
from kodata.sources.gpt4all import gpt4all
from kodata.sources.kin import kin
from kodata.sources.mapping import mapped
from kodata.sources.markup import as_markdown
from kodata.sources.messages import messages
from kodata.sources.opening import Item, Opened
from kodata.sources.raw import Raw, Unreadable
from kodata.sources.sharegpt import sharegpt

parses_html = pytest.mark.skipif(find_spec("markdownify") is None, reason="markdownify is not installed")

TEA = ("Name a tea.", "", "Green tea.")
RAIN = ("Why does it rain?", "", "Water falls.")


def reason(read_item: Callable[[Mapping[str, object]], Raw], item: Mapping[str, object]) -> tuple[str, str]:
    """Why the item is no record: the slug, and what is said."""
    with pytest.raises(Unreadable) as error:
        read_item(item)
    return error.value.reason, str(error.value)


def talk(*said: str, **more: object) -> dict[str, object]:
    """A ShareGPT item in which human and gpt speak by turns."""
    return {"conversations": [{"from": ("human", "gpt")[n % 2], "value": text} for n, text in enumerate(said)], **more}


def chat(*said: tuple[str, object], **more: object) -> dict[str, object]:
    return {"messages": [{"role": role, "content": text} for role, text in said], **more}


# -- Alpaca's relatives


@pytest.mark.parametrize("answer", ["output", "response", "completion", "text"])
@pytest.mark.parametrize("context", ["input", "context"])
@pytest.mark.parametrize("question", ["instruction", "prompt", "question"])
def test_the_parts_of_an_item_have_many_names(question: str, context: str, answer: str) -> None:
    assert alpaca({question: "요약하세요.", context: "긴 글", answer: "짧은 글"}) == Raw(
        (("요약하세요.", "긴 글", "짧은 글"),)
    )


def test_capitalised_names_are_names() -> None:
    assert alpaca({"Instruction": "a", "INPUT": "b", "Output": "c", "ID": 7}) == Raw(
        (("a", "b", "c"),), upstream_id="7"
    )


def test_a_capitalised_name_beside_the_plain_one_is_extra() -> None:
    assert alpaca({"output": "c", "instruction": "a", "Output": "C"}) == Raw((("a", "", "c"),), extra={"Output": "C"})


def test_of_two_answers_the_output_counts_and_the_response_is_kept() -> None:
    item = {"instruction": "a", "output": "one", "response": "two"}
    assert alpaca(item) == Raw((("a", "", "one"),), extra={"response": "two"})


def test_two_answers_that_say_the_same_are_one() -> None:
    assert alpaca({"instruction": "a", "output": "one", "response": "one"}) == Raw((("a", "", "one"),))


@pytest.mark.parametrize("empty", ["", None, "  "])
def test_an_empty_output_gives_way_to_the_response(empty: object) -> None:
    assert alpaca({"instruction": "a", "output": empty, "response": "two"}) == Raw((("a", "", "two"),))


def test_the_template_of_the_hub_is_no_answer() -> None:
    text = "Below is an instruction that describes a task. ### Instruction: a ### Response: "
    assert alpaca({"instruction": "a", "input": "", "output": "", "text": text}) == Raw((("a", "", ""),))


def test_a_text_beside_an_answer_is_extra() -> None:
    item = {"instruction": "a", "output": "b", "text": "c"}
    assert alpaca(item) == Raw((("a", "", "b"),), extra={"text": "c"})


def test_the_first_instance_has_input_and_output() -> None:
    item = {"id": "task_0", "instruction": "a", "instances": [{"input": "b", "output": "c"}], "motivation_app": "Mail"}
    assert alpaca(item) == Raw((("a", "b", "c"),), upstream_id="task_0", extra={"motivation_app": "Mail"})


def test_more_instances_are_extra() -> None:
    item = {"instruction": "a", "instances": [{"input": "b", "output": "c", "n": 1}, {"input": "d", "output": "e"}]}
    assert alpaca(item) == Raw((("a", "b", "c"),), extra={"instances": [{"n": 1}, {"input": "d", "output": "e"}]})


@pytest.mark.parametrize("instances", ["b", {"input": "b"}, ["b"], None])
def test_instances_that_are_no_list_of_objects_are_unreadable(instances: object) -> None:
    found = reason(alpaca, {"instruction": "a", "instances": instances})
    assert found == ("not-text", 'field "instances" holds no list of objects')


def test_a_system_prompt_is_the_system_line() -> None:
    assert alpaca({"instruction": "a", "output": "b", "system": "Be brief."}) == Raw((("a", "", "b"),), "Be brief.")


@pytest.mark.parametrize(
    ("prompt", "text"),
    [({"value": "a", "description": "b"}, "a"), ({"value": "", "description": "b"}, "b"), ({"description": "b"}, "b")],
)
def test_a_prompt_that_is_an_object_is_its_value_or_its_description(prompt: object, text: str) -> None:
    for read_item in (alpaca, gpt4all):
        found = read_item({"prompt": prompt and {k: v and v * 2 for k, v in prompt.items()}, "response": "c"})  # type: ignore[attr-defined]
        assert found == Raw(((text * 2, "", "c"),), fixes=(("prompt-object",),))


def test_a_prompt_object_without_text_is_unreadable() -> None:
    said = 'field "prompt" holds an object without value and description'
    assert reason(alpaca, {"prompt": {"title": "a"}, "response": "c"}) == ("no-instruction", said)


# -- Dolly


def test_a_dolly_item_is_a_turn() -> None:
    item = {"instruction": "a", "context": "b", "response": "c", "category": "closed_qa"}
    assert dolly(item) == Raw((("a", "b", "c"),), category="closed_qa")


def test_a_dolly_item_with_its_answer_under_text_is_a_turn() -> None:
    item = {"instruction": "Which is a fish?", "text": "Tope", "decoded": "Tope", "id": 1}
    assert dolly(item) == Raw((("Which is a fish?", "", "Tope"),), upstream_id="1", extra={"decoded": "Tope"})


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("It flew in 2000.[12][13] Then it landed.", "It flew in 2000. Then it landed."),
        ("Blue[1] is a colour,[a] or so.[note 2]", "Blue is a colour, or so."),
        ("The town [3], on the coast [4].", "The town, on the coast."),
        ("It is large.[5]:12 It is old.[citation needed]", "It is large. It is old."),
        ('"Quoted"[6] 서울은 한국의 수도이다.[7]', '"Quoted" 서울은 한국의 수도이다.'),
    ],
)
@pytest.mark.parametrize("name", ["context", "response"])
def test_citations_are_stripped(name: str, text: str, without: str) -> None:
    item = {"instruction": "a", "context": "b", "response": "c"}
    found = dolly({**item, name: text})
    assert (found.turns, found.fixes) == (dolly({**item, name: without}).turns, (("citations",),))


@pytest.mark.parametrize(
    "text",
    [
        "Option [1] or [2] will do.", "[1] is first", "[Company] met [3 people]", "x[0] = 1; y[1]", "print(rows[0])",
        "It is 2, because `rows[0]` has two.",
        "```\nrows[0]\n```", "the years [1, 2]", "rows[0] + rows[1]",
    ],
)  # fmt: skip
def test_brackets_that_cite_nothing_stay(text: str) -> None:
    assert dolly({"instruction": "a", "response": text}) == Raw((("a", "", text),))


def test_citations_in_an_instruction_stay() -> None:
    assert dolly({"instruction": "What is meant by sea[1]?", "response": "b"}).turns[0][0] == "What is meant by sea[1]?"


# -- GPT4All


def test_a_gpt4all_item_is_a_turn_and_its_source_is_kept() -> None:
    item = {"prompt": "Name a tea.", "response": "Green tea.", "source": "unified_chip2"}
    assert gpt4all(item) == Raw((TEA,), extra={"source": "unified_chip2"})


def test_a_null_answer_is_empty() -> None:
    assert gpt4all({"prompt": "Name a tea.", "response": None}) == Raw((("Name a tea.", "", ""),))


@pytest.mark.parametrize(
    ("prompt", "slug"),
    [("x", "short-prompt"), (" 가\n", "short-prompt"), (None, "no-instruction"), ("", "no-instruction")],
)
def test_a_prompt_of_one_character_or_none_is_unreadable(prompt: object, slug: str) -> None:
    assert reason(gpt4all, {"prompt": prompt, "response": "a"})[0] == slug


@parses_html
def test_html_in_a_prompt_becomes_markdown() -> None:
    prompt = "<p>Why does this <em>fail</em>?</p>\n\n<pre><code>if a &lt; 2:\n    b()\n</code></pre>"
    expected = "Why does this *fail*?\n\n```\nif a < 2:\n    b()\n```"
    assert gpt4all({"prompt": prompt, "response": "<p>a</p>"}) == Raw(((expected, "", "<p>a</p>"),), fixes=(("html",),))


# -- questions and answers of a forum


def test_a_question_its_body_and_its_accepted_answer_are_a_turn() -> None:
    item = {
        "title": "비가 왜 오나요?",
        "body": "어제부터 옵니다.",
        "answer": "구름 때문입니다.",
        "url": "https://example.com/1",
    }
    turn = ("비가 왜 오나요?", "어제부터 옵니다.", "구름 때문입니다.")
    assert kin(item) == Raw((turn,), extra={"url": "https://example.com/1"})


@pytest.mark.parametrize("mark", ["accepted", "is_accepted", "selected", "is_selected"])
def test_of_several_answers_the_accepted_one_counts(mark: str) -> None:
    answers = [{"text": "아니요", mark: False}, {"text": "네", mark: True}]
    assert kin({"title": "맞나요?", "answers": answers}) == Raw((("맞나요?", "", "네"),))


@pytest.mark.parametrize("item", [{"answer": ""}, {"answers": [{"text": "네"}]}, {"answers": []}, {}])
def test_a_question_without_an_accepted_answer_is_unreadable(item: dict[str, object]) -> None:
    assert reason(kin, {"title": "맞나요?", **item})[0] == "no-accepted-answer"


def test_an_answer_without_a_question_is_unreadable() -> None:
    assert reason(kin, {"answer": "네"}) == ("no-question", "neither title nor body among answer")


def test_a_body_without_a_title_is_the_instruction() -> None:
    assert kin({"question_body": "맞나요?", "accepted_answer": "네"}) == Raw((("맞나요?", "", "네"),))


@parses_html
def test_html_of_a_forum_becomes_markdown() -> None:
    found = kin({"title": "맞나요?", "body": "<p>어제<br>들었어요.</p>", "answer": "<div>네 <b>맞아요</b></div>"})
    assert found == Raw((("맞나요?", "어제\n들었어요.", "네 **맞아요**"),), fixes=(("html",),))


# -- ShareGPT


def test_a_conversation_has_a_turn_for_each_question() -> None:
    item = talk(TEA[0], TEA[2], RAIN[0], RAIN[2], id="QWJhYvA_0", model="m")
    assert sharegpt(item) == Raw((TEA, RAIN), upstream_id="QWJhYvA_0", extra={"model": "m"})


@pytest.mark.parametrize("name", ["conversations", "conversation", "items"])
@pytest.mark.parametrize(("speaker", "text"), [("from", "value"), ("role", "content"), ("from", "text")])
def test_a_conversation_has_many_spellings(name: str, speaker: str, text: str) -> None:
    said = [{speaker: "human", text: TEA[0]}, {speaker: "gpt", text: TEA[2]}]
    assert sharegpt({name: said}) == Raw((TEA,))


@pytest.mark.parametrize(
    "name", ["human", "Human", "user", "사용자", "인간", "用户", "ユーザー", "usuario", "utilisateur"]
)
def test_a_human_has_many_names(name: str) -> None:
    assert ROLES[name.lower()] == "user"


@pytest.mark.parametrize(
    "name",
    ["gpt", "chatgpt", "ChatGPT", "bard", "bing", "bot", "assistant", "어시스턴트", "도우미", "助手", "asistente"],
)
def test_an_assistant_has_many_names(name: str) -> None:
    said = [{"from": "인간", "value": TEA[0]}, {"from": name, "value": TEA[2]}]
    assert sharegpt({"conversations": said}) == Raw((TEA,))


@pytest.mark.parametrize("name", ["system", "시스템", "系统"])
def test_a_system_message_is_the_system_line(name: str) -> None:
    item = talk(TEA[0], TEA[2])
    item["conversations"].insert(0, {"from": name, "value": "Be brief."})  # type: ignore[attr-defined]
    assert sharegpt(item) == Raw((TEA,), "Be brief.")


def test_a_system_field_is_the_system_line() -> None:
    assert sharegpt(talk(TEA[0], TEA[2], system="Be brief.")) == Raw((TEA,), "Be brief.")


def test_a_first_message_that_is_not_the_humans_is_dropped() -> None:
    item = talk(TEA[0], TEA[2], RAIN[0], RAIN[2])
    item["conversations"].insert(0, {"from": "gpt", "value": "Hello!"})  # type: ignore[attr-defined]
    assert sharegpt(item) == Raw((TEA, RAIN), fixes=(("first-message-dropped",), ()))


def test_a_question_at_the_end_is_dropped() -> None:
    assert sharegpt(talk(TEA[0], TEA[2], RAIN[0])) == Raw((TEA,), fixes=(("last-question-dropped",),))


@pytest.mark.parametrize(
    ("roles", "slug", "said"),
    [
        ("hhg", "not-alternating", "message 2 is the user's, not the assistant's"),
        ("hgg", "not-alternating", "message 3 is the assistant's, not the user's"),
        ("gghg", "not-alternating", "message 2 is the assistant's, not the user's"),
        ("hgsg", "not-alternating", "message 3 is the system's, not the user's"),
        ("shgg", "not-alternating", "message 4 is the assistant's, not the user's"),
        ("h", "no-turn", "no question with an answer among 1 messages"),
        ("g", "no-turn", "no question with an answer among 1 messages"),
        ("gh", "no-turn", "no question with an answer among 2 messages"),
        ("s", "no-turn", "no question with an answer among 1 messages"),
        ("", "no-turn", "no question with an answer among 0 messages"),
    ],
)
def test_roles_that_do_not_alternate_are_unreadable(roles: str, slug: str, said: str) -> None:
    names = {"h": "human", "g": "gpt", "s": "system"}
    item = {"conversations": [{"from": names[role], "value": f"text {n}"} for n, role in enumerate(roles)]}
    assert reason(sharegpt, item) == (slug, said)


def test_an_empty_message_is_unreadable() -> None:
    assert reason(sharegpt, talk("a", " ", "b", "c")) == ("empty-message", "message 2, the assistant's, is empty")


@pytest.mark.parametrize(
    ("message", "slug", "said"),
    [
        ({"from": "narrator", "value": "a"}, "unknown-role", 'message 1 is by "narrator"'),
        ({"value": "a"}, "unknown-role", "message 1 is by nobody"),
        ({"from": "human", "value": ["a"]}, "not-text", 'field "value" holds list, not text'),
        ({"from": "tool", "value": "a"}, "tool-call", "message 1 calls a tool or is what one answered"),
        ("a", "no-conversation", "message 1 is str, not an object"),
    ],
)
def test_a_message_that_is_none_is_unreadable(message: object, slug: str, said: str) -> None:
    assert reason(sharegpt, {"conversations": [message]}) == (slug, said)


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ({"instruction": "a"}, 'no field "conversations" among instruction'),
        ({"conversations": "a"}, "the conversation is str, not a list"),
        ({"conversations": None}, "the conversation is NoneType, not a list"),
    ],
)
def test_an_item_without_a_conversation_is_unreadable(item: dict[str, object], said: str) -> None:
    assert reason(sharegpt, item) == ("no-conversation", said)


@pytest.mark.parametrize("text", ["1 / 1Name a tea.", "2 / 3\n\nName a tea.", "12 / 12\nName a tea."])
def test_a_page_number_is_taken_off(text: str) -> None:
    assert sharegpt(talk(text, TEA[2])) == Raw((TEA,), fixes=(("page-number",),))


@pytest.mark.parametrize("text", ["10 / 2 = ?", "3 / 4 of a cake", "7 / 3", "What is 1 / 1?", "1/2 cup"])
def test_a_fraction_is_no_page_number(text: str) -> None:
    assert sharegpt(talk(text, "a")) == Raw(((text, "", "a"),))


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("```\npythonCopy code\nimport os\n```", "```python\nimport os\n```"),
        ("```python\nCopy code\nimport os\n```", "```python\nimport os\n```"),
        ("```c++Copy codeint x;\n```", "```c++\nint x;\n```"),
        ("```\nCopy code\nls\n```", "```\nls\n```"),
        ("So:\npython\nCopy code\nimport os", "So:\npython\nimport os"),
        ("Text. Copy128 chars / 22 words", "Text."),
    ],
)
def test_the_caption_of_a_copy_button_is_taken_out(text: str, without: str) -> None:
    assert sharegpt(talk("a", text)) == Raw((("a", "", without),), fixes=(("copy-code",),))


@pytest.mark.parametrize("text", ["Copy code", "Copy code by hand.", "Press `Copy code`.", "Copy 3 words"])
def test_words_about_copying_stay(text: str) -> None:
    assert sharegpt(talk("a", text)) == Raw((("a", "", text),))


SCRAPED = (
    '<div class="markdown prose w-full"><p>Use <strong>this</strong>:</p><pre><div class="rounded-md"><div '
    'class="flex"><span>python</span><button class="flex">Copy code</button></div><div class="p-4"><code '
    'class="hljs language-python"><span class="hljs-keyword">def</span> f():\n    return 1 &lt; 2\n</code></div></div>'
    "</pre><ol><li>one</li><li>two<ul><li>three</li></ul></li></ol></div>"
)
WRITTEN = "Use **this**:\n\n```python\ndef f():\n    return 1 < 2\n```\n\n1. one\n2. two\n   - three"


@parses_html
def test_the_html_of_a_chat_page_becomes_markdown() -> None:
    assert sharegpt(talk("a", SCRAPED)) == Raw((("a", "", WRITTEN),), fixes=(("html",),))


@parses_html
@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("<div>Hi <span>there</span></div>", "Hi there"),
        ("<p>one<br>two</p>", "one\ntwo"),
        ('<p><a href="https://example.com/a_b">x_y*z</a> &amp; go.</p>', "[x_y*z](https://example.com/a_b) & go."),
        ("<h2>Tea</h2><p>Green.</p>", "## Tea\n\nGreen."),
        ("<table><tr><th>a</th></tr><tr><td>1</td></tr></table>", "| a |\n| --- |\n| 1 |"),
        ("<p></p>", ""),
    ],
)  # fmt: skip
def test_marked_up_prose_becomes_markdown(text: str, markdown: str) -> None:
    assert as_markdown(text) == markdown


@pytest.mark.parametrize(
    "text",
    [
        "Use <div> for layout.", "a < b", "<noinput>", "vector<int> x;", '<div class="box">Hi</div>', "<p>Hi</p> Why?",
        "<html><body><p>Hi</p></body></html>", "```html\n<p>Hi</p>\n```", "<p>a < b</p>", "<form><p>Hi</p></form>",
        '<p onclick="f()">Hi</p>', "<p>" + "<b>" * 200 + "</p>", "<ul><li><script>x</script></li></ul>",
    ],
)  # fmt: skip
def test_html_that_is_the_subject_stays(text: str) -> None:
    assert as_markdown(text) == text


def test_where_html_is_asked_for_an_answer_in_html_stays() -> None:
    snippet = "<ul><li>tea</li></ul>"
    assert sharegpt(talk("Write an HTML list of teas.", snippet)).turns == (
        ("Write an HTML list of teas.", "", snippet),
    )


N = 100_000


@parses_html
@pytest.mark.parametrize(
    "text",
    [
        "<p>" + " " * N + "x</p>", "<p><a " + "x" * N + "></p>", "<p>" + "<b " * N + "</p>", "<p>" + "&" * N + "</p>",
        "<p>" + "\n" * N + "</p>", "<p>" + "<!--" * N + "</p>", "<p>x</p>" * (N // 8), "<p>" + "</b>" * N + "</p>",
        "<p>" + "<br>" * (N // 4) + "</p>", "<p>" * 90 + "x" * N + "</p>" * 90, "<" * N,
    ],
    ids=lambda text: text[:8].strip(),
)  # fmt: skip
def test_html_of_a_hundred_thousand_characters_is_read_in_good_time(text: str) -> None:
    as_markdown(text)  # what takes the square of the length would hang here


@pytest.mark.parametrize(
    "text",
    [
        "```" + " " * N + "Copy", "``` " * N + "Copy", "Copy" + "1" * N, "Copy code" * N, " " * N + "1 / 1x", "a[1" * N,
        "a [1] " * N, "a" + "[1]" * N, "a" * N + "Copy",
    ],
    ids=lambda text: text[:8].strip(),
)  # fmt: skip
def test_a_text_of_a_hundred_thousand_characters_is_tidied_in_good_time(text: str) -> None:
    sharegpt(talk("a", text))
    dolly({"instruction": "a", "response": text})


# -- messages


def test_a_chat_is_a_record() -> None:
    item = chat(("system", "Be brief."), ("user", TEA[0]), ("assistant", TEA[2]), id="t1", source="tulu")
    assert messages(item) == Raw((TEA,), "Be brief.", upstream_id="t1", extra={"source": "tulu"})


def test_a_developer_message_is_the_system_line() -> None:
    assert messages(chat(("developer", "Be brief."), ("user", TEA[0]), ("assistant", TEA[2]))) == Raw(
        (TEA,), "Be brief."
    )


def test_content_in_parts_is_their_texts() -> None:
    parts = [{"type": "text", "text": "Name"}, {"type": "text", "text": "a tea."}]
    assert messages(chat(("user", parts), ("assistant", "b"))) == Raw((("Name\na tea.", "", "b"),))


def test_content_with_an_image_is_unreadable() -> None:
    parts = [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]
    assert reason(messages, chat(("user", parts))) == ("not-text", "message 1 holds more than text")


def test_a_call_of_a_tool_is_unreadable() -> None:
    item = chat(("user", "a"), ("assistant", None))
    item["messages"][1]["tool_calls"] = [{"id": "c"}]  # type: ignore[index]
    assert reason(messages, item)[0] == "tool-call"


def test_white_space_in_an_answer_stays() -> None:
    assert messages(chat(("user", "\na "), ("assistant", "  b\n"))) == Raw((("a", "", "  b\n"),))


def test_ultrachat_says_its_prompt_once() -> None:
    item = chat(("user", TEA[0]), ("assistant", TEA[2]), prompt=TEA[0], prompt_id="u1")
    assert messages(item) == Raw((TEA,), upstream_id="u1")


def test_ultrachat_as_first_published_is_texts_by_turns() -> None:
    assert messages({"id": "0", "data": [TEA[0], TEA[2], RAIN[0], RAIN[2]]}) == Raw((TEA, RAIN), upstream_id="0")


def test_magpie_says_its_question_and_answer_once() -> None:
    item = {"uuid": "m1", **talk(TEA[0], TEA[2]), "instruction": TEA[0], "response": TEA[2], "difficulty": "easy"}
    assert messages(item) == Raw((TEA,), upstream_id="m1", extra={"difficulty": "easy"})


def test_the_system_prompt_of_openorca_is_the_system_line() -> None:
    item = {"id": "niv.1", "system_prompt": "Be brief.", "question": TEA[0], "response": TEA[2]}
    assert messages(item) == Raw((TEA,), "Be brief.", upstream_id="niv.1")


def test_an_empty_system_prompt_is_none() -> None:
    assert messages({"system_prompt": "", "question": TEA[0], "response": TEA[2]}) == Raw((TEA,))


def test_an_item_without_messages_is_unreadable() -> None:
    assert reason(messages, {"title": "a"}) == ("no-conversation", 'no field "messages" among title')


# -- an unknown layout


def put(fields: Mapping[str, str], item: dict[str, object], use: str = "alpaca") -> Raw:
    return SOURCES[use].read(mapped(item, fields))


def test_fields_say_where_an_unknown_layout_has_what_a_format_knows() -> None:
    fields = {"instruction": "q", "output": "a"}
    assert put(fields, {"q": "Name a tea.", "a": "Green tea.", "n": 1}) == Raw((TEA,), extra={"n": 1})


def test_a_field_may_be_a_path() -> None:
    item = {"n": 0, "en": {"instruction": "a", "output": "b"}, "ko": {"instruction": "가", "output": "나", "by": "x"}}
    fields = {"instruction": "ko.instruction", "output": "ko.output"}
    extra = {"n": 0, "en": {"instruction": "a", "output": "b"}, "ko": {"by": "x"}}
    assert put(fields, item) == Raw((("가", "", "나"),), extra=extra)


def test_a_path_may_lead_through_lists() -> None:
    fields = {"instruction": "data.0.text", "output": "data.1.text"}
    assert put(fields, {"data": [{"text": "a"}, {"text": "b"}, {"text": "c"}]}).extra == {"data": [{"text": "c"}]}


def test_a_field_with_a_dot_in_its_name_is_found() -> None:
    assert put({"instruction": "q.text"}, {"q.text": "a", "q": {"text": "b"}}) == Raw(
        (("a", "", ""),), extra={"q": {"text": "b"}}
    )


def test_what_stood_where_a_field_is_put_is_kept() -> None:
    found = put({"instruction": "question"}, {"instruction": "Answer.", "question": "a", "output": "b"})
    assert found == Raw((("a", "", "b"),), extra={"original_instruction": "Answer."})


def test_one_text_may_be_two_fields() -> None:
    assert put({"instruction": "text", "output": "text"}, {"text": "a"}) == Raw((("a", "", "a"),))


@pytest.mark.parametrize("place", ["nothing", "q.x", "list.7", "list.x", "list.0.0"])
def test_a_place_that_is_not_there_holds_nothing(place: str) -> None:
    with pytest.raises(Unreadable, match=r'^no field "instruction" among q, list$'):
        put({"instruction": place}, {"q": "a", "list": ["b"]})


@pytest.mark.parametrize("use", ["sharegpt", "messages"])
@pytest.mark.parametrize("name", ["dialog", "conversations", "messages"])
def test_messages_of_an_unknown_layout_are_read_as_fields_say(use: str, name: str) -> None:
    said = [{"who": "human", "says": TEA[0]}, {"who": "gpt", "says": TEA[2]}]
    fields = {SOURCES[use].fields[0]: name, "role": "who", "content": "says"}
    assert put(fields, {name: said, "id": 1}, use) == Raw((TEA,), upstream_id="1")


@given(
    item=st.dictionaries(st.sampled_from("abc"), st.deferred(lambda: json_values)), place=st.text("abc.01", min_size=1)
)
def test_a_mapping_loses_nothing(item: dict[str, object], place: str) -> None:
    found = mapped(item, {"instruction": place})
    if "instruction" not in found:
        assert found == item


# -- all of them

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
NAMES = (
    "instruction", "input", "output", "id", "category", "text", "url", "prompt", "response", "context", "instances",
    "title", "body", "answer", "answers", "question", "system_prompt", "Instruction", "data", "completion", "system",
)  # fmt: skip
said = st.fixed_dictionaries(
    {},
    optional={
        "from": st.sampled_from(["human", "gpt", "system", "tool"]) | json_values,
        "role": st.sampled_from(["user", "assistant", "system"]) | json_values,
        "value": st.text(max_size=9) | json_values,
        "content": st.text(max_size=9) | json_values,
    },
)
conversations = st.dictionaries(
    st.sampled_from(["conversations", "messages", "items", "id"]),
    st.lists(said | json_values, max_size=5) | json_values,
)
anything = st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=3), json_values, max_size=6) | conversations
any_items = st.lists(anything | json_values, max_size=6)


def reading(use: str, items: list[object]) -> tuple[list[str], list[str], list[str]]:
    """The ids of all items in their order, those of records, and those of dropped items."""
    found = read(Source(use, use), Opened((Item("any", n, "item", item) for n, item in enumerate(items, 1)), "any"))
    return list(found.rows["id"]), list(found.frame["id"].unique(maintain_order=True)), list(found.dropped["id"])


@pytest.mark.parametrize("use", SOURCES)
@given(items=any_items)
@settings(deadline=None)
def test_every_item_is_a_record_or_dropped(use: str, items: list[object]) -> None:
    every, kept, dropped = reading(use, items)
    assert len(every) == len(items)
    assert sorted(every) == sorted([*kept, *dropped])
    assert len(set(every)) == len(every)


@pytest.mark.parametrize("use", SOURCES)
@given(items=any_items, order=st.randoms(use_true_random=False))
@settings(deadline=None)
def test_no_id_minds_the_order_of_the_items(use: str, items: list[object], order: object) -> None:
    shuffled = list(items)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    assert sorted(reading(use, shuffled)[0]) == sorted(reading(use, items)[0])
