"""GetMetricData's queries, parsed and checked: what is wrong with them is said in CloudWatch's words."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from powertune.local.metrics import math_parser, periods, statistics
from powertune.local.metrics.math_parser import BadExpression, Call, Node
from powertune.local.metrics.model import MetricKey, exclusive, validation_error
from powertune.local.metrics.statistics import Statistic

MOST_QUERIES = 500
_ID = re.compile(r"[a-z][a-zA-Z0-9_]*", re.ASCII)
_METRICS_INSIGHTS = re.compile(r"\s*SELECT\s", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricStat:
    """One metric and one of its statistics."""

    key: MetricKey
    statistic: Statistic
    period: int
    unit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A metric, or an expression as a tree. `period` is that of an expression which has no other."""

    id: str
    asks_for: MetricStat | Node
    label: str | None = None
    returned: bool = True
    period: int | None = None

    @property
    def is_expression(self) -> bool:
        """Whether it computes, and does not only read."""
        return not isinstance(self.asks_for, MetricStat)

    @property
    def unit(self) -> str | None:
        """The only unit whose values are wanted."""
        return self.asks_for.unit if isinstance(self.asks_for, MetricStat) else None

    @property
    def is_search(self) -> bool:
        """Whether it is SEARCH and nothing around it."""
        return isinstance(self.asks_for, Call) and self.asks_for.function == "SEARCH"


def parse(given: Sequence[Mapping[str, Any]]) -> tuple[Query, ...]:
    """The queries of a request.

    Raises:
        Refused: something in them is not allowed; everything that was found is told.
    """
    if not given:
        raise validation_error("The parameter MetricDataQueries is required.")
    if len(given) > MOST_QUERIES:
        raise validation_error(f"The collection MetricDataQueries must not have a size greater than {MOST_QUERIES}.")
    wrong = [fault for number, query in enumerate(given, 1) for fault in _faults(query, number)]
    if len({query.get("Id") for query in given}) < len(given):
        wrong.append("The values for parameter id in MetricDataQueries are not unique.")
    if wrong:
        raise validation_error(*wrong)
    return tuple(_query(query) for query in given)


def _faults(query: Mapping[str, Any], number: int) -> list[str]:
    where = f"MetricDataQueries.member.{number}"
    found = []
    if not _ID.fullmatch(query.get("Id") or ""):
        found.append(
            f"The value {query.get('Id') or ''} for parameter {where}.Id is not matching the expected pattern "
            "^[a-z][a-zA-Z0-9_]*$."
        )
    metric_stat, expression = query.get("MetricStat"), query.get("Expression")
    if metric_stat is None and not expression:
        found.append(f"The parameter {where}.MetricStat is required.")
    if metric_stat is not None:
        others = [name for name in ("Expression", "Period") if query.get(name)]
        found += [exclusive(f"{where}.{name}", f"{where}.MetricStat") for name in others]
        found += _metric_faults(metric_stat, f"{where}.MetricStat")
    elif query.get("Period") is not None and not periods.is_valid(query["Period"]):
        found.append(bad_period(f"{where}.Period"))
    return found


def _metric_faults(metric_stat: Mapping[str, Any], where: str) -> list[str]:
    metric = metric_stat.get("Metric") or {}
    found = [
        f"The parameter {where}.Metric.{part} is required."
        for part in ("Namespace", "MetricName")
        if not metric.get(part)
    ]
    if statistics.parse(metric_stat.get("Stat") or "") is None:
        found.append(f"The value {metric_stat.get('Stat')} for parameter {where}.Stat is not a valid statistic.")
    if not periods.is_valid(metric_stat.get("Period") or 0):
        found.append(bad_period(f"{where}.Period"))
    return found


def bad_period(where: str) -> str:
    """The message about a period that CloudWatch does not have."""
    return f"The parameter {where} must be 1, 5, 10, 20, 30, or a multiple of 60."


def _query(query: Mapping[str, Any]) -> Query:
    metric_stat = query.get("MetricStat")
    return Query(
        id=query["Id"],
        asks_for=_expression(query["Id"], query["Expression"]) if metric_stat is None else _metric_stat(metric_stat),
        label=query.get("Label"),
        returned=query.get("ReturnData") is not False,
        period=query.get("Period"),
    )


def _metric_stat(given: Mapping[str, Any]) -> MetricStat:
    metric = given["Metric"]
    dimensions = {each["Name"]: each["Value"] for each in metric.get("Dimensions") or ()}
    statistic = statistics.parse(given["Stat"])
    assert statistic is not None
    return MetricStat(
        key=MetricKey.of(metric["Namespace"], metric["MetricName"], dimensions),
        statistic=statistic,
        period=given["Period"],
        unit=given.get("Unit"),
    )


def _expression(query_id: str, text: str) -> Node:
    if _METRICS_INSIGHTS.match(text):
        raise validation_error(f"Error in expression '{query_id}': the embedded AWS has no Metrics Insights queries")
    try:
        return math_parser.parse(text)
    except BadExpression as error:
        raise expression_error(query_id, error) from error


def expression_error(query_id: str, error: BadExpression) -> Exception:
    """What CloudWatch answers if an expression is wrong."""
    return validation_error(f"Error in expression '{query_id}': {error}")
