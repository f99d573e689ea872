"""The loopback servers against the real clients."""

import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import deepl
import openai
import pytest

from .deepl import DeepLServer, pseudo_korean
from .loopback import RemoteServer, own_process
from .openai import OpenAIServer, answer_for, tokens

MARKED = 'Press <x id="1"/> &amp; hold <x id="2"/> for 3 seconds.\n\n1. Then let go!'


@pytest.fixture(autouse=True)
def no_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deepl.http_client, "max_network_retries", 0)


@pytest.fixture
def translator() -> Iterator[tuple[DeepLServer, deepl.DeepLClient]]:
    with DeepLServer(known={"Tom & <x/> Jerry": "톰 & <x/> 제리 <3"}) as server:
        yield server, deepl_client(server)


@pytest.fixture
def chat() -> Iterator[tuple[OpenAIServer, openai.OpenAI]]:
    with OpenAIServer() as server, openai_client(server) as client:
        yield server, client


def deepl_client(server: RemoteServer, key: str = "test-key:fx") -> deepl.DeepLClient:
    return deepl.DeepLClient(key, server_url=server.url)


def openai_client(server: RemoteServer, key: str = "test-key") -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{server.url}/v1", api_key=key, max_retries=0)


def translate(client: deepl.DeepLClient, texts: list[str], **options: Any) -> list[deepl.TextResult]:
    results = client.translate_text(texts, source_lang="EN", target_lang="KO", **options)
    assert isinstance(results, list)
    return results


def ask(client: openai.OpenAI, text: str) -> Any:
    return client.chat.completions.create(model="gpt-6-luna", messages=[{"role": "user", "content": text}])


def test_translation_is_korean_of_the_right_length_and_leaves_the_rest() -> None:
    english = (Path(__file__).parent / "deepl.py").read_text().split('"""')[1] * 20
    korean = pseudo_korean(english, marked=False)
    assert 0.5 < len(korean) / len(english) < 0.65
    assert re.sub(r"[가-힣]+", "", korean) == re.sub("[A-Za-z]+", "", english)
    assert re.search(r"(합니다|됩니다|입니다|습니다)\.", korean)
    assert pseudo_korean("Hello HELLO", marked=False).split()[0] != "Hello"
    assert pseudo_korean("a < b &amp; c > d", marked=False).count("<") == 1


def test_deepl_keeps_marks_and_bills_what_is_between_them(
    translator: tuple[DeepLServer, deepl.DeepLClient],
) -> None:
    server, client = translator
    texts = [MARKED, "Tom &amp; <x/> Jerry", "&lt;b&gt;"]
    first, known, entity = translate(client, texts, tag_handling="xml", model_type="prefer_quality_optimized")
    kept = re.compile(r"<[^>]*>|&\w+;|\d|\n|[.!]")
    assert kept.findall(first.text) == kept.findall(MARKED)
    assert first.detected_source_lang == "EN"
    assert first.model_type_used == "quality_optimized"
    assert known.text == "톰 &amp; <x/> 제리 &lt;3"
    assert re.fullmatch("&lt;[가-힣]&gt;", entity.text)
    billed = [len("Press  & hold  for 3 seconds.\n\n1. Then let go!"), len("Tom &  Jerry"), 3]
    assert [result.billed_characters for result in (first, known, entity)] == billed
    assert translate(client, ["<b> 😀"])[0].billed_characters == 5
    assert client.get_usage().character.count == sum(billed) + 5

    assert translate(client, texts, tag_handling="xml")[1].text == known.text
    counts = server.counts()
    assert (counts["ok"], counts["texts"], counts["repeated"], counts["distinct"]) == (3, 7, 0, 7)
    translate(client, ["<b> 😀"])
    counts = server.counts()
    assert (counts["repeated"], counts["distinct"], counts["requests"], counts["lookups"]) == (1, 7, 4, 1)


def test_deepl_refuses_what_the_documentation_forbids() -> None:
    with DeepLServer(quota=100) as server:
        client = deepl_client(server)
        with pytest.raises(deepl.AuthorizationException):
            deepl_client(server, "wrong:fx").get_usage()
        with pytest.raises(deepl.DeepLException, match="Too many texts"):
            translate(client, ["a"] * 51)
        with pytest.raises(deepl.DeepLException, match="413"):
            translate(client, ["a" * 128 * 1024])
        for wrong in ("a < b", "<x>", "&nbsp;", "\x01", "\ud800"):
            with pytest.raises(deepl.DeepLException, match="Tag handling parsing failed"):
                translate(client, [wrong], tag_handling="xml")
        translate(client, ["a" * 60])
        with pytest.raises(deepl.QuotaExceededException):
            translate(client, ["a" * 41])
        translate(client, ["a" * 40])
        usage = client.get_usage().character
        assert (usage.count, usage.limit, usage.limit_reached) == (100, 100, True)
        assert server.counts()["ok"] == 2


@pytest.mark.parametrize("kind", ["drop_marks", "double_marks", "move_marks"])
def test_deepl_spoils_the_marks_of_the_same_texts(translator: tuple[DeepLServer, deepl.DeepLClient], kind: str) -> None:
    server, client = translator
    texts = [f'{word} <x id="1"/> and <x id="2"/> end.' for word in map(chr, range(97, 123))]

    def spoiled() -> list[bool]:
        results = translate(client, texts, tag_handling="xml")
        pairs = zip(texts, results, strict=True)
        return [result.text != pseudo_korean(text, marked=True) for text, result in pairs]

    assert not any(spoiled())
    server.faults(**{kind: 0.4})
    first = spoiled()
    assert 4 <= sum(first) <= 18
    assert spoiled() == first
    assert server.counts()["faulted"] == {kind: 2 * sum(first)}


def test_deepl_faults_reach_the_client(translator: tuple[DeepLServer, deepl.DeepLClient]) -> None:
    server, client = translator
    failures: dict[str, type[deepl.DeepLException]] = {
        "429": deepl.TooManyRequestsException,
        "429-retry-after": deepl.TooManyRequestsException,
        "500": deepl.DeepLException,
        "503": deepl.DeepLException,
        "403": deepl.AuthorizationException,
        "456": deepl.QuotaExceededException,
        "cut": deepl.ConnectionException,
        "drop": deepl.ConnectionException,
    }
    for kind, failure in failures.items():
        server.faults(kinds=[kind], times=1)
        with pytest.raises(failure):
            translate(client, ["one", "two"])
    server.faults(kinds=["short"], times=1)
    assert len(translate(client, ["one", "two"])) == 1
    server.faults(kinds=["html"], times=1)
    assert translate(client, ["one", "two"]) == []
    server.faults(kinds=["slow"], delay=0.01)
    assert len(translate(client, ["one", "two"])) == 2
    counts = server.counts()
    assert counts["faulted"] == dict.fromkeys([*failures, "short", "html", "slow"], 1)
    assert (counts["ok"], counts["texts"], counts["lost"], counts["repeated"]) == (1, 2, 2, 0)
    assert (counts["characters"], counts["billed"]) == (6, 4 * 6)
    with pytest.raises(ValueError, match="unknown kinds"):
        server.faults(kinds=["fire"])


def test_openai_answers_each_question(chat: tuple[OpenAIServer, openai.OpenAI]) -> None:
    server, client = chat
    answer = ask(client, "What is jam?")
    assert answer.choices[0].message.content == answer_for("What is jam?") != answer_for("What is ham?")
    assert answer.usage.prompt_tokens == tokens("What is jam?") == 7
    assert answer.usage.completion_tokens == tokens(answer_for("What is jam?"))
    other = client.responses.create(model="gpt-6-luna", input="What is jam?", instructions="Be brief.")
    assert other.output_text == answer_for("What is jam?")
    cut = client.responses.create(model="gpt-6-luna", input=[{"role": "user", "content": "[[length]]"}])
    assert cut.incomplete_details
    assert cut.incomplete_details.reason == "max_output_tokens"

    words = {"length": "length", "filter": "content_filter", "refusal": "stop", "empty": "stop"}
    special = {word: ask(client, f"Hi [[{word}]]").choices[0] for word in words}
    assert {word: choice.finish_reason for word, choice in special.items()} == words
    assert answer_for("Hi [[length]]").startswith(special["length"].message.content)
    assert special["refusal"].message.content is None
    assert special["refusal"].message.refusal
    assert special["filter"].message.content == special["empty"].message.content == ""
    assert ask(client, "[[english]]").choices[0].message.content.isascii()
    ask(client, "What is jam?")
    counts = server.counts()
    assert (counts["ok"], counts["repeated"], counts["distinct"]) == (9, 1, 8)

    assert [model.id for model in client.models.list()] == ["gpt-6-luna"]
    with pytest.raises(openai.NotFoundError) as missing:
        client.models.retrieve("gpt-0")
    assert missing.value.code == "model_not_found"
    with pytest.raises(openai.AuthenticationError) as wrong:
        openai_client(server, "wrong").models.list()
    assert wrong.value.code == "invalid_api_key"


def test_openai_faults_reach_the_client(chat: tuple[OpenAIServer, openai.OpenAI]) -> None:
    server, client = chat
    failures: dict[str, type[openai.APIError]] = {
        "429": openai.RateLimitError,
        "429-quota": openai.RateLimitError,
        "500": openai.InternalServerError,
        "503": openai.InternalServerError,
        "401": openai.AuthenticationError,
        "cut": openai.APIConnectionError,
        "drop": openai.APIConnectionError,
    }
    for kind, failure in failures.items():
        server.faults(kinds=[kind], times=1)
        with pytest.raises(failure) as caught:
            ask(client, "Hi")
        assert kind != "429-quota" or caught.value.code == "insufficient_quota"
    server.faults(kinds=["short"], times=1)
    assert ask(client, "Hi").choices == []
    server.faults(kinds=["html"], times=1)
    assert ask(client, "Hi").startswith("<!DOCTYPE html>")
    server.faults(kinds=["429-retry-after"], times=1, retry_after=0.5)
    with pytest.raises(openai.RateLimitError) as limited:
        ask(client, "Hi")
    assert limited.value.response.headers["Retry-After"] == "0.5"
    server.faults(kinds=["slow"], times=1, delay=0.3)
    with pytest.raises(openai.APITimeoutError):
        ask(client.with_options(timeout=0.05), "Hi")
    threading.Event().wait(0.5)
    assert (server.counts()["ok"], server.counts()["lost"]) == (0, 3)

    server.reset()
    server.faults(share=0.3, kinds=["429", "500"], seed=7)
    failed = []
    for number in range(100):
        try:
            ask(client, f"Question {number}")
        except openai.APIStatusError as error:
            failed.append((number, str(error.status_code)))
    server.faults()
    counts = server.counts()
    assert 15 <= len(failed) <= 45
    assert counts["ok"] == 100 - len(failed)
    assert {kind: sum(kind == status for _, status in failed) for kind in ("429", "500")} == counts["faulted"]


def test_a_mark_may_have_a_particle_as_a_word_has() -> None:
    with DeepLServer(particles=True) as server:
        (result,) = translate(deepl_client(server), ['See <x id="0"/> and [<x id="1"/>]'], tag_handling="xml")
    assert re.fullmatch(r'\S+ <x id="0"/>[가-힣()]+ \S+ \[<x id="1"/>\]', result.text)


def test_own_process_is_controlled_alike_and_keeps_its_state(tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.jsonl"
    pairs.write_text(json.dumps({"en": "Hello <x/>", "ko": "안녕 <x/>"}) + "\n")
    args = ("--pairs", str(pairs), "--quota", "100", "--latency", "0.05", "--state", str(tmp_path / "state"))
    with own_process("tests.servers.deepl", *args) as server:
        client = deepl_client(server)
        assert translate(client, ["Hello <x/>"], tag_handling="xml")[0].text == "안녕 <x/>"
        server.faults(share=1.0, kinds=["403"])
        with pytest.raises(deepl.AuthorizationException):
            translate(client, ["Hello"])
    with own_process("tests.servers.deepl", *args) as server:
        translate(deepl_client(server), ["Hello <x/>"], tag_handling="xml")
        counts = server.counts()
        assert (counts["ok"], counts["requests"], counts["repeated"]) == (2, 3, 1)
        assert counts["faulted"] == {"403": 1}
    with own_process("tests.servers.openai", "--latency", "0.1") as server, openai_client(server) as client:
        threads = [threading.Thread(target=ask, args=(client, f"Question {number}")) for number in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert server.counts()["ok"] == 20
        assert 5 < server.counts()["max_concurrent"] <= 20
        server.reset()
        assert server.counts()["ok"] == 0
    with pytest.raises(RuntimeError, match="did not start"), own_process("tests.servers.none"):
        pass
