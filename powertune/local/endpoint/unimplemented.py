"""What moto does not support, or fails at, becomes an error in the protocol of the service instead of a web page.

An operation or a service that there is not is answered NotImplementedException (501, which SDKs do not try again).
Known to be weaker: a malformed XML body is an InternalFailure.
"""

import gzip
import io
import json
import logging
import re
import zlib
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

import moto.backends as backends
from botocore.model import OperationNotFoundError
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from powertune.local.endpoint import refusals
from powertune.local.endpoint.claims import Environ
from powertune.local.endpoint.refusals import Refusal, Words
from powertune.local.endpoint.signatures import read_body

_log = logging.getLogger(__name__)

_PAGE = re.compile(rb"<!doctype html>\s*<html lang=en>\s*<title>(?P<status>404|405|500) ", re.IGNORECASE)
"""How the pages begin that werkzeug makes of its errors."""

_ACTION = re.compile(r"The (\w+) action has not been implemented")
_FREE_BODIES = frozenset({"s3", "lambda"})
"""Services whose requests may carry JSON that is none, as it is content or they check it themselves."""

_MOST_HOSTS = 1000
_MOST = 500
"""Characters of what a client or an exception says that are repeated."""

_CODE, _NOT_JSON = "SerializationException", "the body of the request is not a JSON object"
_UNREADABLE = Words(_CODE, _CODE, _CODE, _NOT_JSON, _NOT_JSON, _CODE, HTTPStatus.BAD_REQUEST)

StartResponse = Callable[..., Any]
Wsgi = Callable[[Environ, StartResponse], Iterable[bytes]]


class UnknownService(NotImplementedError):
    """Moto has no service of that name."""


class Dispatcher(DomainDispatcherApplication):
    """Moto's, which would print a line to stdout for a service that it does not have, and fail later.

    What a host leads to is remembered: Moto lists its folders and tries hundreds of patterns to find out, which would
    take most of the time of a short request.
    """

    def __init__(self, create_app: Callable[..., Any]) -> None:
        super().__init__(create_app)
        self._backends: dict[str | None, Any] = {}

    def get_backend_for_host(self, host: str | None) -> Any:
        """The service of a host.

        Raises:
            UnknownService: there is none.
        """
        backend = self._backends.get(host) or self._find(host)
        # A host holds the region that a client has signed for, which may be any text.
        if len(self._backends) < _MOST_HOSTS:
            self._backends[host] = backend
        return backend

    def _find(self, host: str | None) -> Any:
        known = host in (None, "moto_api") or host in backends.list_of_moto_modules()
        if not known and not any(pattern.match(f"http://{host}") for _, pattern in self.backend_url_patterns):
            raise UnknownService(host)
        return super().get_backend_for_host(host)


def answered(moto: Wsgi, environ: Environ, service: str, start_response: StartResponse) -> Iterable[bytes]:
    """Let moto answer a request. What it fails at is answered in its stead."""
    held: list[tuple[Any, ...]] = []
    try:
        if "HTTP_X_AMZ_TARGET" in environ and not _is_readable(environ):
            return refusals.answer(refusals.put(environ, service, _UNREADABLE), start_response)
        body = moto(environ, lambda *response: held.append(response))
        if held[0][0][:3] in ("404", "405", "500"):
            body = [b"".join(body)]
            if (cause := _cause(environ, body[0])) is not None:
                return refusals.answer(_failure(environ, service, cause), start_response)
    except Exception as error:
        return refusals.answer(_failure(environ, service, error), start_response)
    start_response(*held[0])
    return body


def _cause(environ: Environ, body: bytes) -> Exception | None:
    """What an answer of an error stands for, if it is none in the protocol of a service."""
    if (page := _PAGE.match(body)) is not None:
        return RuntimeError("no further cause") if page["status"] == b"500" else NotImplementedError()
    # So moto answers requests that name no operation.
    return NotImplementedError() if not body and "HTTP_X_AMZ_TARGET" in environ else None


def _failure(environ: Environ, service: str, error: Exception) -> Refusal:
    _rewind(environ)
    asked = _operation(environ, error)[:_MOST]
    if isinstance(error, NotImplementedError | OperationNotFoundError):
        what = service if isinstance(error, UnknownService) else f"{service} {asked}"
        return refusals.put(environ, service, _unsupported(f"the embedded AWS does not support {what}"))
    if service not in _FREE_BODIES and not _is_readable(environ):
        return refusals.put(environ, service, _UNREADABLE)
    # One line, whatever the client has put into the path or the exception says.
    cause = " ".join(f"{type(error).__name__}: {error}".split())[:_MOST]
    _log.error("%s %r failed: %s", service, asked, cause)
    return refusals.put(environ, service, _internal(f"the embedded AWS failed at this request: {cause}"))


def _unsupported(message: str) -> Words:
    code = "NotImplementedException"
    # S3 has a code of its own for it.
    return Words(code, code, "NotImplemented", message, message, code, HTTPStatus.NOT_IMPLEMENTED)


def _internal(message: str) -> Words:
    code, s3 = "InternalFailure", "InternalError"
    return Words(code, code, s3, message, message, s3, HTTPStatus.INTERNAL_SERVER_ERROR)


def _rewind(environ: Environ) -> None:
    """Let the body be read once more, unless it was a stream: reading on in one that is at its end would block."""
    stream = environ.get("wsgi.input")
    if isinstance(stream, io.BytesIO) and not stream.closed:
        stream.seek(0)
    else:
        environ["wsgi.input"] = io.BytesIO()


def _is_readable(environ: Environ) -> bool:
    """Whether a body that is said to be JSON is a JSON object. One that is empty stands for an empty object."""
    if "json" not in str(environ.get("CONTENT_TYPE", "")).lower():
        return True
    try:
        body = read_body(environ)
        # botocore compresses large bodies of PutMetricData.
        if body and str(environ.get("HTTP_CONTENT_ENCODING", "")).lower() == "gzip":
            body = gzip.decompress(body)
        return not body or isinstance(json.loads(body), dict)
    except (ValueError, RecursionError, EOFError, OSError, zlib.error):
        return False


def _operation(environ: Environ, error: Exception) -> str:
    """The operation that a request is for; the method and path where only a model could say which that is."""
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return str(target).rpartition(".")[2]
    path = str(environ.get("PATH_INFO", ""))
    if environ.get("HTTP_SMITHY_PROTOCOL") == "rpc-v2-cbor":
        return path.rpartition("/")[2]
    query = str(environ.get("QUERY_STRING", ""))
    if str(environ.get("CONTENT_TYPE", "")).startswith("application/x-www-form-urlencoded"):
        query += "&" + read_body(environ).decode(errors="replace")
    if action := parse_qs(query).get("Action"):
        return action[0]
    found = _ACTION.search(str(error))
    return found[1] if found else f"{environ.get('REQUEST_METHOD')} {path}"
