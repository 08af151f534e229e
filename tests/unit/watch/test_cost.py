"""What a day costs: by arithmetic, and by the metric math of the alarm, which CloudWatch's own rules evaluate."""

from datetime import UTC, datetime
from typing import Any

import pytest
from watches import PRICES, make_evidence, make_watched, watch_of

from powertune.local.metrics.model import MetricKey, Sample
from powertune.local.metrics.results import Place, get_metric_data
from powertune.local.metrics.store import MetricStore
from powertune.model import Architecture, Configuration
from powertune.watch import UsedDay, WatchedFunction
from powertune.watch.alarms import function_alarms
from powertune.watch.cost import day_cost

MIDNIGHT = 1_800_057_600
#: Durations in ms of a day's invocations, one every two minutes.
DURATIONS = [100.0 + 3 * number for number in range(100)]


def metrics_of(function: WatchedFunction, durations: list[float], failures: int) -> MetricStore:
    """What Lambda sends of invocations, one every two minutes from midnight on, of which the first ones fail."""
    store, dimensions = MetricStore(), dict(function.dimensions)

    def key(name: str) -> MetricKey:
        return MetricKey.of("AWS/Lambda", name, dimensions)

    for number, duration in enumerate(durations):
        at = MIDNIGHT + 120 * number
        store.add([(key("Duration"), Sample.single(at, duration, "Milliseconds"))])
        store.add([(key("Invocations"), Sample.single(at, 1.0, "Count"))])
        store.add([(key("Errors"), Sample.single(at, float(number < failures), "Count"))])
    return store


def values_of(store: MetricStore, alarm: Any) -> list[float]:
    """What the alarm's metric is, period by period, the oldest first."""
    request = {
        "MetricDataQueries": alarm["Metrics"],
        "StartTime": datetime.fromtimestamp(MIDNIGHT, UTC),
        "EndTime": datetime.fromtimestamp(MIDNIGHT + 86_400, UTC),
        "ScanBy": "TimestampAscending",
    }
    place = Place(account="123456789012", region="eu-west-1")
    (result,) = get_metric_data(store, request, MIDNIGHT + 86_400, place)["MetricDataResults"]
    values: list[float] = result["Values"]
    return values


def alarms_of(function: WatchedFunction) -> dict[str, Any]:
    (watch,) = watch_of(make_evidence(function)).functions
    return {alarm.word: alarm.properties for alarm in function_alarms(watch, PRICES)}


@pytest.mark.parametrize("qualifier", [None, "prod"])
def test_the_alarm_computes_the_dollars_of_a_day(qualifier: str | None) -> None:
    function = make_watched(qualifier=qualifier)
    store = metrics_of(function, DURATIONS, 0)
    (dollars,) = values_of(store, alarms_of(function)["cost"])
    # 1 GB of arm64 in eu-west-1: $0.0000133334 per second, and $0.20 per million requests.
    seconds = (sum(DURATIONS) + 100 * 0.5) / 1000
    assert dollars == pytest.approx(seconds * 0.0000133334 + 100 * 0.0000002, rel=1e-9)
    assert dollars == pytest.approx(
        day_cost(UsedDay(invocations=100, duration_sum_ms=sum(DURATIONS)), function, PRICES), rel=1e-9
    )


def test_architecture_memory_and_ephemeral_storage_count() -> None:
    x86_64 = Configuration(memory_mb=512, architecture=Architecture.X86_64)
    function = make_watched(configuration=x86_64, ephemeral_storage_mb=1_536)
    (dollars,) = values_of(metrics_of(function, DURATIONS, 0), alarms_of(function)["cost"])
    seconds = (sum(DURATIONS) + 50) / 1000
    per_second = 0.5 * 0.0000166667 + 1 * PRICES.ephemeral_gb_second(Architecture.X86_64)
    assert dollars == pytest.approx(seconds * per_second + 100 * 0.0000002, rel=1e-9)


def test_numbers_in_expressions_have_no_exponent() -> None:
    tiny = make_watched(configuration=Configuration(memory_mb=128, architecture=Architecture.ARM64))
    expression = alarms_of(tiny)["cost"]["Metrics"][0]["Expression"]
    assert expression == "(duration + 0.5 * invocations) * 0.000000001666675 + invocations * 0.0000002"


def test_the_error_rate_counts_periods_with_enough_invocations_only() -> None:
    function = make_watched()
    alarm = alarms_of(function)["errors"]
    assert {each["MetricStat"]["Period"] for each in alarm["Metrics"][1:]} == {300}
    hourly = {
        **alarm,
        "Metrics": [alarm["Metrics"][0], *(_with_period(each, 3_600) for each in alarm["Metrics"][1:])],
    }
    # 30 invocations in each of three hours, and 10 in the fourth; all of the first 60 but none of the others fail.
    assert values_of(metrics_of(function, DURATIONS, 60), hourly) == [100.0, 100.0, 0.0, 0.0]
    # The 10 of the last hour are too few, even if all of them fail.
    assert values_of(metrics_of(function, DURATIONS, 100), hourly) == [100.0, 100.0, 100.0, 0.0]
    assert alarm["Threshold"] == 5.0


def _with_period(query: Any, period_s: int) -> Any:
    return {**query, "MetricStat": {**query["MetricStat"], "Period": period_s}}
