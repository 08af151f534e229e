"""EventBridge Scheduler from the server's point of view: installed in moto, advanced by tests, closed."""

import datetime
import json
from collections.abc import Callable, Iterable
from typing import Any

from powertune.local.scheduler.agenda import Agenda

ADVANCE_PATH = "/_powertune/schedules/advance"
"""A POST of `{"seconds": 86400}` sets the clock of schedules forward."""

_MOST_BODY_BYTES = 1000
_MOST_S = 400 * 24 * 3600
"""A schedule of every minute has half a million invocations in that time."""


class Scheduler:
    """The service in this process. It is loaded when it is used for the first time."""

    def __init__(self) -> None:
        self._agenda = Agenda()

    def install(self) -> None:
        """Let moto use our schedules."""
        from moto.scheduler import urls
        from moto.scheduler.models import scheduler_backends

        from powertune.local.scheduler.backend import ScheduleBackend
        from powertune.local.scheduler.responses import ScheduleResponse

        # Moto finds the service's URLs beside the module that a backend's class says it is from.
        namespace = {"agenda": self._agenda, "__module__": scheduler_backends.backend.__module__}
        backends: Any = scheduler_backends
        backends.backend = type("InstalledScheduleBackend", (ScheduleBackend,), namespace)
        backends.clear()
        urls.url_paths.update(dict.fromkeys(urls.url_paths, ScheduleResponse.dispatch))

    def answer_advance(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Set the clock of schedules forward, and say what time it is then: the WSGI application of a path."""
        try:
            body = environ["wsgi.input"].read(min(int(environ.get("CONTENT_LENGTH") or 0), _MOST_BODY_BYTES))
            seconds = float(json.loads(body)["seconds"])
            if not 0 <= seconds <= _MOST_S:
                raise ValueError(seconds)
        except (ValueError, LookupError, TypeError):
            return _answer(
                start_response, "400 Bad Request", {"message": f"seconds has to be a number from 0 to {_MOST_S}"}
            )
        number = self._agenda.advance(seconds)
        now = datetime.datetime.fromtimestamp(self._agenda.now, tz=datetime.UTC)
        return _answer(start_response, "200 OK", {"now": now.isoformat(), "invocations": number})

    def close(self) -> None:
        """Invoke nothing any more."""
        self._agenda.close()


def _answer(start_response: Callable[..., Any], status: str, document: dict[str, Any]) -> Iterable[bytes]:
    body = json.dumps(document).encode()
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
