"""The part of GitHub's API that comments need, on a port of this machine."""

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

REPOSITORY = "acme/shop"
BOT = "github-actions[bot]"
#: The token of a workflow, as the fake knows it.
TOKEN = "the-token-of-the-workflow"


@dataclass(kw_only=True)
class FakeGitHub:
    """A repository. `writable` is what its token may do; `answers` are statuses that it answers with first."""

    writable: bool = True
    readable: bool = True
    comments: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    pulls: list[dict[str, Any]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    url: str = ""

    def add(self, pull: int, body: str, author: str = BOT) -> dict[str, Any]:
        number = 1000 + sum(map(len, self.comments.values()))
        address = f"https://github.example/{REPOSITORY}/pull/{pull}#issuecomment-{number}"
        comment = {"id": number, "body": body, "user": {"login": author}, "html_url": address}
        self.comments.setdefault(pull, []).append(comment)
        return comment

    def answer(self, method: str, target: str, body: Mapping[str, Any]) -> tuple[int, Any]:
        path, query = urlsplit(target).path, parse_qs(urlsplit(target).query)
        self.calls.append(f"{method} {path}")
        if self.answers:
            return self.answers.pop(0), {"message": "Something went wrong"}
        if (method, path) == ("POST", "/graphql"):
            return 200, {"data": {"viewer": {"login": BOT}}}
        name = path.removeprefix(f"/repos/{REPOSITORY}")
        if name == path:
            return 404, {"message": "Not Found"}
        if (method != "GET" and not self.writable) or not self.readable:
            return 403, {"message": "Resource not accessible by integration"}
        if len(str(body.get("body", ""))) > 65_536:
            return 422, {"message": "Validation Failed: body is too long (maximum is 65536 characters)"}
        return self._known(method, name, query, body)

    def _known(
        self, method: str, name: str, query: Mapping[str, list[str]], body: Mapping[str, Any]
    ) -> tuple[int, Any]:
        if method == "GET" and name == "/pulls":
            assert query["state"] == ["open"]
            return 200, page([pull for pull in self.pulls if pull["head"]["label"] == query["head"][0]], query)
        if found := re.fullmatch(r"/issues/(\d+)/comments", name):
            pull = int(found[1])
            if method == "GET":
                return 200, page(self.comments.get(pull, []), query)
            return 201, self.add(pull, str(body["body"]))
        if found := re.fullmatch(r"/issues/comments/(\d+)", name):
            for comment in (each for listed in self.comments.values() for each in listed):
                if comment["id"] == int(found[1]) and comment["user"]["login"] == BOT:
                    comment["body"] = body["body"]
                    return 200, comment
        return 404, {"message": "Not Found"}


def page(items: list[dict[str, Any]], query: Mapping[str, list[str]]) -> list[dict[str, Any]]:
    size, number = (int(query[name][0]) for name in ("per_page", "page"))
    assert size <= 100
    return items[(number - 1) * size : number * size]


@contextmanager
def serving(github: FakeGitHub) -> Iterator[FakeGitHub]:
    """Serve it until the block is left; `url` is its address."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else {}
            known = self.headers.get("Authorization") == f"Bearer {TOKEN}"
            status, answer = github.answer(self.command, self.path, body) if known else (401, {"message": "no"})
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = _answer  # noqa: N815

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        github.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield github
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
