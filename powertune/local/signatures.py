"""Whether a request is signed with one of the server's keys: botocore's own signers compute what should be there.

Accepted are Signature Version 4 in the Authorization header and in the query (presigned URLs), and S3's Signature
Version 2 in both places, because boto3 presigns S3 URLs by it. Of a body that is sent in signed chunks, the signature
of the headers is checked, and that of the chunks is not.
"""

import hashlib
import hmac
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from botocore.auth import HmacV1Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from powertune.local.keys import AccessKey, Keys

Environ = dict[str, Any]

_SKEW_S = 900
"""How far a client's clock may be off: 15 minutes, as on AWS."""

_LONGEST_S = 7 * 24 * 3600
_V4 = "AWS4-HMAC-SHA256"
_FIELD = re.compile(r"(Credential|SignedHeaders|Signature)=([^,\s]+)")
_TIMESTAMP = "%Y%m%dT%H%M%SZ"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    """What a request says about its signature."""

    key_id: str
    signature: str
    token: str | None
    at: float
    lifetime_s: float
    scope: tuple[str, str, str] = ("", "", "")
    signed_headers: tuple[str, ...] = ()
    timestamp: str = ""
    in_query: bool = False
    version: int = 4
    expires: str = ""


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
    claim = _claim(environ)
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
    return None if claim.at - _SKEW_S <= now <= claim.at + claim.lifetime_s else Fault.EXPIRED


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


def _claim(environ: Environ) -> _Claim | None:
    query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    header = environ.get("HTTP_AUTHORIZATION", "")
    if header.startswith(_V4):
        return _claim_4(environ, header)
    if header.startswith("AWS "):
        return _claim_2(environ, header)
    if query.get("X-Amz-Algorithm") == _V4:
        return _query_claim_4(query)
    if "AWSAccessKeyId" in query:
        at = float(query.get("Expires", "0"))
        return _Claim(
            key_id=query["AWSAccessKeyId"],
            signature=query.get("Signature", ""),
            token=query.get("x-amz-security-token"),
            # All that is known is when it ends.
            at=at - _LONGEST_S,
            lifetime_s=_LONGEST_S,
            in_query=True,
            version=2,
            expires=query.get("Expires", ""),
        )
    return None


def _claim_4(environ: Environ, header: str) -> _Claim:
    fields = dict(_FIELD.findall(header))
    timestamp, at = _time(environ)
    return _Claim(
        signature=fields.get("Signature", ""),
        token=environ.get("HTTP_X_AMZ_SECURITY_TOKEN"),
        at=at,
        lifetime_s=_SKEW_S,
        signed_headers=tuple(fields.get("SignedHeaders", "").split(";")),
        timestamp=timestamp,
        **_scope(fields.get("Credential", "")),
    )


def _query_claim_4(query: Mapping[str, str]) -> _Claim:
    timestamp = query.get("X-Amz-Date", "")
    return _Claim(
        signature=query.get("X-Amz-Signature", ""),
        token=query.get("X-Amz-Security-Token"),
        at=datetime.strptime(timestamp, _TIMESTAMP).replace(tzinfo=UTC).timestamp(),
        lifetime_s=min(float(query.get("X-Amz-Expires", "0")), _LONGEST_S),
        signed_headers=tuple(query.get("X-Amz-SignedHeaders", "").split(";")),
        timestamp=timestamp,
        in_query=True,
        **_scope(query.get("X-Amz-Credential", "")),
    )


def _claim_2(environ: Environ, header: str) -> _Claim:
    key_id, _, signature = header.removeprefix("AWS ").partition(":")
    date = environ.get("HTTP_X_AMZ_DATE") or environ.get("HTTP_DATE", "")
    return _Claim(
        key_id=key_id,
        signature=signature,
        token=environ.get("HTTP_X_AMZ_SECURITY_TOKEN"),
        at=parsedate_to_datetime(date).timestamp(),
        lifetime_s=_SKEW_S,
        version=2,
    )


def _scope(credential: str) -> dict[str, Any]:
    """Key id, date, region and service.

    Raises:
        ValueError: this is no credential scope.
    """
    key_id, date, region, service, _ = credential.rsplit("/", 4)
    return {"key_id": key_id, "scope": (date, region, service)}


def _time(environ: Environ) -> tuple[str, float]:
    """When a request was signed: as signers write it, and in seconds since the epoch."""
    stamp = environ.get("HTTP_X_AMZ_DATE")
    if stamp:
        return stamp, datetime.strptime(stamp, _TIMESTAMP).replace(tzinfo=UTC).timestamp()
    at = parsedate_to_datetime(environ.get("HTTP_DATE", ""))
    return at.strftime(_TIMESTAMP), at.timestamp()


class _Version4(SigV4Auth):
    """botocore's signer, over the headers and the body digest that the client has signed."""

    def __init__(self, environ: Environ, claim: _Claim, key: AccessKey, content: str) -> None:
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

    def __init__(self, environ: Environ, claim: _Claim, key: AccessKey) -> None:
        super().__init__(Credentials(key.key_id, key.secret, key.token))
        self._environ, self._claim = environ, claim

    def _get_date(self) -> str:
        if self._claim.in_query:
            return self._claim.expires
        return "" if "HTTP_X_AMZ_DATE" in self._environ else str(self._environ.get("HTTP_DATE", ""))


def _version_4(environ: Environ, claim: _Claim, key: AccessKey) -> tuple[str, ...]:
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


def _version_2(environ: Environ, claim: _Claim, key: AccessKey) -> tuple[str, ...]:
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


def _content(environ: Environ, claim: _Claim, service: str) -> str | None:
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


def _request(environ: Environ, claim: _Claim) -> AWSRequest:
    return AWSRequest(
        method=environ.get("REQUEST_METHOD", "GET"), url=_url(environ, _canonical_query(environ, claim))
    )


def _url(environ: Environ, query: str) -> str:
    """The address as it was asked for, with this query."""
    raw = str(environ.get("RAW_URI") or quote(environ.get("PATH_INFO", "/"), safe="/~")).partition("?")[0]
    path = urlsplit(raw).path if "://" in raw else raw
    return f"http://{environ.get('HTTP_HOST', '')}{path}" + (f"?{query}" if query else "")


def _canonical_query(environ: Environ, claim: _Claim) -> str:
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
