import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from fakes import FakeClock, FakeLambda, fake_aws

from powertune.aws.client import Aws
from powertune.aws.copies.download import download
from powertune.aws.http import fetch
from powertune.errors import Unavailable, UsageError


class Answers(BaseHTTPRequestHandler):
    """Each path says how it is answered."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        body = b"x" * 1000
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/whole")
        elif self.path == "/once" and self.asked.count("/once") == 1:
            self.send_response(503)
        elif self.path.startswith("/forbidden"):
            self.send_response(403)
        else:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body) * (2 if self.path == "/cut" else 1)))
            self.end_headers()
            self.wfile.write(body)
            return
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        return


@pytest.fixture
def server() -> Iterator[str]:
    Answers.asked = []
    with HTTPServer(("127.0.0.1", 0), Answers) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()
        thread.join()


@pytest.fixture
def aws() -> Aws:
    made = fake_aws(FakeLambda(), clock=FakeClock())
    made.fetch = fetch
    return made


@pytest.mark.long
def test_what_is_there_is_downloaded(server: str, aws: Aws) -> None:
    assert download(aws, f"{server}/whole", "the code") == b"x" * 1000
    assert fetch(f"{server}/whole", 10) == b"x" * 11


@pytest.mark.long
def test_a_failure_that_passes_is_waited_out(server: str, aws: Aws) -> None:
    assert download(aws, f"{server}/once", "the code") == b"x" * 1000
    assert Answers.asked == ["/once", "/once"]


@pytest.mark.long
def test_what_cannot_be_had_is_said_without_the_secret(server: str, aws: Aws) -> None:
    with pytest.raises(
        Unavailable, match=r"downloading the code from 127\.0\.0\.1 failed: HTTP status 403"
    ) as caught:
        download(aws, f"{server}/forbidden?signature=secret", "the code")
    assert "secret" not in f"{caught.value.message} {caught.value.hint} {caught.value.__cause__}"
    assert Answers.asked == ["/forbidden?signature=secret"]
    with pytest.raises(Unavailable, match="302"):
        download(aws, f"{server}/moved", "the code")
    with pytest.raises(Unavailable, match="IncompleteRead"):
        download(aws, f"{server}/cut", "the code")
    assert Answers.asked.count("/cut") == 5


def test_nobody_is_there(aws: Aws) -> None:
    with HTTPServer(("127.0.0.1", 0), Answers) as http:
        port = http.server_port
    with pytest.raises(Unavailable, match="refused"):
        download(aws, f"http://127.0.0.1:{port}/", "the code")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/x", "s3://", ""])
def test_only_the_web_is_asked(aws: Aws, url: str) -> None:
    with pytest.raises(UsageError, match="no download URL for the code"):
        download(aws, url, "the code")


def test_too_much(aws: Aws) -> None:
    aws.fetch = lambda url, limit: _Large(limit + 1)
    with pytest.raises(UsageError, match="is larger than"):
        download(aws, "https://code.example/", "the code")


class _Large(bytes):
    """Any number of bytes, without the memory for them."""

    def __new__(cls, size: int) -> "_Large":
        made = super().__new__(cls)
        made.size = size  # type: ignore[attr-defined]
        return made

    def __len__(self) -> int:
        return int(self.size)  # type: ignore[attr-defined]
