"""Providers: every error of the clients is known, requests fit, and those that pretend keep the marks."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
from collections import deque
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from xml.sax.saxutils import escape

import deepl
import httpx2
import openai
import pytest
import requests
import urllib3
from hypothesis import given, settings
from hypothesis import strategies as st

from kodata.asks import Answer, Ask, Passage
from kodata.errors import Misconfigured, ProviderError, QuotaUsedUp, Refused, SourceError, Transient
from kodata.ledger import Ledger
from kodata.prices import load_prices
from kodata.providers import deepl as deepl_provider
from kodata.providers import openai_errors
from kodata.providers.deepl import LIMIT_BYTES, LIMIT_TEXTS, DeepL, DeepLTranslator
from kodata.providers.echo import Echo, EchoFace
from kodata.providers.openai import OpenAI, OpenAIWriter
from kodata.providers.openai_errors import KINDS
from kodata.providers.recording import load_recording
from kodata.shield import Prose, shield, unshield
from tests.servers.openai import OpenAIServer, answer_for

PRICES = load_prices(Path("/nowhere/prices.toml"))


def prose(text: str) -> Prose:
    """The only stretch of a text, which is prose."""
    (stretch,) = shield(text)
    assert isinstance(stretch, Prose)
    return stretch


def below(kind: type[BaseException]) -> Iterator[type[BaseException]]:
    """The class and all classes under it that have been imported."""
    yield kind
    for lower in kind.__subclasses__():
        yield from below(lower)


def import_all(path: list[str], prefix: str) -> None:
    """Import the modules of a package, but not its thousands of generated types and commands."""
    for module in pkgutil.iter_modules(path, prefix):
        if module.name.rpartition(".")[2] in ("types", "resources", "cli", "__main__"):
            continue
        try:
            found = importlib.import_module(module.name)
        except ImportError:  # an optional extra
            continue
        if module.ispkg:
            import_all(list(found.__path__), f"{module.name}.")


import_all(list(openai.__path__), "openai.")


def shown(error: ProviderError) -> tuple[type[ProviderError], bool, bool]:
    """The class; whether everybody waits; whether the answer may have been billed."""
    return type(error), getattr(error, "is_throttled", False), getattr(error, "is_lost", False)


# -- OpenAI


def test_every_exception_of_the_openai_client_has_a_kind() -> None:
    assert {cls.__name__ for cls in below(openai.OpenAIError) if cls.__module__.startswith("openai")} - set(
        KINDS
    ) == set()


REQUEST = httpx2.Request("POST", "https://api.openai.com/v1/chat/completions")


def refused(status: int, code: str | None = None, **headers: str) -> openai.APIStatusError:
    """What the client raises for a response of that status."""
    response = httpx2.Response(status, request=REQUEST, headers=headers, json={"error": {"code": code, "message": "x"}})
    client = openai.OpenAI(api_key="k")
    return client._make_status_error_from_response(response)


@pytest.mark.parametrize(
    ("status", "code", "ours"),
    [
        (400, None, (Refused, False, False)),
        (400, "unsupported_parameter", (Misconfigured, False, False)),
        (400, "context_length_exceeded", (Refused, False, False)),
        (401, "invalid_api_key", (Misconfigured, False, False)),
        (403, None, (Misconfigured, False, False)),
        (404, "model_not_found", (Misconfigured, False, False)),
        (404, None, (Misconfigured, False, False)),
        (408, None, (Transient, False, False)),
        (409, None, (Transient, False, False)),
        (413, None, (Refused, False, False)),
        (418, None, (Refused, False, False)),
        (422, None, (Refused, False, False)),
        (429, None, (Transient, True, False)),
        (429, "rate_limit_exceeded", (Transient, True, False)),
        (429, "insufficient_quota", (QuotaUsedUp, False, False)),
        (500, None, (Transient, False, False)),
        (502, None, (Transient, False, False)),
        (503, None, (Transient, False, False)),
        (529, None, (Transient, False, False)),
    ],
)
def test_a_status_of_openai_is_one_of_our_errors(
    status: int, code: str | None, ours: tuple[type[ProviderError], bool, bool]
) -> None:
    assert shown(openai_errors.mapped(refused(status, code), "openai")) == ours


def connection(cause: Exception | None) -> openai.APIConnectionError:
    error = openai.APIConnectionError(request=REQUEST)
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "is_lost"),
    [
        (connection(httpx2.ConnectError("refused")), False),
        (connection(httpx2.ConnectTimeout("too long")), False),
        (connection(httpx2.ReadError("cut")), True),
        (connection(None), True),
        (openai.APITimeoutError(request=REQUEST), True),
    ],
    ids=["refused", "no connection in time", "cut", "unknown", "no answer in time"],
)
def test_an_answer_may_be_lost_once_the_request_was_sent(error: openai.OpenAIError, is_lost: bool) -> None:
    assert shown(openai_errors.mapped(error, "openai")) == (Transient, False, is_lost)


def test_openai_without_a_key_is_misconfigured() -> None:
    assert shown(openai_errors.mapped(openai.OpenAIError("no key"), "openai")) == (Misconfigured, False, False)


class NewerError(openai.RateLimitError):
    """What a later client may raise."""


class NewestError(openai.OpenAIError):
    """What an even later client may raise."""


def test_an_exception_of_a_later_client_is_taken_for_the_nearest_one_above() -> None:
    error = NewerError("x", response=httpx2.Response(429, request=REQUEST), body=None)
    assert shown(openai_errors.mapped(error, "openai")) == (Transient, True, False)


def test_an_exception_of_a_later_client_with_nothing_above_may_be_tried_again() -> None:
    assert shown(openai_errors.mapped(NewestError("x"), "openai")) == (Transient, False, True)


@pytest.mark.parametrize(
    ("header", "wait_s"), [("20", 20.0), ("0.5", 0.5), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("", None)]
)
def test_openai_says_how_long_to_wait(header: str, wait_s: float | None) -> None:
    error = openai_errors.mapped(refused(429, **{"retry-after": header}), "openai")
    assert isinstance(error, Transient)
    assert error.retry_after_s == wait_s


# -- DeepL


STATUSES = {
    400: (Refused, False, False),
    401: (Misconfigured, False, False),
    403: (Misconfigured, False, False),
    404: (Misconfigured, False, False),
    413: (Refused, False, False),
    429: (Transient, True, False),
    456: (QuotaUsedUp, False, False),
    500: (Transient, False, False),
    502: (Transient, False, False),
    503: (Transient, False, False),
    504: (Transient, False, False),
    529: (Transient, False, False),
    None: (Transient, False, True),
}


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("kind", list(below(deepl.DeepLException)))
def test_a_status_of_deepl_is_one_of_our_errors(kind: type[deepl.DeepLException], status: int | None) -> None:
    error = kind.__new__(kind, "message")  # some take no status, some more than that
    deepl.DeepLException.__init__(error, "message", http_status_code=status)
    assert shown(deepl_provider.mapped(error, "deepl", None)) == STATUSES[status]


def test_deepl_says_how_long_to_wait() -> None:
    error = deepl_provider.mapped(deepl.TooManyRequestsException("x", http_status_code=429), "deepl", 2.5)
    assert isinstance(error, Transient)
    assert error.retry_after_s == 2.5


def unreachable(cause: Exception) -> deepl.ConnectionException:
    error = deepl.ConnectionException("x")
    error.__cause__ = cause
    return error


REFUSED = urllib3.exceptions.NewConnectionError(None, "refused")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cause", "is_lost"),
    [
        (requests.exceptions.ConnectTimeout("too long"), False),
        (requests.exceptions.ConnectionError(urllib3.exceptions.MaxRetryError(None, "/", REFUSED)), False),  # type: ignore[arg-type]
        (requests.exceptions.ReadTimeout("too long"), True),
        (requests.exceptions.ConnectionError("cut"), True),
    ],
    ids=["no connection in time", "refused", "no answer in time", "cut"],
)
def test_a_translation_may_be_lost_once_the_request_was_sent(cause: Exception, is_lost: bool) -> None:
    assert shown(deepl_provider.mapped(unreachable(cause), "deepl", None)) == (Transient, False, is_lost)


def test_nothing_is_lost_where_nobody_listens() -> None:
    nobody = DeepL("key:fx", PRICES, server_url="http://127.0.0.1:9")
    with pytest.raises(Transient) as error:
        nobody.answer([DeepLTranslator().ask([Passage("Name a tea.")], "")])
    assert not error.value.is_lost


def body(asks: list[Ask]) -> int:
    """Bytes of the request as the client sends it: JSON with every syllable written as an escape."""
    return len(json.dumps({"text": [ask.content for ask in asks], **json.loads(asks[0].settings)}).encode())


INSTRUCTIONS = tuple(
    "합쇼체로, 정중하게 번역하세요. " * 17 for _ in range(10)
)  # ten of 300 characters, the most there can be
UNITS = {
    "ASCII": "plain words ",
    "Korean": "한국어 ",
    "emoji": "🍎🌧",
    "marks": '<x id="0"/>"\\\n',
    "mixed": "é한🍎a\x01",
}


def taken(texts: list[str], face: DeepLTranslator = DeepLTranslator()) -> list[list[Ask]]:  # noqa: B008
    """The texts as the requests they fill."""
    pending = deque(face.ask([Passage(text)], "") for text in texts)
    provider, requests_ = DeepL("key:fx", PRICES), []
    while pending:
        requests_.append(provider.take(pending))
    return requests_


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(sorted(UNITS)), st.integers(1, 1_000)), min_size=1, max_size=120),
    st.sampled_from([(), INSTRUCTIONS]),
)
def test_a_request_fits_as_it_is_encoded(texts: list[tuple[str, int]], instructions: tuple[str, ...]) -> None:
    face = DeepLTranslator(custom_instructions=instructions)
    sizes = [(len(asks), body(asks)) for asks in taken([UNITS[unit] * times for unit, times in texts], face)]
    assert [size for size in sizes if size[0] > LIMIT_TEXTS or (size[0] > 1 and size[1] > LIMIT_BYTES)] == []


@pytest.mark.parametrize("unit", UNITS)
def test_a_request_fits_with_the_longest_instructions(unit: str) -> None:
    requests_ = taken(
        [UNITS[unit] * (3_000 // len(UNITS[unit]))] * 60, DeepLTranslator(custom_instructions=INSTRUCTIONS)
    )
    assert max(map(body, requests_)) <= LIMIT_BYTES


@pytest.mark.parametrize("unit", UNITS)
def test_a_request_is_as_full_as_it_can_be(unit: str) -> None:
    first, second, *_ = taken([UNITS[unit] * (8_000 // len(UNITS[unit]))] * 60)
    assert body(first) + body(second[:1]) > LIMIT_BYTES - 2_048


def test_fifty_short_texts_fill_a_request() -> None:
    assert [len(asks) for asks in taken(["Name a tea."] * 120)] == [50, 50, 20]


def test_a_text_that_fits_into_no_request_goes_alone() -> None:
    assert [len(asks) for asks in taken(["Name a tea.", "한" * 30_000, "Name a tea."])] == [1, 1, 1]


def test_texts_are_taken_in_their_order() -> None:
    texts = [f"{n} " * 3_000 for n in range(60)]
    assert [ask.content for asks in taken(texts) for ask in asks] == texts


def test_texts_of_other_settings_wait_for_the_next_request() -> None:
    fast = DeepLTranslator(model_type="latency_optimized").ask([Passage("Name a tea.")], "")
    slow = DeepLTranslator().ask([Passage("Name a tea.")], "")
    pending = deque([slow, fast, slow])
    assert (DeepL("key:fx", PRICES).take(pending), list(pending)) == ([slow], [fast, slow])


def test_marks_are_not_billed_and_entities_are_one_character() -> None:
    ask = DeepLTranslator().ask([Passage(prose("Tom & Jerry like `code`").xml)], "")
    assert DeepL("key:fx", PRICES).characters(ask) == len("Tom & Jerry like ")


# -- what the services send


@pytest.fixture
def odd_service() -> Iterator[str]:
    """A DeepL and an OpenAI that send half a character, and Korean taken apart into its letters."""
    text = "가\ud800나\r\n\u1112\u1161\u11ab"

    class Odd(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if "messages" in asked:
                choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
                usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
                said = {
                    "id": "1",
                    "object": "chat.completion",
                    "created": 0,
                    "model": "m",
                    "choices": [choice],
                    "usage": usage,
                }
            else:
                translation = {"text": text, "detected_source_language": "EN", "billed_characters": 11}
                said = {"translations": [translation for _ in asked["text"]]}
            sent = json.dumps(said).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Odd) as server:
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_translation_with_half_a_character_can_be_kept(odd_service: str) -> None:
    ask = DeepLTranslator().ask([Passage("Name a tea.")], "")
    answers = DeepL("key:fx", PRICES, server_url=odd_service).answer([ask])
    with Ledger.in_memory() as ledger:
        ledger.keep([(ask, answers[0])])
        assert ledger.known([ask.key])[ask.key].text == "가나\n한"


def test_an_answer_with_half_a_character_can_be_kept(odd_service: str) -> None:
    ask = OpenAIWriter("gpt-6-luna").ask([{"role": "user", "content": "차 하나를 말하세요."}], "")
    answers = OpenAI("key", PRICES, base_url=odd_service).answer([ask])
    with Ledger.in_memory() as ledger:
        ledger.keep([(ask, answers[0])])
        assert ledger.known([ask.key])[ask.key].text == "가나\n한"


@pytest.mark.parametrize(
    ("writer", "settings_"),
    [
        (OpenAIWriter("gpt-6-luna"), {"model": "gpt-6-luna", "max_output_tokens": 1024}),
        (OpenAIWriter("m", 5, 0.2), {"model": "m", "max_output_tokens": 5, "temperature": 0.2}),
    ],
)
def test_what_is_not_set_is_not_sent(writer: OpenAIWriter, settings_: dict[str, object]) -> None:
    assert json.loads(writer.ask([], "").settings) == settings_


@given(st.text('가나다 abc\n"\\🍎', max_size=200))
def test_the_bound_of_an_answer_is_above_a_token_a_byte(text: str) -> None:
    ask = OpenAIWriter("gpt-6-luna", 100).ask([{"role": "user", "content": text}], "")
    assert OpenAI("k", PRICES).usd_bound(ask) >= PRICES.of_model("gpt-6-luna").usd(len(text.encode()), 100)


# -- those that pretend


fragments = st.lists(
    st.sampled_from(['<x id="0"/>', "\n", " ", "Tom & Jerry", "it's 3 < 4", "&amp;", "사과를", "é"]),
    max_size=12,
).map("".join)


@given(st.text(max_size=40) | fragments)
def test_echo_keeps_marks_and_line_breaks(text: str) -> None:
    xml = text if "<x" in text else escape(text)
    (answer,) = Echo().answer([EchoFace().ask([Passage(xml)], "")])
    assert re.findall(r"<[^>]*>|\n|&\w+;", answer.text) == re.findall(r"<[^>]*>|\n|&\w+;", xml)


def test_a_text_that_echo_translated_has_its_pieces() -> None:
    sent = prose("Dear {name}, see https://example.com & go.")
    (answer,) = Echo().answer([EchoFace().ask([Passage(sent.xml)], "")])
    assert tuple(piece.text for piece in prose(unshield(answer.text, sent)).pieces) == ("{name}", "https://example.com")


def test_echo_answers_a_text_in_hangul() -> None:
    (answer,) = Echo().answer([EchoFace().ask([Passage('Name <x id="0"/> &amp; go.')], "")])
    assert answer == Answer('떄섀 <x id="0"/> &amp; 놰.', "echo")


def test_echo_answers_a_question_in_korean() -> None:
    (answer,) = Echo().answer([EchoFace().ask([{"role": "user", "content": "차 하나를 말하세요."}], "")])
    assert answer == Answer("차 하나를 말하세요. 물음에 답합니다.", "echo")


RECORDED = (
    '{"text": "Name `x` & go.", "ko": "`x`를 말하고 가세요.", "by": "hand"}\n'
    '{"record": "alpaca-1", "turn": 0, "output": "녹차", "by": "gpt-6-luna"}\n'
    '{"record": "alpaca-2", "turn": 1, "output": "", "by": "gpt-6-luna", "finish": "content_filter"}'
).encode()
RECORDING = load_recording(RECORDED.splitlines(), "recording.jsonl")


@pytest.mark.parametrize(
    ("ask", "answer"),
    [
        (
            Ask("recording", "{}", 'Name <x id="0"/> &amp; go.', about="x#0/input"),
            Answer('<x id="0"/>를 말하고 가세요.', "recording/hand"),
        ),
        (Ask("recording", "{}", "[]", about="alpaca-1#0"), Answer("녹차", "recording/gpt-6-luna")),
        (Ask("recording", "{}", "[]", about="alpaca-2#1"), Answer("", "recording/gpt-6-luna", "content_filter")),
    ],
    ids=["a translation", "an answer", "a refusal"],
)
def test_a_recording_answers_what_it_holds(ask: Ask, answer: Answer) -> None:
    assert RECORDING.answer([ask]) == [answer]


def test_a_recording_refuses_what_it_does_not_hold() -> None:
    with pytest.raises(Refused, match=r"^not in the recording: alpaca-9#0$"):
        RECORDING.answer([Ask("recording", "{}", "[]", about="alpaca-9#0")])


@pytest.mark.parametrize(
    "line", [b"{", b"{}", b'{"text": "a"}', b"[]", b"1", b'{"record": "a", "turn": 0, "output": "b"}']
)
def test_a_line_of_a_recording_that_is_neither_is_named(line: bytes) -> None:
    with pytest.raises(SourceError, match=r"^recording\.jsonl, line 4: neither a translation nor an answer"):
        load_recording([*RECORDED.splitlines(), line], "recording.jsonl")


SHAPE = {
    "type": "object",
    "properties": {"instruction": {"type": "string"}, "outputs": {"type": "array", "items": {"type": "string"}}},
    "required": ["instruction", "outputs"],
    "additionalProperties": False,
}


def test_an_answer_in_a_shape_is_asked_for_and_comes_in_it(openai: OpenAIServer) -> None:
    ask = OpenAIWriter("gpt-6-luna").ask([{"role": "user", "content": "차 하나를 말하세요."}], "", SHAPE)
    (answer,) = OpenAI("test-key", PRICES, base_url=f"{openai.url}/v1").answer([ask])
    text = answer_for("차 하나를 말하세요.")
    assert json.loads(answer.text) == {"instruction": text, "outputs": [text]}


CHAT = [{"role": "system", "content": "짧게 답하세요."}, {"role": "user", "content": "왜 비가 옵니까?"}]


def answered(openai: OpenAIServer, api: str, question: str) -> Answer:
    messages = [CHAT[0], {"role": "user", "content": question}]
    ask = OpenAIWriter("gpt-6-luna", api=api).ask(messages, "")  # type: ignore[arg-type]  # it is one of them
    (answer,) = OpenAI("test-key", PRICES, base_url=f"{openai.url}/v1").answer([ask])
    return answer


@pytest.mark.parametrize(
    ("api", "read"),
    [
        ("chat", CHAT[1]["content"]),
        ("responses", CHAT[1]["content"]),
        ("completions", "짧게 답하세요.\n\n### 질문: 왜 비가 옵니까?\n\n### 답변:"),
    ],
)
def test_an_answer_comes_and_is_billed_by_whatever_way_it_is_asked(openai: OpenAIServer, api: str, read: str) -> None:
    answer = answered(openai, api, CHAT[1]["content"])
    counts = openai.counts()
    price = PRICES.of_model("gpt-6-luna").usd(counts["tokens_in"], counts["tokens_out"])
    paid = (counts["tokens_in"], counts["tokens_out"], price)
    assert answer == Answer(answer_for(read), "openai/gpt-6-luna", "stop", 0, *paid)


@pytest.mark.parametrize(
    ("api", "word", "finish"),
    [
        ("responses", "[[length]]", "length"),
        ("responses", "[[filter]]", "content_filter"),
        ("responses", "[[refusal]]", "refusal"),
        ("completions", "[[length]]", "length"),
        ("completions", "[[filter]]", "content_filter"),
    ],
)
def test_an_answer_that_is_none_is_told_by_whatever_way_it_is_asked(
    openai: OpenAIServer, api: str, word: str, finish: str
) -> None:
    assert answered(openai, api, f"{word} 왜 비가 옵니까?").finish == finish


@pytest.mark.parametrize("api", ["responses", "completions"])
@pytest.mark.parametrize("kind", ["cut", "drop", "short", "html"])
def test_a_body_that_is_no_answer_is_lost_by_whatever_way_it_is_asked(
    openai: OpenAIServer, api: str, kind: str
) -> None:
    openai.faults(kinds=[kind], times=1)
    with pytest.raises(Transient) as error:
        answered(openai, api, "왜 비가 옵니까?")
    assert error.value.is_lost


def test_an_answer_in_a_shape_comes_in_it_by_responses_too(openai: OpenAIServer) -> None:
    ask = OpenAIWriter("gpt-6-luna", api="responses").ask(CHAT, "", SHAPE)
    (answer,) = OpenAI("test-key", PRICES, base_url=f"{openai.url}/v1").answer([ask])
    text = answer_for("왜 비가 옵니까?")
    assert json.loads(answer.text) == {"instruction": text, "outputs": [text]}


def test_the_shape_of_an_answer_is_part_of_the_question() -> None:
    messages = [{"role": "user", "content": "차 하나를 말하세요."}]
    for face in (OpenAIWriter("gpt-6-luna"), EchoFace()):
        assert face.ask(messages, "", SHAPE).key != face.ask(messages, "").key


def test_echo_answers_in_the_shape_asked_for() -> None:
    (answer,) = Echo().answer([EchoFace().ask([{"role": "user", "content": "차 하나를 말하세요."}], "", SHAPE)])
    text = "차 하나를 말하세요. 물음에 답합니다."
    assert json.loads(answer.text) == {"instruction": text, "outputs": [text]}
