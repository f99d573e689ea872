"""`[notify]`: a message to a webhook. Whoever does not take it holds up nobody."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import PurePath
from urllib.error import URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

import orjson

from kodata.pipeline import Notify
from kodata.refreshing.outcome import Outcome

_PATIENCE_S = 10.0
_KINDS = {"published": "changed", "held": "held", "failed": "failed"}


class _NoRedirects(HTTPRedirectHandler):
    """A message goes where it was to go, or nowhere."""

    def redirect_request(self, *_: object) -> None:
        return None


def tell(notify: Notify, outcome: Outcome, env: Mapping[str, str]) -> str:
    """Send what became of a corpus where the pipeline file wants it; what went wrong with that, empty when nothing.

    The URL is a secret: it is in no message.
    """
    if _KINDS.get(outcome.end) not in notify.on:
        return ""
    url = env.get(notify.webhook_env, "")
    if not url.startswith(("http://", "https://")):
        return f"{notify.webhook_env} holds no http:// or https:// URL: nobody was told"
    places = {name: PurePath(getattr(outcome, name)).name for name in ("pipeline", "build", "held")}
    whole = outcome.public() | places | {"text": outcome.said}  # where things are on this machine is nobody's business
    body = {"text": _escaped(outcome.said)} if notify.style == "slack" else whole
    failed: list[str] = []
    sending = threading.Thread(target=_post, args=(url, orjson.dumps(body), failed), daemon=True)
    sending.start()
    sending.join(_PATIENCE_S)
    why = "no reply in time" if sending.is_alive() else "".join(failed)
    return f"the webhook in {notify.webhook_env} did not take the message ({why})" if why else ""


def _post(url: str, body: bytes, failed: list[str]) -> None:
    try:
        request = Request(url, body, {"Content-Type": "application/json", "User-Agent": "kodata"})
        with build_opener(_NoRedirects).open(request, timeout=_PATIENCE_S):
            pass
    except URLError as error:  # HTTPError among them
        reason = type(error.reason).__name__ if isinstance(error.reason, Exception) else "no such place"
        failed.append(str(getattr(error, "code", reason)))
    except (OSError, ValueError, HTTPException) as error:
        failed.append(type(error).__name__)


def _escaped(text: str) -> str:
    """The text as Slack takes it: what a data set or a server put into it mentions nobody and links nowhere."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
