"""A transport for botocore that hands requests to the WSGI application of this process.

A connection to the server's own port would take a socket, a second thread and a place in a connection pool for as
long as a function runs, which is 15 minutes at most; a thousand iterations of a Map state would wait for each other.
"""

import io
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class _Body(io.BytesIO):
    """What botocore expects of a response that is still being received."""

    def stream(self, amt: int = 65_536, decode_content: bool | None = None) -> Iterator[bytes]:  # noqa: ARG002 - urllib3's
        """The content in pieces."""
        while piece := self.read(amt):
            yield piece


class InProcess:
    """Answers the requests of botocore clients that it is attached to."""

    def __init__(self) -> None:
        self.application: Wsgi | None = None

    def attach(self, client: Any) -> None:
        """Let this client send nothing over the network."""
        client.meta.events.register("before-send", self.send)

    def send(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        """The response to a request: the event handler `before-send` of botocore."""
        if self.application is None:
            raise RuntimeError("no application answers yet")
        answered: list[tuple[str, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:  # noqa: ARG001 - WSGI
            answered.append((status, headers))

        chunks = self.application(_environ(request), start)
        try:
            body = b"".join(chunks)
        finally:
            if (close := getattr(chunks, "close", None)) is not None:
                close()
        status, headers = answered[-1]
        return AWSResponse(request.url, int(status.split()[0]), _headers(headers), _Body(body))


def _headers(pairs: list[tuple[str, str]]) -> Any:
    return dict(pairs)


def _environ(request: AWSPreparedRequest) -> dict[str, Any]:
    """The request as a WSGI server presents it."""
    url = urlsplit(request.url)
    body = _body(request.body)
    environ = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        # WSGI passes the bytes of a path as if they were Latin-1.
        "PATH_INFO": unquote(url.path).encode().decode("latin-1") or "/",
        "QUERY_STRING": url.query,
        "RAW_URI": f"{url.path or '/'}?{url.query}" if url.query else url.path or "/",
        "SERVER_NAME": url.hostname or "",
        "SERVER_PORT": str(url.port or 80),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": url.netloc,
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": url.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        raw: Any = value
        text = raw.decode("latin-1") if isinstance(raw, bytes) else str(raw)
        variable = name.upper().replace("-", "_")
        environ[variable if variable in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{variable}"] = text
    environ["CONTENT_LENGTH"] = str(len(body))
    return environ


def _body(body: Any) -> bytes:
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, bytes | bytearray):
        return bytes(body)
    content: bytes = body.read()
    return content
