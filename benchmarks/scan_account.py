"""An account of any size, for `benchmarks/scan.py`: boto3's own clients, whose calls end before the network.

Requests are checked and written, and answers are read, as ever. Pages and quotas are those of AWS. A call takes as
long as LATENCY_S says, on a clock that only these calls and whoever waits move. Nothing is kept of what is answered:
functions are made up again for each page.
"""

import json
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse, HeadersDict
from botocore.config import Config
from fake_clock import FakeClock

from benchmarks.scan_population import (
    BYTES_PER_INVOCATION,
    NOW,
    REGION,
    USUAL_MB,
    bench_function,
    configuration,
    function_of,
    log_group,
    recommendation,
    report_row,
    series,
)
from powertune.aws.boto_clients import BotoClients, Role
from powertune.aws.client import Aws
from powertune.aws.rate_limit import RateLimiter

#: How long a call takes. These are assumptions; nobody has measured them on AWS for this benchmark.
LATENCY_S: Mapping[str, float] = {
    "ListFunctions": 0.5,
    "GetMetricData": 1.0,
    "DescribeLogGroups": 0.2,
    "GetLambdaFunctionRecommendations": 1.0,
    "GetQueryResults": 0.2,
}
OTHER_LATENCY_S = 0.1
#: How long Logs Insights takes for a query.
QUERY_S = 10.0
#: What AWS returns at most (API references of the services).
FUNCTIONS_PER_PAGE, GROUPS_PER_PAGE, RECOMMENDATIONS_PER_PAGE, QUERIES_PER_CALL = 50, 50, 1_000, 500
#: How many calls a second Lambda's control plane answers, of everybody together.
CONTROL_CALLS_PER_SECOND = 15
_SERVICES: dict[Role, Any] = {
    "control": "lambda",
    "logs": "logs",
    "cloudwatch": "cloudwatch",
    "optimizer": "compute-optimizer",
}


@dataclass(slots=True)
class BenchAccount:
    """The account: what it answers, what it was asked, and how often it had to refuse."""

    count: int
    sizes_mb: Sequence[int] = USUAL_MB
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOW.timestamp()))
    queries: int = 0
    throttled: int = 0
    most_per_second: int = 0
    #: Seconds of a processor that making up the answers took.
    answering_s: float = 0.0
    _asked: tuple[Any, Mapping[str, Any]] = (None, {})
    _recent: deque[float] = field(default_factory=deque)
    #: Queries of logs: when each was started, and of which log groups.
    _started: list[tuple[float, Sequence[str]]] = field(default_factory=list)

    @property
    def configurations(self) -> int:
        """How many functions and versions there are to list."""
        return sum(1 + bench_function(number, self.sizes_mb).versions for number in range(self.count))

    def aws(self, rate: float = 5.0) -> Aws:
        """Our door to this account, with the limit of calls that a scan has by default."""
        return Aws(
            clients=BotoClients(self._client),
            region=REGION,
            limiter=RateLimiter(rate, 2 * rate, clock=self.clock, sleep=self.clock.sleep),
            sleep=self.clock.sleep,
            clock=self.clock,
        )

    def _client(self, role: Role) -> Any:
        session = boto3.Session(aws_access_key_id="none", aws_secret_access_key="none", region_name=REGION)
        client = session.client(_SERVICES[role], config=Config(retries={"total_max_attempts": 1}))
        client.meta.events.register("before-parameter-build", self._remember)
        client.meta.events.register("before-send", self._send)
        return client

    def _remember(self, model: Any, params: Mapping[str, Any], **_: Any) -> None:
        """Keep what is asked: the next hook only sees the bytes of it."""
        self._asked = model, dict(params)

    def _send(self, request: Any, **_: Any) -> AWSResponse:
        """What AWS sends back. The network is not reached once a hook has an answer."""
        started = time.process_time()
        status, answer = self._answer(*self._asked)
        body = json.dumps(answer, default=lambda value: value.timestamp()).encode()
        headers: Any = HeadersDict({"content-type": "application/json", "content-length": str(len(body))})
        response = AWSResponse(request.url, status, headers, _Body(body))
        self.answering_s += time.process_time() - started
        return response

    def _answer(self, model: Any, asked: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        if model.service_model.service_name == "lambda" and self._is_too_fast():
            self.throttled += 1
            return 429, {"__type": "TooManyRequestsException", "Message": "Rate exceeded"}
        self.clock.sleep(LATENCY_S.get(model.name, OTHER_LATENCY_S))
        answer = _ANSWERS[model.name](self, asked)
        return (404, {"__type": "ResourceNotFoundException", "Message": "none"}) if answer is None else (200, answer)

    def _is_too_fast(self) -> bool:
        now = self.clock()
        while self._recent and self._recent[0] <= now - 1:
            self._recent.popleft()
        if len(self._recent) >= CONTROL_CALLS_PER_SECOND:
            return True
        self._recent.append(now)
        self.most_per_second = max(self.most_per_second, len(self._recent))
        return False

    def _list_functions(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Fifty functions or versions; the marker names the next function, as no function is on two pages here."""
        found: list[dict[str, Any]] = []
        number, version = map(int, asked.get("Marker", "0:0").split(":"))
        while number < self.count:
            function = bench_function(number, self.sizes_mb)
            while version <= function.versions:
                if len(found) == FUNCTIONS_PER_PAGE:
                    return {"Functions": found, "NextMarker": f"{number}:{version}"}
                found.append(configuration(function, str(version) if version else "$LATEST"))
                version += 1
            number, version = number + 1, 0
        return {"Functions": found}

    def _metric_data(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        queries = asked["MetricDataQueries"]
        assert len(queries) <= QUERIES_PER_CALL
        self.queries += len(queries)
        start, end = asked["StartTime"], asked["EndTime"]
        days = [start + timedelta(days=day) for day in range((end - start).days + 1)]
        return {"MetricDataResults": [series(query, days, self.sizes_mb) for query in queries]}

    def _log_groups(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        at = int(asked.get("nextToken", 0))
        end = min(at + GROUPS_PER_PAGE, self.count)
        groups = [log_group(bench_function(number, self.sizes_mb)) for number in range(at, end)]
        return {"logGroups": groups, **({"nextToken": str(end)} if end < self.count else {})}

    def _recommendations(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Those of the functions that Compute Optimizer knows: of up to 1,792 MB, with 50 invocations."""
        at = int(asked.get("nextToken", 0))
        end = min(at + RECOMMENDATIONS_PER_PAGE, self.count)
        page = (bench_function(number, self.sizes_mb) for number in range(at, end))
        known = [recommendation(each) for each in page if each.memory_mb <= 1_792 and each.daily * 14 >= 50]
        return {"lambdaFunctionRecommendations": known, **({"nextToken": str(end)} if end < self.count else {})}

    def _start_query(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        self._started.append((self.clock(), asked["logGroupNames"]))
        return {"queryId": str(len(self._started) - 1)}

    def _query_results(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """The reports of each function in a row, after a while. All that was written to the log groups is scanned."""
        started, groups = self._started[int(asked["queryId"])]
        if self.clock() < started + QUERY_S:
            return {"status": "Running", "results": [], "statistics": {"bytesScanned": 0.0}}
        functions = [function_of(group, self.sizes_mb) for group in groups]
        scanned = sum(14.0 * each.daily * BYTES_PER_INVOCATION for each in functions)
        rows = [report_row(each) for each in functions]
        return {"status": "Complete", "results": rows, "statistics": {"bytesScanned": scanned}}


@dataclass(frozen=True, slots=True)
class _Body:
    """The body of an answer, as urllib3 has it."""

    data: bytes

    def stream(self, **_: Any) -> Iterator[bytes]:
        """All of it at once."""
        yield self.data


_Answer = Callable[[BenchAccount, Mapping[str, Any]], dict[str, Any] | None]
_ANSWERS: Mapping[str, _Answer] = {
    "ListFunctions": BenchAccount._list_functions,
    "GetMetricData": BenchAccount._metric_data,
    "DescribeLogGroups": BenchAccount._log_groups,
    "GetLambdaFunctionRecommendations": BenchAccount._recommendations,
    "GetQueryResults": BenchAccount._query_results,
    "StartQuery": BenchAccount._start_query,
    "ListMetrics": lambda _account, _asked: {"Metrics": []},
    "ListEventSourceMappings": lambda _account, _asked: {"EventSourceMappings": []},
    "ListProvisionedConcurrencyConfigs": lambda _account, _asked: {"ProvisionedConcurrencyConfigs": []},
    "GetFunctionConcurrency": lambda _account, _asked: {},
    "GetPolicy": lambda _account, _asked: None,
    "GetFunctionUrlConfig": lambda _account, _asked: None,
}
