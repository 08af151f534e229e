"""HTTP/1.1 as runtime interface clients send it, read from a connection together with when it arrived."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass

from powertune.local.system import kernel_clock
from powertune.local.system.kernel_clock import Instant

_MAX_BODY_BYTES = 64 * 1024 * 1024
_MAX_LINE_BYTES = 1 << 21
_CHUNK_BYTES = 1 << 16


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
        line = self._line(may_end=True)
        if not line:
            return None
        method, path, _ = line.decode("latin-1").split(" ", 2)
        headers: dict[str, str] = {}
        while line := self._line():
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
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

    def _line(self, *, may_end: bool = False) -> bytes:
        """A line without its end; at the end of the connection, nothing if that `may_end` here."""
        looked = 0
        while (end := self._buffer.find(b"\n", looked)) < 0:
            looked = len(self._buffer)
            if looked > _MAX_LINE_BYTES:
                raise ValueError(f"a line of more than {_MAX_LINE_BYTES} bytes")
            if not self._more():
                if may_end and not looked:
                    return b""
                raise ValueError("the connection ended within a line")
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line.rstrip(b"\r")

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
