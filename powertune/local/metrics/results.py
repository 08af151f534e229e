"""GetMetricData: the answer to a request, cut into pages.

A page holds the time series in order, each with as many points as there is room for. The token says where to go on,
by the place of a time series and the time of the last point, so that data that arrive meanwhile do not shift pages.

Not here: `AccountId` of a query, and time zones in labels.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from powertune.local.metrics import queries, tokens
from powertune.local.metrics.evaluation import Request, Result
from powertune.local.metrics.labels import Labels
from powertune.local.metrics.math_values import TimeSeries
from powertune.local.metrics.model import Refused, require, validation_error
from powertune.local.metrics.periods import seconds
from powertune.local.metrics.store import MetricStore

MOST_POINTS = 100_800
_LOST = "One or more data-points have been dropped due to non-numeric values (NaN, -Infinite, +Infinite)"
_EXCEEDED = {"Code": "MaxMetricsExceeded", "Value": "Maximum number of allowed metrics exceeded"}
_FROM_THE_START = (0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Whose metrics: labels can name the account and the region."""

    account: str
    region: str


def get_metric_data(store: MetricStore, given: Mapping[str, Any], now: float, place: Place) -> dict[str, Any]:
    """The output of GetMetricData.

    Raises:
        Refused: the request is not allowed.
    """
    require(given, "MetricDataQueries", "StartTime", "EndTime")
    start, end = seconds(given["StartTime"]), seconds(given["EndTime"])
    if int(start) == int(end):
        raise validation_error("The parameter StartTime must not equal parameter EndTime.")
    if start > end:
        raise validation_error("The parameter EndTime must be greater than StartTime.")
    room = given.get("MaxDatapoints") or MOST_POINTS
    if not 0 < room <= MOST_POINTS:
        raise validation_error(f"The parameter MaxDatapoints must be between 1 and {MOST_POINTS}.")
    identity = (start, end, given.get("ScanBy"), given["MetricDataQueries"])
    first = _position(identity, given.get("NextToken"))
    request = Request(
        store=store, queries=queries.parse(given["MetricDataQueries"]), start=start, end=end, now=now
    )  # fmt: skip
    lines = _lines(request, place)
    page, position = _page(lines, first, room, newest_first=given.get("ScanBy") != "TimestampAscending")
    answer: dict[str, Any] = {"MetricDataResults": page, "Messages": [_EXCEEDED] if request.exceeded else []}
    return answer if position is None else {**answer, "NextToken": tokens.seal(identity, position)}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """A time series and its place: the number of its query, and its own within it."""

    place: tuple[int, int]
    series: TimeSeries
    facts: dict[str, Any]


def _position(identity: object, token: str | None) -> tuple[int, ...]:
    if token is None:
        return _FROM_THE_START
    position = tokens.unseal(identity, token)
    if position is None or len(position) not in (2, 3):
        raise Refused("InvalidNextToken", "The next token specified is invalid.")
    return position


def _lines(request: Request, place: Place) -> list[_Line]:
    results = request.results()
    labels = Labels(request.origins, place.account, place.region)
    return [
        _Line(
            place=(number, index),
            series=series,
            facts={"Id": result.query.id, "Label": labels.of(result, series), **_messages(request, result, series)},
        )
        for number, result in enumerate(results)
        for index, series in enumerate(result.series)
    ]


def _messages(request: Request, result: Result, series: TimeSeries) -> dict[str, Any]:
    found = [{"Code": "ArithmeticError", "Value": _LOST}] if series.lossy else []
    if not result.query.is_expression and series.origin is not None:
        units = request.units.get(series.origin.key, ())
        text = f"Multiple units returned: '[{', '.join(units)}]'"
        found += [{"Code": "MultipleUnits", "Value": text}] if units and result.query.unit is None else []
    return {"Messages": found} if found else {}


def _page(
    lines: Sequence[_Line], first: tuple[int, ...], room: int, *, newest_first: bool
) -> tuple[list[dict[str, Any]], tuple[int, ...] | None]:
    """The results of a page, and where the next one begins."""
    page: list[dict[str, Any]] = []
    for line in lines:
        if line.place < first[:2]:
            continue
        points = _points(line.series, first[2:] if line.place == first[:2] else (), newest_first=newest_first)
        if points and not room:
            return page, line.place
        taken, room = points[:room], room - min(room, len(points))
        complete = len(taken) == len(points)
        page.append(
            {
                **line.facts,
                "Timestamps": [datetime.fromtimestamp(time, UTC) for time, _ in taken],
                "Values": [value for _, value in taken],
                "StatusCode": "Complete" if complete else "PartialData",
            }
        )
        if not complete:
            return page, (*line.place, taken[-1][0])
    return page, None


def _points(series: TimeSeries, after: tuple[int, ...], *, newest_first: bool) -> list[tuple[int, float]]:
    """Times and values in the order asked for, those after the last point of the page before."""
    points: Iterator[tuple[int, float]] = zip(series.times.tolist(), series.values.tolist(), strict=True)
    found = list(points)
    if newest_first:
        found.reverse()
    if not after:
        return found
    return [point for point in found if (point[0] < after[0] if newest_first else point[0] > after[0])]
