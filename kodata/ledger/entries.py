"""An answer as it stands in the ledger: its columns, and the checksum that shows whether they were altered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import TypeAlias

from kodata.asks import Answer, Ask

Row: TypeAlias = tuple[object, ...]

COLUMNS = (
    "key", "provider", "settings", "content", "sample", "about",
    "text", "written_by", "finish", "characters", "tokens_in", "tokens_out", "usd", "at",
)  # fmt: skip
INSERT = (  # an answer that is there stays as it is
    f"INSERT INTO answers ({', '.join(COLUMNS)}, checksum) VALUES ({', '.join('?' * (len(COLUMNS) + 1))}) "
    "ON CONFLICT (key) DO NOTHING"
)

REDACTED = "redacted"
REDACT = (
    f"UPDATE answers SET content = '', about = '', text = '', finish = '{REDACTED}', checksum = checksum("
    + ", ".join({"content": "''", "about": "''", "text": "''", "finish": f"'{REDACTED}'"}.get(c, c) for c in COLUMNS)
    + ")"
)
FORGET = f"DELETE FROM also_asked WHERE key IN (SELECT key FROM answers WHERE finish = '{REDACTED}')"


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def row_of(ask: Ask, answer: Answer, at: str) -> Row:
    """The values of COLUMNS, and the checksum."""
    row = (
        ask.key, ask.provider, ask.settings, ask.content, ask.sample, ask.about,
        answer.text, answer.by, answer.finish,
        answer.characters, answer.tokens_in, answer.tokens_out, float(answer.usd), at,
    )  # fmt: skip
    return (*row, checksum(row))


def checksum(row: Sequence[object]) -> bytes:
    """8 bytes over the values of COLUMNS."""
    key, *rest = row
    assert isinstance(key, bytes)
    return blake2b(key + "\0".join(map(str, rest)).encode("utf-8", "surrogatepass"), digest_size=8).digest()
