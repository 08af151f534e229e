"""The metrics that Lambda sends about its invocations, and under which dimensions.

Source: Lambda Developer Guide, "Working with Lambda function metrics": by function name; by resource (a version or an
alias); by executed version, for aliases; and across all functions, without dimensions. Concurrency is sent with every
invocation, to be viewed with Maximum.
"""

import contextlib
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from powertune.local.functions import Function

NAMESPACE = "AWS/Lambda"

Dimensions = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One value of a metric in the namespace AWS/Lambda."""

    name: str
    value: float
    unit: str
    at: datetime
    dimensions: Dimensions


@dataclass(frozen=True, slots=True, kw_only=True)
class Concurrency:
    """How many invocations were under way when one began, itself included; `unreserved` where it counts there."""

    function: int = 1
    resource: int = 1
    region: int = 1
    unreserved: int | None = 1


ALONE = Concurrency()


class Meter:
    """Counts invocations that are under way."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: Counter[tuple[str, ...]] = Counter()

    @contextlib.contextmanager
    def running(self, function: Function, resource: str) -> Iterator[Concurrency]:
        """Count an invocation for as long as it lasts."""
        region = (function.account, function.region)
        unreserved = function.reserved_concurrency is None
        keys = [region, (*region, function.name), (*region, function.name, resource)]
        keys += [(*region, "", "unreserved")] if unreserved else []
        with self._lock:
            for key in keys:
                self._running[key] += 1
            counts = [self._running[key] for key in keys]
        try:
            yield Concurrency(
                region=counts[0], function=counts[1], resource=counts[2], unreserved=counts[3] if unreserved else None
            )
        finally:
            with self._lock:
                for key in keys:
                    self._running[key] -= 1
                    if not self._running[key]:
                        del self._running[key]


Value = tuple[str, float, str]
"""A metric's name, value and unit."""


def invocation_metrics(
    function: Function,
    resource: str,
    at: float,
    *,
    duration_ms: float,
    failed: bool,
    concurrency: Concurrency,
    more: tuple[Value, ...] = (),
) -> tuple[Metric, ...]:
    """What an invocation that began `at` seconds since the epoch leaves.

    Args:
        function: what was executed.
        resource: how the function was named.
        at: when it began.
        duration_ms: how long it took.
        failed: whether it ended with an error.
        concurrency: how many were under way.
        more: what only some invocations leave, by function name and by resource.
    """
    values = (
        ("Invocations", 1.0, "Count"),
        ("Duration", duration_ms, "Milliseconds"),
        ("Errors", float(failed), "Count"),
        ("Throttles", 0.0, "Count"),
    )
    moment = datetime.fromtimestamp(at, UTC)
    counted = [(("FunctionName", function.name),), _by_resource(function, resource), ()]
    counts = (concurrency.function, concurrency.resource, concurrency.region)
    running = [("ConcurrentExecutions", dimensions, count) for dimensions, count in zip(counted, counts, strict=True)]
    if concurrency.unreserved is not None:
        running.append(("UnreservedConcurrentExecutions", (), concurrency.unreserved))
    return (
        *_everywhere(function, resource, moment, values),
        *(
            Metric(name=name, value=float(count), unit="Count", at=moment, dimensions=dimensions)
            for name, dimensions, count in running
        ),
        *(
            Metric(name=name, value=value, unit=unit, at=moment, dimensions=dimensions)
            for name, value, unit in more
            for dimensions in counted[:2]
        ),
    )


def throttle_metrics(function: Function, resource: str, at: float) -> tuple[Metric, ...]:
    """What an invocation that was not executed leaves."""
    return _everywhere(function, resource, datetime.fromtimestamp(at, UTC), (("Throttles", 1.0, "Count"),))


def _everywhere(
    function: Function, resource: str, at: datetime, values: tuple[tuple[str, float, str], ...]
) -> tuple[Metric, ...]:
    places: list[Dimensions] = [(), (("FunctionName", function.name),), _by_resource(function, resource)]
    if _names_an_alias(resource):
        places.append((*_by_resource(function, resource), ("ExecutedVersion", function.version)))
    return tuple(
        Metric(name=name, value=value, unit=unit, at=at, dimensions=dimensions)
        for name, value, unit in values
        for dimensions in places
    )


def _by_resource(function: Function, resource: str) -> Dimensions:
    return (("FunctionName", function.name), ("Resource", resource))


def _names_an_alias(resource: str) -> bool:
    _, _, qualifier = resource.partition(":")
    return bool(qualifier) and not qualifier.isdigit() and qualifier != "$LATEST"
