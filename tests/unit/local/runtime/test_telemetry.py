"""Logs and metrics are written when the server is quiet, or when somebody reads them."""

import threading

import pytest

from powertune.local.functions import Function
from powertune.local.metrics.of_lambda import Metric
from powertune.local.runtime import telemetry
from powertune.local.runtime.outputs import Line
from powertune.local.runtime.telemetry import Record, Telemetry


class Store:
    """Where logs and metrics end up."""

    def __init__(self) -> None:
        self.logs: list[tuple[str, str]] = []
        self.metrics: list[Metric] = []

    def put_logs(self, account: str, region: str, group: str, stream: str, lines: tuple[Line, ...]) -> None:
        self.logs.extend((stream, line.text) for line in lines)

    def put_metrics(self, account: str, region: str, metrics: tuple[Metric, ...]) -> None:
        self.metrics.extend(metrics)


FUNCTION = Function(
    account="1", region="eu-west-1", name="f", version="3", arn="arn", deployment="d", runtime="python3.12",
    handler="app.handler", memory_mb=128, timeout_s=3, code=b"",
)  # fmt: skip


def record(number: int) -> Record:
    return Record(
        function=FUNCTION, resource="f:live", log_stream="s", lines=(Line(1, f"line {number}"),), started_at=1.0,
        duration_ms=2.0, failed=bool(number % 2),
    )  # fmt: skip


def test_telemetry_waits_for_quiet_but_readers_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry, "_PATIENCE_S", 600.0)
    monkeypatch.setattr(telemetry, "QUEUE_LIMIT", 3)
    store, quiet = Store(), threading.Event()
    recorder = Telemetry(store, lambda: not quiet.is_set())
    recorder.add(record(1))
    recorder.throttled(FUNCTION, "f", 1.0)
    recorder.flush()
    assert store.logs == [("s", "line 1")]
    kinds = {(metric.name, metric.value, metric.dimensions) for metric in store.metrics}
    name = ("FunctionName", "f")
    assert ("Errors", 1.0, (name, ("Resource", "f:live"))) in kinds
    assert ("Throttles", 1.0, (name, ("Resource", "f"))) in kinds
    for number in range(2, 6):
        recorder.add(record(number))
    assert len(store.logs) == 5
    recorder.add(record(6))
    quiet.set()
    recorder.close()
    assert len(store.logs) == 6
