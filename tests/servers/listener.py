"""The HTTP side of a loopback server: connections, requests, and answers sent whole, cut or not at all."""

import json
import socket
import sys
from contextlib import suppress
from http.client import responses as REASONS
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from .ledger import Answer

if TYPE_CHECKING:
    from .loopback import LoopbackServer


class Listener(ThreadingHTTPServer):
    """Accepts connections, one daemon thread each, and can close those still open."""

    request_queue_size = 1024

    def __init__(self, service: "LoopbackServer", port: int) -> None:
        self.service = service
        self.open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        for connection in list(self.open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class Handler(BaseHTTPRequestHandler):
    """One connection: reads requests, has them answered, and sends each answer in one write."""

    server: Listener
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.server.open.add(self.connection)

    def finish(self) -> None:
        self.server.open.discard(self.connection)
        super().finish()

    def log_message(self, *args: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True
        elif self.path.startswith("/_"):
            self._send(self.server.service.control(self.path, body))
        else:
            authorization = self.headers.get("Authorization", "")
            self._send(self.server.service.handle(self.command, self.path, authorization, body))

    do_POST = do_GET

    def _send(self, answer: Answer) -> None:
        service, fault = self.server.service, answer.fault
        content, body = "application/json", json.dumps(answer.payload).encode() if answer.raw is None else answer.raw
        if fault == "html":
            content, body = "text/html", b"<!DOCTYPE html><html><body>Please try again later.</body></html>"
        headers = {"Content-Type": content, "Content-Length": len(body), **answer.headers}
        reason = REASONS.get(answer.status, "Unknown")
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"HTTP/1.1 {answer.status} {reason}\r\n{lines}\r\n".encode()

        lost = fault in ("cut", "drop") or (bool(answer.keys) and self._client_left())
        full = bool(answer.keys) and not lost and fault in ("", "slow")
        with service.lock:  # before the write, so that a client which has the answer sees it counted
            service.ledger.lost += lost
            if full:
                service.ledger.add(answer)
        self.close_connection = self.close_connection or lost
        if fault == "cut":
            self.wfile.write(head + body[: len(body) // 2])
        elif not lost:
            try:
                self.wfile.write(head + body)
            except OSError:
                if full:
                    with service.lock:
                        service.ledger.lost += 1
                        service.ledger.add(answer, -1)
                raise

    def _client_left(self) -> bool:
        try:
            return not self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True
