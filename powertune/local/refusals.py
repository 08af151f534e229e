"""How AWS refuses a request whose signature it does not accept, in the protocol of the service that was asked."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from powertune.local.claims import Environ
from powertune.local.signatures import Fault

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
class _Words:
    """A fault's code in services that speak JSON, in those that speak the query protocol, in S3; and the messages."""

    json: str
    query: str
    s3: str
    message: str
    s3_message: str


_WORDS = {
    Fault.MISSING: _Words(
        "MissingAuthenticationTokenException",
        "MissingAuthenticationToken",
        "AccessDenied",
        "Missing Authentication Token",
        "Access Denied",
    ),
    Fault.UNKNOWN_KEY: _Words(
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "InvalidAccessKeyId",
        _TOKEN,
        "The AWS Access Key Id you provided does not exist in our records.",
    ),
    Fault.BAD_TOKEN: _Words(
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "InvalidToken",
        _TOKEN,
        "The provided token is malformed or otherwise invalid.",
    ),
    Fault.MISMATCH: _Words(
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "SignatureDoesNotMatch",
        _MISMATCH,
        "The request signature we calculated does not match the signature you provided. Check your key and signing "
        "method.",
    ),
    Fault.EXPIRED: _Words(
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "RequestTimeTooSkewed",
        "Signature expired: the clock of the client is wrong, or the URL has run out.",
        "The difference between the request time and the current time is too large.",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An answer with status 403."""

    headers: tuple[tuple[str, str], ...]
    body: bytes


def refuse(environ: Environ, service: str, fault: Fault) -> Refusal:
    """What AWS answers to a request that is not signed as it should be."""
    words = _WORDS[fault]
    if service == "s3":
        content, body = "application/xml", _s3(words)
    elif service == "ec2":
        code = "AuthFailure"
        content, body = _XML, f"<Response><Errors>{_error(code, words.message)}</Errors></Response>"
    elif environ.get("HTTP_SMITHY_PROTOCOL") == "rpc-v2-cbor":
        return _cbor(words)
    elif service in _REST_XML or _speaks_query(environ):
        content = _XML
        body = f"<ErrorResponse>{_error(words.query, words.message, '<Type>Sender</Type>')}</ErrorResponse>"
    else:
        content = "application/json"
        body = json.dumps({"__type": words.json, "message": words.message})
        return _refusal(body.encode(), ("Content-Type", content), ("x-amzn-ErrorType", words.json))
    # A HEAD request has no body to tell it by.
    return _refusal(b"" if environ.get("REQUEST_METHOD") == "HEAD" else body.encode(), ("Content-Type", content))


def drain(environ: Environ) -> None:
    """Read what a client still sends, so that it reads the refusal instead of finding the connection broken."""
    stream, left = environ.get("wsgi.input"), _DRAIN_BYTES
    if stream is None:
        return
    stated = str(environ.get("CONTENT_LENGTH") or "0")
    if not environ.get("wsgi.input_terminated"):
        left = min(left, int(stated) if stated.isdigit() else 0)
    while left > 0 and (chunk := stream.read(min(left, _CHUNK_BYTES))):
        left -= len(chunk)


def answer(refusal: Refusal, start_response: Any) -> Iterable[bytes]:
    """Send a refusal as WSGI does."""
    start_response("403 Forbidden", list(refusal.headers))
    return [refusal.body]


def _refusal(body: bytes, *headers: tuple[str, str]) -> Refusal:
    return Refusal(headers=(*headers, ("Content-Length", str(len(body)))), body=body)


def _speaks_query(environ: Environ) -> bool:
    form = str(environ.get("CONTENT_TYPE", "")).startswith("application/x-www-form-urlencoded")
    return form or "Action=" in environ.get("QUERY_STRING", "")


def _s3(words: _Words) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{_error(words.s3, words.s3_message)}'


def _error(code: str, message: str, more: str = "") -> str:
    return f"<Error>{more}<Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"


def _cbor(words: _Words) -> Refusal:
    """A map of two texts (RFC 8949), as CloudWatch's protocol has it; also for clients of its older protocols."""
    pairs = (("__type", words.json), ("message", words.message))
    body = b"\xa2" + b"".join(_cbor_text(text) for pair in pairs for text in pair)
    return _refusal(
        body,
        ("Content-Type", "application/cbor"),
        ("smithy-protocol", "rpc-v2-cbor"),
        ("x-amzn-query-error", f"{words.query};Sender"),
    )


def _cbor_text(text: str) -> bytes:
    data = text.encode()
    head = bytes([0x78, len(data)]) if 24 <= len(data) < 256 else bytes([0x60 | len(data)])
    return head + data
