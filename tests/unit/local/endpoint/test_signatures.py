"""Signatures as requests carry them, checked without a server."""

import io
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import HmacV1Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import example, given
from hypothesis import strategies as st

from powertune.local.endpoint.claims import Environ
from powertune.local.endpoint.keys import AccessKey, Keys
from powertune.local.endpoint.refusals import drain, refuse
from powertune.local.endpoint.signatures import Fault, check, read_body

KEYS = Keys()


def environ_of(request: AWSRequest, body: bytes = b"") -> Environ:
    """A request as the server sees it."""
    url = urlsplit(str(request.url))
    found: Environ = {
        "REQUEST_METHOD": request.method,
        "RAW_URI": url.path + (f"?{url.query}" if url.query else ""),
        "PATH_INFO": url.path,
        "QUERY_STRING": url.query,
        "HTTP_HOST": url.netloc,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }
    for name, value in request.headers.items():
        found["HTTP_" + name.upper().replace("-", "_")] = value
    return found


def signed(key: AccessKey = KEYS.owner, body: bytes = b"{}", signer: Any = SigV4Auth) -> Environ:
    request = AWSRequest("POST", "http://127.0.0.1:5000/functions/a%3Ab/invocations?Qualifier=%24LATEST", data=body)
    signer(Credentials(key.key_id, key.secret, key.token), "lambda", "us-east-1").add_auth(request)
    return environ_of(request, body)


def time_of(environ: Environ) -> float:
    """When a request was signed, in seconds since the epoch."""
    return datetime.strptime(environ["HTTP_X_AMZ_DATE"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize("key", [KEYS.owner, KEYS.functions], ids=["owner", "functions"])
def test_a_signed_request_is_accepted_and_its_body_can_be_read(key: AccessKey) -> None:
    environ = signed(key)
    assert check(environ, KEYS, time_of(environ)) is None
    assert read_body(environ) == b"{}"


@pytest.mark.parametrize(
    ("seconds", "fault"), [(-899, None), (899, None), (-901, Fault.EXPIRED), (901, Fault.EXPIRED)]
)
def test_a_signature_is_good_for_15_minutes(seconds: float, fault: Fault | None) -> None:
    environ = signed()
    assert check(environ, KEYS, time_of(environ) + seconds) is fault


def test_every_part_of_a_request_is_signed() -> None:
    changes = {
        "REQUEST_METHOD": "PUT", "RAW_URI": "/functions/b/invocations", "QUERY_STRING": "Qualifier=1",
        "HTTP_HOST": "localhost:5000", "wsgi.input": io.BytesIO(b"[]"), "HTTP_X_AMZ_DATE": "20260101T000000Z",
    }  # fmt: skip
    for name, value in changes.items():
        environ = signed()
        now = time_of(environ)
        assert check({**environ, name: value}, KEYS, now) is Fault.MISMATCH, name


def test_the_session_token_belongs_to_the_key() -> None:
    environ = signed(KEYS.functions)
    for token in ("", "other"):
        assert check({**environ, "HTTP_X_AMZ_SECURITY_TOKEN": token}, KEYS, time_of(environ)) is Fault.BAD_TOKEN


def test_other_keys() -> None:
    other = Keys()
    environ = signed(other.owner)
    now = time_of(environ)
    assert check(environ, KEYS, now) is Fault.UNKNOWN_KEY
    guessed = AccessKey(key_id=KEYS.owner.key_id, secret=other.owner.secret)
    assert check(signed(guessed), KEYS, now) is Fault.MISMATCH
    issuing = Keys(issued=lambda key_id: other.owner if key_id == other.owner.key_id else None)
    assert check(environ, issuing, now) is None
    assert KEYS.owner.secret not in repr(KEYS)


def test_version_2_of_s3() -> None:
    """Signed by the Date header, which has whole seconds."""
    request = AWSRequest("GET", "http://localhost/bucket/key?acl&marker=x")
    HmacV1Auth(Credentials(KEYS.owner.key_id, KEYS.owner.secret)).add_auth(request)
    environ = environ_of(request)
    now = parsedate_to_datetime(environ["HTTP_DATE"]).timestamp()
    assert check(environ, KEYS, now) is None
    assert check({**environ, "RAW_URI": "/bucket/other?acl"}, KEYS, now) is Fault.MISMATCH


TEXTS = st.text(st.characters(max_codepoint=255), max_size=60)
CREDENTIAL = f"{KEYS.owner.key_id}/20260101/us-east-1/lambda/aws4_request"
HEADERS = st.one_of(
    TEXTS,
    TEXTS.map("AWS4-HMAC-SHA256 {}".format),
    TEXTS.map(f"AWS {KEYS.owner.key_id}:{{}}".format),
    TEXTS.map(f"AWS4-HMAC-SHA256 Credential={CREDENTIAL}, SignedHeaders=host, Signature={{}}".format),
    TEXTS.map(f"AWS4-HMAC-SHA256 Credential={CREDENTIAL}, Signature=00, SignedHeaders={{}}".format),
    TEXTS.map("AWS4-HMAC-SHA256 SignedHeaders=host, Signature=00, Credential={}".format),
)
DATES = st.one_of(TEXTS, st.just("20260101T000000Z"), st.just("Thu, 01 Jan 2026 00:00:00 GMT"))
QUERIES = st.one_of(
    TEXTS,
    TEXTS.map(f"AWSAccessKeyId={KEYS.owner.key_id}&Signature=x&Expires={{}}".format),
    TEXTS.map(
        f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={CREDENTIAL}&X-Amz-Expires=9&X-Amz-Date={{}}".format
    ),
    TEXTS.map(
        f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20260101T000000Z&X-Amz-Credential={CREDENTIAL}&X-Amz-Expires={{}}".format
    ),
)


@pytest.mark.long
@given(HEADERS, DATES, QUERIES, TEXTS, TEXTS)
@example("", "", "", "", "\N{SUPERSCRIPT TWO}")
def test_nonsense_is_refused(header: str, date: str, query: str, path: str, length: str) -> None:
    environ = {
        "REQUEST_METHOD": "GET", "RAW_URI": f"/{path}?{query}", "PATH_INFO": f"/{path}", "QUERY_STRING": query,
        "HTTP_HOST": "127.0.0.1", "HTTP_AUTHORIZATION": header, "HTTP_X_AMZ_DATE": date, "CONTENT_LENGTH": length,
        "wsgi.input": io.BytesIO(b"body"),
    }  # fmt: skip
    assert check(environ, KEYS, 1_767_225_600.0) is not None
    del environ["HTTP_X_AMZ_DATE"]
    assert check({**environ, "HTTP_DATE": date}, KEYS, 1_767_225_600.0) is not None
    drain(environ)


def test_a_head_request_is_refused_without_a_body() -> None:
    assert refuse({"REQUEST_METHOD": "HEAD"}, "s3", Fault.UNKNOWN_KEY).body == b""
    assert b"<Code>AuthFailure</Code>" in refuse({"CONTENT_TYPE": "x"}, "ec2", Fault.UNKNOWN_KEY).body
