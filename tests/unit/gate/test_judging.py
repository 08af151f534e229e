"""What a gate says of cases: regressions, budgets, money, and what is not judged."""

from dataclasses import replace
from typing import Any

import pytest
from gates import SIZE, alone, empty, gated, judged, make_case, rules, with_function
from hypothesis import given, settings
from hypothesis import strategies as st

from powertune.errors import UsageError
from powertune.gate.model import Case, Check, CheckKind, GatedRun, GateVerdict, Judgement, Level, Look, Tolerances
from powertune.gate.rules import DEFAULT_MOST
from powertune.gate.tolerances import parse_tolerances
from powertune.model import Advisory, Architecture, Configuration, Invocations, Usage

PASSED, FAILED, OPEN = GateVerdict.PASSED, GateVerdict.FAILED, GateVerdict.INCONCLUSIVE


def of(judgement: Judgement, metric: str, kind: CheckKind = CheckKind.REGRESSION) -> Check:
    (found,) = (check for check in judgement.checks if check.metric == metric and check.kind is kind)
    return found


def budget(text: str, *cases: Case, **more: Any) -> Check:
    """The check of a budget, of a candidate alone."""
    judgement = judged(*(cases or (alone(),)), rules=rules(text, **more))
    (found,) = (check for check in judgement.checks if check.rule == text)
    return found


def test_unchanged_code_passes_with_every_metric_compared() -> None:
    judgement = judged()
    assert judgement.verdict is PASSED
    assert [check.metric for check in judgement.checks] == [
        *("errors", "duration", "init", "cost", "max_memory", "package_size")
    ]
    assert not judgement.notes


def test_a_regression_names_the_change_with_its_interval() -> None:
    check = of(judged(make_case(gated(130.0))), "duration")
    assert check.verdict is FAILED
    assert check.rule == "duration<=+5%"
    assert check.limit == 0.05
    assert check.reason.startswith("30 % slower [")
    assert check.reason.endswith("at most 5 % slower is allowed")
    assert check.ratio is not None
    assert check.ratio.interval is not None
    low, high = check.ratio.interval
    assert high is not None
    assert 1.05 < low < check.ratio.value < high
    assert check.figure is not None
    assert (check.figure.samples, check.figure.environments) == (160, 8)


def test_a_significant_change_within_the_tolerance_passes_and_one_at_it_is_inconclusive() -> None:
    within = of(judged(make_case(gated(103.0, noise=0.005), gated(noise=0.005, seed=2))), "duration")
    assert within.verdict is PASSED
    assert within.ratio is not None
    assert within.ratio.interval is not None
    assert within.ratio.interval[0] > 1
    at = of(judged(make_case(gated(105.0, between=0.02), gated(between=0.02, seed=2))), "duration")
    assert at.verdict is OPEN
    assert "do not show whether" in at.reason
    assert at.invocations_to_decide is None or at.invocations_to_decide > 0


def test_an_improvement_passes() -> None:
    check = of(judged(make_case(gated(70.0))), "duration")
    assert check.verdict is PASSED
    assert check.reason.startswith("30 % faster [")


def test_more_invocations_decide_about_as_many_as_are_said() -> None:
    few = make_case(gated(106.5, environments=8, between=0.03), gated(environments=8, between=0.03, seed=2))
    needed = of(judged(few), "duration").invocations_to_decide
    assert needed is not None
    assert needed < 2_000
    many = make_case(
        gated(106.5, environments=8 + 2 * needed // 20, between=0.03),
        gated(environments=8 + 2 * needed // 20, between=0.03, seed=2),
    )
    assert of(judged(many), "duration").verdict is not OPEN


@given(mean=st.floats(2.5, 10_000), environments=st.integers(2, 12))
@settings(max_examples=20)
def test_equal_samples_without_noise_pass(mean: float, environments: int) -> None:
    mean = round(mean, 2)
    sides = [gated(mean, environments=environments, noise=0.0, seed=seed) for seed in (1, 2)]
    judgement = judged(make_case(*sides))
    assert {check.verdict for check in judgement.checks if check.level is Level.ERROR} == {PASSED}


@given(change=st.floats(0.5, 2.0), seed=st.integers(1, 1000))
@settings(max_examples=25)
def test_swapping_the_sides_inverts_the_ratio_and_never_fails_both(change: float, seed: int) -> None:
    one, other = gated(100 * change, seed=seed, environments=5), gated(seed=seed + 1, environments=5)
    there, back = judged(make_case(one, other)), judged(make_case(other, one))
    for metric in ("duration", "cost"):
        forth, inverse = of(there, metric), of(back, metric)
        assert forth.ratio is not None
        assert inverse.ratio is not None
        assert forth.ratio.value * inverse.ratio.value == pytest.approx(1)
        assert FAILED in (forth.verdict, inverse.verdict) or abs(change - 1) < 0.5
        assert not forth.verdict is inverse.verdict is FAILED


@given(change=st.floats(0.9, 1.3), seed=st.integers(1, 1000), shares=st.tuples(st.floats(0, 0.5), st.floats(0, 0.5)))
@settings(max_examples=25)
def test_a_larger_tolerance_is_never_stricter(change: float, seed: int, shares: tuple[float, float]) -> None:
    case = make_case(gated(100 * change, seed=seed, environments=5), gated(seed=seed + 1, environments=5))
    order = [PASSED, OPEN, FAILED]
    small, large = (
        order.index(
            of(
                judged(case, rules=rules(tolerances=Tolerances(most={"duration": share}, min_effect={}))), "duration"
            ).verdict
        )
        for share in sorted(shares)
    )
    assert large <= small


def test_an_earlier_look_has_wider_intervals_and_so_has_a_suite_below() -> None:
    case = make_case(gated(110.0))
    only, first = of(judged(case), "duration").ratio, of(judged(case, look=Look(number=1, of=5)), "duration").ratio
    suite = of(judged(case, functions=100), "duration").ratio
    for wider in (first, suite):
        assert only is not None
        assert wider is not None
        assert only.interval is not None
        assert wider.interval is not None
        assert wider.interval[0] < only.interval[0]
    assert suite is not None
    assert only is not None
    assert suite.interval is not None
    assert only.interval is not None
    assert suite.interval[1] == only.interval[1]


def test_strict_metrics_take_no_statistics() -> None:
    judgement = judged(
        make_case(gated(max_memory_mb=106, package_bytes=4_200_001), gated(seed=2, package_bytes=4_000_000))
    )
    assert of(judgement, "max_memory").verdict is FAILED
    assert of(judgement, "max_memory").reason.startswith("6 % more: 106 MB, the baseline 100 MB")
    assert of(judgement, "package_size").verdict is FAILED
    within = judged(make_case(gated(max_memory_mb=105), gated(seed=2)))
    assert of(within, "max_memory").verdict is PASSED


def test_a_few_more_lines_in_a_small_package_are_a_warning_unless_somebody_asks() -> None:
    small = make_case(gated(package_bytes=900), gated(seed=2, package_bytes=600))
    check = of(judged(small), "package_size")
    assert (check.verdict, check.level) == (FAILED, Level.WARN)
    assert judged(small).verdict is PASSED
    assert judged(small, tolerances=parse_tolerances("package_size=5%", None)).verdict is FAILED


def test_code_that_is_compared_with_itself_is_noted() -> None:
    sides = [with_function(gated(seed=seed, label=label), code_sha256="a") for seed, label in ((1, "x"), (2, "y"))]
    assert judged(make_case(*sides)).notes == ("the code of x is the same as that of y",)
    assert not judged(make_case(sides[0], with_function(sides[1], code_sha256="b"))).notes


def test_answers_that_report_errors_are_noted() -> None:
    words = "the function answered with HTTP status 500 at 512 MB x86_64: oops"
    advisory = Advisory(code="error-answer", message=words, next_step="give another event")
    fast = gated(5.0, advisories=(advisory,))
    assert judged(make_case(fast)).notes[0] == f"candidate: {words}"


def test_what_was_not_measured_is_a_note_unless_somebody_asks_for_it() -> None:
    case = make_case(gated(package_bytes=None, max_memory_mb=None))
    judgement = judged(case)
    assert judgement.verdict is PASSED
    assert {check.metric for check in judgement.checks} == {"errors", "duration", "init", "cost"}
    assert [note.partition(":")[0] for note in judgement.notes] == [
        "max_memory of orders 512 MB x86_64 is not judged",
        "package_size of orders 512 MB x86_64 is not judged",
    ]
    for metric in ("max_memory", "package_size"):
        with pytest.raises(UsageError, match=f"{metric} of orders 512 MB x86_64 cannot be compared"):
            judged(case, tolerances=parse_tolerances(f"{metric}=5%", None))


def test_few_cold_starts_are_not_judged_and_do_not_hold_a_gate_open() -> None:
    sides = [gated(seed=seed, environments=4, noise=0.005) for seed in (1, 2)]
    judgement = judged(make_case(*sides))
    assert judgement.verdict is PASSED
    assert judgement.notes == (
        "init of orders 512 MB x86_64 is not judged: candidate has 4 cold starts, and it takes 5",
    )
    with pytest.raises(UsageError, match=r"init of orders .* has 4 cold starts"):
        judged(make_case(*sides), tolerances=parse_tolerances("init=10%", None))


def test_an_init_phase_that_is_open_only_counts_if_somebody_asked_for_it() -> None:
    noisy = [gated(seed=seed, noise=0.005, init_ms=250.0) for seed in (1, 2)]
    slow = gated(init_ms=274.0, noise=0.03)
    unasked = of(judged(make_case(slow, noisy[1])), "init")
    assert (unasked.verdict, unasked.level) == (OPEN, Level.WARN)
    assert judged(make_case(slow, noisy[1])).verdict is PASSED
    asked = judged(make_case(slow, noisy[1]), tolerances=parse_tolerances("init=10%", None))
    assert (of(asked, "init").verdict, of(asked, "init").level) == (OPEN, Level.ERROR)
    worse = of(judged(make_case(gated(init_ms=400.0), noisy[1])), "init")
    assert (worse.verdict, worse.level) == (FAILED, Level.ERROR)


def test_of_a_millisecond_it_is_the_cost_that_decides() -> None:
    case = make_case(gated(1.4, noise=0.01), gated(1.1, noise=0.01, seed=2))
    judgement = judged(case)
    assert (of(judgement, "duration").verdict, of(judgement, "duration").level) == (FAILED, Level.WARN)
    assert of(judgement, "cost").verdict is PASSED
    assert judgement.verdict is PASSED
    assert "take less than 2 ms" in judgement.notes[-1]
    assert judged(case, tolerances=parse_tolerances("duration=5%", None)).verdict is FAILED
    # At 512 MB, a millisecond costs less than the request does.
    large = Configuration(memory_mb=10_240, architecture=Architecture.X86_64)
    sides = [gated(mean, noise=0.01, sizes=(large,)) for mean in (1.4, 0.9)]
    assert of(judged(make_case(*sides, configuration=large)), "cost").verdict is FAILED


def errors_of(failed: int, environments: int = 8, baseline: int = 0) -> Check:
    """What the check of errors says of a candidate, both sides being as large."""
    sides = (
        gated(failed=failed, environments=environments),
        gated(failed=baseline, environments=environments, seed=2, label="main"),
    )
    return of(judged(make_case(*sides)), "errors")


def test_a_candidate_that_fails_where_its_baseline_does_not_fails_the_gate() -> None:
    check = errors_of(20)
    assert check.verdict is FAILED
    assert check.reason == "20 of 188 invocations failed, and 0 of 168 of the baseline"
    assert check.rule == "errors<=baseline+1%"


def test_a_single_failure_takes_more_samples_and_does_not_fail_a_build_by_itself() -> None:
    first = errors_of(1)
    assert first.verdict is OPEN
    assert first.reason == "1 of 169 invocations failed, and 0 of 168 of the baseline"
    assert first.invocations_to_decide is not None
    assert 1000 < first.invocations_to_decide < 2000
    # As many samples as a gate takes at most.
    assert errors_of(1, environments=80).verdict is PASSED
    assert errors_of(30, environments=80).verdict is FAILED


def test_a_function_that_always_fails_now_and_then_is_compared_by_chance() -> None:
    assert errors_of(40, baseline=3).verdict is FAILED
    assert errors_of(5, baseline=3).verdict is OPEN
    assert errors_of(0, baseline=3).verdict is PASSED
    assert errors_of(33, environments=80, baseline=30).verdict is PASSED


def test_money_is_paid_as_often_as_an_invocation_succeeds() -> None:
    """Both sides fail in a fifth of the invocations, which take 100 ms at either, so their costs cancel out."""
    count = len(gated().run.measurements[0].invocations)
    sides = (gated(200.0, failed=count // 4), gated(seed=2, label="main", failed=count // 4))
    usage = Usage(invocations_per_month=1e6)
    (change,), (steady,) = (
        judged(case, usage=usage).money for case in (make_case(*sides), make_case(gated(200.0), gated(seed=2)))
    )
    assert change.amount == pytest.approx(0.8 * steady.amount, rel=0.05)


def test_a_metric_that_is_off_is_not_compared() -> None:
    judgement = judged(make_case(gated(200.0)), tolerances=parse_tolerances("duration=off,cost=off", None))
    assert {"duration", "cost"} & {check.metric for check in judgement.checks} == set()
    assert judgement.verdict is PASSED


def test_money_is_the_difference_at_the_traffic_that_is_given() -> None:
    judgement = judged(make_case(gated(200.0)), usage=Usage(invocations_per_month=1e6))
    (change,) = judgement.money
    assert change.amount == pytest.approx(1e6 * 100 * 0.5 / 1000 * 0.0000166667, rel=0.02)
    assert change.interval is not None
    assert change.interval[0] < change.amount < change.interval[1]
    assert change.currency == "USD"
    assert not judged(make_case(gated(200.0))).money


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("avg<110ms", PASSED),
        ("avg<100ms", OPEN),
        ("avg<90ms", FAILED),
        ("p(95)<120ms", PASSED),
        ("p(95)<104ms", OPEN),
        ("p(95)<100ms", FAILED),
        ("med<=104ms", PASSED),
        ("med<95ms", FAILED),
        ("max<200ms", PASSED),
        ("max<100ms", FAILED),
        ("min<100ms", PASSED),
        ("p(99.9)<1s", OPEN),
        ("init.avg<270ms", PASSED),
        ("init.avg<200ms", FAILED),
        ("init.p(95)<800ms", OPEN),
        ("cost<5usd/1M", PASSED),
        ("cost<1usd/1M", FAILED),
        ("max_memory<20%", PASSED),
        ("max_memory<19%", FAILED),
        ("max_memory<=100MB", PASSED),
        ("max_memory<100MB", FAILED),
        ("package_size<4MB", PASSED),
        ("package_size<3MB", FAILED),
        ("errors<5%", PASSED),
        ("errors<1%", OPEN),
        ("errors<=0%", PASSED),
    ],
)
def test_a_budget_has_three_outcomes(text: str, verdict: GateVerdict) -> None:
    check = budget(text)
    assert check.verdict is verdict, check.reason
    assert check.kind is CheckKind.BUDGET
    assert check.rule == text
    if verdict is OPEN and "avg" not in text and "104" not in text:
        assert check.invocations_to_decide


def test_a_percentile_of_few_samples_says_how_many_it_takes() -> None:
    check = budget("p(99)<1s", alone(gated(environments=2)))
    assert check.verdict is OPEN
    assert "40 samples are too few to tell the percentile" in check.reason
    assert check.invocations_to_decide is not None
    assert 200 < check.invocations_to_decide < 3_000


def test_invocations_that_fail_are_not_hidden_by_those_that_went_well() -> None:
    judgement = judged(alone(gated(failed=2)), rules=rules("p(95)<120ms"))
    assert [(check.rule, check.verdict) for check in judgement.checks] == [
        ("p(95)<120ms", PASSED),
        ("errors=0%", FAILED),
    ]
    allowed = judged(alone(gated(failed=2)), rules=rules("p(95)<120ms", "errors<20%"))
    assert [check.verdict for check in allowed.checks] == [PASSED, PASSED]


def test_a_budget_of_level_warn_never_fails_the_build() -> None:
    judgement = judged(alone(), rules=rules("avg{level:warn}<1ms", "avg<1s"))
    assert judgement.verdict is PASSED
    assert [check.verdict for check in judgement.checks] == [FAILED, PASSED, PASSED]


def test_a_budget_is_for_what_its_tags_say() -> None:
    sizes = (SIZE, Configuration(memory_mb=1024, architecture=Architecture.ARM64))
    cases = [Case(candidate=gated(sizes=sizes), configuration=size) for size in sizes]
    texts = ("avg{memory:1024}<1s", "avg{arch:x86_64}<2s", "avg{function:ord*}<3s", "avg{function:pay*}<4s")
    judgement = judged(*cases, rules=rules(*texts, "errors<9%"))
    found = {(check.rule, check.configuration.memory_mb) for check in judgement.checks}
    assert {(texts[0], 1024), (texts[1], 512), (texts[2], 512), (texts[2], 1024)} <= found
    assert len(found) == 6
    assert judgement.notes == ("budget 'avg{function:pay*}<4s' is for nothing that was measured",)


@pytest.mark.parametrize(
    ("text", "candidate", "words"),
    [
        ("cost<5cny/1M", gated(), "is in CNY, but what is paid for orders 512 MB x86_64 is USD"),
        ("package_size<5MB", gated(package_bytes=None), "the size of its package is not known"),
        ("max_memory<80%", gated(max_memory_mb=None), "no memory use was reported"),
        ("init.avg<1s", gated(init_ms=None), "there was no cold start"),
    ],
)
def test_what_a_budget_cannot_be_checked_on_is_named(text: str, candidate: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        budget(text, alone(candidate))


def test_a_cold_start_may_still_come() -> None:
    judgement = judged(alone(gated(init_ms=None)), rules=rules("init.avg<1s"), look=Look(number=1, of=3))
    assert judgement.checks[0].verdict is OPEN
    assert judgement.is_open


def test_nothing_to_check_is_an_error() -> None:
    with pytest.raises(UsageError, match="nothing to check"):
        judged(alone())
    with pytest.raises(UsageError, match="holds no measurement at 512 MB"):
        judged(make_case(empty(gated())))


def test_checks_of_one_function_share_the_errors_whatever_their_number() -> None:
    case = make_case(gated(110.0))
    few = of(judged(case), "duration").ratio
    many = of(judged(case, rules=rules(*(f"avg<{n}s" for n in range(1, 30)))), "duration").ratio
    assert few is not None
    assert many is not None
    assert few.interval is not None
    assert many.interval is not None
    assert many.interval[0] < few.interval[0]
    assert many.interval[1] == few.interval[1]


def test_the_traffic_of_the_run_counts_where_none_is_given() -> None:
    from powertune.model import Traffic

    traffic = Traffic(invocations=1_000, days=10.0, reports=100, cold_starts=5)
    baseline = gated(seed=2, label="main")
    baseline = replace(baseline, run=replace(baseline.run, traffic=traffic))
    (change,) = judged(make_case(gated(200.0), baseline)).money
    assert change.invocations_per_month == 3_000


def test_every_default_is_of_a_metric() -> None:
    assert set(DEFAULT_MOST) == {"duration", "cost", "init", "max_memory", "package_size"}


def test_how_many_invocations_decide_about_init_phases_counts_those_that_come_with_a_cold_start() -> None:
    judgement = judged(
        make_case(gated(init_ms=265.0, noise=0.1), gated(noise=0.1, seed=2)),
        tolerances=parse_tolerances("init=10%", None),
    )
    check = of(judgement, "init")
    assert check.verdict is OPEN
    assert check.invocations_to_decide is not None
    assert check.figure is not None
    assert check.invocations_to_decide > 20 * check.figure.samples / 8


def with_platform(gate: GatedRun, platform: str) -> GatedRun:
    return replace(gate, run=replace(gate.run, function=replace(gate.run.function, platform=platform)))


def test_runs_of_the_embedded_aws_at_different_times_are_noted() -> None:
    case = make_case(*(with_platform(each, "linux") for each in (gated(), gated(seed=2, label="main"))))
    (note,) = (each for each in judged(replace(case, side_by_side=False)).notes if "different times" in each)
    assert note.startswith("candidate and main were measured on the embedded AWS at different times")
    assert not any("different times" in each for each in judged(case).notes)
    on_aws = replace(make_case(gated()), side_by_side=False)
    assert not any("different times" in each for each in judged(on_aws).notes)


def test_many_disturbed_invocations_are_noted() -> None:
    quiet = gated()
    (measurement,) = quiet.run.measurements
    waits = Invocations.of(
        replace(each, waited_ms=20.0 if number % 2 else None) for number, each in enumerate(measurement.invocations)
    )
    run = replace(quiet.run, measurements=(replace(measurement, invocations=waits),))
    notes = judged(make_case(replace(quiet, run=run))).notes
    assert (
        "other programs on this machine disturbed 84 of 168 invocations of candidate, which are not judged" in notes
    )
    assert not any("disturbed" in each for each in judged(make_case(quiet)).notes)
