import dataclasses
import math
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from factories import (
    make_analysis,
    make_configuration,
    make_function,
    make_invocation,
    make_measurement,
    make_prices,
    make_run,
)
from hypothesis import given
from strategies import runs

from powertune.analysis import Analysis, Outcome, ProfileStatus, analyze
from powertune.errors import ExitCode, FunctionFailed, Inconclusive, UsageError
from powertune.model import (
    NO_REPORTS,
    Advisory,
    Architecture,
    Design,
    Exploration,
    Goal,
    GridDesign,
    Invocation,
    Invocations,
    Measurement,
    Population,
    Status,
    Strategy,
    TuningRun,
)
from powertune.prices import PriceTable

STEADY = [100.0, 100.5, 99.5, 100.2, 99.8, 100.1, 99.9, 100.3, 99.7, 100.0]
PRICES = make_prices()


def codes(analysis: Analysis) -> list[str]:
    return [advisory.code for advisory in analysis.advisories]


def advisory(analysis: Analysis, code: str) -> Advisory:
    (found,) = (advisory for advisory in analysis.advisories if advisory.code == code)
    return found


def failed(status: Status, error: str | None = None, billed_ms: int | None = None) -> Invocation:
    return make_invocation(status=status, error_type=error, billed_ms=billed_ms)


def test_a_sound_run_needs_no_advice() -> None:
    measurements = [
        make_measurement(memory_mb=256, durations=[4 * d for d in STEADY], lanes=5),
        make_measurement(memory_mb=512, durations=STEADY, lanes=5),
        make_measurement(memory_mb=1024, durations=STEADY, lanes=5),
    ]
    analysis = make_analysis(*measurements)
    assert analysis.advisories == ()
    assert analysis.outcome is Outcome.RECOMMENDED
    assert analysis.failure is None
    assert analysis.current == make_configuration(512)
    assert [p.pareto for p in analysis.profiles] == [False, True, False]


def test_warm_invocations_decide_and_cold_ones_are_apart() -> None:
    others = [
        make_invocation(init_ms=400.0, restore_ms=None),
        make_invocation(restore_ms=50.0),
        failed(Status.ERROR, "KeyError", billed_ms=7),
        make_invocation(duration_ms=None, status=Status.MISSING),
        make_invocation(duration_ms=5000.0, billed_ms=None),
        make_invocation(duration_ms=None, billed_ms=9),
        make_invocation(duration_ms=1.0, billed_ms=2, lane=9),
    ]
    # The success without a billed duration is one that `make_invocation` would bill, so it is built by hand.
    others[4] = Invocation(started_at=0.0, duration_ms=5000.0, billed_ms=None)
    analysis = make_analysis(make_measurement(durations=STEADY, others=others), prices=PRICES)
    (profile,) = analysis.profiles
    assert (profile.status, profile.reason) == (ProfileStatus.OK, None)
    counts = profile.counts
    assert (counts.warm, counts.cold, counts.set_aside, counts.failed, counts.missing) == (10, 3, 1, 1, 3)
    assert profile.duration is not None
    assert profile.duration.mean == pytest.approx(sum(STEADY) / 10)
    billed = [math.ceil(duration) for duration in STEADY]
    assert profile.billed_ms_mean == pytest.approx(sum(billed) / 10)
    assert profile.cost is not None
    # The failure, billed for 7 ms, is paid for by the 16 that succeeded, which are billed for 92 ms on average.
    lost = 7 / (sum([*billed, 9]) / 11) / 16
    assert profile.cost.mean == pytest.approx(
        (1 + lost) * sum(PRICES.invocation_cost(profile.configuration, ms) for ms in billed) / 10
    )
    assert profile.cold is not None
    assert profile.cold.init.n == 3
    assert profile.cold.init.mean == pytest.approx((200 + 400 + 50) / 3)
    assert profile.cold.init.p95 == pytest.approx(380)
    assert profile.cold.duration.mean == 100.0
    assert profile.cold.billed_ms_mean == pytest.approx((300 + 500 + 100) / 3)
    assert profile.max_memory_used_mb == 60
    # Two came without a billed duration: each is taken to have cost as much as the most expensive one.
    everything = [*billed, 300, 500, 100, 7, 9, 2, 500, 500]
    assert analysis.spent == pytest.approx(
        sum(PRICES.invocation_cost(profile.configuration, ms) for ms in everything)
    )


def test_costs_include_the_functions_ephemeral_storage() -> None:
    function = make_function(ephemeral_storage_mb=10_240)
    plain, large = (
        make_analysis(make_measurement(durations=STEADY), function=f).profiles[0].cost for f in (None, function)
    )
    assert plain is not None
    assert large is not None
    rate = (10_240 - 512) / 1024 * 0.0000000309
    assert large.mean - plain.mean == pytest.approx(rate * 100.5 / 1000, rel=1e-2)


def test_prices_come_from_the_functions_region() -> None:
    run = make_run(measurements=[make_measurement(durations=STEADY)], function=make_function(region="cn-north-1"))
    assert analyze(run, PriceTable.bundled(), Goal()).currency == "CNY"
    elsewhere = make_run(function=make_function(region="xx-east-1"))
    with pytest.raises(UsageError, match="xx-east-1"):
        analyze(elsewhere, PriceTable.bundled(), Goal())


def test_a_function_that_fails_at_every_size_is_reported_with_its_own_error() -> None:
    analysis = make_analysis(
        make_measurement(memory_mb=128, cold=0, others=[failed(Status.OUT_OF_MEMORY, "Runtime.OutOfMemory")]),
        make_measurement(memory_mb=256, cold=0, others=[failed(Status.ERROR, "ImportModuleError")] * 3),
        make_measurement(memory_mb=512, unmeasured="this account may not use so much memory"),
    )
    assert analysis.recommendation is None
    assert analysis.outcome is Outcome.FAILED
    error = analysis.failure
    assert isinstance(error, FunctionFailed)
    assert error.exit_code is ExitCode.FUNCTION_FAILED
    assert error.hint
    assert "128 MB x86_64 ran out of memory in 1 of 1 invocations (Runtime.OutOfMemory)" in error.message
    assert "256 MB x86_64 failed in 3 of 3 invocations (ImportModuleError)" in error.message


@pytest.mark.parametrize(
    "measurements",
    [
        [],
        [make_measurement(durations=[1.0])],
        [make_measurement(cold=3)],
        [make_measurement(unmeasured="refused")],
        [make_measurement(cold=0, others=[make_invocation(duration_ms=None, status=Status.MISSING)] * 3)],
    ],
)
def test_too_little_evidence_is_inconclusive(measurements: Sequence[Measurement]) -> None:
    analysis = make_analysis(*measurements)
    assert analysis.recommendation is None
    assert analysis.outcome is Outcome.INCONCLUSIVE
    assert isinstance(analysis.failure, Inconclusive)
    assert analysis.failure.exit_code is ExitCode.INCONCLUSIVE


def test_a_size_without_warm_invocations_is_unmeasured_and_says_what_there_was() -> None:
    analysis = make_analysis(make_measurement(cold=3), make_measurement(memory_mb=1024, durations=STEADY))
    profile = analysis.profile(make_configuration(512))
    assert profile is not None
    assert profile.status is ProfileStatus.UNMEASURED
    assert profile.reason == "no warm invocation with a report (3 cold, 0 set aside, 0 failed, 0 missing)"
    assert profile.cold is not None
    assert profile.cold.init.mean == 200.0
    assert not profile.pareto
    assert analysis.profile(make_configuration(128)) is None


def test_what_a_stopped_grid_did_not_reach_is_listed() -> None:
    design = Design(
        search=GridDesign(configurations=(make_configuration(512), make_configuration(1024)), invocations=20),
        lanes=1,
        concurrency=1,
        seed=1,
    )
    measurements = [make_measurement(durations=STEADY)]
    analysis = make_analysis(*measurements, design=design, stopped="budget")
    assert [p.status for p in analysis.profiles] == [ProfileStatus.OK, ProfileStatus.UNMEASURED]
    assert analysis.profiles[1].reason == "not reached before the run stopped: budget"
    assert "--max-spend" in advisory(analysis, "stopped-early").next_step
    assert "1024 MB x86_64 (not reached" in advisory(analysis, "unmeasured").message
    # A search leaves sizes out on purpose.
    exploration = Exploration(smallest_mb=128, largest_mb=1024, architectures=(Architecture.X86_64,))
    searched = make_analysis(*measurements, design=dataclasses.replace(design, search=exploration))
    assert len(searched.profiles) == 1


@pytest.mark.parametrize(
    ("stopped", "step"),
    [
        ("interrupted", "let the run finish"),
        ("under way", "wait"),
        ("between batches", "wait"),
        ("access denied: x", "fix the cause"),
    ],
)
def test_a_run_that_stopped_early_says_so(stopped: str, step: str) -> None:
    found = advisory(make_analysis(make_measurement(durations=STEADY), stopped=stopped), "stopped-early")
    assert stopped in found.message
    assert step in found.next_step


def test_the_advice_on_missing_reports_is_not_what_was_done_already() -> None:
    lost = make_measurement(durations=STEADY, others=[make_invocation(duration_ms=None, status=Status.MISSING)])
    design = make_run(measurements=[lost]).design
    tail = make_analysis(lost, design=dataclasses.replace(design, telemetry="tail"))
    assert "leave out --report-source tail" in advisory(tail, "missing-reports").next_step
    assert "--report-source" not in advisory(make_analysis(lost, design=design), "missing-reports").next_step


def test_a_run_that_ended_without_reports_does_not_ask_for_more_invocations() -> None:
    lost = [make_invocation(duration_ms=None, status=Status.MISSING)] * 2
    analysis = make_analysis(make_measurement(cold=0, others=lost), stopped=NO_REPORTS)
    assert analysis.failure is not None
    assert analysis.failure.exit_code is ExitCode.INCONCLUSIVE
    assert "more --invocations" not in (analysis.failure.hint or "")
    assert not any("more --invocations" in each.next_step for each in analysis.advisories)
    assert "not a single invocation had a report" in advisory(analysis, "stopped-early").message
    assert not {"unmeasured", "missing-reports", "current-not-measured"} & set(codes(analysis))


def test_missing_reports_and_failures_at_a_size_that_works_are_shown() -> None:
    others = [make_invocation(duration_ms=None, status=Status.MISSING), failed(Status.ERROR, "KeyError")]
    analysis = make_analysis(make_measurement(durations=STEADY, others=others))
    assert "1 at 512 MB x86_64" in advisory(analysis, "missing-reports").message
    assert "1 of 13 at 512 MB x86_64 (KeyError)" in advisory(analysis, "failed-invocations").message
    nameless = make_analysis(make_measurement(durations=STEADY, others=[failed(Status.CRASH)]))
    assert "(an error)" in advisory(nameless, "failed-invocations").message


def test_too_few_samples_come_with_how_many_would_do() -> None:
    analysis = make_analysis(make_measurement(durations=[50.0, 100.0, 150.0] * 4))
    found = advisory(analysis, "too-few-samples")
    # One environment. Durations spread by 42.6 % of their mean, which may be off by 0.05 / t(0.975, 9) = 2.21 %.
    # With 15 environments, 6 % between them takes up half of its square: 0.426^2 / (0.0221^2 - 0.06^2 / 15).
    assert "12 of about 732" in found.message
    # One cold start comes on top.
    assert found.next_step == "measure with --invocations 733 --environments 15"
    single = make_analysis(make_measurement(durations=[5.0]))
    assert "1 of about 2" in advisory(single, "too-few-samples").message
    assert "too-few-samples" not in codes(make_analysis(make_measurement(durations=[0.0] * 9)))


def test_where_only_environments_are_too_few_these_are_counted() -> None:
    # Ten invocations in each of three environments, with a standard deviation of 5 % between them, 0.3 % within them.
    # 2 x 0.05^2 / 0.0221^2 is 10.2: so many of them, and the variance between them is half of what is allowed.
    durations = [base + 0.1 * turn for turn in range(10) for base in (95.0, 100.0, 105.0)]
    found = advisory(make_analysis(make_measurement(durations=durations, lanes=3)), "too-few-samples")
    assert "512 MB x86_64 (3 of about 11 environments)" in found.message


def test_the_current_size_belongs_among_the_measured() -> None:
    found = advisory(make_analysis(make_measurement(memory_mb=256, durations=STEADY)), "current-not-measured")
    assert "512 MB x86_64" in found.message
    assert found.next_step == "add 512 to --memory"
    other = make_measurement(memory_mb=512, architecture=Architecture.ARM64, durations=STEADY)
    assert advisory(make_analysis(other), "current-not-measured").next_step == "measure with --arch both"


def test_a_current_size_that_was_tried_is_not_said_to_be_left_out() -> None:
    known = make_measurement(memory_mb=256, durations=STEADY)
    waiting = [make_invocation(memory_mb=512, duration_ms=130.0, waited_ms=30.0)] * 3
    disturbed = make_measurement(memory_mb=512, durations=[])
    disturbed = replace(disturbed, invocations=Invocations.of([*disturbed.invocations, *waiting]))
    found = advisory(make_analysis(known, disturbed), "current-not-measured")
    assert "512 MB x86_64, has no sample, as other programs kept 3 invocations waiting for a CPU, so" in found.message
    assert found.next_step == "end what keeps this machine busy, and measure again"
    refused = replace(make_measurement(memory_mb=512, durations=[]), unmeasured="Lambda refused it")
    found = advisory(make_analysis(known, refused), "current-not-measured")
    assert "512 MB x86_64, was not measured (Lambda refused it), so" in found.message
    assert found.next_step == "remove the reason, and measure again"


@pytest.mark.parametrize(
    ("largest_mb", "next_step"),
    [
        (1024, "measure again, and let the search come to its end"),
        (300, "search a range that holds 512 MB, with --min-memory and --max-memory"),
    ],
)
def test_a_search_is_not_to_be_wider_where_its_range_holds_the_current_size(largest_mb: int, next_step: str) -> None:
    search = Exploration(smallest_mb=128, largest_mb=largest_mb, architectures=(Architecture.X86_64,))
    design = Design(search=search, lanes=1, concurrency=8, seed=1)
    analysis = make_analysis(make_measurement(memory_mb=256, durations=STEADY), design=design, stopped="interrupted")
    assert advisory(analysis, "current-not-measured").next_step == next_step


def test_memory_near_its_limit_is_shown() -> None:
    measurement = make_measurement(memory_mb=512, durations=STEADY, max_memory_used_mb=461)
    assert "461 MB of 512 MB" in advisory(make_analysis(measurement), "memory-near-limit").message
    measurement = make_measurement(memory_mb=512, durations=STEADY, max_memory_used_mb=460)
    assert "memory-near-limit" not in codes(make_analysis(measurement))
    unknown = make_measurement(memory_mb=512, durations=STEADY, max_memory_used_mb=None)
    assert make_analysis(unknown).profiles[0].max_memory_used_mb is None


@pytest.mark.parametrize(
    ("sizes", "step"),
    [
        ((512, 1024), "try smaller sizes too"),
        ((256, 512), "try larger sizes too"),
        ((512,), "try smaller and larger sizes too"),
        ((256, 512, 1024), None),
    ],
)
def test_a_winner_at_the_edge_says_where_to_look(sizes: tuple[int, ...], step: str | None) -> None:
    measurements = [
        make_measurement(memory_mb=mb, durations=STEADY if mb == 512 else [9 * d for d in STEADY]) for mb in sizes
    ]
    # Sizes of the other architecture are no neighbours.
    measurements.append(make_measurement(memory_mb=2048, architecture=Architecture.ARM64, durations=[900.0] * 10))
    analysis = make_analysis(*measurements)
    if step is None:
        assert "winner-at-edge" not in codes(analysis)
    else:
        assert advisory(analysis, "winner-at-edge").next_step == step


@pytest.mark.parametrize("memory_mb", [128, 10_240])
def test_the_edge_of_what_lambda_offers_is_no_edge(memory_mb: int) -> None:
    measurements = [
        make_measurement(memory_mb=memory_mb, durations=[d / 100 for d in STEADY]),
        make_measurement(memory_mb=512, durations=[9 * d for d in STEADY]),
    ]
    analysis = make_analysis(*measurements, strategy=Strategy.SPEED)
    assert analysis.recommendation is not None
    assert analysis.recommendation.configuration == make_configuration(memory_mb)
    assert "winner-at-edge" not in codes(analysis)


def test_the_embedded_aws_is_not_aws() -> None:
    function = make_function(platform="cgroup v1", cores=2.0)
    measurements = [make_measurement(memory_mb=mb, durations=STEADY) for mb in (512, 3538, 3539)]
    analysis = make_analysis(*measurements, function=function)
    assert "cgroup v1" in advisory(analysis, "embedded").message
    beyond = advisory(analysis, "beyond-cores").message
    assert "3539 MB" in beyond
    assert "3538 MB" not in beyond
    small = make_analysis(measurements[0], function=function)
    assert "beyond-cores" not in codes(small)


def test_the_runs_own_advisories_come_first() -> None:
    own = Advisory(code="concurrency-bound", message="m", next_step="n")
    analysis = make_analysis(make_measurement(durations=[1.0]), advisories=(own,))
    assert analysis.advisories[0] is own
    assert len(analysis.advisories) > 1


def shuffled(run: TuningRun, seed: int) -> TuningRun:
    """The same run with the warm invocations of each configuration in another order, and the sizes too."""
    generator = random.Random(seed)
    measurements = []
    for measurement in run.measurements:
        items = list(measurement.invocations)
        populations = measurement.invocations.populations
        places = [i for i, population in enumerate(populations) if population is Population.WARM]
        moved = generator.sample(places, len(places))
        order = dict(zip(places, moved, strict=True))
        # A lane's stream is kept: only the figures of the warm invocations move.
        items = [
            dataclasses.replace(items[order.get(i, i)], lane=item.lane, status=item.status)
            for i, item in enumerate(items)
        ]
        measurements.append(dataclasses.replace(measurement, invocations=Invocations.of(items)))
    generator.shuffle(measurements)
    return dataclasses.replace(run, measurements=tuple(measurements))


@pytest.mark.long
@pytest.mark.parametrize("strategy", list(Strategy))
def test_the_order_of_invocations_and_sizes_does_not_matter(strategy: Strategy) -> None:
    generator = random.Random(4)
    run = make_run(
        measurements=[
            make_measurement(memory_mb=mb, durations=[generator.lognormvariate(4, 0.3) for _ in range(30)])
            for mb in (512, 1024, 2048)
        ]
    )
    goal = Goal(strategy=strategy)
    analysis = analyze(run, PRICES, goal)
    for seed in range(5):
        assert dataclasses.replace(analyze(shuffled(run, seed), PRICES, goal), run=run) == analysis


@pytest.mark.long
@given(runs)
def test_any_run_can_be_judged_and_nothing_in_it_is_nan(run: TuningRun) -> None:
    analysis = analyze(run, PRICES, Goal())
    assert analysis.profiles == tuple(sorted(analysis.profiles, key=lambda p: p.configuration))
    assert (analysis.recommendation is None) == (analysis.outcome is not Outcome.RECOMMENDED)
    assert analysis.spent is None or math.isfinite(analysis.spent)
    for measurement in run.measurements:
        profile = analysis.profile(measurement.configuration)
        assert profile is not None
        assert sum(dataclasses.astuple(profile.counts)) == len(measurement.invocations)
        for summary in (profile.duration, profile.cost, profile.cold and profile.cold.init):
            if summary:
                assert all(math.isfinite(f) for f in (summary.mean, *(summary.interval or ())))
