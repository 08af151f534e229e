"""Cold starts, traffic and discounts in the cost of an invocation, and what a month saves."""

from typing import Any

import pytest
from factories import (
    make_analysis,
    make_configuration,
    make_function,
    make_invocation,
    make_measurement,
    make_prices,
)

from powertune.analysis import Analysis
from powertune.failure_costs import FailureCosts
from powertune.model import Goal, Measurement, Status, Strategy, Traffic, Usage
from powertune.prices import PriceTable

STEADY = [99.0, 101.0, 100.0, 100.0, 98.0, 102.0, 99.5, 100.5]
PRICES = make_prices()
PER_MS = 512 / 1024 * 0.0000166667 / 1000
REQUEST = 0.0000002
#: `make_measurement` bills a cold start of 100 ms with 200 ms of init for 300 ms.
COLD = 300 * PER_MS + REQUEST
WARM = 100.125 * PER_MS + REQUEST


def codes(analysis: Analysis) -> set[str]:
    return {advisory.code for advisory in analysis.advisories}


def mean_cost(analysis: Analysis, index: int = 0) -> float:
    cost = analysis.profiles[index].cost
    assert cost is not None
    return cost.mean


def measured(memory_mb: int = 512, **more: Any) -> Measurement:
    return make_measurement(memory_mb=memory_mb, durations=STEADY, lanes=4, **more)


def test_failures_are_paid_for_by_those_that_succeed() -> None:
    def with_failures(count: int, billed_ms: int | None = 101) -> Measurement:
        return measured(others=[make_invocation(status=Status.ERROR, duration_ms=None, billed_ms=billed_ms)] * count)

    without, some = (make_analysis(with_failures(count)) for count in (0, 3))
    # Four cold starts succeeded as well, and a failure costs as much as 101 of the usual 100.125 ms.
    lost = 3 * 101 / 100.125 / 12 * WARM
    assert mean_cost(some) == pytest.approx(mean_cost(without) + lost)
    assert "failed-invocations" in codes(some)
    # How often it fails is known less well than how long it takes.
    intervals = [analysis.profiles[0].cost.interval for analysis in (without, some)]  # type: ignore[union-attr]
    widths = [high - low for low, high in filter(None, intervals)]
    assert widths[0] < widths[1] / 5
    # Without a report, a failure counts as one that succeeds.
    assert mean_cost(make_analysis(with_failures(3, None))) == pytest.approx(1.25 * mean_cost(without))


def test_where_it_does_not_work_the_cost_is_that_of_what_succeeded() -> None:
    kills = [make_invocation(status=Status.OUT_OF_MEMORY)] * 3
    assert mean_cost(make_analysis(measured(others=kills), measured(1024))) == pytest.approx(WARM)


def test_warm_and_cold_starts_are_blended_in_their_shares() -> None:
    billed = sum(-(-value // 1) for value in STEADY) / len(STEADY)
    warm = billed * PER_MS + REQUEST
    assert mean_cost(make_analysis(measured())) == pytest.approx(warm)
    analysis = make_analysis(measured(), usage=Usage(cold_share=0.1))
    assert mean_cost(analysis) == pytest.approx(0.9 * warm + 0.1 * COLD)
    profile = analysis.profiles[0]
    assert profile.cost is not None
    assert profile.cost.warm == pytest.approx(warm)
    assert profile.cold is not None
    assert profile.cold.cost == pytest.approx(COLD)
    assert analysis.billing.cold_source == "as given"


def test_the_share_comes_from_the_person_then_cloudwatch_then_nowhere() -> None:
    traffic = Traffic(invocations=3000, days=30, reports=400, cold_starts=8)
    seen = make_analysis(measured(), traffic=traffic)
    assert seen.billing.cold_share == 0.02
    assert "400 reports" in seen.billing.cold_source
    assert seen.billing.invocations_per_month == 3000
    said = make_analysis(measured(), traffic=traffic, usage=Usage(cold_share=0.5, invocations_per_month=7.0))
    assert (said.billing.cold_share, said.billing.invocations_per_month) == (0.5, 7.0)
    unknown = make_analysis(measured(), traffic=Traffic(invocations=0, days=0))
    assert (unknown.billing.cold_share, unknown.billing.invocations_per_month) == (None, None)
    assert "--cold-share" in unknown.billing.cold_source


def test_where_no_cold_start_was_seen_the_dearest_is_taken() -> None:
    slow = make_measurement(
        memory_mb=1024, durations=STEADY, cold=0, others=[make_invocation(init_ms=900.0, lane=1)], lanes=2
    )
    never = make_measurement(memory_mb=512, durations=[*STEADY, *STEADY], cold=0)
    analysis = make_analysis(never, slow, usage=Usage(cold_share=0.5))
    extra = 1000 - 100.125
    assert mean_cost(analysis) > 0.5 * WARM + 0.5 * (WARM + extra * PER_MS) * 0.99
    (advisory,) = (a for a in analysis.advisories if a.code == "cold-starts-unseen")
    assert "512 MB x86_64" in advisory.message
    assert "cold-starts-unseen" not in codes(make_analysis(never, slow))


def test_cold_starts_that_nobody_measured_are_left_out_and_said_so() -> None:
    never = make_measurement(durations=[*STEADY, *STEADY], cold=0)
    analysis = make_analysis(never, usage=Usage(cold_share=0.5))
    assert analysis.billing.cold_share is None
    assert "50.00% start cold: no cold start was measured" in analysis.billing.cold_source
    assert mean_cost(analysis) == pytest.approx(mean_cost(make_analysis(never)))


def test_a_single_cold_start_leaves_its_cost_uncertain_and_the_rest_known() -> None:
    measurement = make_measurement(durations=STEADY, lanes=1)
    rare, often = (make_analysis(measurement, usage=Usage(cold_share=share)) for share in (0.001, 0.5))
    costs = [analysis.profiles[0].cost for analysis in (rare, often)]
    widths = [cost.interval[1] - cost.interval[0] for cost in costs if cost is not None and cost.interval is not None]
    assert len(widths) == 2
    assert widths[1] > 10 * widths[0]
    assert "cold-starts-single" in codes(rare)


def test_provisioned_concurrency_leaves_nothing_cold() -> None:
    traffic = Traffic(invocations=3000, days=30, reports=400, cold_starts=8)
    prices = PriceTable.bundled().region("us-east-1")
    function = make_function(provisioned_concurrency=1)
    assert make_analysis(measured(), function=function, prices=prices, traffic=traffic).billing.cold_share == 0.0


def test_the_volume_tier_is_that_of_the_whole_traffic() -> None:
    prices = PriceTable.bundled().region("us-east-1")
    analysis = make_analysis(measured(), prices=prices, usage=Usage(cold_share=0.01, invocations_per_month=5e9))
    cold = analysis.profiles[0].cold
    assert cold is not None
    # 5 billion x 0.05 GB-seconds are in the first tier, however long a cold start lasts.
    assert cold.cost == pytest.approx(300 * 512 / 1024 * 0.0000166667 / 1000 + REQUEST)


def test_the_blend_is_less_sure_than_its_parts() -> None:
    colds = [make_invocation(init_ms=init, lane=lane) for lane, init in enumerate((100.0, 900.0, 200.0, 500.0))]
    warm = make_measurement(durations=STEADY, lanes=4, others=colds)
    plain, blended = (make_analysis(warm, usage=Usage(cold_share=share)).profiles[0].cost for share in (0.0, 0.3))
    assert plain is not None
    assert blended is not None
    assert plain.interval is not None
    assert blended.interval is not None
    assert blended.interval[1] - blended.interval[0] > 2 * (plain.interval[1] - plain.interval[0])


def test_a_savings_plan_lowers_duration_and_not_requests() -> None:
    full, less = (mean_cost(make_analysis(measured(), usage=Usage(savings_plan=plan))) for plan in (0.0, 0.12))
    assert less == pytest.approx(0.88 * (full - REQUEST) + REQUEST)


def test_what_is_paid_by_the_month_is_shared_by_its_invocations() -> None:
    function = make_function(provisioned_concurrency=2)
    prices = PriceTable.bundled().region("us-east-1")
    analyses = [
        make_analysis(measured(), function=function, prices=prices, usage=Usage(invocations_per_month=traffic))
        for traffic in (None, 1e6, 1e7)
    ]
    without, few, many = (mean_cost(analysis) for analysis in analyses)
    month = 2 * 0.5 * 0.0000041667 * 30 * 24 * 3600
    assert few - without == pytest.approx(month / 1e6, rel=1e-3)
    assert many - without == pytest.approx(month / 1e7, rel=1e-3)
    assert "fixed-cost-unknown" in codes(analyses[0])
    assert "fixed-cost-unknown" not in codes(analyses[1])


def test_a_month_saves_as_often_as_an_invocation_succeeds() -> None:
    """CloudWatch counts those that fail as well."""
    failed = [make_invocation(status=Status.ERROR)] * 4
    cheap = make_measurement(memory_mb=256, durations=[d * 0.2 for d in STEADY], lanes=4)
    analysis = make_analysis(cheap, measured(others=failed), usage=Usage(invocations_per_month=2e6))
    assert analysis.recommendation is not None
    saving = analysis.recommendation.saving
    assert saving is not None
    succeeding = 1 - FailureCosts.of(analysis.run.measurements).at(make_configuration(512)).rate
    assert 0.75 < succeeding < 0.85
    difference = mean_cost(analysis, 1) - mean_cost(analysis, 0)
    assert saving.per_month == pytest.approx(succeeding * 2e6 * difference)


def test_a_month_saves_the_difference_of_the_means_times_the_traffic() -> None:
    cheap = make_measurement(memory_mb=256, durations=[d * 1.2 for d in STEADY], lanes=4)
    analysis = make_analysis(
        cheap, measured(), usage=Usage(invocations_per_month=2e6), goal=Goal(strategy=Strategy.COST)
    )
    recommendation = analysis.recommendation
    assert recommendation is not None
    assert recommendation.configuration.memory_mb == 256
    saving = recommendation.saving
    assert saving is not None
    assert saving.per_month == pytest.approx(2e6 * (mean_cost(analysis, 1) - mean_cost(analysis, 0)))
    assert saving.per_year == pytest.approx(saving.per_month * 365 / 30)
    assert saving.interval is not None
    assert 0 < saving.interval[0] < saving.per_month < saving.interval[1]
    assert analysis.spent is not None
    # At the latest: by the least that the interval holds.
    assert saving.payback_days == pytest.approx(analysis.spent / saving.interval[0] * 30)
    without = make_analysis(cheap, measured(), goal=Goal(strategy=Strategy.COST)).recommendation
    assert without is not None
    assert without.saving is None


def test_a_saving_that_is_not_proven_pays_nothing_back() -> None:
    noisy = make_measurement(memory_mb=500, durations=[50.0, 150.0, 60.0, 139.0], lanes=4)
    analysis = make_analysis(
        noisy, measured(), usage=Usage(invocations_per_month=1e6), goal=Goal(strategy=Strategy.COST)
    )
    recommendation = analysis.recommendation
    assert recommendation is not None
    assert recommendation.saving is not None
    assert recommendation.saving.payback_days is None
    same = make_analysis(measured(), usage=Usage(invocations_per_month=1e6)).recommendation
    assert same is not None
    assert same.saving is not None
    assert (same.saving.per_month, same.saving.interval) == (0.0, (0.0, 0.0))
