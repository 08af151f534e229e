"""What one configuration of one run tells a gate: its samples, estimates and single figures, by metric."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from powertune.analysis.comparison import log_mean
from powertune.analysis.costing import Costing, Pricing
from powertune.analysis.environments import Environments
from powertune.analysis.estimates import Estimate, Sample, mean_of
from powertune.analysis.observed_run import price_run
from powertune.analysis.populations import Judged, cold_samples, cold_starts_alone, warm_samples
from powertune.gate.model import GatedRun
from powertune.model import Configuration, Measurement, Population, Usage
from powertune.prices import PriceTable

_BYTES_PER_MB = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledMetric:
    """A sample of a metric with the estimate of its mean's logarithm; `environments` is None where values are
    independent.

    `mean` and `log` are of the traffic, in which payloads have their weights.
    """

    values: Sample
    environments: Environments | None
    mean: float
    log: Estimate | None

    @property
    def count(self) -> int:
        """How many values there are."""
        return int(self.values.size)

    @property
    def from_environments(self) -> int | None:
        """How many execution environments these come from; None where it is not known."""
        return self.count if self.environments is None else self.environments.count


class ObservedSide:
    """A configuration of a run as a gate sees it. What a check does not ask for is not computed."""

    def __init__(self, gated: GatedRun, measurement: Measurement, pricing: Pricing) -> None:
        self._gated = gated
        self._pricing = pricing
        self._weights = {payload: share.weight for payload, share in enumerate(gated.run.design.payloads)}
        self.measurement = measurement

    @property
    def label(self) -> str:
        """What a person calls the run."""
        return self._gated.label

    @property
    def currency(self) -> str:
        """That of the region."""
        return self._pricing.prices.currency

    @cached_property
    def judged(self) -> Judged:
        """The invocations that durations and costs are taken from."""
        if self._pricing.judged is Population.COLD:
            return cold_starts_alone(self.measurement, self._weights)
        return warm_samples(self.measurement, self._weights)

    @cached_property
    def duration(self) -> SampledMetric:
        """Durations in ms."""
        judged = self.judged
        return SampledMetric(
            values=judged.durations,
            environments=judged.environments,
            mean=mean_of(judged.contributions),
            log=log_mean(judged.contributions, judged.environments),
        )

    @cached_property
    def init(self) -> SampledMetric:
        """Init or restore phases in ms, each of an environment of its own."""
        phases = cold_samples(self.measurement).phases
        return SampledMetric(values=phases, environments=None, mean=mean_of(phases), log=log_mean(phases))

    @cached_property
    def costing(self) -> Costing | None:
        """What an invocation costs, as analyses have it; None where none has a report."""
        judged, configuration = self.judged, self.measurement.configuration
        if not judged.billed.size:
            return None
        if self._pricing.judged is Population.COLD:
            return self._pricing.cold_cost(configuration, judged.billed, judged.environments)
        cold = cold_samples(self.measurement).billed if self._pricing.billing.cold_share else np.empty(0)
        return self._pricing.cost(configuration, judged.billed, judged.environments, cold)

    def made_for(self, metric: str) -> int:
        """How many invocations were made for the sample of a metric: a cold start comes with those that follow it."""
        return len(self.measurement.invocations) if metric == "init" else self.duration.count

    @property
    def disturbed(self) -> tuple[int, int]:
        """How many invocations other programs on this machine have disturbed, of how many; these are not judged."""
        waits = self.measurement.invocations.column("waited_ms")
        return sum(map(bool, waits)), len(waits)

    @property
    def max_memory_mb(self) -> int | None:
        """The most memory that any invocation used."""
        used = [value for value in self.measurement.invocations.column("max_memory_used_mb") if value is not None]
        return max(used, default=None)

    @property
    def package_mb(self) -> float | None:
        """The size of the deployment package."""
        size = self._gated.package_bytes
        return None if size is None else size / _BYTES_PER_MB

    @cached_property
    def failures(self) -> tuple[int, int]:
        """How many invocations failed, of how many whose end is known."""
        count = self.measurement.invocations.count
        return count(Population.FAILED), len(self.measurement.invocations) - count(Population.MISSING)

    @property
    def invocations_per_month(self) -> float | None:
        """Today's traffic; None where it is not known."""
        return self._pricing.billing.invocations_per_month


def observe_side(
    gated: GatedRun, configuration: Configuration, prices: PriceTable, usage: Usage
) -> ObservedSide | None:
    """A configuration of a run; None if the run does not have it.

    Raises:
        UsageError: prices are not known.
    """
    measurement = gated.run.measurement(configuration)
    if measurement is None:
        return None
    return ObservedSide(gated, measurement, price_run(gated.run, prices, usage))
