"""The services that can be asked, and where the environment sends what is for them."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from kodata.errors import Misconfigured

REDIRECTS = {"deepl": "DEEPL_SERVER_URL", "openai": "OPENAI_BASE_URL"}
KEYS = {"deepl": "DEEPL_AUTH_KEY", "openai": "OPENAI_API_KEY"}
_HOME = {"deepl": ("api.deepl.com", "api-free.deepl.com"), "openai": ("api.openai.com",)}


def endpoint(service: str, env: Mapping[str, str]) -> str:
    """The provider's name: the service, or `service@host` where the environment redirects it.

    The port and path stand in it when they are not the usual ones, as another server gives other answers; a user and
    a password never do. Raises Misconfigured when the redirect is no http(s) URL: the real service is not asked
    instead.
    """
    url = env.get(REDIRECTS.get(service, ""), "")
    if not url:
        return service
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Misconfigured(f"{REDIRECTS[service]} is no http:// or https:// URL. Correct or unset it")
    port = f":{parts.port}" if parts.port not in (None, {"http": 80, "https": 443}[parts.scheme]) else ""
    path = parts.path.rstrip("/").removesuffix("/v1")
    place = f"{parts.hostname}{port}{path}"
    return service if place in _HOME[service] else f"{service}@{place}"
