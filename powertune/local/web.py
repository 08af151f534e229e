"""The WSGI application: moto's, with a header that says what measured, service latency, and code downloads.

It runs whatever code it is sent, so it answers only requests that are signed with one of its keys: every user of this
machine can connect to the loopback interface. It does not answer web pages: a browser names the page in `Origin` or
sends `Sec-Fetch-Site: cross-site`, and `Host` shows a page whose name was made to lead here (DNS rebinding).
"""

import logging
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs

from powertune.local.cloud import find_code
from powertune.local.endpoint import hosts, refusals, unimplemented
from powertune.local.endpoint.signatures import Fault
from powertune.local.lambda_api.http_api import CODE_PATH
from powertune.local.runtime.runner import Runner

_log = logging.getLogger(__name__)

HEADER = "x-powertune-embedded"

PROMPT_SERVICES = frozenset({"lambda", "iam", "sts", "logs", "monitoring", "states", "sync-states"})
"""Services that are part of the measuring, not of what functions do: answered without added latency."""

_READS_TELEMETRY = frozenset({"logs", "monitoring"})
_CREDENTIAL = re.compile(r"Credential=[^/,]+/\d+/[^/,]+/(?P<service>[^/,]+)/")
_CODE = re.compile(rf"{CODE_PATH}/(?P<account>\d+)/(?P<region>[a-z0-9-]+)/(?P<digest>[0-9a-f]+)")

StartResponse = Callable[..., Any]
Wsgi = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


def service_of(environ: dict[str, Any]) -> str:
    """The service that a request is signed for; unsigned requests are S3's, as moto decides too."""
    match = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    if match is not None:
        return match["service"].lower()
    scope = parse_qs(environ.get("QUERY_STRING", "")).get("X-Amz-Credential", [""])[0].split("/")
    return scope[3].lower() if len(scope) > 3 else "s3"


def refusal(environ: dict[str, Any]) -> str | None:
    """Why a request is not answered: it comes from a web page. None when it does not."""
    return hosts.refusal(environ.get("HTTP_ORIGIN"), environ.get("HTTP_SEC_FETCH_SITE"), environ.get("HTTP_HOST"))


class Application:
    """What the HTTP server calls for every request."""

    def __init__(
        self,
        moto: Wsgi,
        runner: Runner,
        check: Callable[[dict[str, Any]], Fault | None],
        *,
        late: Mapping[str, Callable[[], None]] = MappingProxyType({}),
        services: Mapping[str, Wsgi] = MappingProxyType({}),
        own: Mapping[str, Wsgi] = MappingProxyType({}),
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._moto, self._runner, self._check = moto, runner, check
        self._clock, self._sleep = clock, sleep
        self._late, self._installing = dict(late), threading.Lock()
        self._services, self._own = services, own

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            return start_response(status, [*headers, (HEADER, self._runner.description)], *more)

        if (reason := refusal(environ)) is not None:
            return _forbid(reason, start_response)
        service = service_of(environ)
        if (fault := self._check(environ)) is not None:
            refusals.drain(environ)
            return refusals.answer(refusals.refuse(environ, service, fault), start)
        path = environ.get("PATH_INFO", "")
        if (own := self._own_answer(path)) is not None:
            return own(environ, start)
        if path.startswith("/moto-api"):
            return self._moto(environ, start)
        if service == "lambda":
            # Lambda does not look at the type. Moto would take a form, which is the type of curl, apart.
            environ["CONTENT_TYPE"] = "application/json"
        if service in _READS_TELEMETRY:
            self._runner.telemetry.flush()
        if service in self._late:
            self._install(service)
        began = self._clock()
        body = unimplemented.answered(self._services.get(service, self._moto), environ, service, start)
        if service not in PROMPT_SERVICES:
            self._delay(began)
        return body

    def _own_answer(self, path: str) -> Wsgi | None:
        """What answers a path that no service of AWS has."""
        if path.startswith(CODE_PATH):
            return lambda _, start: _send_code(path, start)
        return self._own.get(path)

    def _install(self, service: str) -> None:
        """Make a service ready that takes long to load, when it is first asked for."""
        with self._installing:
            if (install := self._late.get(service)) is not None:
                install()
                del self._late[service]

    def _delay(self, began: float) -> None:
        left = began + self._runner.settings.service_latency_ms / 1000 - self._clock()
        if left > 0:
            self._sleep(left)


def _forbid(reason: str, start_response: StartResponse) -> Iterable[bytes]:
    body = f"{reason}\n".encode()
    start_response("403 Forbidden", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


def _send_code(path: str, start_response: StartResponse) -> Iterable[bytes]:
    match = _CODE.fullmatch(path)
    code = find_code(match["account"], match["region"], match["digest"]) if match else None
    if code is None:
        start_response("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", "0")])
        return [b""]
    start_response("200 OK", [("Content-Type", "application/zip"), ("Content-Length", str(len(code)))])
    return [code]
