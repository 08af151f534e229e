"""How AWS refuses a request, such as one whose signature it does not accept, in the protocol of the service."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from xml.sax.saxutils import escape

from powertune.local.endpoint.claims import Environ
from powertune.local.endpoint.signatures import Fault

_XML = "text/xml"
_REST_XML = frozenset({"cloudfront", "route53"})
_DRAIN_BYTES = 128 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024

_TOKEN = "The security token included in the request is invalid."  # noqa: S105 - a message
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)


@dataclass(frozen=True, slots=True)
class Words:
    """An error's code in services that speak JSON, in those that speak the query protocol, in S3; the messages."""

    json: str
    query: str
    s3: str
    message: str
    s3_message: str
    ec2: str = "AuthFailure"
    status: HTTPStatus = HTTPStatus.FORBIDDEN

    @property
    def culprit(self) -> str:
        """Who has to change something, in the words of the query protocol."""
        return "Receiver" if self.status >= HTTPStatus.INTERNAL_SERVER_ERROR else "Sender"


_WORDS = {
    Fault.MISSING: Words(
        "MissingAuthenticationTokenException",
        "MissingAuthenticationToken",
        "AccessDenied",
        "Missing Authentication Token",
        "Access Denied",
    ),
    Fault.UNKNOWN_KEY: Words(
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "InvalidAccessKeyId",
        _TOKEN,
        "The AWS Access Key Id you provided does not exist in our records.",
    ),
    Fault.BAD_TOKEN: Words(
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "InvalidToken",
        _TOKEN,
        "The provided token is malformed or otherwise invalid.",
    ),
    Fault.MISMATCH: Words(
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "SignatureDoesNotMatch",
        _MISMATCH,
        "The request signature we calculated does not match the signature you provided. Check your key and signing "
        "method.",
    ),
    Fault.EXPIRED: Words(
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "RequestTimeTooSkewed",
        "Signature expired: the clock of the client is wrong, or the URL has run out.",
        "The difference between the request time and the current time is too large.",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An answer that is an error."""

    headers: tuple[tuple[str, str], ...]
    body: bytes
    status: HTTPStatus = HTTPStatus.FORBIDDEN


def refuse(environ: Environ, service: str, fault: Fault) -> Refusal:
    """What AWS answers to a request that is not signed as it should be."""
    return put(environ, service, _WORDS[fault])


def put(environ: Environ, service: str, words: Words) -> Refusal:
    """An error in the protocol of a service."""
    if service == "s3":
        content, body = "application/xml", _s3(words)
    elif service == "ec2":
        content, body = _XML, f"<Response><Errors>{_error(words.ec2, words.message)}</Errors></Response>"
    elif environ.get("HTTP_SMITHY_PROTOCOL") == "rpc-v2-cbor":
        return _cbor(words)
    elif service in _REST_XML or _speaks_query(environ, service):
        content = _XML
        more = f"<Type>{words.culprit}</Type>"
        body = f"<ErrorResponse>{_error(words.query, words.message, more)}</ErrorResponse>"
    else:
        content = "application/json"
        body = json.dumps({"__type": words.json, "message": words.message})
        return _refusal(words, body.encode(), ("Content-Type", content), ("x-amzn-ErrorType", words.json))
    # A HEAD request has no body to tell it by.
    sent = b"" if environ.get("REQUEST_METHOD") == "HEAD" else body.encode()
    return _refusal(words, sent, ("Content-Type", content))


def drain(environ: Environ) -> None:
    """Read what a client still sends, so that it reads the refusal instead of finding the connection broken."""
    stream, left = environ.get("wsgi.input"), _DRAIN_BYTES
    if stream is None:
        return
    stated = str(environ.get("CONTENT_LENGTH") or "0")
    if not environ.get("wsgi.input_terminated"):
        left = min(left, int(stated) if stated.isascii() and stated.isdigit() else 0)
    while left > 0 and (chunk := stream.read(min(left, _CHUNK_BYTES))):
        left -= len(chunk)


def answer(refusal: Refusal, start_response: Any) -> Iterable[bytes]:
    """Send a refusal as WSGI does."""
    start_response(f"{refusal.status.value} {refusal.status.phrase}", list(refusal.headers))
    return [refusal.body]


def _refusal(words: Words, body: bytes, *headers: tuple[str, str]) -> Refusal:
    return Refusal(headers=(*headers, ("Content-Length", str(len(body)))), body=body, status=words.status)


def _speaks_query(environ: Environ, service: str) -> bool:
    if service == "lambda":  # which takes any type, such as that of curl
        return False
    form = str(environ.get("CONTENT_TYPE", "")).startswith("application/x-www-form-urlencoded")
    return form or "Action=" in environ.get("QUERY_STRING", "")


def _s3(words: Words) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{_error(words.s3, words.s3_message)}'


def _error(code: str, message: str, more: str = "") -> str:
    return f"<Error>{more}<Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"


def _cbor(words: Words) -> Refusal:
    """A map of two texts (RFC 8949), as CloudWatch's protocol has it; also for clients of its older protocols."""
    pairs = (("__type", words.json), ("message", words.message))
    body = b"\xa2" + b"".join(_cbor_text(text) for pair in pairs for text in pair)
    return _refusal(
        words,
        body,
        ("Content-Type", "application/cbor"),
        ("smithy-protocol", "rpc-v2-cbor"),
        ("x-amzn-query-error", f"{words.query};{words.culprit}"),
    )


def _cbor_text(text: str) -> bytes:
    data = text.encode()
    size = len(data)
    if size < 24:
        return bytes([0x60 | size]) + data
    return (b"\x78" + bytes([size]) if size < 256 else b"\x79" + size.to_bytes(2, "big")) + data
