"""Functions that are busy enough for provisioned concurrency to be cheaper than running on demand."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from powertune.scan.evidence import Compute, EvidenceSource, FunctionEvidence, PlaceEvidence
from powertune.scan.finding import Confidence, Fact, Finding, MonthlySaving, Severity
from powertune.scan.provisioning import ProvisioningPrices
from powertune.scan.rule import Need, ScanRule
from powertune.units import format_share

#: A smaller saving, in the currency of the region, is not worth a change.
_LEAST_SAVING = 1.0
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Load:
    """How many environments are busy on average, and at most."""

    mean: float
    peak: float

    @property
    def least_utilization(self) -> float:
        """The least that any number of environments up to the peak is used, whatever the hours look like."""
        return self.mean / self.peak


def _check(evidence: PlaceEvidence) -> Iterator[Finding]:
    for known in evidence.functions:
        load = _load(known)
        prices = ProvisioningPrices.of(evidence.prices, known.function.architecture)
        if load is None or prices is None:
            continue
        environments, memory_mb = math.floor(load.mean), known.function.memory_mb
        low = prices.saving(environments, memory_mb, load.least_utilization)
        high = prices.saving(environments, memory_mb, 1.0)
        saving = MonthlySaving(expected=(low + high) / 2, low=low, high=high)
        if saving.expected >= _LEAST_SAVING:
            yield _finding(known, load, environments, prices, saving)


def _load(known: FunctionEvidence) -> _Load | None:
    """The load of a function that could have provisioned concurrency, and certainly has none."""
    function, usage = known.function, known.usage
    if usage is None or known.provisioned != () or function.compute is not Compute.ON_DEMAND or function.snapstart:
        return None
    mean = usage.duration_sum_ms / (usage.days * _DAY_MS)
    if mean < 1 or usage.peak_concurrency <= 0 or usage.active_days < math.floor(usage.days):
        return None
    return _Load(mean=mean, peak=max(mean, usage.peak_concurrency))


def _finding(
    known: FunctionEvidence, load: _Load, environments: int, prices: ProvisioningPrices, saving: MonthlySaving
) -> Finding:
    certain = load.least_utilization >= prices.break_even
    text = f"{load.mean:,.1f} environments are busy on average, and {load.peak:,.0f} at most"
    worth = f"it pays for itself if more than {format_share(prices.break_even)} of it are in use"
    return RULE.finding(
        known,
        summary=f"up to {environments:,} environments are always busy: provisioned concurrency may be cheaper",
        facts=(
            Fact(source=EvidenceSource.METRICS, text=text),
            Fact(source=EvidenceSource.CONFIGURATION, text="it has no provisioned concurrency"),
            Fact(source=EvidenceSource.MODEL, text=worth),
        ),
        next_step="look at ConcurrentExecutions by the hour, then provision for an alias what quiet hours use",
        saving=saving,
        confidence=Confidence.MEDIUM if certain else Confidence.LOW,
    )


RULE = ScanRule(
    id="provisioned-missing",
    title="Provisioned concurrency would be cheaper",
    severity=Severity.INFO,
    needs=(Need.USAGE, Need.PROVISIONED),
    check=_check,
    page=f"""
Reports a function that runs on demand, is invoked every day, and keeps at least one environment busy on average, if
provisioned concurrency is expected to be cheaper by at least {_LEAST_SAVING:g} US dollar a month. Functions with
SnapStart are left out, because they cannot have provisioned concurrency. So are functions that already have some, and
functions for which that is not known.

The mean number of busy environments is the sum of all durations, divided by the length of the window. No more than
that can be busy all the time, so the saving is that of provisioning this number. How much of it would be in use
depends on the hours, which a scan does not look at. Two bounds are certain:

- At most, all of them are in use all the time. That is the high end of the saving.
- At least, the share in use is the mean number of busy environments divided by the largest. That is the low end.

The expected saving is in the middle. The confidence is low, or medium if even the low end saves money. If the low end
is negative, provisioned concurrency may cost more. Before you provision anything, look at the concurrency by the
hour.

Provisioned concurrency belongs to an alias or a version, and only serves clients that name it. A Compute Savings Plan
lowers all of these prices by about the same share.
""",
)
