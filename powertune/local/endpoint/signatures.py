"""Whether a request is signed with one of the server's keys: botocore's own signers compute what should be there.

Accepted are Signature Version 4 in the Authorization header and in the query (presigned URLs), and S3's Signature
Version 2 in both places, because boto3 presigns S3 URLs by it. Of a body that is sent in signed chunks, the signature
of the headers is checked, and that of the chunks is not.
"""

import hashlib
import hmac
import io
import re
from enum import Enum, auto
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from botocore.auth import HmacV1Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from powertune.local.endpoint.claims import SKEW_S, Claim, Environ, claim_of
from powertune.local.endpoint.keys import AccessKey, Keys

_DIGEST = re.compile(r"[0-9a-f]{64}")
_UNSIGNED = "UNSIGNED-PAYLOAD"
_STREAMING = "STREAMING-"


class Fault(Enum):
    """Why a request is refused."""

    MISSING = auto()
    """It carries no signature."""
    UNKNOWN_KEY = auto()
    """Its access key is none of the server's."""
    BAD_TOKEN = auto()
    """Its session token does not belong to the access key."""
    MISMATCH = auto()
    """The signature is not the one that the secret key gives."""
    EXPIRED = auto()
    """It was signed too long ago, or a presigned URL has run out."""


def check(environ: Environ, keys: Keys, now: float) -> Fault | None:
    """Why a request is not to be answered, or None. Reads the body, and puts it back.

    Args:
        environ: the request, as WSGI has it.
        keys: the keys that are accepted.
        now: seconds since the epoch.
    """
    try:
        return _check(environ, keys, now)
    except ValueError:
        # What the client sent is no signature at all.
        return Fault.MISMATCH


def _check(environ: Environ, keys: Keys, now: float) -> Fault | None:
    claim = claim_of(environ)
    if claim is None:
        return Fault.MISSING
    key = keys.find(claim.key_id)
    if key is None:
        return Fault.UNKNOWN_KEY
    if not hmac.compare_digest((key.token or "").encode(), (claim.token or "").encode()):
        return Fault.BAD_TOKEN
    expected = _version_2(environ, claim, key) if claim.version == 2 else _version_4(environ, claim, key)
    if not any(hmac.compare_digest(each.encode(), claim.signature.encode()) for each in expected):
        return Fault.MISMATCH
    return None if claim.at - SKEW_S <= now <= claim.at + claim.lifetime_s else Fault.EXPIRED


def read_body(environ: Environ) -> bytes:
    """The body of a request, which can be read again afterwards.

    Raises:
        ValueError: the length that the request states is no number.
    """
    stream = environ.get("wsgi.input")
    if stream is None:
        return b""
    length = environ.get("CONTENT_LENGTH") or "0"
    body: bytes = stream.read() if environ.get("wsgi.input_terminated") else stream.read(int(length))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


class _Version4(SigV4Auth):
    """botocore's signer, over the headers and the body digest that the client has signed."""

    def __init__(self, environ: Environ, claim: Claim, key: AccessKey, content: str) -> None:
        _, region, service = claim.scope
        super().__init__(Credentials(key.key_id, key.secret), service, region)
        self._environ, self._claim, self._content = environ, claim, content

    def headers_to_sign(self, request: AWSRequest) -> Any:  # noqa: ARG002 - botocore's
        """Those that the client names, with the values that arrived."""
        signed: Any = HTTPHeaders()
        for name in self._claim.signed_headers:
            signed[name] = _header(self._environ, name)
        return signed

    def payload(self, request: AWSRequest) -> str:  # noqa: ARG002 - botocore's
        """What was signed for the body."""
        return self._content


class _Version4OfS3(_Version4):
    def _normalize_url_path(self, path: str) -> str:
        """S3 takes a path as it is."""
        return path


class _Version2(HmacV1Auth):
    """botocore's signer, at the time that the client has signed."""

    def __init__(self, environ: Environ, claim: Claim, key: AccessKey) -> None:
        super().__init__(Credentials(key.key_id, key.secret, key.token))
        self._environ, self._claim = environ, claim

    def _get_date(self) -> str:
        if self._claim.in_query:
            return self._claim.expires
        return "" if "HTTP_X_AMZ_DATE" in self._environ else str(self._environ.get("HTTP_DATE", ""))


def _version_4(environ: Environ, claim: Claim, key: AccessKey) -> tuple[str, ...]:
    """The signature that a request should have; none if its body is not the one that was signed."""
    date, _, service = claim.scope
    if claim.timestamp[:8] != date or "host" not in claim.signed_headers:
        return ()
    content = _content(environ, claim, service)
    if content is None:
        return ()
    request = _request(environ, claim)
    request.context["timestamp"] = claim.timestamp
    signer = (_Version4OfS3 if service == "s3" else _Version4)(environ, claim, key, content)
    canonical = signer.canonical_request(request)
    return (str(signer.signature(signer.string_to_sign(request, canonical), request)),)


def _version_2(environ: Environ, claim: Claim, key: AccessKey) -> tuple[str, ...]:
    """The signatures that a request to S3 may have: the bucket is in the path or in the name of the host."""
    sent = {name: value for name, value in _headers(environ).items() if name.startswith(("x-amz-", "content-"))}
    if claim.in_query:
        query = parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)
        sent.update({name: value for name, value in query if name.startswith(("x-amz-", "content-"))})
    url = urlsplit(_url(environ, environ.get("QUERY_STRING", "")))
    bucket = url.netloc.partition(".localhost")[0]
    signatures = []
    for path in (url.path, f"/{bucket}{url.path}"):
        headers: Any = HTTPHeaders()
        for name, value in sent.items():
            headers[name] = value
        method = environ.get("REQUEST_METHOD", "GET")
        signatures.append(str(_Version2(environ, claim, key).get_signature(method, url, headers, auth_path=path)))
    return tuple(signatures)


def _content(environ: Environ, claim: Claim, service: str) -> str | None:
    """What was signed for the body: its digest, or a word for not signing it; None if the digest is wrong."""
    stated = environ.get("HTTP_X_AMZ_CONTENT_SHA256")
    if stated is None and claim.in_query and service == "s3":
        return _UNSIGNED
    if stated is not None and (stated == _UNSIGNED or stated.startswith(_STREAMING)):
        return str(stated)
    digest = hashlib.sha256(read_body(environ)).hexdigest()
    if stated is not None and (_DIGEST.fullmatch(stated) is None or not hmac.compare_digest(stated, digest)):
        return None
    return digest


def _request(environ: Environ, claim: Claim) -> AWSRequest:
    return AWSRequest(
        method=environ.get("REQUEST_METHOD", "GET"), url=_url(environ, _canonical_query(environ, claim))
    )


def _url(environ: Environ, query: str) -> str:
    """The address as it was asked for, with this query."""
    raw = str(environ.get("RAW_URI") or quote(environ.get("PATH_INFO", "/"), safe="/~")).partition("?")[0]
    path = urlsplit(raw).path if "://" in raw else raw
    return f"http://{environ.get('HTTP_HOST', '')}{path}" + (f"?{query}" if query else "")


def _canonical_query(environ: Environ, claim: Claim) -> str:
    """The query in canonical encoding and without the signature itself."""
    pairs = [pair.partition("=") for pair in environ.get("QUERY_STRING", "").split("&") if pair]
    return "&".join(
        f"{_canonical(name)}={_canonical(value)}"
        for name, _, value in pairs
        if not (claim.in_query and name == "X-Amz-Signature")
    )


def _canonical(text: str) -> str:
    return quote(unquote(text), safe="-_.~")


def _headers(environ: Environ) -> dict[str, str]:
    names = {name: name.removeprefix("HTTP_").replace("_", "-").lower() for name in environ if _is_header(name)}
    return {header: str(environ[name]) for name, header in names.items()}


def _is_header(name: str) -> bool:
    return name.startswith("HTTP_") or name in ("CONTENT_TYPE", "CONTENT_LENGTH")


def _header(environ: Environ, name: str) -> str:
    variable = name.upper().replace("-", "_")
    return str(environ.get(variable if _is_header(variable) else f"HTTP_{variable}", ""))
