"""Logs and metrics of invocations, written to the embedded CloudWatch behind the invocations' backs."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from powertune.local.functions import Function
from powertune.local.metrics.of_lambda import ALONE, Concurrency, Metric, invocation_metrics, throttle_metrics
from powertune.local.runtime.outputs import Line

QUEUE_LIMIT = 10_000
_PATIENCE_S = 0.5
"""How long records wait for a quiet moment: writing them takes CPU time from a function that is being measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What one invocation leaves in CloudWatch."""

    function: Function
    resource: str
    log_stream: str
    lines: tuple[Line, ...]
    started_at: float
    duration_ms: float
    failed: bool
    concurrency: Concurrency = ALONE
    metrics: tuple[tuple[str, float, str], ...] = ()
    """More metrics than every invocation has: name, value, unit."""


class Sink(Protocol):
    """Where logs and metrics go."""

    def put_logs(self, account: str, region: str, group: str, stream: str, lines: tuple[Line, ...]) -> None:
        """Add events to a stream, creating it and its group."""
        ...

    def put_metrics(self, account: str, region: str, metrics: tuple[Metric, ...]) -> None:
        """Add values to metrics."""
        ...


class Telemetry:
    """A bounded queue, and the thread that empties it when no function runs."""

    def __init__(self, sink: Sink, busy: Callable[[], bool]) -> None:
        self._sink, self._busy = sink, busy
        self._changed = threading.Condition()
        # Reentrant: what a subscription filter sends events to may invoke a function while they are written.
        self._writing = threading.RLock()
        self._waiting: deque[Callable[[], None]] = deque()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="telemetry", daemon=True)
        self._thread.start()

    def add(self, record: Record) -> None:
        """Queue an invocation's logs and metrics."""
        self._enqueue(lambda: self._write(record))

    def wrote(self, function: Function, log_stream: str, lines: tuple[Line, ...]) -> None:
        """Queue what an environment wrote outside of an invocation."""
        if lines:
            self._enqueue(
                lambda: self._sink.put_logs(function.account, function.region, function.log_group, log_stream, lines)
            )

    def throttled(self, function: Function, resource: str, at: float) -> None:
        """Queue the metric of an invocation that was not executed."""
        metrics = throttle_metrics(function, resource, at)
        self._enqueue(lambda: self._sink.put_metrics(function.account, function.region, metrics))

    def flush(self) -> None:
        """Write everything that was queued before, so that readers see a consistent state."""
        with self._writing:
            while True:
                with self._changed:
                    if not self._waiting:
                        return
                    write = self._waiting.popleft()
                    self._changed.notify_all()
                write()

    def close(self) -> None:
        """Write the rest and end the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()
        self.flush()

    def _enqueue(self, write: Callable[[], None]) -> None:
        with self._changed:
            full = len(self._waiting) >= QUEUE_LIMIT
            self._waiting.append(write)
            self._changed.notify_all()
        if full:
            self.flush()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if self._closed:
                    return
            patience = time.monotonic() + _PATIENCE_S
            while self._busy() and time.monotonic() < patience:
                time.sleep(0.01)
            self.flush()

    def _write(self, record: Record) -> None:
        function = record.function
        self._sink.put_logs(function.account, function.region, function.log_group, record.log_stream, record.lines)
        metrics = invocation_metrics(
            function,
            record.resource,
            record.started_at,
            duration_ms=record.duration_ms,
            failed=record.failed,
            concurrency=record.concurrency,
            more=record.metrics,
        )
        self._sink.put_metrics(function.account, function.region, metrics)
