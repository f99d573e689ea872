"""The Batch API of the loopback OpenAI server: files go in, lines come out in no order, and fail as a test wants."""

import json
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .ledger import Answer, Refused, digest

if TYPE_CHECKING:
    from .openai import OpenAIServer


@dataclass
class BatchDesk:
    """What was handed in. A test sets how the next batches end, which lines fail, and whether they are done yet.

    Of a batch that is to end "expired" or "cancelled" every other line is answered; one that is to end "failed" is
    not taken at all. `failing` gives a status to lines with that word in their question. `delay` is slept between
    taking a batch and saying so. The next `busy` requests are told to come again.
    """

    server: "OpenAIServer"
    is_done: bool = True
    ends: list[str] = field(default_factory=list)
    failing: dict[str, int] = field(default_factory=dict)
    delay: float = 0.0
    busy: int = 0
    lines: list[str] = field(default_factory=list)  # every custom_id that was ever handed in
    taken: dict[str, dict[str, Any]] = field(default_factory=dict)
    _files: dict[str, bytes] = field(default_factory=dict)

    def answer(self, method: str, path: str, authorization: str, body: bytes) -> Answer:
        if self.busy:
            self.busy -= 1
            raise Refused(503, "Busy.")
        place = urlsplit(path).path.removeprefix("/v1/").split("/")
        if (method, place) == ("POST", ["files"]):
            content = re.split(rb"\r\n--[^\r\n]+", body.partition(b'filename="')[2].partition(b"\r\n\r\n")[2])[0]
            return Answer(200, {"id": self._file(content), "object": "file", "purpose": "batch"})
        if place[0] == "files" and place[2:] == ["content"] and place[1] in self._files:
            return Answer(200, {}, raw=self._files[place[1]])
        if (method, place) == ("POST", ["batches"]):
            return Answer(200, self._create(json.loads(body), authorization))
        if place == ["batches"]:
            found = [self._shown(ident) for ident in reversed(self.taken)]
            return Answer(200, {"object": "list", "data": found, "has_more": False})
        if place[0] == "batches" and place[1] in self.taken:
            return Answer(200, self._shown(place[1]))
        raise Refused(404, "No such object.")

    def _create(self, request: dict[str, Any], authorization: str) -> dict[str, Any]:
        lines = [json.loads(line) for line in self._files[request["input_file_id"]].splitlines()]
        self.lines += [line["custom_id"] for line in lines]
        ident, end = f"batch_{len(self.taken)}", self.ends.pop(0) if self.ends else "completed"
        answered = [] if end == "failed" else lines[::2] if end in ("expired", "cancelled") else lines
        results = sorted((self._result(line, authorization) for line in answered), key=lambda r: digest(r["custom_id"]))
        failed = [result for result in results if result["response"]["status_code"] != 200]
        left = [line for line in lines if line not in answered] if end == "expired" else []
        expired = [
            {"custom_id": line["custom_id"], "response": None, "error": {"code": "batch_expired"}} for line in left
        ]
        self.taken[ident] = {
            "id": ident, "object": "batch", "endpoint": request["endpoint"], "input_file_id": request["input_file_id"],
            "completion_window": "24h", "created_at": 1_700_000_000, "metadata": request["metadata"], "status": end,
            "output_file_id": self._result_file([result for result in results if result not in failed]),
            "error_file_id": self._result_file([*failed, *expired]),
            "errors": {"object": "list", "data": [{"code": "invalid_model"}]} if end == "failed" else None,
            "request_counts": {"total": len(lines), "completed": len(results) - len(failed), "failed": len(failed)},
        }  # fmt: skip
        time.sleep(self.delay)
        return self._shown(ident)

    def _result(self, line: dict[str, Any], authorization: str) -> dict[str, Any]:
        body = json.dumps(line["body"])
        status = next(
            (status for word, status in self.failing.items() if word in json.dumps(line, ensure_ascii=False)), 200
        )
        payload: dict[str, Any] = {"error": {"code": f"status_{status}"}}
        if status == 200:
            answer = self.server.answer("POST", line["url"], authorization, body.encode())
            payload = answer.payload
            with self.server.lock:
                self.server.ledger.tokens_in += answer.tokens_in
                self.server.ledger.tokens_out += answer.tokens_out
        return {"custom_id": line["custom_id"], "response": {"status_code": status, "body": payload}, "error": None}

    def _shown(self, ident: str) -> dict[str, Any]:
        if self.is_done:
            return self.taken[ident]
        return {
            **self.taken[ident],
            "status": "in_progress",
            "output_file_id": None,
            "error_file_id": None,
            "errors": None,
        }

    def _file(self, content: bytes) -> str:
        ident = f"file-{len(self._files)}"
        self._files[ident] = content
        return ident

    def _result_file(self, results: list[dict[str, Any]]) -> str | None:
        return self._file(b"".join(json.dumps(result).encode() + b"\n" for result in results)) if results else None
