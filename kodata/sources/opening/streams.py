"""The bytes of a file, decompressed where they are gzip or zstd; what they begin with says so, not the name."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from kodata.errors import NoSource, SourceError
from kodata.sources.opening.items import NoItems

HEAD = 1 << 20  # bytes that are looked at to know what a file is
_MARK = b"\xef\xbb\xbf"  # of UTF-8
_LFS = b"version https://git-lfs.github.com/spec/"
_MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
_OTHERS = {  # what people have instead of data, by what it begins with
    b"PK\x03\x04": "is a ZIP archive. Unpack it and name the folder",
    b"BZh": "is bzip2. Unpack it with `bunzip2`",
    b"\xfd7zXZ\x00": "is xz. Unpack it with `unxz`",
    b"ARROW1": "is Arrow data. Write it as Parquet",
    b"\xff\xff\xff\xff": "is Arrow data. Write it as Parquet",
    b"\xff\xfe": "is UTF-16, not UTF-8. Write it as UTF-8",
    b"\xfe\xff": "is UTF-16, not UTF-8. Write it as UTF-8",
    b"<!doctype": "is a web page, not data: the download went wrong, or wants you to log in",
    b"<html": "is a web page, not data: the download went wrong, or wants you to log in",
}


@dataclass
class Stream:
    """A file to be read from its beginning, as often as needed. `head` is what it begins with, once unpacked."""

    path: Path
    wrapping: str  # "gzip", "zstd" or ""
    has_mark: bool = False  # a byte order mark, which is skipped
    head: bytes = b""
    _raw: BinaryIO | None = field(default=None, repr=False)

    @property
    def is_whole(self) -> bool:
        """Whether the head is all there is."""
        return len(self.head) < HEAD

    def share(self) -> float:
        """How much of the file has been read: 0..1."""
        return self._raw.tell() / max(self.path.stat().st_size, 1) if self._raw and not self._raw.closed else 0.0

    @contextmanager
    def bytes(self) -> Iterator[BinaryIO]:
        """The content. Raises SourceError where it turns out to be damaged."""
        with self.path.open("rb") as self._raw, _unpacked(self._raw, self.wrapping) as content, self.intact():
            if self.has_mark:
                content.read(len(_MARK))
            yield content

    @contextmanager
    def text(self) -> Iterator[TextIO]:
        """The content as text; a byte that is not UTF-8 is a lone surrogate (PEP 383), line breaks are as they are."""
        with self.bytes() as content:
            yield io.TextIOWrapper(content, encoding="utf-8", errors="surrogateescape", newline="")

    @contextmanager
    def intact(self) -> Iterator[None]:
        """Raises SourceError for what a library says of damaged bytes."""
        try:
            yield
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise SourceError(f"{self.path} is damaged or cut off: its {self.wrapping} does not end well") from error
        except OSError as error:
            if not self.wrapping and error.errno is not None:
                raise SourceError(f"{self.path} cannot be read: {error.strerror}") from error
            raise SourceError(f"{self.path} is damaged or cut off ({type(error).__name__})") from error


def open_stream(path: Path) -> Stream:
    """The file, looked at. Raises SourceError when it is missing or no data, NoItems when it is empty."""
    try:
        with path.open("rb") as raw:
            start = raw.read(len(max(_OTHERS, key=len)))
    except FileNotFoundError as error:
        raise NoSource(f"{path}: no such file") from error
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}") from error
    stream = Stream(path, next((name for magic, name in _MAGIC.items() if start.startswith(magic)), ""))
    with stream.bytes() as content:
        stream.head = content.read(HEAD)
    stream.has_mark = stream.head.startswith(_MARK)
    stream.head = stream.head.removeprefix(_MARK)
    if stream.head.startswith(_LFS):
        raise SourceError(f"{path} is a Git LFS pointer, not the data. Fetch it with `git lfs pull`")
    for magic, what in _OTHERS.items():
        if stream.head[:20].lower().startswith(magic.lower()):
            raise NoItems(f"{path} {what}")
    if not stream.head.strip() and stream.is_whole:
        raise NoItems(f"{path} is empty")
    if b"\0" not in stream.head and not _is_in(stream.head, "utf-8") and _is_in(stream.head, "cp949"):
        raise NoItems(f"{path} is CP949 (EUC-KR), not UTF-8. Write it as UTF-8: iconv -f CP949 -t UTF-8")
    return stream


def _is_in(head: bytes, encoding: str) -> bool:
    """Whether the bytes are text in that encoding, but for a character that is cut off at their end."""
    try:
        codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError:
        return False
    return True


@contextmanager
def _unpacked(raw: BinaryIO, wrapping: str) -> Iterator[BinaryIO]:
    if wrapping == "gzip":
        with gzip.GzipFile(fileobj=raw) as content:
            yield cast(BinaryIO, io.BufferedReader(content, HEAD))
    elif wrapping == "zstd":
        import pyarrow as pa

        with pa.CompressedInputStream(pa.PythonFile(raw, "r"), "zstd") as content:
            yield cast(BinaryIO, io.BufferedReader(content, HEAD))
    else:
        yield raw
