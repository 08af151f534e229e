"""Logs and metrics of invocations into the embedded CloudWatch, without HTTP."""

import logging

from moto.logs.exceptions import LogsClientError
from moto.logs.models import logs_backends

from powertune.local.metrics.backend import backend_of
from powertune.local.metrics.model import MetricKey, Sample
from powertune.local.metrics.of_lambda import NAMESPACE, Metric
from powertune.local.metrics.periods import MINUTE
from powertune.local.runtime.outputs import Line

_log = logging.getLogger(__name__)


class MotoSink:
    """Writes to the embedded CloudWatch."""

    def put_logs(self, account: str, region: str, group: str, stream: str, lines: tuple[Line, ...]) -> None:
        """One event per line, in the order of writing."""
        backend = logs_backends[account][region]
        events, latest = [], 0
        for line in lines:
            # Lines of different threads may carry times that go back by a millisecond, which CloudWatch refuses.
            latest = max(latest, line.at_ms)
            if line.text.strip():
                events.append({"timestamp": latest, "message": line.text})
        try:
            backend.ensure_log_group(group)
            backend.ensure_log_stream(group, stream)
            if events:
                backend.put_log_events(group, stream, events)
        except (LogsClientError, KeyError) as error:
            # Not the end of the thread that writes, nor of a request that waits for it.
            _log.warning("lines of %s lost, their log group was deleted meanwhile: %s", group, error)

    def put_metrics(self, account: str, region: str, metrics: tuple[Metric, ...]) -> None:
        """Values in the namespace that AWS keeps for itself."""
        backend_of(account, region).metrics.add(
            (
                MetricKey.of(NAMESPACE, metric.name, dict(metric.dimensions)),
                # Lambda's metrics have a resolution of a minute.
                Sample.single(int(metric.at.timestamp() // MINUTE) * MINUTE, metric.value, metric.unit),
            )
            for metric in metrics
        )
