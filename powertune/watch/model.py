"""The nouns of watching: a function, how production used it, and what its alarms compare with what."""

from dataclasses import dataclass

from powertune.model import Configuration
from powertune.region_prices import RegionPrices


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedFunction:
    """A function as alarms know it.

    With a `qualifier`, its metrics are those of that alias or version; without one, those of the whole function.
    `arn` has no qualifier. `configuration`, `ephemeral_storage_mb` and `timeout_s` are what the version behind the
    qualifier has now, or $LATEST.
    """

    name: str
    qualifier: str | None
    arn: str
    region: str
    configuration: Configuration
    timeout_s: int
    ephemeral_storage_mb: int = 512
    reserved_concurrency: int | None = None
    code_sha256: str = ""

    @property
    def label(self) -> str:
        """What a person calls it: `my-fn`, or `my-fn:prod`."""
        return self.name if self.qualifier is None else f"{self.name}:{self.qualifier}"

    @property
    def dimensions(self) -> tuple[tuple[str, str], ...]:
        """The dimensions of its metrics, by name."""
        named = ("FunctionName", self.name)
        return (named,) if self.qualifier is None else (named, ("Resource", self.label))

    @property
    def account_id(self) -> str:
        """The account that it is in."""
        return self.arn.split(":")[4]


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedDay:
    """A day (UTC) with invocations. `p95_ms` is the 95th percentile of Duration, which does not contain INIT."""

    invocations: int
    duration_sum_ms: float
    p95_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductionUse:
    """How production used a function in `days` whole days; `used` are those of them with invocations.

    `in_use_days` is how many of these days there are since the first one with invocations.
    """

    days: int
    used: tuple[UsedDay, ...] = ()
    in_use_days: int = 0

    @property
    def invocations(self) -> int:
        """All of them."""
        return sum(day.invocations for day in self.used)

    @property
    def invocations_per_day(self) -> float:
        """On average since the first of them."""
        return self.invocations / max(self.in_use_days, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """When an alarm goes off: when `breaching` of the last `periods` are too high, each of `period_s` seconds."""

    period_s: int
    breaching: int
    periods: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DurationAlarm:
    """The p95 of Duration above `limit_ms`.

    `reference_ms` is the p95 that this was made of, None if somebody chose it; `tuned` says that it is a run's.
    """

    limit_ms: float
    reference_ms: float | None
    tuned: bool
    evidence: str
    rhythm: Rhythm


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorAlarm:
    """More than this share of the invocations of a period, if it has at least that minimum of them."""

    share: float
    least_invocations: int
    rhythm: Rhythm


@dataclass(frozen=True, slots=True, kw_only=True)
class ConcurrencyAlarm:
    """More than `limit` concurrent invocations, of the `available` ones."""

    limit: int
    available: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CostAlarm:
    """More than this in a day, in the region's currency."""

    limit: float
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionWatch:
    """The alarms of one function. `concurrency` is None where it has no reserved concurrency, or hardly any.

    `notes` are for the person who reads them: what the alarms do not see, and what to do about it.
    """

    function: WatchedFunction
    duration: DurationAlarm
    errors: ErrorAlarm
    cost: CostAlarm
    concurrency: ConcurrencyAlarm | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """The alarms of several functions of one region. `unreserved` is that of the functions that share the rest."""

    functions: tuple[FunctionWatch, ...]
    prices: RegionPrices
    unreserved: ConcurrencyAlarm | None = None
