"""Providers by the names that stand in asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import reduce
from operator import or_

from kodata.errors import Misconfigured
from kodata.glossary import Glossary
from kodata.pipeline import KEYS, REDIRECTS, shipped
from kodata.prices import Prices, TokenPrice
from kodata.providers import Provider
from kodata.providers.deepl import DeepL
from kodata.providers.echo import Echo
from kodata.providers.openai import OpenAI
from kodata.providers.recording import NAME as RECORDING
from kodata.providers.recording import load_recording
from kodata.providers.servers import Server


def provider_for(
    name: str,
    env: Mapping[str, str],
    prices: Prices,
    glossaries: Mapping[str, Glossary] | None = None,
    *,
    sends: bool,
    servers: Mapping[str, Server] | None = None,
) -> Provider:
    """The provider of that name, with the glossaries, by digest, that it may be asked to use.

    Raises Misconfigured when its key is missing and something is to be sent.
    """
    if name == "echo":
        return Echo()
    if name == RECORDING:
        paths = sorted(shipped("data", "sample", "recordings").glob("*.jsonl"))
        return reduce(or_, (load_recording(path.read_bytes().splitlines(), path.name) for path in paths))
    if servers and name in servers:
        return _of_server(name, servers[name], env, prices, sends=sends)
    service = name.partition("@")[0]
    key, url = env.get(KEYS[service], ""), env.get(REDIRECTS[service]) if "@" in name else None
    if sends and not key:
        raise Misconfigured(
            f"{KEYS[service]} is not set, so {name} cannot be asked. Set it in the environment or in .env. "
            "--demo builds the sample without keys, --offline answers from the ledger alone"
        )
    if not (key.isascii() and key.isprintable()):
        raise Misconfigured(f"{KEYS[service]} holds characters that no key has. Copy it again")
    if service == "deepl":
        return DeepL(key, prices, name, url, glossaries or {})
    return OpenAI(key, prices, name, url, parallel=32 if url else 128)  # a server of one's own serves fewer at a time


def _of_server(name: str, server: Server, env: Mapping[str, str], prices: Prices, *, sends: bool) -> Provider:
    key = env.get(server.key_env, "")
    if sends and server.key_env and not key:
        raise Misconfigured(
            f"{server.key_env} is not set, so {name} cannot be asked. Set it in the environment or .env"
        )
    price = TokenPrice(server.price.usd_per_million_tokens_in, server.price.usd_per_million_tokens_out)
    url, flat = server.base_url, replace(prices, flat=price)
    return OpenAI(key or "none", flat, name, url, parallel=server.parallel, server=server)
