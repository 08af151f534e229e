"""HTTP/1.1 as runtime interface clients send it, read from a connection together with when it arrived."""

import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from powertune.local.system import kernel_clock
from powertune.local.system.kernel_clock import Instant

_MAX_BODY_BYTES = 64 * 1024 * 1024
_MAX_HEAD_BYTES = 1 << 21
_CHUNK_BYTES = 1 << 16
_END_OF_LINE = re.compile(rb"\r?\n")
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request; `at` is when its last byte arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    at: Instant


class Wire:
    """The receiving side of a connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._buffer = bytearray()
        self._stamp: int | None = None

    def read(self) -> Request | None:
        """The next request, or None at the end of the connection.

        Raises:
            ValueError: this is not HTTP, or too large.
            OSError: the connection broke.
        """
        if (head := self._until(_END_OF_HEAD)) is None:
            return None
        first, *lines = head.decode("latin-1").split("\n")
        method, path, _ = first.split(" ", 2)
        fields = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in fields}
        if "chunked" in headers.get("transfer-encoding", "").lower():
            body = self._chunks()
        else:
            body = self._exactly(int(headers.get("content-length", "0")))
        return Request(method=method, path=path, headers=headers, body=body, at=Instant.now(self._stamp))

    def _chunks(self) -> bytes:
        chunks = []
        total = 0
        while size := int(self._line().split(b";")[0], 16):
            total += size
            if total > _MAX_BODY_BYTES:
                raise ValueError(f"a body of more than {_MAX_BODY_BYTES} bytes")
            chunks.append(self._exactly(size))
            self._line()
        while self._line():
            continue
        return b"".join(chunks)

    def _line(self) -> bytes:
        if (line := self._until(_END_OF_LINE)) is None:
            raise ValueError("the connection ended within a body")
        return line

    def _until(self, end: re.Pattern[bytes]) -> bytes | None:
        """The bytes before the next match of `end`, which are consumed with it; None at the end of the connection."""
        looked = 0
        while (match := end.search(self._buffer, looked)) is None:
            looked = max(0, len(self._buffer) - len(b"\r\n\r"))
            if looked > _MAX_HEAD_BYTES:
                raise ValueError(f"more than {_MAX_HEAD_BYTES} bytes of headers, or of a chunk's size")
            if not self._more():
                if not self._buffer:
                    return None
                raise ValueError("the connection ended within a request")
        before = bytes(self._buffer[: match.start()])
        del self._buffer[: match.end()]
        return before

    def _exactly(self, size: int) -> bytes:
        if not 0 <= size <= _MAX_BODY_BYTES:
            raise ValueError(f"a body of {size} bytes")
        while len(self._buffer) < size:
            if not self._more():
                raise ValueError("the connection ended within a body")
        body = bytes(self._buffer[:size])
        del self._buffer[:size]
        return body

    def _more(self) -> bool:
        data, self._stamp = kernel_clock.receive(self._connection, _CHUNK_BYTES)
        self._buffer += data
        return bool(data)
