"""What CloudWatch's operations take on the embedded AWS with many metrics and values, and whom they keep waiting.

10,000 metrics and 1,000,000 data points are in the store. The first table is the operation alone; the second is what
a client waits for a small request while another one lists and searches without a pause.

    python benchmarks/metrics.py
"""

import statistics
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from powertune.local.embedded import EmbeddedAWS
from powertune.local.metrics.listing import list_metrics
from powertune.local.metrics.model import MetricKey, Sample
from powertune.local.metrics.results import Place, get_metric_data
from powertune.local.metrics.store import MetricStore
from powertune.local.settings import Settings

METRICS, POINTS = 10_000, 1_000_000
SPAN_S = 2 * 86_400
NAMESPACE = "Bench"
PLACE = Place(account="123456789012", region="us-east-1")


def filled(now: float) -> MetricStore:
    store = MetricStore()
    each = POINTS // METRICS
    for number in range(METRICS):
        key = MetricKey.of(NAMESPACE, f"Metric{number % 10}", {"FunctionName": f"fn-{number // 10}"})
        start = int(now - SPAN_S) // 60 * 60
        step = SPAN_S // each // 60 * 60
        store.add((key, Sample.single(start + step * point, float(point * 37 % 101))) for point in range(each))
    return store


def query(number: int, stat: str) -> dict[str, Any]:
    dimensions = [{"Name": "FunctionName", "Value": f"fn-{number}"}]
    metric = {"Namespace": NAMESPACE, "MetricName": "Metric1", "Dimensions": dimensions}
    return {"Id": f"m{number}", "MetricStat": {"Metric": metric, "Period": 300, "Stat": stat}}


def alone() -> None:
    now = time.time()
    began = time.perf_counter()
    store = filled(now)
    print(f"publish {POINTS:,} data points of {METRICS:,} metrics: {time.perf_counter() - began:.1f} s")
    times = {"StartTime": now - SPAN_S, "EndTime": now}
    search = f"SEARCH('{{{NAMESPACE},FunctionName}} MetricName=\"Metric1\"', 'p95', 300)"

    def data(*queries: dict[str, Any]) -> Callable[[], object]:
        return lambda: get_metric_data(store, {"MetricDataQueries": list(queries), **times}, now, PLACE)

    cases: dict[str, Callable[[], object]] = {
        "ListMetrics, a page of all": lambda: list_metrics(store, {}, now),
        "ListMetrics, one metric of 10,000": lambda: list_metrics(
            store, {"Dimensions": [{"Name": "FunctionName", "Value": "fn-999"}], "MetricName": "Metric9"}, now
        ),
        "GetMetricData, one p95 of 2 days": data(query(1, "p95")),
        "GetMetricData, 500 sums of 2 days": data(*(query(number, "Sum") for number in range(500))),
        "GetMetricData, 500 p95 of 2 days": data(*(query(number, "p95") for number in range(500))),
        "GetMetricData, SEARCH for 500 of 10,000": data({"Id": "e", "Expression": search}),
        "GetMetricData, SUM of that SEARCH": data({"Id": "e", "Expression": f"SUM({search})"}),
    }
    for name, call in cases.items():
        taken = []
        for _ in range(5):
            began = time.perf_counter()
            call()
            taken.append(1000 * (time.perf_counter() - began))
        print(f"{name:42}{statistics.median(taken):9.1f} ms")


def over_http() -> None:
    with EmbeddedAWS(Settings()) as aws:
        clients = [_client(aws) for _ in range(2)]
        for start in range(0, METRICS, 1000):
            data = [
                {"MetricName": f"Metric{number % 10}", "Values": [float(value) for value in range(100)],
                 "Dimensions": [{"Name": "FunctionName", "Value": f"fn-{number // 10}"}]}
                for number in range(start, start + 1000)
            ]  # fmt: skip
            clients[0].put_metric_data(Namespace=NAMESPACE, MetricData=data)
        page = _timed(lambda: clients[0].list_metrics(Namespace=NAMESPACE), 20)
        quiet = _timed(lambda: _small(clients[0]), 200)
        stop = threading.Event()
        busy = threading.Thread(target=_work, args=(clients[1], stop))
        busy.start()
        try:
            disturbed = _timed(lambda: _small(clients[0]), 200)
        finally:
            stop.set()
            busy.join()
    for name, taken in (("ListMetrics, a page", page), ("small, alone", quiet), ("small, beside work", disturbed)):
        taken.sort()
        print(
            f"HTTP: {name:24}median {statistics.median(taken):7.1f} ms, 95 % {taken[-1 - len(taken) // 20]:7.1f} ms"
        )


def _client(aws: EmbeddedAWS) -> Any:
    import boto3

    keys = aws.environment
    make: Any = boto3.client
    return make(
        "cloudwatch",
        endpoint_url=aws.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
    )


def _small(client: Any) -> None:
    client.list_metrics(Namespace="None")


def _work(client: Any, stop: threading.Event) -> None:
    search = f"SEARCH('{{{NAMESPACE},FunctionName}} MetricName=\"Metric1\"', 'p95', 60)"
    while not stop.is_set():
        now = time.time()
        client.get_metric_data(
            MetricDataQueries=[{"Id": "e", "Expression": search}], StartTime=now - 600, EndTime=now + 60
        )
        client.list_metrics(Namespace=NAMESPACE)


def _timed(call: Callable[[], object], times: int) -> list[float]:
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        taken.append(1000 * (time.perf_counter() - began))
    return taken


if __name__ == "__main__":
    alone()
    over_http()
