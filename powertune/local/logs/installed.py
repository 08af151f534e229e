"""Installs our CloudWatch Logs into moto, in this process."""

from typing import Any


class EventMessageFilter:
    """What moto's Live Tail selects events with."""

    def __init__(self, pattern: str) -> None:
        from powertune.local.logs.backend import parsed_pattern

        self.matches = parsed_pattern(pattern)


def install_logs() -> None:
    """Let moto use our log groups, streams, patterns and queries. Those that exist are dropped."""
    from moto.logs import models, urls

    from powertune.local.logs.backend import EmbeddedLogs
    from powertune.local.logs.models import Group, Stream
    from powertune.local.logs.responses import EmbeddedLogsResponse

    names: dict[str, Any] = {"LogGroup": Group, "LogStream": Stream, "EventMessageFilter": EventMessageFilter}
    vars(models).update(names)
    # Moto finds the service's URLs beside the module that a backend's class says it is from.
    namespace = {"__module__": models.logs_backends.backend.__module__}
    models.logs_backends.backend = type("InstalledLogs", (EmbeddedLogs,), namespace)
    models.logs_backends.clear()
    for path in urls.url_paths:
        urls.url_paths[path] = EmbeddedLogsResponse.dispatch
