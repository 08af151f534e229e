"""Logs and metrics into moto's own stores, without HTTP."""

from typing import Any

from moto.cloudwatch.models import MetricDatum, cloudwatch_backends
from moto.logs.models import logs_backends

from powertune.local.outputs import Line
from powertune.local.telemetry import Metric

NAMESPACE = "AWS/Lambda"


class ExactDatum(MetricDatum):
    """A value that GetMetricStatistics finds under exactly its dimensions, as on AWS.

    Moto also finds it under a part of them, and would count every invocation twice: with and without Resource.
    """

    def filter(self, namespace: Any, name: Any, dimensions: Any, already_present_metrics: Any = None) -> bool:
        """As moto, but without a namespace, as GetMetricStatistics asks, the dimensions must be the same."""
        if namespace is None and name is None and dimensions:
            return {(d["Name"], d["Value"]) for d in dimensions} == {(d.name, d.value) for d in self.dimensions}
        return bool(super().filter(namespace, name, dimensions, already_present_metrics))


class MotoSink:
    """Writes to the embedded CloudWatch."""

    def put_logs(self, account: str, region: str, group: str, stream: str, lines: tuple[Line, ...]) -> None:
        """One event per line, in the order of writing."""
        backend = logs_backends[account][region]
        backend.ensure_log_group(group)
        if stream not in backend.groups[group].streams:
            backend.create_log_stream(group, stream)
        events, latest = [], 0
        for line in lines:
            # Lines of different threads may carry times that go back by a millisecond, which CloudWatch refuses.
            latest = max(latest, line.at_ms)
            if line.text.strip():
                events.append({"timestamp": latest, "message": line.text})
        if events:
            backend.put_log_events(group, stream, events)

    def put_metrics(self, account: str, region: str, metrics: tuple[Metric, ...]) -> None:
        """Values in the namespace that AWS keeps for itself."""
        cloudwatch_backends[account][region].metric_data.extend(
            ExactDatum(
                NAMESPACE,
                metric.name,
                metric.value,
                [{"Name": name, "Value": value} for name, value in metric.dimensions],
                # Moto's clock has no time zone, and is UTC.
                metric.at.replace(tzinfo=None),
                metric.unit,
            )
            for metric in metrics
        )
