"""An OpenAI server on the loopback interface, for the real ``openai`` client."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from .batches import BatchDesk
from .deepl import pseudo_korean, spoiled
from .ledger import Answer, Faults, Refused, digest, unit
from .loopback import LoopbackServer, arguments, run

KEY = "test-key"
MODELS = ("gpt-6-luna",)
ERRORS = {  # status: message, type, code
    401: ("Incorrect API key provided.", "invalid_request_error", "invalid_api_key"),
    403: ("Your project may not use this model.", "invalid_request_error", "forbidden"),
    429: ("Rate limit reached for requests.", "requests", "rate_limit_exceeded"),
    503: ("The engine is currently overloaded, please try again later.", "server_error", None),
}
OPENINGS = (
    "질문해 주셔서 감사합니다.",
    "말씀하신 내용을 차근차근 살펴보았습니다.",
    "핵심부터 간단히 정리해 드리겠습니다.",
    "좋은 질문을 주셨습니다.",
)
MIDDLES = (
    "요청하신 내용의 확인 번호는 {}이며, 아래와 같이 이해하시면 됩니다.",
    "이 답변은 {}번 질문에 대한 설명으로, 가장 중요한 점을 먼저 담았습니다.",
    "여기서는 {}번으로 접수된 질문만을 다루었고, 다른 질문은 다루지 않았습니다.",
)
CLOSINGS = ("", " 더 궁금한 점이 있으시면 언제든지 말씀해 주세요.", " 도움이 되셨기를 바랍니다.")


def tag_for(user_text: str) -> str:
    """The 12 hex digits that tell the answer to this question from all others."""
    return digest(user_text)[:12]


def answer_for(user_text: str) -> str:
    """The answer to a last user message without a special word: two or three sentences with its tag."""
    opening, middle, closing = (
        sentences[int(digest(user_text, place), 16) % len(sentences)]
        for place, sentences in (("opening", OPENINGS), ("middle", MIDDLES), ("closing", CLOSINGS))
    )
    return f"{opening} {middle.format(tag_for(user_text))}{closing}"


def tokens(text: str) -> int:
    """The tokens a text counts for: half its code points and one; the rule of all usage here."""
    return len(text) // 2 + 1


@dataclass(frozen=True)
class Reply:
    """What the model says, and why it stopped."""

    content: str | None
    finish_reason: str = "stop"
    refusal: str | None = None


def reply_to(user_text: str) -> Reply:
    """`answer_for` the text, unless a special word in it asks for something else."""
    answer = answer_for(user_text)
    special = {
        "[[length]]": Reply(answer[: len(answer) // 2], "length"),
        "[[filter]]": Reply("", "content_filter"),
        "[[refusal]]": Reply(None, refusal="죄송하지만 그 요청은 도와드릴 수 없습니다."),
        "[[english]]": Reply(f"This answer to question {tag_for(user_text)} is written in English only."),
        "[[empty]]": Reply(""),
    }
    return next((reply for word, reply in special.items() if word in user_text), Reply(answer))


def in_shape(reply: Reply, schema: dict[str, Any]) -> Reply:
    """The reply as JSON of that schema, its text in each string; lists have one item."""

    def value(inner: dict[str, Any]) -> Any:
        if inner["type"] == "object":
            return {name: value(kind) for name, kind in inner["properties"].items()}
        return [value(inner["items"])] if inner["type"] == "array" else reply.content

    return reply if reply.content is None else replace(reply, content=json.dumps(value(schema), ensure_ascii=False))


def translated(user_text: str, schema: dict[str, Any], faults: Faults) -> str | None:
    """The texts of a JSON object in Korean, under the names they have, when the schema asks for just those names.

    Their marks suffer what the faults say, as at DeepL.
    """
    try:
        texts = json.loads(user_text)
    except ValueError:
        return None
    if not isinstance(texts, dict) or sorted(texts) != sorted(schema.get("properties", {})):
        return None
    korean = {name: spoiled(pseudo_korean(text, marked=True), text, faults)[0] for name, text in texts.items()}
    return json.dumps(korean, ensure_ascii=False)


def plain(content: Any) -> str:
    """The text of a message's content, which is a string or a list of parts."""
    if isinstance(content, list):
        return "".join(part.get("text") or "" for part in content)
    return content or ""


class OpenAIServer(LoopbackServer):
    """POST /v1/chat/completions, /v1/responses and /v1/completions, GET /v1/models; files and batches.

    The usage is, by `tokens`, the sum over the messages (or instructions and input, or the prompt) for what was read,
    and that of the content or refusal for the answer. A prompt is the same as another if the whole body is.
    """

    def __init__(
        self,
        *,
        models: Sequence[str] = MODELS,
        key: str = KEY,
        port: int = 0,
        latency: float = 0.0,
        state: Path | None = None,
    ) -> None:
        super().__init__(key=key, port=port, latency=latency, state=state)
        self.models = tuple(models)
        self.batches = BatchDesk(self)

    def answer(self, method: str, path: str, authorization: str, body: bytes) -> Answer:
        if authorization != f"Bearer {self.key}":
            raise Refused(401)
        if path.startswith(("/v1/files", "/v1/batches")):
            return self.batches.answer(method, path, authorization, body)
        if method == "GET" and path == "/v1/models":
            return Answer(200, {"object": "list", "data": [self._model(name) for name in self.models]})
        if method == "GET" and path.startswith("/v1/models/"):
            return Answer(200, self._model(unquote(path.removeprefix("/v1/models/"))))
        if method != "POST" or path not in WAYS:
            raise Refused(404, f"Invalid URL ({method} {path})", "unknown_url")
        messages_of, payload_of = WAYS[path]
        try:
            request = json.loads(body)
            model = self._model(request.get("model"))["id"]
            messages = messages_of(request)
            texts = [plain(message.get("content")) for message in messages]
            users = [plain(message["content"]) for message in messages if message.get("role") == "user"]
        except (ValueError, AttributeError, LookupError, TypeError):
            raise Refused(400, "We could not parse the body of your request.") from None
        if not users or request.get("stream"):
            raise Refused(400, "This server needs a user message, and does not stream.", "invalid_value")
        is_english = unit("english", users[-1]) < self.active.english
        reply = reply_to(f"[[english]] {users[-1]}" if is_english else users[-1])
        schema = schema_of(request)
        if schema is not None and reply.finish_reason == "stop":
            korean = translated(users[-1], schema, self.active)
            reply = in_shape(reply, schema) if korean is None else Reply(korean)
        spent = (sum(map(tokens, texts)), tokens(reply.content or reply.refusal or ""))
        key = digest(path, json.dumps(request, sort_keys=True))
        return Answer(200, payload_of(key, model, reply, *spent), keys=[key], tokens_in=spent[0], tokens_out=spent[1])

    def error(self, refused: Refused) -> dict[str, Any]:
        kind = "server_error" if refused.status >= 500 else "invalid_request_error"
        message, kind, code = ERRORS.get(refused.status, ("The request failed.", kind, None))
        if refused.code == "insufficient_quota":
            message, kind = "You exceeded your current quota, please check your plan.", refused.code
        message, code = refused.message or message, refused.code or code
        return {"error": {"message": message, "type": kind, "param": None, "code": code}}

    def shortened(self, payload: dict[str, Any]) -> dict[str, Any]:
        return payload | {name: [] for name in ("choices", "output", "data") if name in payload}

    def _model(self, name: str) -> dict[str, Any]:
        if name not in self.models:
            raise Refused(404, f"The model '{name}' does not exist.", "model_not_found")
        return {"id": name, "object": "model", "created": 1_700_000_000, "owned_by": "openai"}


def schema_of(request: dict[str, Any]) -> dict[str, Any] | None:
    """The JSON Schema that the answer is to fit: of a chat, or of /v1/responses."""
    shape = request.get("response_format", {}).get("json_schema") or request.get("text", {}).get("format", {})
    return shape.get("schema")


def conversation(request: dict[str, Any]) -> list[dict[str, Any]]:
    """The messages in a request to /v1/responses."""
    asked = request["input"]
    messages = [{"role": "user", "content": asked}] if isinstance(asked, str) else asked
    return [{"role": "developer", "content": request.get("instructions")}, *messages]


def completion(key: str, model: str, reply: Reply, tokens_in: int, tokens_out: int) -> dict[str, Any]:
    """The body of an answer from /v1/chat/completions."""
    message = {"role": "assistant", "content": reply.content, "refusal": reply.refusal}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reply.finish_reason}
    usage = {
        "prompt_tokens": tokens_in,
        "completion_tokens": tokens_out,
        "total_tokens": tokens_in + tokens_out,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }
    return {
        "id": f"chatcmpl-{key}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [choice],
        "usage": usage,
    }


def continuation(key: str, model: str, reply: Reply, tokens_in: int, tokens_out: int) -> dict[str, Any]:
    """The body of an answer from /v1/completions, which knows no refusals."""
    chat = completion(key, model, reply, tokens_in, tokens_out)
    choice = {"index": 0, "text": f" {reply.content or ''}", "logprobs": None, "finish_reason": reply.finish_reason}
    return chat | {"id": f"cmpl-{key}", "object": "text_completion", "choices": [choice]}


def response(key: str, model: str, reply: Reply, tokens_in: int, tokens_out: int) -> dict[str, Any]:
    """The body of an answer from /v1/responses."""
    part: dict[str, Any] = {"type": "output_text", "text": reply.content, "annotations": []}
    if reply.refusal is not None:
        part = {"type": "refusal", "refusal": reply.refusal}
    reasons = {"length": "max_output_tokens", "content_filter": "content_filter"}
    reason = reasons.get(reply.finish_reason)
    status = "incomplete" if reason else "completed"
    message = {"type": "message", "id": f"msg_{key}", "status": status, "role": "assistant"}
    usage = {
        "input_tokens": tokens_in,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": tokens_out,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": tokens_in + tokens_out,
    }
    return {
        "id": f"resp_{key}",
        "object": "response",
        "created_at": int(time.time()),
        "status": status,
        "error": None,
        "incomplete_details": {"reason": reason} if reason else None,
        "instructions": None,
        "metadata": {},
        "model": model,
        "output": [message | {"content": [part]}],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": usage,
    }


WAYS = {  # path: the messages of a request, and the body of its answer
    "/v1/chat/completions": (itemgetter("messages"), completion),
    "/v1/responses": (conversation, response),
    "/v1/completions": (lambda request: [{"role": "user", "content": request["prompt"]}], continuation),
}


def main() -> None:
    parser = arguments(KEY)
    parser.add_argument("--models", nargs="+", default=MODELS)
    run(OpenAIServer(**vars(parser.parse_args())))


if __name__ == "__main__":
    main()
