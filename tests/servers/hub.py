"""A Hugging Face hub on loopback with one data set, as far as `datasets` and `huggingface_hub` ask of it."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha1, sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit

SHA = "0123456789abcdef0123456789abcdef01234567"
_LARGE = (".parquet", ".gz")  # what the hub's .gitattributes hand to its large file storage


@dataclass
class Hub:
    """Serves the `files` of the data set `name` at any revision and takes commits; a `token`, if set, must be shown.

    With `is_open` it need not be shown to read. A data set that is not there (`exists`) can be made. `fails` are
    statuses by what a path has in it. What was written stands in `commits` (the files of each, None for a deleted one),
    `uploads` (large files that came) and `tags` (commits by name).
    """

    name: str
    files: dict[str, bytes]
    token: str = ""
    is_private: bool = False
    is_open: bool = False
    exists: bool = True
    fails: Mapping[str, int] = field(default_factory=dict)
    sha: str = SHA
    commits: list[dict[str, bytes | None]] = field(default_factory=list)
    uploads: list[str] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    _objects: dict[str, bytes] = field(default_factory=dict)  # large files by their hash, committed or not

    def __enter__(self) -> Hub:
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                hub._answer(self)

            do_HEAD = do_POST = do_PUT = do_GET

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
        self.asked.append(f"{request.command} {path}")
        if status := next((status for part, status in self.fails.items() if part in path), 0):
            self._send(request, status, b"", {})
        elif path.startswith("/lfs/"):  # the storage behind the hub: its URL is signed, no token is shown there
            self._store(request, path.removeprefix("/lfs/"), body)
        elif self._is_stranger(request):
            self._send(request, 401, b"", {"X-Error-Code": "RepoNotFound"} if self.name in path else {})
        elif path in ("/api/whoami-v2", "/api/validate-yaml"):
            self._json(request, {"name": self.name.partition("/")[0], "type": "user", "orgs": []})
        elif path == "/api/repos/create":
            self._create(request, json.loads(body))
        elif not self.exists:
            self._send(request, 404, b"", {"X-Error-Code": "RepoNotFound"})
        else:
            self._of_repository(request, path, body)

    def _is_stranger(self, request: BaseHTTPRequestHandler) -> bool:
        shown = request.headers.get("Authorization")
        if self.is_open and shown is None and request.command in ("GET", "HEAD"):
            return False
        return bool(self.token) and shown != f"Bearer {self.token}"

    def _of_repository(self, request: BaseHTTPRequestHandler, path: str, body: bytes) -> None:
        api, resolve = f"/api/datasets/{self.name}", f"/datasets/{self.name}/resolve/"
        if path.startswith(resolve):
            self._file(request, path.removeprefix(resolve).partition("/")[2])
        elif path.startswith(f"{api}/tree/"):
            below = path.removeprefix(f"{api}/tree/").partition("/")[2]
            self._json(request, self._tree(below, is_deep="recursive=true" in request.path.lower()))
        elif path.startswith(f"{api}/paths-info/"):
            wanted = _paths(body)
            self._json(request, [self._info(name) for name in self.files if name in wanted])
        elif path.startswith(f"{api}/preupload/"):
            wanted = [file["path"] for file in json.loads(body)["files"]]
            modes = [{"path": n, "uploadMode": "lfs" if n.endswith(_LARGE) else "regular"} for n in wanted]
            self._json(request, {"files": [mode | {"shouldIgnore": False} for mode in modes]})
        elif path == f"/datasets/{self.name}.git/info/lfs/objects/batch":
            self._json(request, {"objects": [self._upload(file) for file in json.loads(body)["objects"]]})
        elif path.startswith(f"{api}/commit/"):
            self._commit(request, [json.loads(line) for line in body.splitlines()])
        elif path.startswith(f"{api}/tag/"):
            self._tag(request, json.loads(body)["tag"], path.removeprefix(f"{api}/tag/"))
        elif path == f"{api}/refs":
            tags = [{"name": n, "ref": f"refs/tags/{n}", "targetCommit": sha} for n, sha in self.tags.items()]
            self._json(request, {"branches": [], "converts": [], "tags": tags})
        elif path == api or path.startswith(f"{api}/revision/"):
            siblings = [{"rfilename": name} for name in self.files]
            card = {"license": "cc-by-4.0"}
            facts = {"siblings": siblings, "cardData": card, "tags": [], "private": self.is_private}
            self._json(request, {"id": self.name, "sha": self.sha, **facts})
        else:
            self._send(request, 404, b"", {"X-Error-Code": "EntryNotFound"})

    def _create(self, request: BaseHTTPRequestHandler, wanted: Mapping[str, str]) -> None:
        if self.exists:
            self._send(request, 409, b"", {})
            return
        self.exists, self.is_private = True, wanted.get("visibility") == "private"
        self.files[".gitattributes"] = b"*.parquet filter=lfs\n"
        self._json(request, {"url": f"{self.url}/datasets/{self.name}"})

    def _upload(self, file: Mapping[str, Any]) -> dict[str, Any]:
        """What is to be done with a large file: nothing where it is there."""
        upload = {"upload": {"href": f"{self.url}/lfs/{file['oid']}"}}
        return dict(file) | ({} if file["oid"] in self._objects else {"actions": upload})

    def _store(self, request: BaseHTTPRequestHandler, oid: str, content: bytes) -> None:
        is_whole = sha256(content).hexdigest() == oid
        if is_whole:
            self._objects[oid] = content
            self.uploads.append(oid)
        self._send(request, 200 if is_whole else 400, b"", {})

    def _commit(self, request: BaseHTTPRequestHandler, lines: list[dict[str, Any]]) -> None:
        """All of it or nothing: as git does."""
        if lines[0]["value"].get("parentCommit", self.sha) != self.sha:
            self._send(request, 412, b"", {})
            return
        changed: dict[str, bytes | None] = {}
        for line in lines[1:]:
            value = line["value"]
            match line["key"]:
                case "file":
                    changed[value["path"]] = b64decode(value["content"])
                case "lfsFile":
                    changed[value["path"]] = self._objects[value["oid"]]
                case "deletedFile":
                    changed[value["path"]] = None
        files = {**self.files, **changed}
        self.files.clear()
        self.files.update({name: content for name, content in files.items() if content is not None})
        self.commits.append(changed)
        self.sha = sha1(f"{self.sha} {len(self.commits)}".encode()).hexdigest()
        url = f"{self.url}/datasets/{self.name}/commit/{self.sha}"
        self._json(request, {"commitOid": self.sha, "commitUrl": url})

    def _tag(self, request: BaseHTTPRequestHandler, name: str, commit: str) -> None:
        if name in self.tags:
            self._send(request, 409, b"", {})
            return
        self.tags[name] = self.sha if commit == "main" else commit
        self._json(request, {})

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
        """A file as the hub knows it: a blob of git, or one that points to a large file."""
        content = self.files[name]
        oid = sha1(b"blob %d\0" % len(content) + content).hexdigest()
        about = {"type": "file", "path": name, "size": len(content), "oid": oid}
        if name.endswith(_LARGE):
            about["lfs"] = {"oid": sha256(content).hexdigest(), "size": len(content), "pointerSize": 130}
        return about

    def _file(self, request: BaseHTTPRequestHandler, name: str) -> None:
        if name not in self.files:
            self._send(request, 404, b"", {"X-Error-Code": "EntryNotFound"})
            return
        content = self.files[name]
        headers = {"X-Repo-Commit": self.sha, "ETag": f'"{sha1(content).hexdigest()}"', "Accept-Ranges": "bytes"}
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
