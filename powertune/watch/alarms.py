"""The alarms of a function as properties of AWS::CloudWatch::Alarm, with what each of them leaves out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from powertune.region_prices import RegionPrices
from powertune.units import format_ms, format_share, format_usd
from powertune.watch.cost import DURATION, INVOCATIONS, LEFT_OUT, day_cost_expression
from powertune.watch.model import ConcurrencyAlarm, FunctionWatch, Rhythm, WatchedFunction
from powertune.watch.rhythms import rhythm_words

NAMESPACE = "AWS/Lambda"
ERRORS = "errors"
DAY_S = 86_400
THROTTLING_RHYTHM = Rhythm(period_s=300, breaching=1, periods=1)
#: Concurrency is a metric of whole minutes, and a peak of one minute may be over before anybody can look.
CONCURRENCY_RHYTHM = Rhythm(period_s=60, breaching=3, periods=5)
_COST = Rhythm(period_s=DAY_S, breaching=1, periods=1)

Properties = Mapping[str, Any]
Dimensions = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmDefinition:
    """An alarm: the word that its names end with, and its properties, but for its name and its actions."""

    word: str
    properties: Properties

    @property
    def metrics(self) -> int:
        """How many metrics it is charged for: all that its expression is made of."""
        return sum("MetricStat" in each for each in self.properties.get("Metrics", ())) or 1


def function_alarms(watch: FunctionWatch, prices: RegionPrices) -> tuple[AlarmDefinition, ...]:
    """The alarms of one function."""
    alarms = [_errors(watch), _duration(watch), _throttles(watch.function)]
    if watch.concurrency is not None:
        alarms.append(_concurrency(watch.function, watch.concurrency))
    return (*alarms, _cost(watch, prices))


def unreserved_alarm(alarm: ConcurrencyAlarm) -> AlarmDefinition:
    """The alarm of what all functions without reserved concurrency share."""
    description = (
        f"More than {alarm.limit:,} of the {alarm.available:,} concurrent executions are in use that functions "
        "without reserved concurrency share in this region. Beyond them, invocations are throttled."
    )
    properties = {
        **_above(alarm.limit, CONCURRENCY_RHYTHM, description),
        **_single("UnreservedConcurrentExecutions", (), CONCURRENCY_RHYTHM),
        "Statistic": "Maximum",
    }
    return AlarmDefinition(word="unreserved-concurrency", properties=properties)


def _errors(watch: FunctionWatch) -> AlarmDefinition:
    """A rate, for a number of errors means nothing without the number of invocations."""
    alarm = watch.errors
    rate = f"IF({INVOCATIONS} >= {alarm.least_invocations}, 100 * {ERRORS} / {INVOCATIONS}, 0)"
    metrics = [
        _expression("rate", rate, "errors (%)"),
        _metric(ERRORS, "Errors", watch.function.dimensions, alarm.rhythm.period_s),
        _metric(INVOCATIONS, "Invocations", watch.function.dimensions, alarm.rhythm.period_s),
    ]
    description = (
        f"More than {format_share(alarm.share)} of the invocations of {watch.function.label} fail "
        f"{rhythm_words(alarm.rhythm)}. Periods with fewer than {alarm.least_invocations} invocations do not count."
    )
    return AlarmDefinition(
        word="errors",
        properties=_above(round(100 * alarm.share, 6), alarm.rhythm, description) | {"Metrics": metrics},
    )


def _duration(watch: FunctionWatch) -> AlarmDefinition:
    alarm = watch.duration
    description = (
        f"The p95 duration of {watch.function.label} is above {format_ms(alarm.limit_ms)} "
        f"{rhythm_words(alarm.rhythm)}. From {alarm.evidence}, at {watch.function.configuration}. "
        "Duration does not contain INIT."
    )
    properties = {
        **_above(alarm.limit_ms, alarm.rhythm, description),
        **_single("Duration", watch.function.dimensions, alarm.rhythm),
        "ExtendedStatistic": "p95",
        # A period with few invocations leaves the alarm as it is.
        "EvaluateLowSampleCountPercentile": "ignore",
    }
    return AlarmDefinition(word="duration", properties=properties)


def _throttles(function: WatchedFunction) -> AlarmDefinition:
    description = f"Invocations of {function.label} are throttled: too many run at one time."
    metric = _single("Throttles", function.dimensions, THROTTLING_RHYTHM) | {"Statistic": "Sum"}
    return AlarmDefinition(word="throttles", properties=_above(0, THROTTLING_RHYTHM, description) | metric)


def _concurrency(function: WatchedFunction, alarm: ConcurrencyAlarm) -> AlarmDefinition:
    """Of the whole function, as its versions and aliases share what is reserved."""
    description = (
        f"More than {alarm.limit:,} of the {alarm.available:,} concurrent executions are in use that are reserved "
        f"for {function.name}. Beyond them, invocations are throttled."
    )
    dimensions = (("FunctionName", function.name),)
    metric = _single("ConcurrentExecutions", dimensions, CONCURRENCY_RHYTHM) | {"Statistic": "Maximum"}
    return AlarmDefinition(
        word="concurrency", properties=_above(alarm.limit, CONCURRENCY_RHYTHM, description) | metric
    )


def _cost(watch: FunctionWatch, prices: RegionPrices) -> AlarmDefinition:
    function, limit = watch.function, format_usd(watch.cost.limit, prices.currency)
    metrics = [
        _expression("cost", day_cost_expression(function, prices), f"cost per day ({prices.currency})"),
        _metric(DURATION, "Duration", function.dimensions, DAY_S),
        _metric(INVOCATIONS, "Invocations", function.dimensions, DAY_S),
    ]
    description = (
        f"{function.label} has cost more than {limit} in a day, at {function.configuration}. From "
        f"{watch.cost.evidence}. A lower bound at list price, of Duration, 0.5 ms per invocation for rounding, and "
        f"requests, without {LEFT_OUT}."
    )
    return AlarmDefinition(
        word="cost", properties=_above(watch.cost.limit, _COST, description) | {"Metrics": metrics}
    )


def _above(limit: float, rhythm: Rhythm, description: str) -> dict[str, Any]:
    """What is the same in all of them. A function that is not invoked has no data, and is fine."""
    return {
        "AlarmDescription": description,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": limit,
        "EvaluationPeriods": rhythm.periods,
        "DatapointsToAlarm": rhythm.breaching,
        "TreatMissingData": "notBreaching",
    }


def _single(name: str, dimensions: Dimensions, rhythm: Rhythm) -> dict[str, Any]:
    named = {"Dimensions": _dimensions(dimensions)} if dimensions else {}
    return {"Namespace": NAMESPACE, "MetricName": name, **named, "Period": rhythm.period_s}


def _metric(key: str, name: str, dimensions: Dimensions, period_s: int) -> dict[str, Any]:
    metric = {"Namespace": NAMESPACE, "MetricName": name, "Dimensions": _dimensions(dimensions)}
    return {"Id": key, "MetricStat": {"Metric": metric, "Period": period_s, "Stat": "Sum"}, "ReturnData": False}


def _expression(key: str, expression: str, label: str) -> dict[str, Any]:
    return {"Id": key, "Expression": expression, "Label": label, "ReturnData": True}


def _dimensions(dimensions: Dimensions) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in dimensions]
