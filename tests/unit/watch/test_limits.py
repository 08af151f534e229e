"""From evidence to limits: what counts, in which order, and what is said where nothing is known."""

import pytest
from watches import BUSY_DAY, PRICES, make_evidence, make_watched, watch_of

from powertune.config.watch_options import ChosenLimits, WatchOptions
from powertune.errors import UsageError
from powertune.watch import ConcurrencyAlarm, ProductionUse, RunEvidence, UsedDay
from powertune.watch.cost import day_cost

NEVER_USED = ProductionUse(days=14)


def used(*days: UsedDay) -> ProductionUse:
    return ProductionUse(days=14, used=days, in_use_days=14)


def test_a_run_tells_the_p95_and_production_the_cost() -> None:
    (watch,) = watch_of().functions
    assert watch.duration.limit_ms == 150.0  # 125 ms plus 20 %
    assert (watch.duration.reference_ms, watch.duration.tuned) == (118.0, True)
    assert watch.duration.evidence == ("run 20260901-abcdef: p95 118 ms, at most 125 ms (95 %, n = 80), plus 20%")
    spent = day_cost(BUSY_DAY, make_watched(), PRICES)
    assert 1.5 * spent <= watch.cost.limit <= 1.5 * spent * 1.01
    assert watch.notes == ()


def test_the_tolerance_is_added_and_limits_are_rounded_up() -> None:
    (watch,) = watch_of(options=WatchOptions(tolerance=0.001)).functions
    assert watch.duration.limit_ms == 126.0  # 125.125
    (watch,) = watch_of(options=WatchOptions(tolerance=0.0)).functions
    assert watch.duration.limit_ms == 125.0


def test_without_a_run_production_tells_the_p95() -> None:
    days = [UsedDay(invocations=1_000, duration_sum_ms=1e5, p95_ms=p95) for p95 in (100.0, 140.0, 120.0)]
    few = UsedDay(invocations=10, duration_sum_ms=1e5, p95_ms=9_000.0)
    (watch,) = watch_of(make_evidence(run=None, use=used(*days, few))).functions
    # The p95 of ten invocations is none.
    assert (watch.duration.reference_ms, watch.duration.limit_ms, watch.duration.tuned) == (120.0, 168.0, False)
    assert watch.duration.evidence.startswith("production: p95 120 ms, at most 140 ms (a day's, of 3)")


def test_days_with_few_invocations_count_where_they_are_enough_together() -> None:
    days = [UsedDay(invocations=20, duration_sum_ms=2_000.0, p95_ms=100.0 + number) for number in range(14)]
    (watch,) = watch_of(make_evidence(run=None, use=used(*days))).functions
    assert watch.duration.limit_ms == 136.0
    with pytest.raises(UsageError, match="only 180 invocations in 14 days"):
        watch_of(make_evidence(run=None, use=used(*days[:9])))


def test_a_run_with_too_few_invocations_does_not_count() -> None:
    run = RunEvidence(run_id="1", p95_ms=None)
    (watch,) = watch_of(make_evidence(run=run)).functions
    assert watch.duration.evidence.startswith("production: p95 140 ms")


def test_what_somebody_chose_is_taken_as_it_is() -> None:
    options = WatchOptions(
        max_p95_ms=ChosenLimits(everywhere=300.0, by_label={"my-fn:prod": 90.0}),
        max_cost_per_day=ChosenLimits(everywhere=5.0),
    )
    prod = make_watched(qualifier="prod")
    watch = watch_of(make_evidence(), make_evidence(prod, run=None, use=NEVER_USED), options=options)
    assert [each.duration.limit_ms for each in watch.functions] == [300.0, 90.0]
    assert [each.duration.reference_ms for each in watch.functions] == [None, None]
    assert [each.cost.limit for each in watch.functions] == [5.0, 5.0]


def test_all_that_is_missing_is_named_at_once() -> None:
    unknown = make_evidence(make_watched("b"), run=None, use=None, unknown="access denied: cloudwatch:GetMetricData")
    with pytest.raises(UsageError) as missing:
        watch_of(make_evidence(), make_evidence(make_watched("a"), run=None, use=NEVER_USED), unknown)
    assert missing.value.message == (
        "no evidence for a limit on the p95 duration of a (no results file; no invocations in 14 days), "
        "nor on the cost per day of a (no invocations in 14 days), "
        "nor on the p95 duration of b (no results file; access denied: cloudwatch:GetMetricData), "
        "nor on the cost per day of b (access denied: cloudwatch:GetMetricData)"
    )
    assert "--max-p95 300ms" in str(missing.value.hint)
    assert "--max-cost-per-day 5usd" in str(missing.value.hint)
    run = RunEvidence(run_id="1", p95_ms=None)
    with pytest.raises(UsageError, match=r"run 1 has fewer than 20 invocations at 1024 MB arm64"):
        watch_of(make_evidence(run=run, use=NEVER_USED))


def test_reserved_concurrency_is_the_functions_own_and_the_rest_is_shared_by_all() -> None:
    own = make_evidence(make_watched("own", reserved_concurrency=50))
    watch = watch_of(own, make_evidence())
    assert [each.concurrency for each in watch.functions] == [ConcurrencyAlarm(limit=40, available=50), None]
    assert watch.unreserved == ConcurrencyAlarm(limit=800, available=1_000)
    assert watch_of(own).unreserved is None
    shares = watch_of(
        make_evidence(make_watched(reserved_concurrency=100)), options=WatchOptions(concurrency_share=0.29)
    )
    assert shares.functions[0].concurrency == ConcurrencyAlarm(limit=29, available=100)
    # One that runs alone takes all that is reserved for it, as it should.
    assert [each.concurrency for each in watch_of(make_evidence(make_watched(reserved_concurrency=1))).functions] == [
        None
    ]
    assert watch_of(own, options=WatchOptions(concurrency_share=0.5)).functions[0].concurrency == ConcurrencyAlarm(
        limit=25, available=50
    )


def test_a_limit_that_production_exceeds_is_said() -> None:
    slow = UsedDay(invocations=1_000, duration_sum_ms=1e5, p95_ms=151.0)
    fast = UsedDay(invocations=1_000, duration_sum_ms=1e5, p95_ms=150.0)
    (watch,) = watch_of(make_evidence(use=used(slow, slow, fast))).functions
    assert watch.notes[0].startswith(
        "the p95 of my-fn was above 150 ms on 2 of 3 days in production: unless it has been tuned since, this alarm"
    )
    (watch,) = watch_of(make_evidence(use=used(slow, fast))).functions
    assert not any("in production" in note for note in watch.notes)


def test_what_alarms_do_not_see_is_said() -> None:
    seldom = used(*[UsedDay(invocations=2, duration_sum_ms=300.0, p95_ms=150.0)] * 14)
    (watch,) = watch_of(make_evidence(use=seldom)).functions
    assert watch.notes == (
        "my-fn has 14 invocations in a week, and its p95 alarm needs 200: it will hardly ever go off",
        "my-fn has 14 invocations in a week, and its error alarm needs 20: it will hardly ever go off",
    )
    options = WatchOptions(max_cost_per_day=ChosenLimits(everywhere=5.0))
    (watch,) = watch_of(make_evidence(use=NEVER_USED), options=options).functions
    assert "how often my-fn is invoked is not known" in watch.notes[0]
    (watch,) = watch_of(make_evidence(), options=WatchOptions(max_p95_ms=ChosenLimits(everywhere=30_000.0))).functions
    assert "my-fn ends after 30 s, so that its p95 cannot exceed 30,000 ms" in watch.notes[0]
