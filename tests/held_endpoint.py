"""An endpoint in front of the embedded AWS that holds up the first deletion, so that a test can act in the middle."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_PATIENCE_S = 60


@dataclass
class Held:
    """Where it listens, and when: `undoing` is set once something is to be deleted, which then waits for `go_on`."""

    url: str = ""
    invoked: threading.Event = field(default_factory=threading.Event)
    undoing: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)


@contextmanager
def held_endpoint(behind: str) -> Iterator[Held]:
    """Forward everything to `behind`."""
    held = Held()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.path.endswith("/invocations") or "/invocations?" in self.path:
                held.invoked.set()
            if self.command == "DELETE":
                held.undoing.set()
                held.go_on.wait(_PATIENCE_S)
            connection = http.client.HTTPConnection(urlsplit(behind).netloc, timeout=_PATIENCE_S)
            connection.request(self.command, self.path, body, dict(self.headers.items()))
            answer = connection.getresponse()
            data = answer.read()
            connection.close()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            with suppress(ConnectionError):  # the program may have ended meanwhile
                self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_DELETE = forward  # noqa: N815 - the names that the server looks for

        def log_message(self, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    held.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield held
    finally:
        held.go_on.set()
        server.shutdown()
        server.server_close()
        thread.join()
