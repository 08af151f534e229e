"""Requests as clients other than the three send them: other spellings, chunks, one connection for many requests."""

import http.client
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from conformance.cases import ECHO
from conformance.clients import Boto
from conformance.packages import packed

from powertune.local.embedded import EmbeddedAWS

NAME = "raw-requests"


@dataclass(frozen=True)
class Raw:
    """A function with a version, and what requests to it are signed with."""

    aws: EmbeddedAWS
    arn: str

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.aws.endpoint_url)
        return str(parts.hostname), int(parts.port or 0)

    def signed(self, method: str, path: str, body: bytes = b"", **headers: str) -> dict[str, str]:
        """The headers of a request, signed with its body."""
        given = self.aws.environment
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = AWSRequest(method, f"{self.aws.endpoint_url}{path}", data=body, headers=named)
        credentials = Credentials(given["AWS_ACCESS_KEY_ID"], given["AWS_SECRET_ACCESS_KEY"])
        SigV4Auth(credentials, "lambda", given["AWS_REGION"]).add_auth(request)
        return dict(request.headers.items())

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(*self.address, timeout=60)


@pytest.fixture(scope="module")
def raw(embedded: EmbeddedAWS) -> Iterator[Raw]:
    boto = Boto(embedded.environment).client("lambda")
    made = boto.create_function(
        FunctionName=NAME,
        Role=embedded.role_arn,
        Runtime="python3.12",
        Handler="app.handler",
        Code={"ZipFile": packed({"app.py": ECHO})},
    )
    boto.get_waiter("function_active_v2").wait(FunctionName=NAME)
    boto.publish_version(FunctionName=NAME)
    yield Raw(embedded, made["FunctionArn"])
    boto.delete_function(FunctionName=NAME)
    boto.close()


def sent(
    raw: Raw, method: str, path: str, body: bytes = b"", **headers: str
) -> tuple[int, http.client.HTTPMessage, Any]:
    connection = raw.connect()
    try:
        connection.request(method, path, body or None, raw.signed(method, path, body, **headers))
        return read(connection)
    finally:
        connection.close()


def read(connection: http.client.HTTPConnection) -> tuple[int, http.client.HTTPMessage, Any]:
    response = connection.getresponse()
    content = response.read()
    return response.status, response.headers, json.loads(content) if content else None


@pytest.mark.supports("lambda:Invoke", "Qualifier in any spelling, as clients write it")
@pytest.mark.parametrize("spelling", ["Qualifier", "qualifier", "QUALIFIER"])
def test_qualifier_in_any_case(raw: Raw, spelling: str) -> None:
    status, headers, answer = sent(raw, "POST", f"/2015-03-31/functions/{NAME}/invocations?{spelling}=1", b"1")
    assert (status, answer["version"], answer["arn"]) == (200, "1", f"{raw.arn}:1")
    assert headers["X-Amz-Executed-Version"] == "1"
    _, _, configuration = sent(raw, "GET", f"/2015-03-31/functions/{NAME}/configuration?{spelling}=1")
    assert configuration["Version"] == "1"


@pytest.mark.supports("lambda:Invoke", "the ARN in the path, encoded or not; a slash at the end; headers in any case")
@pytest.mark.parametrize("end", ["", "/"])
@pytest.mark.parametrize("encode", [False, True])
def test_the_arn_in_the_path(raw: Raw, encode: bool, end: str) -> None:
    name = quote(raw.arn, safe="") if encode else raw.arn
    path = f"/2015-03-31/functions/{name}/invocations{end}"
    status, headers, answer = sent(
        raw, "POST", path, b"1", X_AMZ_LOG_TYPE="Tail", x_amz_invocation_type="RequestResponse"
    )
    assert (status, answer["event"]) == (200, 1)
    assert headers["X-Amz-Log-Result"]


@pytest.mark.supports("lambda:Invoke", "bodies in chunks")
def test_a_body_in_chunks(raw: Raw) -> None:
    path, body = f"/2015-03-31/functions/{NAME}/invocations", json.dumps(["x" * 1000] * 100).encode()
    headers = raw.signed("POST", path, body)
    connection = raw.connect()
    pieces = (body[start : start + 7000] for start in range(0, len(body), 7000))
    connection.request("POST", path, pieces, {**headers, "Transfer-Encoding": "chunked"}, encode_chunked=True)
    status, _, answer = read(connection)
    connection.close()
    assert status == 200
    assert json.dumps(answer["event"]).encode() == body


def test_a_client_that_keeps_connections_learns_that_they_are_closed(raw: Raw) -> None:
    connection = raw.connect()
    for path, body, expected in (
        (f"/2015-03-31/functions/{NAME}/invocations", b"1", 200),
        ("/2015-03-31/functions/none/invocations", b"1", 404),
        (f"/2015-03-31/functions/{NAME}/invocations", b"{", 400),
        (f"/2021-11-15/functions/{NAME}/response-streaming-invocations", b"1", 501),
        (f"/2015-03-31/functions/{NAME}/nothing", b"1", 404),
        (f"/2015-03-31/functions/{NAME}/invocations", b"2", 200),
    ):
        connection.request("POST", path, body, raw.signed("POST", path, body))
        status, headers, _ = read(connection)
        assert status == expected, path
        assert (status == 200) == ("x-amzn-ErrorType" not in headers), headers
        assert headers["Connection"] == "close"
    connection.close()


@pytest.mark.supports("lambda:Invoke", "Expect: 100-continue")
def test_a_client_that_waits_for_leave(raw: Raw) -> None:
    path, body = f"/2015-03-31/functions/{NAME}/invocations", b'"after leave"'
    headers = {**raw.signed("POST", path, body), "Content-Length": str(len(body)), "Expect": "100-continue"}
    lines = [f"POST {path} HTTP/1.1", f"Host: {raw.address[0]}:{raw.address[1]}"]
    head = "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), "", ""])
    with socket.create_connection(raw.address, timeout=60) as connection, connection.makefile("rb") as stream:
        connection.sendall(head.encode())
        assert (stream.readline().split(maxsplit=2)[1], stream.readline()) == (b"100", b"\r\n")
        connection.sendall(body)
        assert stream.readline().startswith(b"HTTP/1.1 200 ")
        answer = http.client.parse_headers(stream)
        assert json.loads(stream.read(int(answer["Content-Length"])))["event"] == "after leave"


@pytest.mark.supports("lambda:Invoke", "errors in Lambda's protocol: x-amzn-ErrorType and a message")
def test_how_an_error_looks(raw: Raw) -> None:
    status, headers, answer = sent(raw, "GET", "/2015-03-31/functions/none")
    assert status == 404
    assert headers["x-amzn-ErrorType"].startswith("ResourceNotFoundException")
    assert headers["Content-Type"] == "application/json"
    assert (answer.get("message") or answer["Message"]).startswith("Function not found: arn:aws:lambda:")
    assert headers["x-amzn-RequestId"]
