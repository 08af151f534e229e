"""How closely the embedded AWS keeps to Lambda's CPU allotment: `python benchmarks/fidelity.py [containment]`.

Ideal is what Lambda documents: a function of m MB has m/1769 of a CPU, so code that needs c ms of CPU time takes
c * max(1, 1769/m) ms. Short functions need not wait for a whole share: quota is counted in periods of 20 ms, which
gives the staircase of the second table. CPU time is what the function's own process clock says.
"""

import base64
import json
import os
import re
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import neighbors
from powertune.local.embedded import EmbeddedAWS
from powertune.local.functions import Function
from powertune.local.metrics.of_lambda import Metric
from powertune.local.package import Deployment, deploy, zip_folder
from powertune.local.runtime.attempt import Request
from powertune.local.runtime.outputs import Line
from powertune.local.runtime.runner import Runner
from powertune.local.server import stand_aside
from powertune.local.settings import Settings
from powertune.local.system import cores
from powertune.units import MB_PER_VCPU

HANDLER = """
import time


def handler(event, context):
    began = time.process_time()
    total = 0
    for n in range(event["iterations"]):
        total += n * n
    return (time.process_time() - began) * 1000
"""
SIZES = (128, 256, 512, 1024, 1769)
STEPS = (128, 256, 384, 512, 558, 640, 699, 761, 896, 1053, 1280, 1530, 1769)
LONG_CPU_MS, SHORT_CPU_MS = 250.0, 15.0
REPEATS = 7
_REST_S = 0.002
"""How long a runtime takes to ask for its next event, and a bit more."""


class Subject:
    """The function under test: at any memory size, always warm."""

    def __init__(self, aws: EmbeddedAWS, folder: Path) -> None:
        make: Any = boto3.client
        self._client = make(
            "lambda",
            endpoint_url=aws.endpoint_url,
            aws_access_key_id=aws.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=aws.environment["AWS_SECRET_ACCESS_KEY"],
            region_name=aws.settings.region,
        )
        self._versions: dict[int, str] = {}
        (folder / "app.py").write_text(HANDLER)
        deployment = Deployment(
            source=folder,
            handler="app.handler",
            name="fidelity",
            runtime="python3.12",
            role_arn=aws.role_arn,
            memory_mb=MB_PER_VCPU,
        )
        deploy(self._client, deployment)
        self._settle()

    def versions(self, sizes: tuple[int, ...]) -> None:
        """A version of each size, initialized and warm."""
        for size in sizes:
            self._client.update_function_configuration(FunctionName="fidelity", MemorySize=size)
            self._settle()
            self._versions[size] = self._client.publish_version(FunctionName="fidelity")["Version"]
            self.run(size, 0)
            self.run(size, 0)

    def _settle(self) -> None:
        for waiter in ("function_active_v2", "function_updated_v2"):
            self._client.get_waiter(waiter).wait(FunctionName="fidelity", WaiterConfig={"Delay": 0.02})

    def run(self, size: int, iterations: int) -> tuple[float, float]:
        """Reported duration and own CPU time, in ms."""
        response = self._client.invoke(
            FunctionName="fidelity",
            Qualifier=self._versions[size],
            LogType="Tail",
            Payload=json.dumps({"iterations": iterations}).encode(),
        )
        log = base64.b64decode(response["LogResult"]).decode()
        match = re.search(r"\tDuration: ([\d.]+) ms", log)
        assert match is not None, log
        return float(match[1]), float(json.loads(response["Payload"].read()))


def calibrate(subject: Subject, cpu_ms: float) -> int:
    """How many iterations need so much CPU time at a full vCPU."""
    probe = 1_000_000
    used = statistics.median(subject.run(MB_PER_VCPU, probe)[1] for _ in range(5))
    return int(probe * cpu_ms / used)


@dataclass(frozen=True)
class Row:
    """What was measured at one size. Ratios are to the ideal by the CPU time at 1769 MB in the same round, which a
    machine whose speed drifts distorts, and by the function's own CPU time in the same invocation, which it does not.
    """

    size: int
    count: int
    duration_ms: float
    cpu_ms: float
    ratio: float
    own_ratio: float
    gb_ms: float
    smooth_gb_ms: float


def measure(subject: Subject, sizes: tuple[int, ...], iterations: int, rounds: int) -> list[Row]:
    """All sizes in turn, round after round, so that a noisy moment hits all of them alike."""
    runs = [{size: subject.run(size, iterations) for size in sizes} for _ in range(rounds)]
    rows = []
    for size in sizes:
        factor = max(1.0, MB_PER_VCPU / size)
        duration = statistics.median(run[size][0] for run in runs)
        cpu = statistics.median(run[size][1] for run in runs)
        ratio = statistics.median(run[size][0] / (run[MB_PER_VCPU][1] * factor) for run in runs)
        own = statistics.median(run[size][0] / (run[size][1] * factor) for run in runs)
        smooth = statistics.mean(run[size][1] for run in runs) * factor
        mean = statistics.mean(run[size][0] for run in runs)
        rows.append(Row(size, rounds, duration, cpu, ratio, own, mean * size / 1024, smooth * size / 1024))
    return rows


def shares(subject: Subject) -> bool:
    """The first table: long functions; returns whether every ratio by own CPU time is within 5 %.

    The other ratio is of what the machine needed when it was calibrated, and says as much about a drifting processor.
    """
    rows = measure(subject, SIZES, calibrate(subject, LONG_CPU_MS), REPEATS)
    print(f"\nA function of {LONG_CPU_MS:.0f} ms CPU time\n")
    print("  size MB   n  median ms  CPU ms  measured/ideal  measured/ideal by own CPU time")
    for row in rows:
        print(
            f"  {row.size:7} {row.count:3} {row.duration_ms:10.1f} {row.cpu_ms:7.1f} {row.ratio:15.3f} "
            f"{row.own_ratio:31.3f}"
        )
    return all(0.95 <= row.own_ratio <= 1.05 for row in rows)


def staircase(subject: Subject) -> None:
    """The second table: GB-ms of a short function, measured and if shares were continuous."""
    rows = measure(subject, STEPS, calibrate(subject, SHORT_CPU_MS), 3 * REPEATS)
    print(f"\nA function of {SHORT_CPU_MS:.0f} ms CPU time\n")
    print("  size MB   n  median ms  CPU ms  mean GB-ms  GB-ms if shares were continuous")
    for row in rows:
        print(
            f"  {row.size:7} {row.count:3} {row.duration_ms:10.1f} {row.cpu_ms:7.1f} {row.gb_ms:11.1f} "
            f"{row.smooth_gb_ms:32.1f}"
        )


def overhead(subject: Subject) -> None:
    """What an empty function takes: in its report, and for its caller, who goes through HTTP and moto."""
    durations, trips = [], []
    for _ in range(200):
        began = time.perf_counter()
        durations.append(subject.run(MB_PER_VCPU, 0)[0])
        trips.append((time.perf_counter() - began) * 1000)
    for title, values in (("reported duration", durations), ("round trip of the caller", trips)):
        show(title, values)


def show(title: str, values: list[float]) -> None:
    """One line of figures."""
    p95 = statistics.quantiles(values, n=20)[18]
    print(f"  {title:26} median {statistics.median(values):6.2f} ms, 95th percentile {p95:6.2f} ms (n={len(values)})")


class Discard:
    """Logs and metrics that nobody wants."""

    def put_logs(self, account: str, region: str, group: str, stream: str, lines: tuple[Line, ...]) -> None:
        """To nowhere."""

    def put_metrics(self, account: str, region: str, metrics: tuple[Metric, ...]) -> None:
        """To nowhere."""


def own_overhead(containment: str, package: bytes) -> None:
    """What the embedded AWS itself adds to a warm invocation, without HTTP and moto.

    The environment is at rest: who comes back at once waits for the runtime's own work after its response as well.
    This process runs on the server's processor, and its threads take turns as the server's do.
    """
    runner = Runner(Settings(containment=containment), Discard(), "http://127.0.0.1:9")
    numbers, interval = cores.usable_numbers(), sys.getswitchinterval()
    stand_aside(runner.divided.harness)
    try:
        extra = [_added_ms(runner, package) for _ in range(300)]
    finally:
        runner.close()
        sys.setswitchinterval(interval)
        cores.pin_process(os.getpid(), numbers)
    show("added beside it, no HTTP", extra[10:])


def _added_ms(runner: Runner, package: bytes) -> float:
    function = Function(
        account="1", region="us-east-1", name="f", version="1", arn="arn", deployment="d", runtime="python3.12",
        handler="app.handler", memory_mb=MB_PER_VCPU, timeout_s=60, code=package,
    )  # fmt: skip
    time.sleep(_REST_S)
    began = time.perf_counter()
    log = runner.invoke(function, Request(payload=b'{"iterations": 0}', resource="f", arn="arn")).log_tail.decode()
    trip = (time.perf_counter() - began) * 1000
    match = re.search(r"\tDuration: ([\d.]+) ms", log)
    assert match is not None, log
    return trip - float(match[1])


def main() -> int:
    """Print the tables; the exit status says whether shares are within 5 %, and neighbors within their goal."""
    containment = sys.argv[1] if len(sys.argv) > 1 else "auto"
    with EmbeddedAWS(Settings(containment=containment)) as aws, tempfile.TemporaryDirectory() as folder:
        print(f"CPU limiter: {aws.cpu_limiter}, {aws.cores:g} cores")
        subject = Subject(aws, Path(folder))
        subject.versions(tuple(sorted({*SIZES, *STEPS})))
        fine = shares(subject)
        staircase(subject)
        print("\nAn empty function\n")
        overhead(subject)
        own_overhead(containment, zip_folder(Path(folder)))
        fine &= neighbors.compare(aws, busy=False)
        fine &= neighbors.compare(aws, busy=True)
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
