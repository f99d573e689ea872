"""OpenAI's Batch API: thousands of questions in a file, answered within a day for half the price."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from kodata.asks import Answer, Ask
from kodata.providers.apis import BLOCKED, Said, api_of
from kodata.providers.openai import OpenAI

if TYPE_CHECKING:
    from openai.types import Batch

LIMIT_ASKS = 50_000  # lines of a file, OpenAI "Batch API"
LIMIT_BYTES = 200_000_000  # and its size
_OVER = ("completed", "failed", "expired", "cancelled")
_FEW = 100  # batches a page when one is looked for


@dataclass(frozen=True, slots=True)
class Look:
    """How a batch stands: its status, whether it is over, lines done of all; `why` a whole batch was not accepted."""

    status: str
    is_over: bool
    done: int
    lines: int
    why: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Failed:
    """A line that got no answer."""

    status: int
    why: str


@dataclass
class OpenAIBatches:
    """The batches of one account. Every method raises Transient, Misconfigured or QuotaUsedUp."""

    account: OpenAI

    def cut(self, asks: Sequence[Ask]) -> Iterator[list[Ask]]:
        """The asks in files: of one model and way of asking each, within the limits, in their order."""
        by_settings: dict[str, list[Ask]] = {}
        for ask in asks:
            by_settings.setdefault(ask.settings, []).append(ask)
        for group in by_settings.values():
            part: list[Ask] = []
            size = 0
            for ask in group:
                length = len(self._line(ask))
                if part and (len(part) == LIMIT_ASKS or size + length > LIMIT_BYTES):
                    yield part
                    part, size = [], 0
                part.append(ask)
                size += length
            if part:
                yield part

    def submit(self, name: str, asks: Sequence[Ask]) -> str:
        """Upload the questions and start the batch under our name; its id. Sent once: see `find`."""
        import openai

        try:
            content = b"".join(map(self._line, asks))
            file = self.account.client.files.create(file=(f"{name}.jsonl", content), purpose="batch")
            batch = self.account.client.batches.create(
                input_file_id=file.id,
                endpoint=f"/v1{api_of(asks[0]).path}",  # type: ignore[arg-type]  # one that it knows
                completion_window="24h",
                metadata={"kodata": name},
            )
        except openai.OpenAIError as error:
            raise self.account.mapped(error) from error
        return batch.id

    def find(self, name: str) -> str | None:
        """The id of the batch that was submitted under our name, if there is one."""
        import openai

        try:
            for batch in self.account.client.batches.list(limit=_FEW):
                if (batch.metadata or {}).get("kodata") == name:
                    return batch.id
        except openai.OpenAIError as error:
            raise self.account.mapped(error) from error
        return None

    def look(self, ident: str) -> Look | None:
        """How the batch stands; None when the account has no such batch."""
        import openai

        try:
            batch = self.account.client.batches.retrieve(ident)
        except openai.NotFoundError:
            return None
        except openai.OpenAIError as error:
            raise self.account.mapped(error) from error
        counts = batch.request_counts
        files = tuple(filter(None, (batch.output_file_id, batch.error_file_id)))
        done = (counts.completed + counts.failed) if counts else 0
        return Look(batch.status, batch.status in _OVER, done, counts.total if counts else 0, _why(batch), files)

    def results(self, look: Look, asks: Mapping[str, Ask]) -> dict[str, Answer | Failed]:
        """What became of the questions, by `custom_id`: output file and error file both. Some may be in neither."""
        import openai

        found: dict[str, Answer | Failed] = {}
        for ident in look.files:
            try:
                lines = self.account.client.files.content(ident).content.splitlines()
            except openai.OpenAIError as error:
                raise self.account.mapped(error) from error
            for line in filter(None, lines):
                entry: Mapping[str, Any] = json.loads(line)  # not orjson, which takes no half of a character
                if (ask := asks.get(entry.get("custom_id", ""))) is not None:
                    found.setdefault(entry["custom_id"], self._result(entry, ask))
        return found

    def _line(self, ask: Ask) -> bytes:
        api = api_of(ask)
        line = {
            "custom_id": ask.key.hex(),
            "method": "POST",
            "url": f"/v1{api.path}",
            "body": api.request(ask, self.account.tokens_name),
        }
        return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)

    def _result(self, entry: Mapping[str, Any], ask: Ask) -> Answer | Failed:
        response, error = entry.get("response") or {}, entry.get("error") or {}
        status, body = int(response.get("status_code") or 0), response.get("body") or {}
        if status != 200:
            error = body.get("error") or error
            if error.get("code") in BLOCKED:
                return self.account.read(Said("", "content_filter", 0, 0), ask)
            return Failed(status, str(error.get("code") or error.get("type") or "no answer"))
        try:
            return self.account.read(api_of(ask).reply(body), ask)
        except (TypeError, ValueError, AttributeError, LookupError):
            return Failed(status, "a body that is no answer")


def _why(batch: Batch) -> str:
    """The code of the first error, when the batch was not accepted as a whole."""
    errors = batch.errors.data if batch.errors else None
    return str(errors[0].code or "") if batch.status == "failed" and errors else ""
