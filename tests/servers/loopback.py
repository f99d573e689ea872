"""What the two loopback servers share: faults, counting, controls, and running as a process of their own."""

import argparse
import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Self

from .ledger import Answer, Faults, Ledger, Refused
from .listener import Listener

ROOT = Path(__file__).resolve().parents[2]


class RemoteServer:
    """A server running at ``url``, in this process or in another, and its controls."""

    def __init__(self, url: str) -> None:
        self.url = url

    def counts(self) -> dict[str, Any]:
        """The fields of `Ledger` since the start or the last reset, and ``distinct``."""
        return self._control("GET", "/_counts")

    def reset(self) -> None:
        """Set all counts to zero, with them the use of the quota; the faults stay."""
        self._control("POST", "/_reset")

    def faults(self, **settings: Any) -> None:
        """Replace the faults by those given, see `Faults`; without settings there are none."""
        self._control("POST", "/_faults", settings)

    def _control(self, method: str, path: str, payload: Mapping[str, Any] | None = None) -> dict[str, Any]:
        with closing(HTTPConnection(self.url.removeprefix("http://"), timeout=30)) as connection:
            connection.request(method, path, json.dumps(payload or {}))
            response = connection.getresponse()
            answer: dict[str, Any] = json.loads(response.read())
        if response.status != 200:
            raise ValueError(answer["message"])
        return answer


class LoopbackServer(RemoteServer):
    """A service on 127.0.0.1, bound when made and serving from a daemon thread inside ``with``.

    ``latency`` is slept in every request that asks for work. The counts are read from and saved to ``state``, a folder.
    """

    def __init__(
        self,
        *,
        key: str,
        port: int = 0,
        latency: float = 0.0,
        state: Path | None = None,
        quota: int | None = None,
    ) -> None:
        self.key, self.latency, self.quota = key, latency, quota
        self.lock = threading.Lock()
        self.ledger = Ledger()
        self._saved = state / f"{type(self).__name__}.json" if state else None
        if self._saved and self._saved.exists():
            saved = json.loads(self._saved.read_text())
            self.ledger = Ledger(**saved | {name: Counter(saved[name]) for name in ("faulted", "answered")})
        self.set_faults(Faults())
        self._listener = Listener(self, port)
        super().__init__(f"http://127.0.0.1:{self._listener.server_port}")

    def answer(self, method: str, path: str, authorization: str, body: bytes) -> Answer:
        """The right answer to a request; raises `Refused` for a wrong request."""
        raise NotImplementedError

    def error(self, refused: Refused) -> dict[str, Any]:
        """The body the service sends with an error status."""
        raise NotImplementedError

    def shortened(self, payload: dict[str, Any]) -> dict[str, Any]:
        """The payload of an answer with too little in it."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        threading.Thread(target=self._listener.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._listener.stop()
        if self._saved:
            self._saved.parent.mkdir(parents=True, exist_ok=True)
            self._saved.write_text(json.dumps(vars(self.ledger) | {"running": 0}))

    def set_faults(self, faults: Faults) -> None:
        with self.lock:
            self.active, self._drawn, self._random = faults, 0, random.Random(faults.seed)

    def control(self, path: str, body: bytes) -> Answer:
        """Answer a request to one of the paths that begin with an underscore."""
        if path == "/_faults":
            try:
                self.set_faults(Faults(**json.loads(body)))
            except (TypeError, ValueError) as error:
                return Answer(400, {"message": str(error)})
        with self.lock:
            if path == "/_reset":
                self.ledger = Ledger(running=self.ledger.running)
            return Answer(200, self.ledger.counts())

    def handle(self, method: str, path: str, authorization: str, body: bytes) -> Answer:
        """Answer a request to the service, or fail as the faults say, and count it."""
        with self.lock:
            ledger = self.ledger
            ledger.requests += method == "POST"
            ledger.lookups += method != "POST"
            ledger.running += 1
            ledger.max_concurrent = max(ledger.max_concurrent, ledger.running)
        try:
            if self.latency and method == "POST":
                time.sleep(self.latency)
            return self._faulted(self.answer(method, path, authorization, body))
        except Refused as refused:
            return Answer(refused.status, self.error(refused))
        finally:
            with self.lock:
                self.ledger.running -= 1

    def _faulted(self, answer: Answer) -> Answer:
        with self.lock:
            self.ledger.repeated += sum(self.ledger.answered.get(key, 0) > 0 for key in answer.keys)
            faults, fault = self.active, ""
            if answer.keys or faults.lookups:
                fault = self._draw()
        if fault[:3].isdigit():
            refused = Refused(int(fault[:3]), code="insufficient_quota" if fault.endswith("-quota") else "")
            retry = {"Retry-After": f"{faults.retry_after:g}"} if fault.endswith("-retry-after") else {}
            return Answer(refused.status, self.error(refused), headers=retry)
        if fault == "slow":
            time.sleep(faults.delay)
        if fault != "html":
            with self.lock:
                if self.quota is not None and self.ledger.billed + answer.characters > self.quota:
                    raise Refused(456)
                self.ledger.billed += answer.characters
        payload = self.shortened(answer.payload) if fault == "short" else answer.payload
        return replace(answer, payload=payload, fault=fault)

    def _draw(self) -> str:
        faults = self.active
        if not faults.kinds or self._drawn == faults.times or self._random.random() >= faults.share:
            return ""
        kind = self._random.choice(faults.kinds)
        self._drawn += 1
        self.ledger.faulted[kind] += 1
        return kind


def arguments(key: str) -> argparse.ArgumentParser:
    """The command line that both servers have; its names are those of the constructor."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--key", default=key)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--state", type=Path)
    return parser


def run(server: LoopbackServer) -> None:
    """Serve until SIGTERM or SIGINT, after printing the URL as one line."""
    ends = (signal.SIGTERM, signal.SIGINT)
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    with server:
        print(server.url, flush=True)
        signal.sigwait(ends)


@contextmanager
def own_process(module: str, *args: str) -> Iterator[RemoteServer]:
    """Run ``python -m module args`` and give its controls; it is terminated at the end."""
    command = [sys.executable, "-m", module, *args]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            url = process.stdout.readline().strip() if process.stdout else ""
            if not url:
                raise RuntimeError(f"{module} did not start")
            yield RemoteServer(url)
        finally:
            process.terminate()
