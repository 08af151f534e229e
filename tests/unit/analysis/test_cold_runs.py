import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from factories import make_function, make_invocation, make_measurement, make_prices, make_run

from powertune.analysis import Analysis, Outcome, ProfileStatus, analyze, compare_runs
from powertune.errors import UsageError
from powertune.model import Design, Goal, GridDesign, Measurement, PayloadShare, Strategy, TuningRun, Usage
from powertune.prices import PriceTable
from powertune.quantiles import student_t

PRICES = make_prices()
FAST, SLOW = [40.0, 42.0, 44.0], [200.0, 204.0, 202.0, 206.0]


def cold_starts(memory_mb: int, durations: Sequence[float], *, warm: int = 0, **more: Any) -> Measurement:
    starts = [
        make_invocation(
            duration_ms=each, init_ms=100.0, memory_mb=memory_mb, lane=lane, environment=f"e{lane}", **more
        )
        for lane, each in enumerate(durations)
    ]
    reused = [make_invocation(duration_ms=1.0, memory_mb=memory_mb, environment="e0", **more) for _ in range(warm)]
    return make_measurement(memory_mb=memory_mb, cold=0, others=[*starts, *reused])


def cold_run(*measurements: Measurement, payloads: tuple[PayloadShare, ...] = (), **more: Any) -> TuningRun:
    design = Design(
        search=GridDesign(configurations=tuple(m.configuration for m in measurements), invocations=4),
        lanes=4,
        concurrency=8,
        seed=1,
        payloads=payloads,
        only_cold_starts=True,
    )
    return make_run(measurements=measurements, design=design, **more)


def judge(*measurements: Measurement, goal: Goal | None = None, **more: Any) -> Analysis:
    return analyze(cold_run(*measurements, **more), PRICES, goal or Goal(strategy=Strategy.COST))


def test_a_cold_start_takes_its_init_phase_and_its_duration() -> None:
    analysis = judge(cold_starts(512, SLOW), cold_starts(1024, FAST))
    slow, fast = analysis.profiles
    assert slow.duration is not None
    assert slow.duration.mean == pytest.approx(303.0)
    assert slow.billed_ms_mean == pytest.approx(303.0)
    assert (slow.judged, slow.environments, slow.counts.cold, slow.counts.warm) == (4, 4, 4, 0)
    assert fast.duration is not None
    assert fast.duration.mean == pytest.approx(142.0)
    assert slow.cold is not None
    assert slow.cold.duration.mean == pytest.approx(203.0)


def test_the_interval_is_students_t_of_independent_values() -> None:
    duration = judge(cold_starts(512, SLOW)).profiles[0].duration
    assert duration is not None
    assert duration.interval is not None
    deviation = math.sqrt(sum((each - 203) ** 2 for each in SLOW) / 3)
    reach = student_t(0.975, 3) * deviation / 2
    assert duration.interval == pytest.approx((303 - reach, 303 + reach))


def test_the_cost_is_that_of_a_cold_start() -> None:
    analysis = judge(cold_starts(512, SLOW))
    cost = analysis.profiles[0].cost
    assert cost is not None
    assert cost.mean == pytest.approx(0.5 * 0.303 * 0.0000166667 + 0.0000002)
    assert cost.warm == pytest.approx(cost.mean)
    assert cost.interval is not None
    assert cost.interval[0] < cost.mean < cost.interval[1]
    assert analysis.billing.cold_share == 1.0
    assert analysis.billing.cold_source == "as only cold starts were measured"


def test_whatever_else_is_said_of_the_share() -> None:
    run = cold_run(cold_starts(512, SLOW))
    told = analyze(run, PRICES, Goal(), Usage(cold_share=0.1))
    assert told.profiles == analyze(run, PRICES, Goal()).profiles
    assert told.billing.cold_share == 1.0


def test_restoring_a_snapshot_is_paid_for() -> None:
    function = make_function(snapstart=True)
    prices = make_prices(snapstart_restore=0.0001)
    restored = make_measurement(
        cold=0,
        others=[make_invocation(duration_ms=10.0, billed_ms=60, restore_ms=50.0, lane=lane) for lane in range(3)],
    )
    profile = analyze(cold_run(restored, function=function), prices, Goal()).profiles[0]
    assert profile.duration is not None
    assert profile.cost is not None
    assert profile.duration.mean == pytest.approx(60.0)
    assert profile.cost.mean == pytest.approx(0.5 * 0.060 * 0.0000166667 + 0.0000002 + 0.5 * 0.0001)


@pytest.mark.parametrize("strategy", Strategy)
def test_every_goal_has_an_answer(strategy: Strategy) -> None:
    analysis = judge(cold_starts(512, SLOW), cold_starts(1024, FAST), goal=Goal(strategy=strategy))
    assert analysis.outcome is Outcome.RECOMMENDED
    assert analysis.recommendation is not None
    assert analysis.recommendation.configuration.memory_mb == 1024
    assert analysis.recommendation.duration_ratio is not None
    assert analysis.recommendation.duration_ratio.ratio == pytest.approx(142 / 303, rel=1e-3)


def test_warm_invocations_do_not_count_and_are_told() -> None:
    analysis = judge(cold_starts(512, SLOW, warm=2), cold_starts(1024, FAST))
    assert analysis.profiles[0].duration is not None
    assert analysis.profiles[0].duration.mean == pytest.approx(303.0)
    told = {advisory.code: advisory.message for advisory in analysis.advisories}
    assert "2 at 512 MB" in told["not-cold"]
    assert "not-cold" not in {each.code for each in judge(cold_starts(512, SLOW)).advisories}


def test_without_a_cold_start_nothing_is_known() -> None:
    analysis = judge(make_measurement(durations=[10.0] * 5, cold=0))
    assert analysis.profiles[0].status is ProfileStatus.UNMEASURED
    assert "no cold start with a report (4 warm" in str(analysis.profiles[0].reason)
    assert "two cold starts" in str(analysis.explanation)


def test_payloads_are_strata_here_too() -> None:
    payloads = (PayloadShare(sha256="a" * 64, weight=3.0), PayloadShare(sha256="b" * 64, weight=1.0))
    starts = [
        make_invocation(duration_ms=duration, init_ms=100.0, lane=lane, payload=payload)
        for lane, (duration, payload) in enumerate([(10.0, 0), (12.0, 0), (100.0, 1), (110.0, 1)])
    ]
    profile = judge(make_measurement(cold=0, others=starts), payloads=payloads).profiles[0]
    assert profile.duration is not None
    assert profile.duration.mean == pytest.approx(100 + 0.75 * 11 + 0.25 * 105)
    lacking = judge(make_measurement(cold=0, others=starts[:2]), payloads=payloads).profiles[0]
    assert "no cold start with a report of payload 2" in str(lacking.reason)


def test_cold_and_warm_runs_are_not_compared() -> None:
    table = PriceTable(as_of="2026-01-01", source="x", regions=(replace(PRICES, region="us-east-1"),))
    cold, warm = cold_run(cold_starts(512, SLOW)), make_run(measurements=[make_measurement(durations=SLOW)])
    with pytest.raises(UsageError, match="cold starts alone"):
        compare_runs(cold, warm, table)
    assert compare_runs(cold, cold, table).pairs[0].duration.ratio == pytest.approx(1.0)
