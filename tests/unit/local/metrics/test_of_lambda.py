"""The metrics that Lambda sends about invocations."""

import pytest

from powertune.local.functions import Function
from powertune.local.metrics.of_lambda import ALONE, Meter, invocation_metrics, throttle_metrics

FUNCTION = Function(
    account="1", region="eu-west-1", name="f", version="3", arn="arn", deployment="d", runtime="python3.12",
    handler="app.handler", memory_mb=128, timeout_s=3, code=b"",
)  # fmt: skip


@pytest.mark.parametrize(
    ("resource", "executed"), [("f:live", True), ("f", False), ("f:3", False), ("f:$LATEST", False)]
)
def test_lambda_s_dimensions(resource: str, executed: bool) -> None:
    sent = invocation_metrics(FUNCTION, resource, 1.0, duration_ms=2.0, failed=True, concurrency=ALONE)
    name, by_resource = ("FunctionName", "f"), ("Resource", resource)
    places: set[tuple[tuple[str, str], ...]] = {(), (name,), (name, by_resource)}
    places |= {(name, by_resource, ("ExecutedVersion", "3"))} if executed else set()
    for metric in ("Invocations", "Errors", "Duration", "Throttles"):
        assert {each.dimensions for each in sent if each.name == metric} == places
    assert [each.dimensions for each in sent if each.name == "UnreservedConcurrentExecutions"] == [()]
    assert {each.dimensions for each in throttle_metrics(FUNCTION, resource, 1.0)} == places


def test_the_meter_counts_what_is_under_way() -> None:
    meter = Meter()
    with meter.running(FUNCTION, "f:live"), meter.running(FUNCTION, "f") as second:
        assert (second.function, second.resource, second.region, second.unreserved) == (2, 1, 2, 2)
    with meter.running(FUNCTION, "f") as alone:
        assert alone == ALONE
    assert not meter._running
