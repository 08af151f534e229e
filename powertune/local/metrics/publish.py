"""PutMetricData: what it accepts, and the samples that come of it.

The entities of EntityMetricData are dropped, their metrics are kept.
"""

import math
import time
from collections.abc import Iterator, Mapping
from typing import Any

from powertune.local.metrics.model import MetricKey, Refused, Sample, exclusive, invalid_combination, invalid_value
from powertune.local.metrics.periods import DAY, HOUR, MINUTE, seconds

MOST_METRICS, MOST_VALUES, MOST_DIMENSIONS = 1000, 150, 30
_MAGNITUDE = 2.0**360
_OLDEST_S, _NEWEST_S = 14 * DAY, 2 * HOUR
_WAYS = ("Value", "StatisticValues", "Values")

UNITS = frozenset(
    ["Seconds", "Microseconds", "Milliseconds", "Percent", "Count", "Count/Second", "None"]
    + [f"{size}{what}{per}" for what in ("bytes", "bits") for per in ("", "/Second") for size in ("Kilo", "Mega")]
    + [f"{size}{what}{per}" for what in ("bytes", "bits") for per in ("", "/Second") for size in ("Giga", "Tera")]
    + ["Bytes", "Bits", "Bytes/Second", "Bits/Second"]
)

Datum = Mapping[str, Any]


def check_namespace(namespace: str | None) -> str:
    """A namespace that clients may publish to.

    Raises:
        Refused: there is none, or it is one of AWS's.
    """
    if not namespace:
        raise Refused("MissingParameter", "The parameter Namespace is required.")
    if namespace.startswith("AWS/"):
        raise invalid_value("The value AWS/ for parameter Namespace is invalid.")
    if namespace.startswith(":") or len(namespace) > 255:
        raise invalid_value(f"The value {namespace} for parameter Namespace is invalid.")
    return namespace


def parse(namespace: str, data: list[Datum], now: float | None = None) -> list[tuple[MetricKey, Sample]]:
    """The samples of a request; all of them, or none.

    Raises:
        Refused: something in it is not allowed.
    """
    if not data:
        raise Refused("MissingParameter", "The parameter MetricData is required.")
    if len(data) > MOST_METRICS:
        raise invalid_value(f"The collection MetricData must not have a size greater than {MOST_METRICS}.")
    received = time.time() if now is None else now
    return [
        sample
        for number, datum in enumerate(data, 1)
        for sample in _samples(namespace, datum, f"MetricData.member.{number}", received)
    ]


def _samples(namespace: str, datum: Datum, where: str, now: float) -> Iterator[tuple[MetricKey, Sample]]:
    key = _key(namespace, datum, where)
    at = _moment(datum, where, now)
    unit = datum.get("Unit") or "None"
    if unit not in UNITS:
        raise invalid_value(f"The value {unit} for parameter {where}.Unit is invalid.")
    _check_ways(datum, where)
    if (sets := datum.get("StatisticValues")) is not None:
        yield key, _statistic_set(sets, f"{where}.StatisticValues", at, unit)
        return
    if "Value" in datum:
        yield key, Sample.single(at, _number(datum["Value"], f"{where}.Value"), unit)
        return
    values, counts = datum["Values"], datum.get("Counts") or [1.0] * len(datum["Values"])
    for value, count in zip(values, counts, strict=True):
        number, times = _number(value, f"{where}.Values"), _number(count, f"{where}.Counts")
        if times < 0:
            raise invalid_value(f"The value {count} for parameter {where}.Counts is invalid.")
        if times:
            yield key, Sample.single(at, number, unit, times)


def _key(namespace: str, datum: Datum, where: str) -> MetricKey:
    name, dimensions = datum.get("MetricName"), datum.get("Dimensions") or ()
    if not name:
        raise Refused("MissingParameter", f"The parameter {where}.MetricName is required.")
    if len(name) > 255:
        raise invalid_value(f"The value {name} for parameter {where}.MetricName is invalid.")
    if len(dimensions) > MOST_DIMENSIONS:
        raise invalid_value(f"The collection {where}.Dimensions must not have a size greater than {MOST_DIMENSIONS}.")
    for number, dimension in enumerate(dimensions, 1):
        for part in ("Name", "Value"):
            text = dimension.get(part) or ""
            if not text.strip():
                raise invalid_value(f"The parameter {where}.Dimensions.member.{number}.{part} is required.")
            if not text.isascii() or not text.isprintable() or (part == "Name" and text.startswith(":")):
                raise invalid_value(
                    f"The value {text} for parameter {where}.Dimensions.member.{number}.{part} is invalid."
                )
    return MetricKey.of(namespace, name, {each["Name"]: each["Value"] for each in dimensions})


def _moment(datum: Datum, where: str, now: float) -> int:
    """The second, or as a rule the minute, under which values are kept."""
    at = seconds(datum["Timestamp"]) if datum.get("Timestamp") is not None else now
    too = (
        "two weeks in the past" if at < now - _OLDEST_S else "two hours in the future" if at > now + _NEWEST_S else ""
    )
    if too:
        raise invalid_value(f"The parameter {where}.Timestamp must specify a time no more than {too}.")
    resolution = datum.get("StorageResolution") or MINUTE
    if resolution not in (1, MINUTE):
        raise invalid_value(f"The parameter {where}.StorageResolution must be a value in the set [ 1, 60 ].")
    return int(at // resolution) * int(resolution)


def _check_ways(datum: Datum, where: str) -> None:
    given = [way for way in _WAYS if datum.get(way) not in (None, [])]
    if not given:
        raise invalid_combination("At least one of the parameters must be specified.")
    if len(given) > 1:
        raise invalid_combination(exclusive(f"{where}.{given[0]}", f"{where}.{given[1]}"))
    if given == ["Values"]:
        if len(datum["Values"]) > MOST_VALUES:
            raise invalid_value(f"The collection {where}.Values must not have a size greater than {MOST_VALUES}.")
        if datum.get("Counts") and len(datum["Counts"]) != len(datum["Values"]):
            raise invalid_value(f"The parameters {where}.Values and {where}.Counts must be of the same size.")


def _statistic_set(sets: Mapping[str, Any], where: str, at: int, unit: str) -> Sample:
    for name in ("SampleCount", "Sum", "Minimum", "Maximum"):
        if sets.get(name) is None:
            raise Refused("MissingParameter", f"The parameter {where}.{name} is required.")
    sample = Sample(
        at=at,
        count=_number(sets["SampleCount"], f"{where}.SampleCount"),
        total=_number(sets["Sum"], f"{where}.Sum"),
        low=_number(sets["Minimum"], f"{where}.Minimum"),
        high=_number(sets["Maximum"], f"{where}.Maximum"),
        unit=unit,
    )
    if sample.low > sample.high:
        raise invalid_value(f"The parameter {where}.Maximum must be greater than {where}.Minimum.")
    if sample.count <= 0:
        raise invalid_value(f"The parameter {where}.SampleCount must be greater than 0.")
    return sample


def _number(value: Any, where: str) -> float:
    number = float(value)
    if math.isnan(number):
        raise invalid_value(f"The value NaN for parameter {where} is invalid.")
    if not abs(number) <= _MAGNITUDE:
        raise invalid_value(f"The value {number} for parameter {where} is invalid.")
    return number
