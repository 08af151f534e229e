"""STS on this machine, for what only real clients show: who signs, and when credentials are renewed."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

_XMLNS = 'xmlns="https://sts.amazonaws.com/doc/2011-06-15/"'


@dataclass
class FakeSts:
    """Roles by ARN, and who is asked for what.

    `trusted` are the access keys that may assume each role, `external_ids` what some of them ask for. The key of a
    session is `KEY-<role>-<n>`. `lifetimes_s` are those of the next sessions; then they last an hour. Calls signed by
    one of `refused` are refused with its error code.
    """

    account: str = "111111111111"
    endpoint: str = ""
    trusted: dict[str, set[str]] = field(default_factory=dict)
    external_ids: dict[str, str] = field(default_factory=dict)
    lifetimes_s: list[float] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    #: The access key and the region that signed, and the parameters, of every call.
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _sessions: int = 0

    @property
    def signers(self) -> list[str]:
        """Who signed the calls."""
        return [key for key, _, _ in self.asked]

    def answer(self, key: str, region: str, asked: dict[str, str]) -> tuple[int, str]:
        with self._lock:
            self.asked.append((key, region, asked))
            if key in self.refused:
                return 403, _error(self.refused[key], "the security token is not valid")
            if asked["Action"] == "GetCallerIdentity":
                return 200, _result("GetCallerIdentity", f"<Account>{self.account}</Account>")
            arn = asked["RoleArn"]
            if key not in self.trusted.get(arn, ()) or self.external_ids.get(arn) != asked.get("ExternalId"):
                denied = f"User: {key} is not authorized to perform: sts:AssumeRole on resource: {arn}"
                return 403, _error("AccessDenied", denied)
            self._sessions += 1
            session = f"KEY-{arn.rpartition('/')[2]}-{self._sessions}"
            ends = datetime.now(UTC) + timedelta(seconds=self.lifetimes_s.pop(0) if self.lifetimes_s else 3600)
            return 200, _result(
                "AssumeRole",
                f"<Credentials><AccessKeyId>{session}</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>"
                f"<SessionToken>token</SessionToken><Expiration>{ends.isoformat()}</Expiration></Credentials>",
            )


def _result(action: str, inner: str) -> str:
    return f"<{action}Response {_XMLNS}><{action}Result>{inner}</{action}Result></{action}Response>"


def _error(code: str, message: str) -> str:
    return f"<ErrorResponse {_XMLNS}><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"


@contextmanager
def running_sts() -> Iterator[FakeSts]:
    """The service, listening at its `endpoint`."""
    fake = FakeSts()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            signed = re.search(r"Credential=([^/]+)/\d+/([^/]+)/", self.headers["Authorization"])
            assert signed is not None
            status, text = fake.answer(signed[1], signed[2], dict(parse_qsl(body)))
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    fake.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
