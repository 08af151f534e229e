"""CloudWatch metrics that somebody has filled in."""

from typing import Any

from fake_service import Enter, FakeService


class FakeCloudWatch(FakeService):
    """A boto3 CloudWatch client."""

    service = "cloudwatch"

    def __init__(self, enter: Enter) -> None:
        super().__init__(enter)
        #: Name of a metric and the values of its dimensions -> its values, one per period.
        self.metrics: dict[tuple[str, ...], list[float]] = {}
        #: What GetMetricStatistics answers, whatever it is asked.
        self.datapoints: list[dict[str, float]] = []

    def get_metric_data(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("get_metric_data", kwargs)
        results = []
        for query in kwargs["MetricDataQueries"]:
            metric = query["MetricStat"]["Metric"]
            values = self.metrics.get((metric["MetricName"], *(each["Value"] for each in metric["Dimensions"])), [])
            times = [kwargs["StartTime"]] * len(values)
            results.append({"Id": query["Id"], "StatusCode": "Complete", "Timestamps": times, "Values": list(values)})
        return {"MetricDataResults": results}

    def get_metric_statistics(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("get_metric_statistics", kwargs)
        return {"Datapoints": self.datapoints}
