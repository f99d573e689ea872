"""A Hugging Face hub on loopback with one data set, as far as `datasets` and `huggingface_hub` ask of it."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import dataclass
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit

SHA = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """Serves the `files` of the data set `name` at any revision and takes commits; a `token`, if set, must be shown."""

    name: str
    files: dict[str, bytes]
    token: str = ""
    is_private: bool = False

    def __enter__(self) -> Hub:
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                hub._answer(self)

            do_HEAD = do_POST = do_GET

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        path = unquote(urlsplit(request.path).path)
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        if self.token and request.headers.get("Authorization") != f"Bearer {self.token}":
            self._send(request, 401, b"", {"X-Error-Code": "RepoNotFound"})
            return
        api, resolve = f"/api/datasets/{self.name}", f"/datasets/{self.name}/resolve/"
        if path.startswith(resolve):
            name = path.removeprefix(resolve).partition("/")[2]
            self._file(request, name)
        elif path.startswith(f"{api}/tree/"):
            below = path.removeprefix(f"{api}/tree/").partition("/")[2]
            self._json(request, self._tree(below, is_deep="recursive=true" in request.path.lower()))
        elif path.startswith(f"{api}/paths-info/"):
            wanted = _paths(body)
            self._json(request, [self._info(name) for name in self.files if name in wanted])
        elif path.startswith(f"{api}/preupload/"):
            wanted = [file["path"] for file in json.loads(body)["files"]]
            modes = [{"path": name, "uploadMode": "regular", "shouldIgnore": False} for name in wanted]
            self._json(request, {"files": modes})
        elif path.startswith(f"{api}/commit/"):
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    self.files[line["value"]["path"]] = b64decode(line["value"]["content"])
            self._json(request, {"commitOid": SHA, "commitUrl": f"{self.url}/datasets/{self.name}/commit/{SHA}"})
        elif path == api or path.startswith(f"{api}/revision/"):
            siblings = [{"rfilename": name} for name in self.files]
            card = {"license": "cc-by-4.0"}
            facts = {"siblings": siblings, "cardData": card, "tags": [], "private": self.is_private}
            self._json(request, {"id": self.name, "sha": SHA, **facts})
        else:
            self._send(request, 404, b"", {"X-Error-Code": "EntryNotFound"})

    def _tree(self, below: str, *, is_deep: bool) -> list[dict[str, object]]:
        """The files of a folder and its folders; with `is_deep` those of its folders as well."""
        found: dict[str, dict[str, object]] = {}
        before = f"{below}/" if below else ""
        for name in self.files:
            inner = name.removeprefix(before)
            folder, slash, _ = inner.partition("/")
            if not name.startswith(before):
                continue
            if slash:
                path = f"{before}{folder}"
                found[path] = {"type": "directory", "path": path, "size": 0, "oid": sha1(path.encode()).hexdigest()}
            if is_deep or not slash:
                found[name] = self._info(name)
        return list(found.values())

    def _info(self, name: str) -> dict[str, object]:
        content = self.files[name]
        return {"type": "file", "path": name, "size": len(content), "oid": sha1(content).hexdigest()}

    def _file(self, request: BaseHTTPRequestHandler, name: str) -> None:
        if name not in self.files:
            self._send(request, 404, b"", {"X-Error-Code": "EntryNotFound"})
            return
        content = self.files[name]
        headers = {"X-Repo-Commit": SHA, "ETag": f'"{sha1(content).hexdigest()}"', "Accept-Ranges": "bytes"}
        first, _, last = request.headers.get("Range", "").removeprefix("bytes=").partition("-")
        if first:
            end = min(int(last or len(content) - 1), len(content) - 1)
            headers["Content-Range"] = f"bytes {first}-{end}/{len(content)}"
            self._send(request, 206, content[int(first) : end + 1], headers)
        else:
            self._send(request, 200, content, headers)

    def _json(self, request: BaseHTTPRequestHandler, value: object) -> None:
        self._send(request, 200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _send(self, request: BaseHTTPRequestHandler, status: int, content: bytes, headers: dict[str, Any]) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(content)


def _paths(body: bytes) -> list[str]:
    try:
        return list(json.loads(body)["paths"])
    except ValueError:
        return [unquote(pair.partition("=")[2]).replace("+", " ") for pair in body.decode().split("&")]
