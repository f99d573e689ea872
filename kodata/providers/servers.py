"""Servers that speak OpenAI's protocol (vLLM, llama-server, Ollama): `[providers.NAME]` in a pipeline file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge

USD = Annotated[float, Ge(0)]


@dataclass(frozen=True)
class ServerPrice:
    """Dollars for one million tokens, whatever the model; 0 is a price too."""

    usd_per_million_tokens_in: USD
    usd_per_million_tokens_out: USD


@dataclass(frozen=True)
class Server:
    """Where it is, which variable holds its key if it wants one, and what it costs.

    Its name stands in the key of every question, so that two servers never share answers. `tokens_name` is what it
    calls the longest answer; what else it is told stands in `with`, and what does not stand there is not sent.
    """

    base_url: str
    price: ServerPrice
    key_env: str = ""
    parallel: Annotated[int, Ge(1)] = 32
    tokens_name: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
