"""CloudWatch with our metrics: moto's, whose alarms, dashboards and tags stay as they are.

What reads metrics is imported when somebody asks for them, as numpy takes a tenth of the server's start.
Not here: alarms are stored, and change their state only when SetAlarmState says so, as in moto.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, cast

from moto.cloudwatch.models import CloudWatchBackend, MetricDatum, cloudwatch_backends
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, EmptyResult

from powertune.local.metrics import publish
from powertune.local.metrics.listing import list_metrics
from powertune.local.metrics.model import MetricKey, Refused, Sample
from powertune.local.metrics.periods import seconds
from powertune.local.metrics.store import MetricStore

_COMPUTED = "AWS/S3"
"""The namespace of the metrics that moto computes when it is asked."""

Operation = Callable[[MetricStore, Mapping[str, Any], float], dict[str, Any]]


class EmbeddedCloudWatch(CloudWatchBackend):
    """One account in one region."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.metrics = MetricStore()

    def put_metric_data(self, namespace: str, metric_data: list[dict[str, Any]]) -> None:
        """What other services of moto call, with namespaces of AWS.

        Raises:
            Refused: something in the data is not allowed.
        """
        self.metrics.add(publish.parse(namespace, list(metric_data)))

    def compute(self) -> None:
        """Bring the metrics that moto computes up to date."""
        for each in self.aws_metric_data:
            datum = cast(MetricDatum, each)
            dimensions = {str(dimension.name): str(dimension.value) for dimension in datum.dimensions}
            sample = Sample.single(int(seconds(datum.timestamp)), float(datum.value), datum.unit or "None")
            self.metrics.set(MetricKey.of(datum.namespace, datum.name, dimensions), sample)


def backend_of(account: str, region: str) -> EmbeddedCloudWatch:
    """The CloudWatch of an account in a region."""
    return cast(EmbeddedCloudWatch, cloudwatch_backends[account][region])


class EmbeddedCloudWatchResponse(CloudWatchResponse):
    """One request to CloudWatch. The methods are the API's operations."""

    def put_metric_data(self) -> ActionResult:
        """PutMetricData."""
        given = self._given()
        data = list(given.get("MetricData") or ())
        for entity in given.get("EntityMetricData") or ():
            data += entity.get("MetricData") or ()
        with _refusing():
            self._backend.metrics.add(publish.parse(publish.check_namespace(given.get("Namespace")), data))
        return EmptyResult()

    def list_metrics(self) -> ActionResult:
        """ListMetrics."""
        return self._answer(list_metrics, self._given().get("Namespace") in (None, _COMPUTED))

    def get_metric_statistics(self) -> ActionResult:
        """GetMetricStatistics."""
        from powertune.local.metrics.datapoints import get_metric_statistics

        return self._answer(get_metric_statistics, self._given().get("Namespace") == _COMPUTED)

    def get_metric_data(self) -> ActionResult:
        """GetMetricData."""
        from powertune.local.metrics.results import Place, get_metric_data

        place = Place(account=self.current_account, region=self.region)
        asked = self._given().get("MetricDataQueries") or ()
        computed = any("SEARCH" in (query.get("Expression") or "") for query in asked) or _COMPUTED in str(asked)
        return self._answer(lambda store, given, now: get_metric_data(store, given, now, place), computed)

    @property
    def _backend(self) -> EmbeddedCloudWatch:
        return backend_of(self.current_account, self.region)

    def _given(self) -> Mapping[str, Any]:
        given: Mapping[str, Any] = self._get_params()
        return given

    def _answer(self, operation: Operation, computed: bool) -> ActionResult:
        if computed:
            self._backend.compute()
        with _refusing():
            return ActionResult(operation(self._backend.metrics, self._given(), time.time()))


class _Answer(ServiceException):
    """An error that moto writes in the client's protocol, by the service that the class seems to be from."""

    __module__ = CloudWatchResponse.__module__


class _refusing:  # noqa: N801 - a context manager, used like a function
    """Turns our refusals into moto's errors, which it writes in the protocol of the client."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, Refused):
            raise _Answer(error.code, error.message) from error


def install() -> None:
    """Let moto use this CloudWatch."""
    from moto.cloudwatch import urls

    # Moto finds the service's URLs beside the module that a backend's class says it is from.
    namespace = {"__module__": cloudwatch_backends.backend.__module__}
    cloudwatch_backends.backend = type("InstalledCloudWatch", (EmbeddedCloudWatch,), namespace)
    cloudwatch_backends.clear()
    urls.url_paths.update(dict.fromkeys(urls.url_paths, EmbeddedCloudWatchResponse.dispatch))
