"""Whether a saving came true, by what CloudWatch says of the days before the change and after it."""

from collections.abc import Sequence
from dataclasses import dataclass

from powertune.analysis.comparison import Comparison, compare, log_mean
from powertune.autopilot.promise import Promise, Standing
from powertune.model import DAYS_PER_MONTH, Configuration
from powertune.region_prices import RegionPrices
from powertune.units import ROUNDING_MS, plural

DAY_S = 86_400
#: The most days before the change that are compared, and the fewest on either side.
MOST_DAYS, LEAST_DAYS = 14, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOfUse:
    """How a function was invoked on one day of UTC, which began at `began_at`, in seconds since the epoch.

    `duration_sum_ms` is without INIT. `p50_ms` is None without invocations.
    """

    began_at: float
    invocations: int
    duration_sum_ms: float
    p50_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """The function after the merge. `since` is when it was changed last, in seconds since the epoch."""

    merged_at: float
    since: float
    code_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What became of a promise. `standing` is PROPOSED as long as it cannot be told.

    `cost` is that of an invocation after the change, by that before it. `p50_before_ms` and `p50_after_ms` are
    medians of the days' medians. `saving` is for 30 days with as many invocations as after the change. All are None
    where there are not enough days.
    """

    standing: Standing
    why: str
    days_before: int
    days_after: int
    cost: Comparison | None = None
    saving: float | None = None
    p50_before_ms: float | None = None
    p50_after_ms: float | None = None


def window(promise: Promise, deployed: Deployed, now: float) -> tuple[float, float]:
    """The time to ask CloudWatch about: whole days, in seconds since the epoch."""
    return _midnight(deployed.merged_at) - MOST_DAYS * DAY_S, max(_midnight(now), _midnight(promise.measured_at))


def verify(
    promise: Promise, days: Sequence[DayOfUse], deployed: Deployed, prices: RegionPrices, now: float
) -> Verification:
    """Compare what an invocation cost on the days before the merge and on those after the deployment.

    A day is one observation: the mean duration of its invocations, as CloudWatch has it, at the price of the memory
    size of that time, and the request. Days differ more than invocations of a day, so the interval rests on days
    (Student's t with Welch's degrees of freedom, of the logarithm). The days of the run, of the merge and of the
    deployment are left out: they hold invocations of both configurations. INIT is left out on both sides.

    It came true if an invocation is proven to cost less, and nothing speaks against the least that was promised. It
    did not if an invocation is proven to cost more than the most that was promised.
    """
    used = [day for day in days if day.invocations > 0]
    change = max(deployed.merged_at, deployed.since)
    before = [
        day
        for day in used
        if _midnight(deployed.merged_at) - MOST_DAYS * DAY_S <= day.began_at < _midnight(deployed.merged_at)
        and day.began_at != _midnight(promise.measured_at)
    ]
    after = [day for day in used if _midnight(change) + DAY_S <= day.began_at < _midnight(now)]
    if min(len(before), len(after)) < LEAST_DAYS:
        least = f"at least {plural(LEAST_DAYS, 'day')} with invocations before and after the change are needed"
        found = f"there are {len(before)} before and {len(after)} after it"
        return Verification(
            standing=Standing.PROPOSED,
            why=f"{least}, and {found}",
            days_before=len(before),
            days_after=len(after),
        )
    cost = compare(
        log_mean([_cost(day, promise.after, prices) for day in after]),
        log_mean([_cost(day, promise.before, prices) for day in before]),
    )
    same_code = not (promise.code_sha256 and deployed.code_sha256) or promise.code_sha256 == deployed.code_sha256
    standing, why = _judged(cost, promise) if same_code else _OTHER_CODE
    return Verification(
        standing=standing,
        why=why,
        days_before=len(before),
        days_after=len(after),
        cost=cost,
        saving=_saving(before, after, promise, prices),
        p50_before_ms=_median(before),
        p50_after_ms=_median(after),
    )


def not_deployed(alias: str, version: str, configuration: Configuration) -> Verification:
    """An alias still leads to a version of before: its invocations would be taken for some of the new size."""
    return Verification(
        standing=Standing.PROPOSED,
        why=f"alias {alias} leads to version {version}, which has {configuration}",
        days_before=0,
        days_after=0,
    )


_OTHER_CODE = (Standing.UNTESTABLE, "the code has changed as well, which may be what the difference is due to")


def _judged(cost: Comparison, promise: Promise) -> tuple[Standing, str]:
    if cost.interval is None:
        return Standing.PROPOSED, "what an invocation cost cannot be compared"
    low, high = cost.interval
    if low > promise.cost.high:
        return Standing.DID_NOT, "an invocation costs more than was promised"
    if high < 1:
        return Standing.CAME_TRUE, "an invocation costs less, as promised"
    return Standing.PROPOSED, "the days differ too much to tell a saving from chance"


def _cost(day: DayOfUse, configuration: Configuration, prices: RegionPrices) -> float:
    return prices.invocation_cost(configuration, day.duration_sum_ms / day.invocations + ROUNDING_MS)


def _saving(before: Sequence[DayOfUse], after: Sequence[DayOfUse], promise: Promise, prices: RegionPrices) -> float:
    costs_before = sum(_cost(day, promise.before, prices) for day in before) / len(before)
    costs_after = sum(_cost(day, promise.after, prices) for day in after) / len(after)
    spanned = (after[-1].began_at - after[0].began_at) / DAY_S + 1
    month = sum(day.invocations for day in after) / spanned * DAYS_PER_MONTH
    return (costs_before - costs_after) * month


def _median(days: Sequence[DayOfUse]) -> float | None:
    import statistics

    medians = [day.p50_ms for day in days if day.p50_ms is not None]
    return statistics.median(medians) if medians else None


def _midnight(at: float) -> float:
    return at // DAY_S * DAY_S
