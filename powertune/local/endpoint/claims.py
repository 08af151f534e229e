"""What a request says about its signature: read from the Authorization header or from the query."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl

Environ = dict[str, Any]

SKEW_S = 900
"""How far a client's clock may be off: 15 minutes, as on AWS."""

_LONGEST_S = 7 * 24 * 3600
_V4 = "AWS4-HMAC-SHA256"
_FIELD = re.compile(r"(Credential|SignedHeaders|Signature)=([^,\s]+)")
_TIMESTAMP = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
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


def claim_of(environ: Environ) -> Claim | None:
    """What a request says; None if it carries no signature.

    Raises:
        ValueError: what it carries cannot be read.
    """
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
        return Claim(
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


def _claim_4(environ: Environ, header: str) -> Claim:
    fields = dict(_FIELD.findall(header))
    timestamp, at = _time(environ)
    return Claim(
        signature=fields.get("Signature", ""),
        token=environ.get("HTTP_X_AMZ_SECURITY_TOKEN"),
        at=at,
        lifetime_s=SKEW_S,
        signed_headers=tuple(fields.get("SignedHeaders", "").split(";")),
        timestamp=timestamp,
        **_scope(fields.get("Credential", "")),
    )


def _query_claim_4(query: Mapping[str, str]) -> Claim:
    timestamp = query.get("X-Amz-Date", "")
    return Claim(
        signature=query.get("X-Amz-Signature", ""),
        token=query.get("X-Amz-Security-Token"),
        at=datetime.strptime(timestamp, _TIMESTAMP).replace(tzinfo=UTC).timestamp(),
        lifetime_s=min(float(query.get("X-Amz-Expires", "0")), _LONGEST_S),
        signed_headers=tuple(query.get("X-Amz-SignedHeaders", "").split(";")),
        timestamp=timestamp,
        in_query=True,
        **_scope(query.get("X-Amz-Credential", "")),
    )


def _claim_2(environ: Environ, header: str) -> Claim:
    key_id, _, signature = header.removeprefix("AWS ").partition(":")
    date = environ.get("HTTP_X_AMZ_DATE") or environ.get("HTTP_DATE", "")
    return Claim(
        key_id=key_id,
        signature=signature,
        token=environ.get("HTTP_X_AMZ_SECURITY_TOKEN"),
        at=parsedate_to_datetime(date).timestamp(),
        lifetime_s=SKEW_S,
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
