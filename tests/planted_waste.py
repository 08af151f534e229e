"""40 functions, what a scan has to find of them, and what each finding would save.

All dollars are computed from the list prices of us-east-1, for 30 days. Only how many times cheaper another memory
size is expected to be is taken from `powertune.scan.expectation`, as there is no list of that.
"""

from typing import Any

from planted_account import ACCOUNT, REGION, PlantedFunction, PlantedLogs, PlantedProvisioned, report_line

from powertune.model import Architecture, Configuration
from powertune.prices import PriceTable
from powertune.scan.evidence import (
    AccountRegion,
    EnvironmentUse,
    FunctionEvidence,
    FunctionUsage,
    ScannedFunction,
    Tuned,
)
from powertune.scan.expectation import expect

#: List prices of us-east-1, in USD: per GB-second on arm64 and x86_64, per request, per GB-second of ephemeral
#: storage, of provisioned concurrency and of running on it (arm64), of a SnapStart snapshot; per GB of logs.
ARM, X86, REQUEST, STORAGE = 0.0000133334, 0.0000166667, 0.0000002, 0.0000000309
PROVISIONED, RUNNING, SNAPSHOT, INGESTED, STORED = 0.0000033334, 0.0000077778, 0.0000015046, 0.50, 0.03
MONTH_S = 30 * 24 * 3600
DAYS = 14
TIMEOUT = "\tStatus: timeout"
OUT_OF_MEMORY = "\tStatus: error\tError Type: Runtime.OutOfMemory"

FUNCTIONS = (
    PlantedFunction(name="on-x86", architecture="x86_64", memory_mb=1024, durations=((100.0, 100_000),)),
    PlantedFunction(name="slower-than-tuned", memory_mb=1024),
    PlantedFunction(name="not-as-tuned", memory_mb=1024, optimizer_mb=0),
    PlantedFunction(
        name="large-tmp",
        memory_mb=1024,
        durations=((100.0, 100_000),),
        ephemeral_mb=10_240,
        insights={"tmp_used": 100 * 2**20},
    ),
    PlantedFunction(name="unknown-tmp", ephemeral_mb=2048),
    PlantedFunction(
        name="failing",
        durations=((100.0, 100_000),),
        errors=5_000,
        logs=PlantedLogs(
            lines=[report_line(used_mb=300, size_mb=512)] * 18
            + [report_line(used_mb=300, size_mb=512, init_ms=200.0)] * 2
        ),
    ),
    PlantedFunction(name="idle-with-logs", durations=(), logs=PlantedLogs(stored_gib=100, retention_days=365)),
    PlantedFunction(name="idle-with-triggers", durations=(), triggered=True),
    PlantedFunction(name="chatty", logs=PlantedLogs(stored_gib=1, daily_gib=1, retention_days=7)),
    PlantedFunction(name="forgetful", logs=PlantedLogs(stored_gib=50, daily_gib=0.001, retention_days=None)),
    PlantedFunction(name="sharing-a", logs=PlantedLogs(name="/shared/logs", stored_gib=10, retention_days=None)),
    PlantedFunction(name="sharing-b", logs=PlantedLogs(name="/shared/logs", stored_gib=10, retention_days=None)),
    PlantedFunction(name="roomy", memory_mb=1024, durations=((100.0, 100_000),), optimizer_mb=100),
    PlantedFunction(
        name="roomy-by-insights",
        memory_mb=1024,
        durations=((100.0, 100_000),),
        optimizer_mb=0,
        insights={"used_memory_max": 100.0},
    ),
    PlantedFunction(
        name="roomy-by-reports",
        architecture="x86_64",
        memory_mb=1024,
        durations=((100.0, 100_000),),
        optimizer_mb=0,
        logs=PlantedLogs(lines=[report_line(used_mb=100)] * 20),
    ),
    PlantedFunction(name="large", memory_mb=4096, insights={"used_memory_max": 3_500.0}),
    PlantedFunction(name="tight", optimizer_mb=500),
    PlantedFunction(
        name="killed",
        memory_mb=1024,
        durations=((100.0, 100_000),),
        once_errors=3,
        optimizer_mb=0,
        logs=PlantedLogs(
            lines=[report_line(used_mb=800)] * 20 + [report_line(used_mb=1024, ending=OUT_OF_MEMORY)] * 3
        ),
    ),
    PlantedFunction(name="often-published", versions=21),
    PlantedFunction(
        name="kept-warm-for-nobody",
        memory_mb=1024,
        versions=1,
        provisioned=PlantedProvisioned(count=2),
        # Where the machine can run it, environments are started, and write that to their logs.
        logs=PlantedLogs(),
    ),
    PlantedFunction(name="always-busy", memory_mb=1024, durations=((800.0, 594_000),), concurrency=6),
    PlantedFunction(
        name="kept-too-warm",
        memory_mb=1024,
        durations=((100.0, 1_000),),
        versions=1,
        provisioned=PlantedProvisioned(count=4, utilization=0.25, peak=0.5),
        logs=PlantedLogs(),
    ),
    PlantedFunction(name="starved", throttles=20, concurrency=5, reserved=5),
    PlantedFunction(name="switched-off", durations=(), throttles=20, reserved=0),
    PlantedFunction(name="old-runtime", runtime="python3.8"),
    PlantedFunction(name="old-snapshots", memory_mb=1024, versions=4, snapstart=True),
    PlantedFunction(name="throttled", throttles=1_000),
    PlantedFunction(name="near-timeout", durations=((100.0, 970), (9_000.0, 30))),
    PlantedFunction(name="far-from-timeout", timeout_s=900),
    PlantedFunction(
        name="hanging",
        memory_mb=1024,
        durations=((100.0, 100_000),),
        once=((30_000.0, 6),),
        once_errors=6,
        timeout_s=30,
        optimizer_mb=0,
        logs=PlantedLogs(
            lines=[report_line(used_mb=700)] * 20 + [report_line(used_mb=700, ms=30_000.0, ending=TIMEOUT)] * 6
        ),
    ),
    PlantedFunction(
        name="hanging-once",
        durations=((100.0, 100),),
        once=((3_000.0, 2),),
        once_errors=2,
        timeout_s=3,
    ),
    PlantedFunction(name="twin-a", code="the same"),
    PlantedFunction(name="twin-b", code="the same", memory_mb=1024),
    PlantedFunction(
        name="waiting",
        memory_mb=1024,
        durations=((2_000.0, 10_000),),
        optimizer_mb=0,
        insights={"used_memory_max": 640.0, "cpu_total_time": 20.0},
    ),
    PlantedFunction(name="clean"),
    PlantedFunction(name="clean-and-new", durations=(), age_days=5),
    PlantedFunction(name="clean-with-errors", errors=50),
    PlantedFunction(name="clean-with-logs", logs=PlantedLogs(stored_gib=1, daily_gib=0.001, retention_days=14)),
    PlantedFunction(name="clean-with-reserve", reserved=10),
    PlantedFunction(name="clean-with-versions", versions=2, timeout_s=60),
)
BY_NAME = {each.name: each for each in FUNCTIONS}


def gb_seconds(name: str) -> float:
    """Those of Duration in a month. Each invocation is rounded up to a millisecond, by half of one on average."""
    planted = BY_NAME[name]
    ms = 30 * sum((ms + 0.5) * count for ms, count in planted.durations)
    ms += 30 / DAYS * sum((ms + 0.5) * count for ms, count in planted.once)
    return planted.memory_mb / 1024 * ms / 1000


def init_gb_seconds(name: str) -> float:
    """Those of INIT in a month, on demand.

    Reports say it of four functions: of one, 2 of 20 take 200 ms. Of the others, as many environments as ran at the
    same time are taken to start on each of the 14 days, each for 300 ms.
    """
    planted = BY_NAME[name]
    invocations = DAYS * sum(count for _, count in planted.durations) + sum(count for _, count in planted.once)
    seconds = min(invocations, DAYS * planted.concurrency) * 0.300
    if name == "failing":
        seconds = invocations * 2 / 20 * 0.200
    if name in ("roomy-by-reports", "killed", "hanging", "kept-too-warm"):
        seconds = 0.0
    return planted.memory_mb / 1024 * seconds * 30 / DAYS


def price(name: str) -> float:
    """That of a GB-second on demand."""
    return X86 if BY_NAME[name].architecture == "x86_64" else ARM


def ratio(name: str, *, least_mb: int, most_mb: int, **known: Any) -> float:
    """What duration is expected to cost at the cheapest of these sizes, as a share of now."""
    planted = BY_NAME[name]
    (ms, daily), *_ = planted.durations
    place = AccountRegion(account_id=ACCOUNT, region=REGION)
    function = ScannedFunction(
        place=place,
        name=name,
        arn=planted.arn,
        runtime="python3.13",
        package_type="Zip",
        memory_mb=planted.memory_mb,
        architecture=Architecture(planted.architecture),
        timeout_s=planted.timeout_s,
        modified_at=0.0,
    )
    usage = FunctionUsage(days=DAYS, invocations=DAYS * daily, duration_sum_ms=DAYS * daily * ms)
    evidence = FunctionEvidence(function=function, usage=usage, **known)
    prices = PriceTable.bundled().region(REGION)
    return min(each.ratio for each in expect(evidence, prices, least_mb=least_mb, most_mb=most_mb))


TUNED = Tuned(
    run_id="tuned",
    measured_at=0.0,
    recommended=None,
    durations_ms=(
        (Configuration(memory_mb=512, architecture=Architecture.ARM64), 110.0),
        (Configuration(memory_mb=1024, architecture=Architecture.ARM64), 100.0),
    ),
)


def failing_dollars() -> float:
    """5 % of what it costs: 3,000,000 requests, their duration, and INIT of 200 ms in 2 of 20 reports."""
    return 0.05 * (30 * 100_000 * REQUEST + (gb_seconds("failing") + init_gb_seconds("failing")) * ARM)


def always_busy_dollars() -> float:
    """5.5 environments are busy on average and 6 at most: 5 are in use for 5.5 / 6 of the time, up to all of it."""
    low, high = (5 * MONTH_S * (used * (ARM - RUNNING) - PROVISIONED) for used in (5.5 / 6, 1.0))
    return (low + high) / 2


def expected_dollars() -> dict[tuple[str, str], float | None]:
    """What is to be found, by rule and name, and what it would save in 30 days; None where no money is at stake."""
    return {
        ("arm64-candidate", "on-x86"): gb_seconds("on-x86") * (X86 - ARM),
        ("arm64-candidate", "roomy-by-reports"): gb_seconds("roomy-by-reports") * (X86 - ARM),
        ("drift", "slower-than-tuned"): None,
        ("recommendation-unapplied", "not-as-tuned"): gb_seconds("not-as-tuned")
        * ARM
        * (1 - ratio("not-as-tuned", least_mb=512, most_mb=512, tuned=TUNED)),
        ("ephemeral-unused", "large-tmp"): gb_seconds("large-tmp") * (10_240 - 512) / 1024 * STORAGE,
        ("ephemeral-unused", "unknown-tmp"): 0.0,
        # They cost 5 % of the function, and run as often if they are fixed: none of their events is asynchronous.
        ("failing-invocations", "failing"): 0.0,
        ("idle-function", "idle-with-logs"): 100 * STORED,
        ("idle-function", "idle-with-triggers"): 0.0,
        # Half of what it costs to write 30 GB.
        ("log-cost", "/aws/lambda/chatty"): 30 * INGESTED / 2,
        # All but 30 of the 300 days since they were created.
        ("log-retention", "/aws/lambda/forgetful"): 50 * STORED * (1 - 30 / 300),
        ("log-retention", "/shared/logs"): 10 * STORED * (1 - 30 / 300),
        # 100 MB with 20 % of headroom need 120.
        **{
            ("memory-oversized", name): gb_seconds(name) * price(name) * (1 - ratio(name, least_mb=120, most_mb=1023))
            for name in ("roomy", "roomy-by-insights", "roomy-by-reports")
        },
        ("memory-unadvised", "large"): None,
        ("memory-undersized", "tight"): None,
        ("memory-undersized", "killed"): None,
        ("old-versions", "often-published"): None,
        ("provisioned-idle", "kept-warm-for-nobody"): 2 * MONTH_S * PROVISIONED,
        ("provisioned-missing", "always-busy"): always_busy_dollars(),
        # At most half of 4 were in use, so that 2 of a GB were not.
        ("provisioned-underused", "kept-too-warm"): 2 * MONTH_S * PROVISIONED,
        ("reserved-starving", "starved"): None,
        ("reserved-starving", "switched-off"): None,
        ("runtime-deprecated", "old-runtime"): None,
        # All but the newest two of four.
        ("snapstart-versions", "old-snapshots"): 2 * MONTH_S * SNAPSHOT,
        ("throttled", "throttled"): None,
        ("timeout-close", "near-timeout"): None,
        ("timeout-far", "far-from-timeout"): None,
        # 6 times 30 s of a GB. If they are fixed, they take as long as the median one: 100 ms.
        ("timeouts-billed", "hanging"): 6 * 30 / DAYS * (30 - 0.1) * ARM,
        # The 99th percentile of a day is at the timeout: 1 % of the 101.4 invocations of an average day.
        # Each takes 100 ms in place of 3 s if it is fixed.
        ("timeouts-billed", "hanging-once"): (0.01 * (DAYS * 100 + 2) / DAYS) * 30 / DAYS * (3 - 0.1) * 0.5 * ARM,
        ("twins", "twin-a"): None,
        # 640 MB with 20 % of headroom need 768: the smallest size that holds them.
        ("waiting-function", "waiting"): gb_seconds("waiting")
        * ARM
        * (1 - ratio("waiting", least_mb=768, most_mb=768, environment=EnvironmentUse(cpu_ms=20.0))),
    }
