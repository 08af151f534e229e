"""What a scan asks of AWS, and what it takes: calls, time, memory and money, for 100, 1,000 and 10,000 functions.

    python benchmarks/scan.py [--functions 100,1000,10000] [--without-embedded]

An account of 100 functions is scanned on the embedded AWS, which keeps up with that. Accounts of all sizes are
scanned on the stub of `scan_account.py`: with boto3's own clients, AWS's pages and quotas, assumed latencies, and the
limit of 5 control-plane calls a second that scans have by default. The time on AWS is that of a clock which only the
latencies and the limit move. The seconds of this machine's processor do not contain what making up the answers takes.
Each account is scanned by a process of its own, whose memory is read at its largest. The exit status is 1 if a bound
is exceeded.
"""

import argparse
import contextlib
import io
import math
import multiprocessing
import os
import resource
import sys
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parents[1]))

from settled import settle

from benchmarks.scan_account import FUNCTIONS_PER_PAGE, GROUPS_PER_PAGE, QUERIES_PER_CALL, BenchAccount
from benchmarks.scan_population import DAY_S, NOW, USUAL_MB, bench_function
from powertune.aws.connection import connect
from powertune.aws.identity import ConnectionOptions
from powertune.aws.scanning.place import read_place
from powertune.engine.scanning.place_questions import needs_of
from powertune.local.embedded import EmbeddedAWS
from powertune.local.settings import Settings
from powertune.prices import PriceTable
from powertune.report import SCAN
from powertune.report.scan.reported import ReportedScan
from powertune.scan.concluding import ScanOccasion, conclude
from powertune.scan.coverage import ScannedPlace
from powertune.scan.evidence import AccountRegion
from powertune.scan.request import ScanRequest
from powertune.scan.rule_table import RULES
from powertune.scan.scan_estimate import estimate_place

T = TypeVar("T")
PLACE = AccountRegion(account_id="123456789012", region="us-east-1")
PRICES = PriceTable.bundled().region("us-east-1")
DAYS = 14
#: What `powertune scan` allows by default: USD for Logs Insights, and calls about single functions.
MAX_SPEND_USD, PER_FUNCTION_CALLS = 0.25, 500
SIZES = (100, 1_000, 10_000)
#: A hundred different sizes: 128 to 6,464 MB.
MANY_MB = tuple(range(128, 128 + 64 * 100, 64))
#: Calls for lists and metrics as a multiple of the least that is possible, MB, and seconds for rules and prices.
BOUND_RATIO, BOUND_MB, BOUND_S = 1.2, 500.0, 2.0
#: In smaller accounts, a call more or less decides: questions about different times cannot share one.
LEAST_FUNCTIONS = 1_000
#: Calls whose number depends on how much there is to list, and is known beforehand.
LISTING = ("lambda.list_functions", "cloudwatch.get_metric_data", "logs.describe_log_groups")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanTook:
    """What one scan took. `least` are the least possible calls by operation; times are in seconds."""

    functions: int
    calls: Mapping[str, int]
    least: Mapping[str, int]
    on_aws_s: float
    reading_s: float
    judging_s: float
    reporting_s: float
    peak_mb: float
    estimated_usd: float
    usd: float
    findings: int
    throttled: int = 0
    most_per_second: int = 0

    @property
    def ratio(self) -> float:
        """Calls for lists and metrics, as a multiple of the least that is possible."""
        return sum(self.calls[name] for name in self.least) / sum(self.least.values())


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """What it returns, and how many seconds of a processor that took here, whatever else was running."""
    started = time.process_time()
    return work(), time.process_time() - started


def request(now: float) -> ScanRequest:
    """What `powertune scan` asks."""
    return ScanRequest(
        days=DAYS,
        now=now,
        needs=needs_of(RULES),
        prices=PRICES,
        max_spend_usd=MAX_SPEND_USD,
        per_function_calls=PER_FUNCTION_CALLS,
    )


def scan_stub(count: int, sizes_mb: Sequence[int] = USUAL_MB) -> ScanTook:
    """Scan an account of the stub, judge it, and write all reports for programs and browsers."""
    account = BenchAccount(count=count, sizes_mb=sizes_mb)
    now = NOW.timestamp()
    scanned, reading_s = timed(lambda: read_place(account.aws(), PLACE, request(now)))
    least = {
        "lambda.list_functions": math.ceil(account.configurations / FUNCTIONS_PER_PAGE),
        "cloudwatch.get_metric_data": math.ceil(account.queries / QUERIES_PER_CALL),
        "logs.describe_log_groups": math.ceil(count / GROUPS_PER_PAGE),
    }
    return took(
        scanned,
        least,
        on_aws_s=account.clock() - now,
        reading_s=reading_s - account.answering_s,
        throttled=account.throttled,
        most_per_second=account.most_per_second,
    )


def took(scanned: ScannedPlace, least: Mapping[str, int], **measured: Any) -> ScanTook:
    """Judge what was read, and tell what all of it took."""
    occasion = ScanOccasion(now=scanned.evidence.now, days=DAYS, tool_version="benchmark")
    scan, judging_s = timed(lambda: conclude([scanned], occasion))
    reported = ReportedScan(scan=scan)
    _, reporting_s = timed(lambda: [SCAN.render(reported, each) for each in ("json", "csv", "html")])
    count = len(scanned.evidence.functions)
    return ScanTook(
        functions=count,
        calls=dict(scanned.effort.calls),
        least=least,
        judging_s=judging_s,
        reporting_s=reporting_s,
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 1024),
        estimated_usd=estimate_place(PLACE, count, PRICES).usd + MAX_SPEND_USD,
        usd=scanned.effort.usd,
        findings=len(scan.findings),
        **measured,
    )


def scan_embedded(count: int) -> ScanTook:
    """Scan an account of the embedded AWS, each of whose functions in use was invoked once."""
    with embedded(count) as now:
        queries = 0

        def count_queries(params: Mapping[str, Any], **_: Any) -> None:
            nonlocal queries
            queries += len(params["MetricDataQueries"])

        with connect(ConnectionOptions()) as connection:
            events = connection.session.events
            events.register("before-parameter-build.cloudwatch.GetMetricData", count_queries)
            # The embedded AWS has no quotas, so that nothing has to be spared.
            scanned, reading_s = timed(lambda: read_place(connection.aws(rate=1_000), PLACE, request(now)))
    least = {
        "lambda.list_functions": math.ceil(count / FUNCTIONS_PER_PAGE),
        "cloudwatch.get_metric_data": math.ceil(queries / QUERIES_PER_CALL),
        "logs.describe_log_groups": math.ceil(len(scanned.evidence.log_groups or ()) / GROUPS_PER_PAGE),
    }
    return took(scanned, least, on_aws_s=math.nan, reading_s=reading_s)


@contextlib.contextmanager
def embedded(count: int) -> Iterator[float]:
    """The embedded AWS with `count` functions; yields a time at which today is over, in seconds since the epoch."""
    with EmbeddedAWS(Settings(tell_disturbed=False)) as aws:
        before = dict(os.environ)
        os.environ.update(aws.environment)
        try:
            seed(count, aws.role_arn)
            yield time.time() + DAY_S
        finally:
            for name in aws.environment:
                os.environ.pop(name, None)
            os.environ.update(before)


def seed(count: int, role_arn: str) -> None:
    """Create the functions, and invoke once those that are in use: nobody may put metrics of Lambda there."""
    import boto3

    control: Any = boto3.client("lambda")
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("app.py", "def handler(event, context): ...\n")
    for number in range(count):
        function = bench_function(number)
        control.create_function(
            FunctionName=function.name,
            Runtime=f"python3.{sys.version_info.minor}",
            Handler="app.handler",
            Role=role_arn,
            Code={"ZipFile": package.getvalue()},
            MemorySize=function.memory_mb,
        )
        if function.daily:
            settle(control, function.name)
            control.invoke(FunctionName=function.name, Payload=b"{}")


def alone(work: Callable[..., T], *args: Any) -> T:
    """Do it in a process of its own, whose memory nothing else has used."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *args).result()


def show(title: str, found: Sequence[ScanTook]) -> None:
    """A column for each account."""
    print(f"\n{title}")
    operations = sorted({name for each in found for name in each.calls}, key=lambda name: (name not in LISTING, name))
    rows = [("functions", [f"{each.functions:,}" for each in found])]
    for name in operations:
        cells = [f"{each.calls.get(name, 0):,}" for each in found]
        least = [f" (least {each.least[name]:,})" if name in each.least else "" for each in found]
        rows.append((name, [cell + text for cell, text in zip(cells, least, strict=True)]))
    rows += [
        ("lists and metrics / least", [f"{each.ratio:.2f}" for each in found]),
        ("throttled calls", [f"{each.throttled}" for each in found]),
        ("most control-plane calls in 1 s", [f"{each.most_per_second or '-'}" for each in found]),
        ("s on AWS, assumed latencies", [_known(each.on_aws_s, "{:,.0f}") for each in found]),
        ("CPU s here: reading", [f"{each.reading_s:.1f}" for each in found]),
        ("CPU s here: rules and prices", [f"{each.judging_s:.2f}" for each in found]),
        ("CPU s here: JSON, CSV and HTML", [f"{each.reporting_s:.1f}" for each in found]),
        ("peak memory, MB", [f"{each.peak_mb:.0f}" for each in found]),
        ("USD, estimated before", [f"{each.estimated_usd:.3f}" for each in found]),
        ("USD, counted after", [f"{each.usd:.3f}" for each in found]),
        ("findings", [f"{each.findings:,}" for each in found]),
    ]
    for name, cells in rows:
        print(f"{name:52}" + "".join(f"{cell:>22}" for cell in cells))


def _known(value: float, text: str) -> str:
    return "-" if math.isnan(value) else text.format(value)


def main() -> int:
    """Scan all accounts, print the tables, compare with the bounds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--functions", default=",".join(map(str, SIZES)), help="accounts of the stub: 100,1000")
    parser.add_argument("--without-embedded", action="store_true", help="leave the embedded AWS out")
    arguments = parser.parse_args()
    counts = [int(text) for text in arguments.functions.split(",")]
    if not arguments.without_embedded:
        show("on the embedded AWS", [alone(scan_embedded, SIZES[0])])
    found = [alone(scan_stub, count) for count in counts]
    show(f"on the stub, {len(USUAL_MB)} memory sizes", found)
    many = alone(scan_stub, counts[-1], MANY_MB)
    show(f"on the stub, {len(MANY_MB)} memory sizes", [many])
    whole = [*found, many]
    kept = (
        all(each.ratio <= BOUND_RATIO for each in whole if each.functions >= LEAST_FUNCTIONS),
        max(each.peak_mb for each in whole) < BOUND_MB,
        max(each.judging_s for each in whole) < BOUND_S,
    )
    bounds = (
        f"{BOUND_RATIO} x the least calls from {LEAST_FUNCTIONS:,} functions on, {BOUND_MB:.0f} MB, {BOUND_S:.0f} s"
    )
    print(f"\nbounds: {bounds} for rules and prices: {'all kept' if all(kept) else 'NOT ALL KEPT'}")
    return int(not all(kept))


if __name__ == "__main__":
    sys.exit(main())
