"""How long reading logs takes as a group grows, and what another client's invocations feel of it.

python benchmarks/telemetry.py [lines ...]
"""

import multiprocessing
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any

import boto3
from botocore.config import Config

from powertune.local.embedded import EmbeddedAWS
from powertune.local.package import zip_folder
from powertune.local.settings import Settings

SIZES = (1_000, 10_000, 100_000, 1_000_000)
GROUP, STREAMS, BATCH = "/aws/lambda/benchmark", 50, 5_000
INVOCATIONS = 300
FUNCTION = "def handler(event, context):\n    return 1\n"
REPORT = (
    "REPORT RequestId: 0fc78b42-f6e0-400a-be91-{:012d}\tDuration: {}.25 ms\tBilled Duration: 13 ms\t"
    "Memory Size: 128 MB\tMax Memory Used: 70 MB\t\n"
)
QUERY = 'filter @type = "REPORT" | stats max(@memorySize / 1000 / 1000), pct(@duration, 95) by bin(5m)'


@dataclass(frozen=True)
class Load:
    """Something that a client does again and again while another one invokes."""

    name: str
    once: Callable[[], object]


def client(aws: EmbeddedAWS, service: str) -> Any:
    make: Any = boto3.client
    return make(
        service,
        endpoint_url=aws.endpoint_url,
        aws_access_key_id=aws.environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=aws.environment["AWS_SECRET_ACCESS_KEY"],
        region_name=aws.settings.region,
        config=Config(retries={"total_max_attempts": 1}, read_timeout=300),
    )


def fill(logs: Any, begun: int, have: int, want: int) -> None:
    """Lines a millisecond apart, in batches for one stream after the other."""
    for low in range(have, want, BATCH):
        events = [
            {
                "timestamp": begun + n,
                "message": REPORT.format(n, n % 100) if n % 4 == 0 else f"line {n} of a function\n",
            }
            for n in range(low, min(low + BATCH, want))
        ]
        logs.put_log_events(logGroupName=GROUP, logStreamName=f"s{low // BATCH % STREAMS}", logEvents=events)


def query(logs: Any, begun: int) -> None:
    started = logs.start_query(
        logGroupName=GROUP, startTime=begun // 1000, endTime=begun // 1000 + 3600, queryString=QUERY
    )
    while logs.get_query_results(queryId=started["queryId"])["status"] in ("Scheduled", "Running"):
        time.sleep(0.01)


def loads(logs: Any, begun: int) -> Iterator[Load]:
    """What is measured alone, and as a load; the first is next to no work, and shows what any client costs."""
    yield Load("DescribeLogGroups", lambda: logs.describe_log_groups(limit=1))
    part = {"startTime": begun, "endTime": begun + 100}
    yield Load("FilterLogEvents, 100 ms of it", lambda: logs.filter_log_events(logGroupName=GROUP, **part))
    yield Load("FilterLogEvents, first page", lambda: logs.filter_log_events(logGroupName=GROUP))
    absent = {"logGroupName": GROUP, "filterPattern": "?absent ?missing"}
    yield Load("FilterLogEvents, no match", lambda: logs.filter_log_events(**absent))
    yield Load("Insights, stats of reports", lambda: query(logs, begun))


def milliseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def invocations(lambda_: Any) -> list[float]:
    return [milliseconds(lambda: lambda_.invoke(FunctionName="benchmark")) for _ in range(INVOCATIONS)]


def repeat(aws: EmbeddedAWS, number: int, begun: int) -> None:
    """The load of this number, again and again, by a client of its own."""
    load = list(loads(client(aws, "logs"), begun))[number]
    while True:
        load.once()


def under(aws: EmbeddedAWS, number: int, begun: int, lambda_: Any) -> list[float]:
    """Invocations while another process repeats a load."""
    process = multiprocessing.get_context("fork").Process(target=repeat, args=(aws, number, begun), daemon=True)
    process.start()
    try:
        time.sleep(0.5)
        return invocations(lambda_)
    finally:
        process.kill()
        process.join()


def shown(times: list[float]) -> str:
    return f"{median(times):8.2f}{quantiles(times, n=100)[94]:8.2f}"


def main() -> None:
    sizes = [int(size) for size in sys.argv[1:]] or list(SIZES)
    with EmbeddedAWS(Settings()) as aws, TemporaryDirectory() as folder:
        logs, lambda_ = client(aws, "logs"), client(aws, "lambda")
        (Path(folder) / "app.py").write_text(FUNCTION)
        lambda_.create_function(
            FunctionName="benchmark",
            Role=aws.role_arn,
            Runtime="python3.12",
            Handler="app.handler",
            MemorySize=1769,
            Code={"ZipFile": zip_folder(Path(folder))},
        )
        lambda_.get_waiter("function_active_v2").wait(FunctionName="benchmark")
        logs.create_log_group(logGroupName=GROUP)
        for n in range(STREAMS):
            logs.create_log_stream(logGroupName=GROUP, logStreamName=f"s{n}")
        begun, have = int(time.time() * 1000) // 1000 * 1000 - 1_800_000, 0
        invocations(lambda_)
        print(f"{'':44}{'time':>10}{'another client invokes: p50, p95':>36}")
        print(f"{'alone':<54}{'':>20}{shown(invocations(lambda_))} ms")
        for size in sizes:
            fill(logs, begun, have, size)
            have = max(have, size)
            for number, load in enumerate(loads(logs, begun)):
                took = median(milliseconds(load.once) for _ in range(3))
                times = under(aws, number, begun, lambda_)
                print(f"{size:>9,} lines: {load.name:<28}{took:>10.1f} ms{'':>17}{shown(times)} ms")


if __name__ == "__main__":
    main()
