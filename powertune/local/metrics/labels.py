"""The labels of results: those that CloudWatch makes up, and dynamic ones.

A label made up names what tells the metrics of a request apart: the values of dimensions, the metric, the statistic
and the period, or else the metric. Source: answers of AWS in LocalStack's test suite, `test_label_generation`;
grafana/grafana pull request 21541. In which order dimensions and metric stand is not known.

Not here: placeholders of times, such as `${LAST_TIME}`; they stay as they are.
"""

import re
from collections.abc import Callable, Sequence

from powertune.local.metrics.evaluation import Result
from powertune.local.metrics.math_values import Floats, Origin, TimeSeries

_PLACEHOLDER = re.compile(r"\$\{(?:(?P<name>[A-Z_]+)|PROP\('(?P<property>[^']+)'\))\}")
_FIGURES: dict[str, Callable[[Floats], float]] = {
    "AVG": lambda values: float(values.mean()),
    "DATAPOINT_COUNT": len,
    "FIRST": lambda values: float(values[0]),
    "FIRST_LAST_RANGE": lambda values: float(values[-1] - values[0]),
    "LAST": lambda values: float(values[-1]),
    "MAX": lambda values: float(values.max()),
    "MIN": lambda values: float(values.min()),
    "MIN_MAX_RANGE": lambda values: float(values.max() - values.min()),
    "SUM": lambda values: float(values.sum()),
}


class Labels:
    """The labels of one request, whose metrics are `origins`."""

    def __init__(self, origins: Sequence[Origin], account: str, region: str) -> None:
        self._account, self._region = account, region
        dimensions = [dict(origin.key.dimensions) for origin in origins]
        names = {name: None for each in dimensions for name in each}
        self._dimensions = [name for name in names if len({each.get(name) for each in dimensions}) > 1]
        self._by_name = len({origin.key.name for origin in origins}) > 1 or not self._dimensions
        self._by_namespace = len({origin.key.namespace for origin in origins}) > 1
        self._by_statistic = len({origin.statistic for origin in origins}) > 1
        self._by_period = len({origin.period for origin in origins}) > 1

    def of(self, result: Result, series: TimeSeries) -> str:
        """The label of one time series of a result."""
        given, origin = result.query.label, series.origin
        own = self._made_up(origin) if origin is not None else result.query.id
        if given is not None and _PLACEHOLDER.search(given):
            return _PLACEHOLDER.sub(lambda match: self._filled(match, series, own), given)
        if not result.several:
            return given or (result.query.id if result.query.is_expression else own)
        if given is None and result.query.is_search:
            return own
        return f"{result.query.id if given is None else given} {own}".strip()

    def _made_up(self, origin: Origin) -> str:
        values, key = dict(origin.key.dimensions), origin.key
        parts = [
            key.namespace if self._by_namespace else None,
            *(values.get(name) for name in self._dimensions),
            key.name if self._by_name else None,
            origin.statistic if self._by_statistic else None,
            str(origin.period) if self._by_period else None,
        ]
        return " ".join(part for part in parts if part)

    def _filled(self, match: re.Match[str], series: TimeSeries, own: str) -> str:
        if match["property"]:
            return self._property(match["property"], series)
        if match["name"] == "LABEL":
            return own
        figure = _FIGURES.get(match["name"])
        if figure is None:
            return match[0]
        return f"{figure(series.values):.10g}" if len(series.values) else "--"

    def _property(self, name: str, series: TimeSeries) -> str:
        origin = series.origin
        if name in ("AccountId", "Region"):
            return self._account if name == "AccountId" else self._region
        if origin is None:
            return ""
        key = origin.key
        known = {
            "MetricName": key.name,
            "Namespace": key.namespace,
            "Period": str(origin.period),
            "Stat": origin.statistic,
            **{f"Dim.{dimension}": value for dimension, value in key.dimensions},
        }
        return known.get(name, "")
