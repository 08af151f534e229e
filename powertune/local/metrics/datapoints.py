"""GetMetricStatistics: statistics of one metric, period by period."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np

from powertune.local.metrics import periods, statistics
from powertune.local.metrics.model import MetricKey, invalid_combination, invalid_value, require
from powertune.local.metrics.periods import Window, seconds
from powertune.local.metrics.queries import bad_period
from powertune.local.metrics.statistics import Groups, Statistic
from powertune.local.metrics.store import Columns, MetricStore

MOST_POINTS = 1440


def get_metric_statistics(store: MetricStore, given: Mapping[str, Any], now: float) -> dict[str, Any]:
    """The output of GetMetricStatistics; a data point for each period and unit.

    Raises:
        Refused: the request is not allowed.
    """
    require(given, "Namespace", "MetricName", "StartTime", "EndTime", "Period")
    wanted = _statistics(given)
    start, period, window = _window(given, now)
    key = MetricKey.of(
        given["Namespace"],
        given["MetricName"],
        {each["Name"]: each["Value"] for each in given.get("Dimensions") or ()},
    )
    answer: dict[str, Any] = {"Label": given["MetricName"], "Datapoints": []}
    columns = store.read(key, window.start, window.end) if periods.is_kept(period, start, now) else None
    if columns is None:
        return answer
    unit = given.get("Unit")
    for present in columns.units_present if unit is None else [unit]:
        answer["Datapoints"] += _datapoints(columns.of_unit(present), present, window, period, wanted)
    return answer


def _statistics(given: Mapping[str, Any]) -> list[Statistic]:
    basic, extended = given.get("Statistics") or [], given.get("ExtendedStatistics") or []
    if not basic and not extended:
        raise invalid_combination("Must specify either Statistics or ExtendedStatistics")
    if basic and extended:
        raise invalid_combination("Must specify either Statistics or ExtendedStatistics, but not both")
    for number, name in enumerate(basic, 1):
        if name not in statistics.BASIC:
            raise invalid_value(f"The value {name} for parameter Statistics.member.{number} is invalid.")
    for number, name in enumerate(extended, 1):
        if not statistics.is_extended(name):
            raise invalid_value(f"The value {name} for parameter ExtendedStatistics.member.{number} is invalid.")
    found = (statistics.parse(name) for name in (*basic, *extended))
    return [statistic for statistic in found if statistic is not None]


def _window(given: Mapping[str, Any], now: float) -> tuple[float, int, Window]:
    start, end, period = seconds(given["StartTime"]), seconds(given["EndTime"]), int(given["Period"])
    if int(start) >= int(end):
        raise invalid_value("The parameter StartTime must be less than the parameter EndTime.")
    if not periods.is_valid(period):
        raise invalid_value(bad_period("Period"))
    points = int(end - start) // period
    if points > MOST_POINTS:
        raise invalid_combination(
            f"You have requested up to {points} datapoints, which exceeds the limit of {MOST_POINTS}. You may reduce "
            "the datapoints requested by increasing Period, or decreasing the time range."
        )
    return start, period, Window.of(start, end, period=period, now=now)


def _datapoints(
    columns: Columns, unit: str, window: Window, period: int, wanted: list[Statistic]
) -> list[dict[str, Any]]:
    if not len(columns.at):
        return []
    groups = Groups.cut(columns, window.start, period)
    values = {statistic.name: statistic.of(groups).tolist() for statistic in wanted}
    found = []
    for index, time in enumerate(groups.times.tolist()):
        known = {name: each[index] for name, each in values.items() if not np.isnan(each[index])}
        extended = {name: value for name, value in known.items() if name not in statistics.BASIC}
        basic = {name: value for name, value in known.items() if name in statistics.BASIC}
        if known:
            moment: dict[str, Any] = {"Timestamp": datetime.fromtimestamp(time, UTC), "Unit": unit, **basic}
            found.append({**moment, "ExtendedStatistics": extended} if extended else moment)
    return found
