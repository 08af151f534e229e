"""CloudWatch metrics that somebody has filled in."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from fake_service import Enter, FakeService


class FakeCloudWatch(FakeService):
    """A boto3 CloudWatch client."""

    service = "cloudwatch"

    def __init__(self, enter: Enter) -> None:
        super().__init__(enter)
        #: Name of a metric and the values of its dimensions -> its values, one per period.
        self.metrics: dict[tuple[str, ...], list[float]] = {}
        #: Name of a metric, statistic and the values of its dimensions -> the value of each period from the start of
        #: what is asked for, None without one. Where it is here, it is not looked for in `metrics`.
        self.series: dict[tuple[str, ...], list[float | None]] = {}
        #: What is answered to a query instead of `Complete`, by the query.
        self.status: Callable[[dict[str, Any]], str] = lambda query: "Complete"
        #: How many results make a page.
        self.results_per_page = 500
        #: What ListMetrics knows, and how many of these make a page.
        self.listed: list[dict[str, Any]] = []
        self.metrics_per_page = 500
        #: What GetMetricStatistics answers, whatever it is asked.
        self.datapoints: list[dict[str, float]] = []

    def get_metric_data(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("get_metric_data", kwargs)
        queries = kwargs["MetricDataQueries"]
        ids = [query["Id"] for query in queries]
        assert len(ids) == len(set(ids)) <= 500
        assert all(re.fullmatch("[a-z][a-zA-Z0-9_]*", each) for each in ids)
        token = kwargs.get("NextToken", "0")
        at = int(token) if token.isdecimal() else 0  # another one is of a test that answers by itself
        end = at + self.results_per_page
        results = [self._result(query, kwargs) for query in queries[at:end]]
        return {"MetricDataResults": results, **({"NextToken": str(end)} if end < len(queries) else {})}

    def _result(self, query: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
        stat = query["MetricStat"]
        name, dimensions = stat["Metric"]["MetricName"], [each["Value"] for each in stat["Metric"]["Dimensions"]]
        status = self.status(query)
        start = asked["StartTime"]
        values: list[float | None] = list(self.metrics.get((name, *dimensions), []))
        times = [start] * len(values)
        if (series := self.series.get((name, stat["Stat"], *dimensions))) is not None:
            values = series
            times = [start + timedelta(seconds=stat["Period"] * number) for number in range(len(series))]
        pairs = [(at, value) for at, value in zip(times, values, strict=True) if value is not None]
        if status in ("Forbidden", "InternalError"):
            pairs = []
        return {
            "Id": query["Id"],
            "StatusCode": status,
            "Timestamps": [at for at, _ in pairs],
            "Values": [value for _, value in pairs],
        }

    def list_metrics(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("list_metrics", kwargs)
        found = [each for each in self.listed if each["Namespace"] == kwargs["Namespace"]]
        at = int(kwargs.get("NextToken", 0))
        end = at + self.metrics_per_page
        return {"Metrics": found[at:end], **({"NextToken": str(end)} if end < len(found) else {})}

    def get_metric_statistics(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("get_metric_statistics", kwargs)
        return {"Datapoints": self.datapoints}
