"""What a scan knows about one account in one region: its functions, how they are used, and who says so.

Readers in `powertune.aws.scanning` fill it in, and the rules only look at it. None always means that something was
not asked, or not answered; it never means zero.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from powertune.model import Architecture, Configuration
from powertune.region_prices import RegionPrices


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class AccountRegion:
    """One account in one region: what is scanned at a time. `account_name` is empty where it is not known."""

    account_id: str
    region: str
    account_name: str = field(default="", compare=False)

    @property
    def account(self) -> str:
        """The account for people: with its name, which others may have as well."""
        return f"{self.account_name} ({self.account_id})" if self.account_name else self.account_id

    def __str__(self) -> str:
        return f"{self.account} {self.region}"


class Compute(StrEnum):
    """What runs a function, which decides what it costs and which metrics it has."""

    ON_DEMAND = "on-demand"
    MANAGED_INSTANCES = "managed instances"
    DURABLE = "durable"


class EvidenceSource(StrEnum):
    """Who says something about a function."""

    CONFIGURATION = "configuration"
    METRICS = "CloudWatch metrics"
    COMPUTE_OPTIMIZER = "Compute Optimizer"
    LAMBDA_INSIGHTS = "Lambda Insights"
    LOGS_INSIGHTS = "Logs Insights"
    LOG_GROUPS = "CloudWatch Logs"
    RESULTS_FILE = "an earlier run"
    MODEL = "duration model"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedVersion:
    """A published version. `modified_at` is in seconds since the epoch."""

    number: str
    memory_mb: int
    architecture: Architecture
    code_size_bytes: int
    code_sha256: str
    modified_at: float
    snapstart: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedFunction:
    """A function as it is configured ($LATEST), and its published versions, newest last.

    `runtime` is empty for images, and `code_sha256` may be empty. `layers` are ARNs. Environment variables are never
    kept. `system_log_level` is None for text logs, which have no levels. `handler` is empty where it is not known.
    """

    place: AccountRegion
    name: str
    arn: str
    runtime: str
    package_type: str
    memory_mb: int
    architecture: Architecture
    timeout_s: int
    modified_at: float
    code_size_bytes: int = 0
    code_sha256: str = ""
    ephemeral_storage_mb: int = 512
    layers: tuple[str, ...] = ()
    snapstart: bool = False
    vpc: bool = False
    log_group: str = ""
    log_format: str = "Text"
    system_log_level: str | None = None
    compute: Compute = Compute.ON_DEMAND
    versions: tuple[PublishedVersion, ...] = ()
    handler: str = ""

    @property
    def current(self) -> Configuration:
        """The configuration that is in effect now."""
        return Configuration(memory_mb=self.memory_mb, architecture=self.architecture)

    @property
    def logs_reports(self) -> bool:
        """Whether the reports of successful invocations are in its log group: they are of level INFO."""
        return self.system_log_level != "WARN"


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionUsage:
    """How a function was invoked in `days` days, by CloudWatch. Throttled requests are no invocations.

    `duration_sum_ms` does not contain INIT. Percentiles are the largest of those of single days, except for `p50_ms`,
    which is the median of the days' medians, and `recent_p50_ms`, which is that of the last two days with
    invocations. Durations are None without invocations. `active_days` counts days with invocations.
    `asynchronous` counts events that were queued for asynchronous invocation; None where it was not asked.
    `first_at` is when the first day with invocations began, in seconds since the epoch. `observed_days` is how long
    the function has been there, if that is certainly less than `days`, else None.
    """

    days: float
    invocations: int = 0
    errors: int = 0
    throttles: int = 0
    duration_sum_ms: float = 0.0
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    max_ms: float | None = None
    recent_p50_ms: float | None = None
    peak_concurrency: float = 0.0
    active_days: int = 0
    asynchronous: int | None = None
    first_at: float | None = None
    observed_days: float | None = None

    @property
    def counted_days(self) -> float:
        """The days that counts are of: what comes to a month follows from these."""
        return self.days if self.observed_days is None else self.observed_days

    @property
    def mean_ms(self) -> float | None:
        """The mean duration, without INIT."""
        return self.duration_sum_ms / self.invocations if self.invocations else None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryUse:
    """The most memory that a function has used, in MB as Lambda counts them, and who says so.

    `samples` is the number of invocations that this is the maximum of; None where the source does not say.
    `at_mb` is the memory size at which it was seen. `optimizer_mb` is the size that Compute Optimizer recommends, and
    `optimizer_finding` what it calls the function.
    """

    max_used_mb: float
    at_mb: int
    source: EvidenceSource
    samples: int | None = None
    optimizer_mb: int | None = None
    optimizer_finding: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportStatistics:
    """What the REPORT lines of a function say, of `days` days; counts of invocations, means in ms.

    Of the `cold_starts`, `restores` were from a SnapStart snapshot, for which `restore_sum_ms` was billed, and the
    others had an INIT. `out_of_memory` counts those at the present memory size.
    """

    days: float
    count: int
    billed_sum_ms: float
    cold_starts: int = 0
    mean_init_ms: float | None = None
    restores: int = 0
    restore_sum_ms: float = 0.0
    timeouts: int = 0
    out_of_memory: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentUse:
    """What Lambda Insights knows of the environments: means over all invocations, and the most of /tmp that was used.

    Also `init_ms` is a mean over all of them, of which most had no INIT.
    """

    cpu_ms: float | None = None
    init_ms: float | None = None
    tmp_used_mb: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Provisioned:
    """Provisioned concurrency of an alias or version, and how much of it was used.

    `utilization` is the mean share in use over the whole window, from 0 to 1: the time that `invocations` took, of
    the time that it was there; `peak_utilization` is the largest that Lambda has reported. `invocations` ran on it,
    `spilled` ran on demand because all of it was busy. What was configured within the window is judged by the
    `observed_days` since then, today included; None where that is the whole window. `resized` says that it was there
    before it was changed last, with a number that nobody knows.
    """

    qualifier: str
    requested: int
    memory_mb: int
    architecture: Architecture
    utilization: float
    peak_utilization: float
    invocations: int
    spilled: int
    observed_days: float | None = None
    resized: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionLogGroup:
    """A log group. `retention_days` is None if nothing expires, which `retention_policy` may still decide.

    `ingested_bytes` is of the scanned window; None where it was not asked. `log_class` is as AWS calls it.
    """

    name: str
    stored_bytes: int
    retention_days: int | None
    retention_policy: str = ""
    log_class: str = "STANDARD"
    created_at: float = 0.0
    ingested_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """An earlier run of powertune on a function: what it recommended, measured, and of which code.

    `measured_at` is when it ended, in seconds since the epoch.
    `durations_ms` are the mean warm billed durations of the configurations that it measured, and `p50s_ms` their
    median warm durations, which CloudWatch calls Duration. `code_sha256` is that of the code that was measured, empty
    where it is not known. `file` is where its results are.
    """

    run_id: str
    measured_at: float
    recommended: Configuration | None
    durations_ms: tuple[tuple[Configuration, float], ...] = ()
    code_sha256: str = ""
    p50s_ms: tuple[tuple[Configuration, float], ...] = ()
    file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthlyCost:
    """What a function costs in 30 days, in the currency of the region, before the free tier.

    `compute` is for GB-seconds of CloudWatch's Duration; `init` is what INIT adds, which that does not contain. It is
    an estimate, from `init_low` to `init_high`. `unpriced` names the fields that are 0, or too small, because a price
    or a figure is not known.
    """

    compute: float
    requests: float
    init: float = 0.0
    init_low: float = 0.0
    init_high: float = 0.0
    ephemeral_storage: float = 0.0
    provisioned: float = 0.0
    snapstart: float = 0.0
    log_ingestion: float = 0.0
    log_storage: float = 0.0
    unpriced: tuple[str, ...] = ()

    @property
    def on_demand(self) -> float:
        """What depends on the number of invocations and their duration."""
        return self.compute + self.requests + self.init + self.ephemeral_storage

    @property
    def total(self) -> float:
        """All of it."""
        return self.on_demand + self.provisioned + self.snapstart + self.log_ingestion + self.log_storage


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionEvidence:
    """All that is known about one function.

    `provisioned` is empty where there is certainly none. `reserved` is the reserved concurrency, None also where
    there is none. `triggers` says in words who invokes the function; None where nobody looked.
    `edge` says that the function is replicated for Lambda@Edge, whose metrics are elsewhere.
    """

    function: ScannedFunction
    usage: FunctionUsage | None = None
    cost: MonthlyCost | None = None
    memory: MemoryUse | None = None
    reports: ReportStatistics | None = None
    environment: EnvironmentUse | None = None
    provisioned: tuple[Provisioned, ...] | None = None
    reserved: int | None = None
    triggers: tuple[str, ...] | None = None
    edge: bool = False
    tuned: Tuned | None = None

    @property
    def name(self) -> str:
        """The name of the function."""
        return self.function.name


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceEvidence:
    """All that is known about one account in one region at `now`, in seconds since the epoch, of `days` days.

    `log_groups` are by name, those of functions only; None where they could not be read. `prices` are None where the
    table has none for the region: nothing has a price then.
    """

    place: AccountRegion
    now: float
    days: float
    functions: tuple[FunctionEvidence, ...]
    prices: RegionPrices | None
    log_groups: Mapping[str, FunctionLogGroup] | None = None
