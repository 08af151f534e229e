"""What other sizes would cost: much is possible by one duration alone, and little once it is known what takes it."""

import math

import pytest
from scanned import PRICES, busy, known, scanned_function

from powertune.model import Architecture, Configuration
from powertune.scan.evidence import EnvironmentUse, FunctionEvidence, FunctionUsage, MonthlyCost, Tuned
from powertune.scan.expectation import (
    SIZES_MB,
    ExpectedCost,
    cheapest,
    cpu_share,
    expect,
    expect_other_architecture,
)
from powertune.scan.finding import MonthlySaving
from powertune.units import MB_PER_VCPU

X86, ARM = Architecture.X86_64, Architecture.ARM64


def ratios(function: FunctionEvidence, least_mb: float = 128, most_mb: float = 10_240) -> dict[int, ExpectedCost]:
    expected = expect(function, PRICES, least_mb=least_mb, most_mb=most_mb)
    return {each.configuration.memory_mb: each for each in expected}


def tuned(*durations_ms: tuple[int, float], architecture: Architecture = ARM) -> Tuned:
    return Tuned(
        run_id="earlier",
        measured_at=0.0,
        recommended=None,
        durations_ms=tuple(
            (Configuration(memory_mb=size, architecture=architecture), ms) for size, ms in durations_ms
        ),
    )


def test_the_current_size_costs_what_it_costs() -> None:
    for function in (known(), known(environment=EnvironmentUse(cpu_ms=20.0)), known(tuned=tuned((512, 150.0)))):
        now = ratios(function)[1024]
        assert (now.ratio, now.low, now.high) == pytest.approx((1.0, 1.0, 1.0), rel=1e-12)


def test_one_duration_alone_leaves_both_possible() -> None:
    half = ratios(known())[512]
    # Waiting costs half, and work about the same; memory that is short may cost more.
    assert 0.3 < half.low < 0.6 < half.ratio < 1.0 < half.high


def test_a_function_that_waits_costs_less_at_a_smaller_size() -> None:
    half = ratios(known(environment=EnvironmentUse(cpu_ms=0.5)))[512]
    assert half.ratio == pytest.approx(0.5, abs=0.05)
    assert half.high < 0.75


def test_a_function_that_computes_costs_the_same_at_a_smaller_size_and_more_beyond_one_vcpu() -> None:
    # All of the CPU time of 1,024 MB.
    expected = ratios(known(environment=EnvironmentUse(cpu_ms=100 * 1024 / MB_PER_VCPU)))
    assert expected[512].ratio == pytest.approx(1.0, abs=0.06)
    assert expected[4096].ratio == pytest.approx(4096 / MB_PER_VCPU, rel=0.1)


def test_several_threads_that_compute_are_told_by_more_cpu_time_than_one_has() -> None:
    function = known(scanned_function(memory_mb=4096), environment=EnvironmentUse(cpu_ms=100 * 4096 / MB_PER_VCPU))
    assert ratios(function)[2048].ratio == pytest.approx(1.0, abs=0.1)


def test_an_earlier_run_is_believed_whichever_load_it_had() -> None:
    # Half the memory took twice as long, though everything was three times as long as now.
    assert ratios(known(tuned=tuned((512, 600.0), (1024, 300.0))))[512].ratio == pytest.approx(1.0, abs=0.06)
    assert ratios(known(tuned=tuned((512, 300.0), (1024, 300.0))))[512].ratio == pytest.approx(0.5, abs=0.05)


def test_long_durations_are_all_alike() -> None:
    hour, minute = (busy(invocations=1, duration_sum_ms=ms) for ms in (3_600_000.0, 60_000.0))
    one, other = (ratios(known(usage=usage))[512] for usage in (hour, minute))
    # Only the rounding to whole milliseconds differs.
    assert one.ratio == pytest.approx(other.ratio, rel=1e-4)
    assert one.ratio != other.ratio


def test_rounding_leaves_little_to_gain_from_a_faster_and_larger_size() -> None:
    tiny = busy(invocations=1_000, duration_sum_ms=1.0)
    # 0.001 ms is billed as 0.501 ms on average at any size.
    assert ratios(known(usage=tiny))[2048].ratio == pytest.approx(2.0, rel=0.01)


def test_the_same_evidence_has_the_same_answer_on_both_architectures() -> None:
    arm, x86 = (known(scanned_function(architecture=architecture)) for architecture in Architecture)
    assert [each.ratio for each in expect(arm, PRICES, least_mb=128)] == pytest.approx(
        [each.ratio for each in expect(x86, PRICES, least_mb=128)], rel=1e-12
    )


def test_sizes_are_those_that_hold_the_memory() -> None:
    assert tuple(ratios(known())) == SIZES_MB
    assert tuple(ratios(known(), least_mb=300, most_mb=1023)) == (384, 512, 768)
    assert not ratios(known(), least_mb=10_241)


def test_both_architectures_when_asked() -> None:
    expected = expect(known(), PRICES, least_mb=1024, most_mb=1024, architectures=(X86, ARM))
    assert [each.configuration.architecture for each in expected] == [X86, ARM]
    assert not expect(known(), None, least_mb=1024, architectures=(X86,))


def test_within_one_architecture_prices_make_no_difference() -> None:
    with_prices, without = (expect(known(), prices, least_mb=128) for prices in (PRICES, None))
    assert [each.ratio for each in with_prices] == pytest.approx([each.ratio for each in without], rel=1e-12)


@pytest.mark.parametrize("usage", [None, FunctionUsage(days=14)], ids=["unknown", "none"])
def test_without_invocations_nothing_is_expected(usage: FunctionUsage | None) -> None:
    assert expect(known(usage=usage), PRICES, least_mb=128) == ()
    assert expect_other_architecture(known(usage=usage), PRICES) is None
    assert cpu_share(known(usage=usage, environment=EnvironmentUse(cpu_ms=1.0))) is None
    assert cheapest(()) is None


def test_the_other_architecture_costs_the_ratio_of_the_prices_at_the_same_duration() -> None:
    there = expect_other_architecture(known(scanned_function(architecture=X86)), PRICES)
    assert there is not None
    assert there.configuration == Configuration(memory_mb=1024, architecture=ARM)
    assert there.ratio == pytest.approx(0.0000133334 / 0.0000166667, rel=1e-12)
    # A normal distribution of log ratios: 0.36 is the root of twice 0.25 ** 2 + 0.04 ** 2.
    for bound, sign in ((there.low, -1), (there.high, 1)):
        assert math.log(bound / there.ratio) == pytest.approx(sign * 1.96 * 0.358, abs=0.15)
    assert expect_other_architecture(known(), None) is None


def test_the_other_architecture_costs_what_an_earlier_run_measured() -> None:
    both = Tuned(
        run_id="earlier",
        measured_at=0.0,
        recommended=None,
        durations_ms=tuned((1024, 100.0), architecture=X86).durations_ms
        + tuned((1024, 150.0), architecture=ARM).durations_ms,
    )
    there = expect_other_architecture(known(scanned_function(architecture=X86), tuned=both), PRICES)
    assert there is not None
    assert there.ratio == pytest.approx(0.8 * 1.5, rel=0.05)
    assert there.low > 0.8


def test_a_saving_is_of_what_duration_costs_on_demand() -> None:
    expected = ExpectedCost(
        configuration=Configuration(memory_mb=512, architecture=ARM), ratio=0.75, low=0.5, high=1.25
    )
    cost = MonthlyCost(compute=100.0, requests=7.0, init=3.0, provisioned=50.0)
    assert expected.saving(cost) == MonthlySaving(expected=25.0, low=-25.0, high=50.0)


def test_ephemeral_storage_is_saved_by_another_rule_and_may_cost_more() -> None:
    # A millisecond costs half as much. It takes 0.5 to 2.5 times as long: storage of 10 costs 5, 10, and 25.
    expected = ExpectedCost(
        configuration=Configuration(memory_mb=512, architecture=ARM), ratio=0.5, low=0.25, high=1.25, rate=0.5
    )
    cost = MonthlyCost(compute=90.0, requests=7.0, ephemeral_storage=10.0)
    assert expected.saving(cost) == MonthlySaving(expected=50.0, low=-25.0, high=70.0)


def test_without_ephemeral_storage_half_the_memory_saves_half_of_what_duration_costs() -> None:
    # 9.5 GB of storage are not free. The function waits, so that it takes about as long with half of its memory.
    function = known(scanned_function(ephemeral_storage_mb=10_240), environment=EnvironmentUse(cpu_ms=0.5))
    (half,) = expect(function, PRICES, least_mb=512, most_mb=512)
    arm, storage = 0.0000133334, 9.5 * 0.0000000309
    assert half.rate == pytest.approx((arm / 2 + storage) / (arm + storage))
    cost = MonthlyCost(compute=arm * 1e6, requests=0.0, ephemeral_storage=storage * 1e6)
    longer = half.ratio / half.rate
    of_storage = storage * 1e6 * max(0.0, longer - 1)
    assert half.saving(cost).expected == pytest.approx(arm * 1e6 * (1 - longer / 2) - of_storage)
