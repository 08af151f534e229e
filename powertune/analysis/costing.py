"""What invocations cost under the terms of the traffic: cold starts, discounts, what is paid by the month."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from powertune.analysis.comparison import interval_of, log_of
from powertune.analysis.environments import Environments
from powertune.analysis.estimates import Estimate, Sample, constant, estimate_mean, mean_of, total
from powertune.analysis.model import Billing, Cost
from powertune.failure_costs import FailureCosts
from powertune.model import Configuration, FunctionState, Population, TuningRun, Usage
from powertune.region_prices import RegionPrices
from powertune.tariff import Tariff, make_tariff


@dataclass(frozen=True, slots=True, kw_only=True)
class Costing:
    """What an invocation of one configuration costs, as far as its samples tell, in the region's currency.

    `warm` holds what each warm invocation contributes to the mean (weighted with the share of warm ones), pairwise
    with their `environments`; `cold`, `failed` (what those that fail cost for each that succeeds) and `fixed` are the
    other contributions. `plain_warm` is the cost of a warm one alone. Where only cold starts are judged, they stand
    in the place of the warm ones. `succeeding` is the share of the invocations that do not fail. `believed` is what a
    search estimates that warm ones contribute; None to estimate it from `warm`.
    """

    warm: Sample
    environments: Environments
    cold: Estimate
    failed: Estimate
    fixed: float
    plain_warm: float
    succeeding: float = 1.0
    believed: Estimate | None = None

    @property
    def estimate(self) -> Estimate:
        """The mean cost of an invocation."""
        warm = self.believed or estimate_mean(self.warm, self.environments)
        return total([warm, self.cold, self.failed, constant(self.fixed)])

    @property
    def without_failures(self) -> "Costing":
        """The same if none had failed."""
        return replace(self, failed=constant(0.0))

    @property
    def summary(self) -> Cost:
        """The same for people, never below zero."""
        estimate = self.estimate
        if self.believed is not None:
            return Cost(mean=estimate.mean, interval=interval_of(self.log), warm=self.plain_warm)
        interval = estimate.interval()
        if interval is not None:
            interval = (max(0.0, interval[0]), interval[1])
        return Cost(mean=estimate.mean, interval=interval, warm=self.plain_warm)

    def log_balance(self, durations: Sample, weight: float) -> Estimate | None:
        """The log of cost^weight x duration^(1 - weight), for durations pairwise with the warm costs.

        By the delta method, invocation by invocation, which keeps what cost and duration have in common, such as a
        slow minute, from being counted as independent. None where either is 0.
        """
        cost, duration = self.estimate.mean, mean_of(durations)
        if not (cost > 0 and duration > 0):
            return None
        together = estimate_mean(weight * self.warm / cost + (1 - weight) * durations / duration, self.environments)
        error = total([together, self.cold.times(weight / cost), self.failed.times(weight / cost)])
        value = weight * float(np.log(cost)) + (1 - weight) * float(np.log(duration))
        return Estimate(mean=value, variance=error.variance, freedom=error.freedom)

    @property
    def log(self) -> Estimate | None:
        """The log of the mean cost; None where it is 0."""
        return log_of(self.estimate)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pricing:
    """The prices of a function's region under the terms of its traffic.

    `borrowed_ms` is what a cold start is taken to be billed beyond a warm invocation where none was seen: the most
    that was seen elsewhere, so that doubt does not flatter; None where none was seen anywhere. `judged` are the
    invocations that a configuration is judged by, and `failures` what those that fail add to the cost.
    """

    function: FunctionState
    prices: RegionPrices
    billing: Billing
    borrowed_ms: float | None = None
    judged: Population = Population.WARM
    failures: FailureCosts = field(default_factory=FailureCosts)

    def cost(
        self,
        configuration: Configuration,
        billed: Sample,
        environments: Environments,
        cold_billed: Sample,
        believed: Estimate | None = None,
    ) -> Costing:
        """What an invocation costs: warm and cold starts in their shares, and its part of what is paid by the month.

        Args:
            billed: billed durations of warm invocations, in ms, with their environments.
            cold_billed: billed durations of cold starts, in ms; may be empty.
            believed: what a search estimates their mean to be; needed where there are no warm invocations.
        """
        share = self.billing.cold_share or 0.0
        warm_ms = mean_of(billed) if believed is None else believed.mean
        tariff = self._tariff(configuration, warm_ms, mean_of(cold_billed) if cold_billed.size else warm_ms)
        succeeding = self._succeeding(configuration)
        each = total(
            [
                self._cold_ms(warm_ms, cold_billed).times(tariff.per_ms),
                constant(tariff.per_request + tariff.per_cold_start),
            ]
        )
        return Costing(
            warm=(1 - share) * (tariff.per_ms * billed + tariff.per_request),
            environments=environments,
            cold=each.times(share) if share else constant(0.0),
            failed=self._failed(configuration, tariff, warm_ms),
            fixed=self._fixed(tariff, succeeding),
            plain_warm=self.prices.invocation_cost(configuration, warm_ms, self.function.ephemeral_storage_mb),
            succeeding=succeeding,
            believed=None
            if believed is None
            else total([believed.times(tariff.per_ms), constant(tariff.per_request)]).times(1 - share),
        )

    def cold_cost(self, configuration: Configuration, billed: Sample, environments: Environments) -> Costing:
        """What an invocation costs that starts cold, as each of these did, and its part of what is paid by the month.

        Args:
            billed: billed durations, in ms, init or restore phase included; not empty.
        """
        mean_ms = mean_of(billed)
        tariff, succeeding = self._tariff(configuration, mean_ms, mean_ms), self._succeeding(configuration)
        on_demand = self.prices.invocation_cost(configuration, mean_ms, self.function.ephemeral_storage_mb)
        return Costing(
            warm=tariff.per_ms * billed + tariff.per_request + tariff.per_cold_start,
            environments=environments,
            cold=constant(0.0),
            failed=self._failed(configuration, tariff, mean_ms),
            fixed=self._fixed(tariff, succeeding),
            plain_warm=on_demand + tariff.per_cold_start,
            succeeding=succeeding,
        )

    def tariff(self, configuration: Configuration, billed: Sample, cold_billed: Sample) -> Tariff:
        """The tariff at the volume that this traffic has at this configuration; at least one sample is not empty."""
        warm_ms = mean_of(billed if billed.size else cold_billed)
        cold_ms = mean_of(cold_billed if cold_billed.size else billed)
        return self._tariff(configuration, warm_ms, cold_ms)

    def _succeeding(self, configuration: Configuration) -> float:
        """The share of the invocations that do not fail; above 0, as one of them has a price."""
        return 1 - self.failures.at(configuration).rate

    def _fixed(self, tariff: Tariff, succeeding: float) -> float:
        """The part of an invocation that succeeds in what is paid by the month; 0 where the traffic is not known."""
        traffic = self.billing.invocations_per_month
        return tariff.per_month / (traffic * succeeding) if traffic else 0.0

    def _tariff(self, configuration: Configuration, warm_ms: float, cold_ms: float) -> Tariff:
        share = self.billing.cold_share or 0.0
        gb_seconds = configuration.memory_mb / 1024 * ((1 - share) * warm_ms + share * cold_ms) / 1000
        return make_tariff(
            configuration,
            self.function,
            self.prices,
            savings_plan=self.billing.savings_plan,
            gb_seconds_per_month=(self.billing.invocations_per_month or 0.0) * gb_seconds,
        )

    def spent(self, configuration: Configuration, paid: Sequence[int], count: int) -> float | None:
        """What measuring cost, on demand and undiscounted.

        An invocation without a report is taken to have cost as much as the most expensive one that has; None, not
        zero, where there are invocations and none has one.
        """
        if not paid:
            return None if count else 0.0
        billed = sum(paid) + (count - len(paid)) * max(paid)
        rate = self.prices.rate_per_ms(configuration, self.function.ephemeral_storage_mb)
        return rate * billed + self.prices.request * count

    def _failed(self, configuration: Configuration, tariff: Tariff, usual_ms: float) -> Estimate:
        """What failures cost for each invocation that succeeds, which is billed for `usual_ms`."""
        cost, failures = tariff.per_ms * usual_ms + tariff.per_request, self.failures.at(configuration)
        return Estimate(mean=failures.share * cost, variance=(failures.deviation * cost) ** 2)

    def _cold_ms(self, warm_ms: float, cold_billed: Sample) -> Estimate:
        """What a cold start is billed for. One of them, or none, says nothing of its own error."""
        if cold_billed.size >= 2:
            return estimate_mean(cold_billed)
        cold_ms = mean_of(cold_billed) if cold_billed.size else warm_ms + (self.borrowed_ms or 0.0)
        # So the error is taken to be as large as what starting cold adds.
        return Estimate(mean=cold_ms, variance=max(0.0, cold_ms - warm_ms) ** 2)


def resolve_billing(run: TuningRun, usage: Usage, *, cold_seen: bool) -> Billing:
    """What a person says about the traffic; else what CloudWatch showed; else nothing, and said so.

    Args:
        cold_seen: whether the run has a cold start from which to tell what one costs.
    """
    share, share_source = _cold_share(run, usage)
    if run.design.only_cold_starts:
        share, share_source = 1.0, "as only cold starts were measured"
    elif share and not cold_seen:
        share, share_source = None, f"although {share:.2%} start cold: no cold start was measured"
    traffic = run.traffic
    monthly, source = usage.invocations_per_month, "as given"
    if monthly is None and traffic is not None:
        monthly, source = traffic.invocations_per_month, f"in CloudWatch over {traffic.days:g} days"
    if not monthly:
        monthly, source = None, "no traffic was seen; give --invocations-per-month"
    return Billing(
        cold_share=share,
        cold_source=share_source,
        invocations_per_month=monthly,
        traffic_source=source,
        savings_plan=usage.savings_plan,
    )


def _cold_share(run: TuningRun, usage: Usage) -> tuple[float | None, str]:
    """The share of cold starts, and where it is known from."""
    traffic = run.traffic
    if usage.cold_share is not None:
        return usage.cold_share, "as given"
    if run.function.provisioned_concurrency:
        return 0.0, "as provisioned concurrency serves them"
    if traffic is not None and traffic.cold_share is not None:
        return traffic.cold_share, f"in {traffic.reports:,} reports in CloudWatch Logs"
    return None, "their share is not known (give --cold-share)"
