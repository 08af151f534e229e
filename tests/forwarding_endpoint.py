"""An endpoint in front of the embedded AWS that a test looks through, and that answers in its place."""

import http.client
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_PATIENCE_S = 60
_SCOPE = re.compile(r"Credential=[^/]+/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/")


@dataclass(frozen=True, kw_only=True)
class SentRequest:
    """What a client has sent: `region` and `service` are those that it is signed for."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def region(self) -> str:
        """Where it goes; empty if it is not signed."""
        return self._scope("region")

    @property
    def service(self) -> str:
        """What it is for; empty if it is not signed."""
        return self._scope("service")

    def _scope(self, part: str) -> str:
        found = _SCOPE.search(self.headers.get("Authorization", ""))
        return found[part] if found else ""


@dataclass(frozen=True, kw_only=True)
class Answered:
    """An answer: a status, headers and a body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


#: Looks at a request before it is forwarded, in a thread of its own; an answer keeps it from being forwarded.
Gate = Callable[[SentRequest], Answered | None]


def denied(action: str) -> Answered:
    """What services that speak JSON answer to who may not do something."""
    message = f"User: arn:aws:iam::123456789012:user/reader is not authorized to perform: {action}"
    return refused("AccessDeniedException", message, status=403)


def refused(code: str, message: str, *, status: int) -> Answered:
    """An error of a service that speaks JSON."""
    return Answered(
        status=status,
        headers={"Content-Type": "application/json", "x-amzn-ErrorType": code},
        body=json.dumps({"__type": code, "Message": message}).encode(),
    )


def refused_in_xml(code: str, message: str, *, status: int) -> Answered:
    """An error of a service that speaks the query protocol, as STS does."""
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    return Answered(
        status=status,
        headers={"Content-Type": "text/xml"},
        body=f"<ErrorResponse>{error}<RequestId>r</RequestId></ErrorResponse>".encode(),
    )


@contextmanager
def forwarding_endpoint(behind: str, gate: Gate) -> Iterator[str]:
    """Forward everything to `behind` but what the gate answers; gives the URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            sent = SentRequest(method=self.command, path=self.path, headers=dict(self.headers.items()), body=body)
            answered = gate(sent) or _forwarded(behind, sent)
            self.send_response(answered.status)
            for name, value in answered.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answered.body)))
            self.end_headers()
            with suppress(ConnectionError):  # the program may have ended meanwhile
                self.wfile.write(answered.body)

        do_GET = do_POST = do_PUT = do_DELETE = forward  # noqa: N815 - the names that the server looks for

        def log_message(self, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _forwarded(behind: str, sent: SentRequest) -> Answered:
    connection = http.client.HTTPConnection(urlsplit(behind).netloc, timeout=_PATIENCE_S)
    connection.request(sent.method, sent.path, sent.body, dict(sent.headers))
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    dropped = ("content-length", "transfer-encoding", "connection", "date", "server")
    headers = {name: value for name, value in answer.getheaders() if name.lower() not in dropped}
    return Answered(status=answer.status, headers=headers, body=data)
