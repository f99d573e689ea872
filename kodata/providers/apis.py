"""The ways of asking a model over OpenAI's protocol: what is sent for an ask, and what was said in the reply."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from kodata.asks import Ask, Finish

BLOCKED = ("content_filter", "content_policy_violation")  # errors that are answers: it would be so tomorrow too
_FINISHES: dict[str, Finish] = {
    "stop": "stop", "length": "length", "max_output_tokens": "length", "content_filter": "content_filter",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Said:
    """What a model said and why it stopped; tokens are None where a server does not count them."""

    text: str
    finish: Finish
    tokens_in: int | None = None
    tokens_out: int | None = None


class Api(Protocol):
    """One way of asking. `path` is where it is sent, below `/v1`."""

    path: str

    def request(self, ask: Ask, tokens_name: str) -> dict[str, Any]:
        """The body of the request; `tokens_name` is what the server calls the limit of the answer."""

    def reply(self, body: Mapping[str, Any]) -> Said:
        """What was said. Raises LookupError, TypeError or ValueError on a body that is no reply."""


def api_of(ask: Ask) -> Api:
    """How the ask is to be sent."""
    return APIS[orjson.loads(ask.settings).get("api", "chat")]


class Chat:
    """`/v1/chat/completions`: what every server knows."""

    path = "/chat/completions"

    def request(self, ask: Ask, tokens_name: str) -> dict[str, Any]:
        settings = _settings(ask)
        body = {tokens_name: settings.pop("max_output_tokens"), "messages": orjson.loads(ask.content)}
        if schema := settings.pop("schema", None):
            body["response_format"] = {"type": "json_schema", "json_schema": _named(schema)}
        return {**settings, **body}

    def reply(self, body: Mapping[str, Any]) -> Said:
        choice = body["choices"][0]
        message, finish = choice["message"], _FINISHES.get(choice.get("finish_reason"), "other")
        if refusal := message.get("refusal"):
            return _counted(str(refusal), "refusal", body, "prompt_tokens", "completion_tokens")
        return _counted(message.get("content") or "", finish, body, "prompt_tokens", "completion_tokens")


class Responses:
    """`/v1/responses`: what OpenAI gives its newest models first. Nothing is stored there."""

    path = "/responses"

    def request(self, ask: Ask, tokens_name: str) -> dict[str, Any]:
        settings = _settings(ask)
        if schema := settings.pop("schema", None):
            settings["text"] = {"format": {"type": "json_schema", **_named(schema)}}
        return {**settings, "input": orjson.loads(ask.content), "store": False}

    def reply(self, body: Mapping[str, Any]) -> Said:
        parts = [part for item in body["output"] if item["type"] == "message" for part in item["content"]]
        refusal = "".join(part["refusal"] for part in parts if part["type"] == "refusal")
        text = "".join(part["text"] for part in parts if part["type"] == "output_text")
        reason = (body.get("incomplete_details") or {}).get("reason")
        finish = "stop" if body["status"] == "completed" else reason
        if not parts and finish == "stop":
            raise ValueError("no message")
        kind: Finish = "refusal" if refusal else _FINISHES.get(finish or "", "other")
        return _counted(refusal or text, kind, body, "input_tokens", "output_tokens")


class Completions:
    """`/v1/completions`: one text goes on. The chat is laid out as KoAlpaca does: `### 질문:`, `### 답변:`."""

    path = "/completions"
    _HEADS = {"user": "### 질문: ", "assistant": "### 답변: "}  # noqa: RUF012  # read only

    def request(self, ask: Ask, tokens_name: str) -> dict[str, Any]:
        settings = _settings(ask)
        lines = [f"{self._HEADS.get(m['role'], '')}{m['content']}" for m in orjson.loads(ask.content)]
        prompt = "\n\n".join([*filter(None, lines), "### 답변:"])
        settings.pop("schema", None)
        return {**settings, "max_tokens": settings.pop("max_output_tokens"), "prompt": prompt, "stop": ["### 질문:"]}

    def reply(self, body: Mapping[str, Any]) -> Said:
        choice = body["choices"][0]
        finish = _FINISHES.get(choice.get("finish_reason"), "other")
        return _counted(choice["text"].strip(), finish, body, "prompt_tokens", "completion_tokens")


APIS: dict[str, Api] = {"chat": Chat(), "responses": Responses(), "completions": Completions()}


def _settings(ask: Ask) -> dict[str, Any]:
    settings: dict[str, Any] = orjson.loads(ask.settings)
    settings.pop("api", None)
    return settings


def _named(schema: object) -> dict[str, object]:
    return {"name": "answer", "strict": True, "schema": schema}


def _counted(text: object, finish: Finish, body: Mapping[str, Any], read: str, wrote: str) -> Said:
    if not isinstance(text, str):
        raise TypeError("no text")
    usage = body.get("usage") or {}
    return Said(text, finish, usage.get(read), usage.get(wrote))
