"""What the shape of the curve and the noise of the samples say; the run's own advisories are in test_analyze.py."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from factories import make_analysis, make_function, make_invocation, make_measurement, make_prices, make_run

from powertune.analysis import Analysis, observe_run
from powertune.analysis.advisories import samples_needed
from powertune.analysis.costing import Pricing, resolve_billing
from powertune.analysis.profiles import Observed
from powertune.model import Advisory, Architecture, Invocations, Measurement, Usage


def observed(measurement: Measurement) -> tuple[Observed, ...]:
    run = make_run(measurements=[measurement])
    billing = resolve_billing(run, Usage(), cold_seen=True)
    return observe_run(run, Pricing(function=run.function, prices=make_prices(), billing=billing))


def advice(analysis: Analysis) -> dict[str, Advisory]:
    return {advisory.code: advisory for advisory in analysis.advisories}


def sized(memory_mb: int, mean: float, *, spread: float = 0.01, **more: Any) -> Measurement:
    noise = np.random.default_rng(memory_mb).lognormal(0, spread, 24)
    return make_measurement(memory_mb=memory_mb, durations=list(mean * noise / noise.mean()), lanes=4, **more)


def curve(*points: tuple[int, float]) -> dict[str, Advisory]:
    return advice(make_analysis(*(sized(mb, mean) for mb, mean in points), function=make_function(memory_mb=128)))


def test_a_duration_that_does_not_depend_on_memory_is_waiting() -> None:
    found = curve((128, 500), (512, 495), (1769, 490))["flat"]
    assert "500 ms at 128 MB x86_64, 490 ms at 1769 MB x86_64" in found.message
    assert "Step Functions" in found.next_step
    assert "flat" not in curve((128, 500), (256, 495))
    assert "flat" not in curve((128, 500), (1769, 400))


@pytest.mark.parametrize(
    ("points", "step"),
    [
        (((512, 400), (1024, 201)), "try sizes up to 1769 MB"),
        (((1024, 200), (1769, 116)), "try sizes beyond 1769 MB, one vCPU, if it uses several threads"),
    ],
)
def test_a_function_that_computes_all_the_time_is_told_where_to_go(
    points: Sequence[tuple[int, float]], step: str
) -> None:
    found = curve(*points)["cpu-bound"]
    assert found.next_step.startswith(step)
    assert str(points[-1][0]) in found.message


def test_falling_beyond_one_vcpu_takes_threads() -> None:
    found = curve((1769, 400), (3538, 210))["multi-threaded"]
    assert "10240" in found.next_step
    assert "multi-threaded" not in curve((1769, 400), (3538, 398))
    assert "multi-threaded" not in curve((1769, 400), (10_240, 80))
    assert not {"cpu-bound", "multi-threaded"} & curve((512, 400), (1769, 300)).keys()
    # Sizes next to each other differ by noise.
    assert "multi-threaded" not in curve((1769, 400), (1800, 395))
    # From below one vCPU to above, a step says nothing about threads.
    assert not {"cpu-bound", "multi-threaded"} & curve((1024, 400), (3008, 150)).keys()


def test_each_architecture_has_a_curve_of_its_own() -> None:
    measurements = [sized(128, 500), sized(1769, 495)]
    arm64 = make_measurement(memory_mb=1769, architecture=Architecture.ARM64, durations=[9.0, 9.1], lanes=2)
    assert "x86_64" in advice(make_analysis(*measurements, arm64))["flat"].message


def test_a_noisy_function_is_said_to_be() -> None:
    found = advice(make_analysis(sized(512, 100, spread=0.5)))["noisy"]
    assert "512 MB x86_64 (+-" in found.message
    assert "noisy" not in advice(make_analysis(sized(512, 100, spread=0.1)))


def test_more_than_the_odd_outlier_is_said() -> None:
    usual = [100.0 + turn % 5 for turn in range(40)]
    odd = advice(make_analysis(make_measurement(durations=[*usual, 300.0, 310.0, 320.0, 330.0], lanes=4)))
    assert "4 of 44 at 512 MB x86_64" in odd["outliers"].message
    assert "outliers" not in advice(make_analysis(make_measurement(durations=[*usual, 300.0], lanes=4)))


def test_outliers_close_to_the_median_are_not_worth_a_word() -> None:
    tight = [100.0 + (turn % 5) / 10 for turn in range(40)]
    near = advice(make_analysis(make_measurement(durations=[*tight, 102.5, 102.5, 97.5, 97.5], lanes=4)))
    assert "outliers" not in near
    far = advice(make_analysis(make_measurement(durations=[*tight, 112.5, 112.5, 87.5, 87.5], lanes=4)))
    assert "4 of 44 at 512 MB x86_64" in far["outliers"].message


def test_one_lane_cannot_tell_luck_from_the_rule() -> None:
    alone = make_measurement(durations=[100.0, 101.0, 99.0])
    assert "--environments" in advice(make_analysis(alone))["one-environment"].next_step
    spread = make_measurement(durations=[100.0, 101.0, 99.0], lanes=3)
    assert "one-environment" not in advice(make_analysis(spread))
    assert "one-environment" not in advice(make_analysis(make_measurement(durations=[1.0])))


def test_one_environment_is_named_whatever_the_lanes() -> None:
    alone = make_measurement(memory_mb=256, durations=[100.0, 101.0, 99.0], lanes=3, environment="a")
    spread = make_measurement(memory_mb=512, durations=[100.0, 101.0, 99.0], lanes=3)
    message = advice(make_analysis(alone, spread))["one-environment"].message
    assert "invocations of 256 MB x86_64:" in message
    assert "up to 6 %" in message
    assert "of each configuration:" in advice(make_analysis(alone))["one-environment"].message


def test_environments_that_the_logs_do_not_tell_are_said_to_be_unknown() -> None:
    hidden = make_measurement(memory_mb=256, durations=[100.0, 101.0, 99.0], lanes=3, environment=None)
    known = make_measurement(memory_mb=512, durations=[100.0, 101.0, 99.0], lanes=3)
    found = advice(make_analysis(hidden))["environments-unknown"]
    assert "which invocation is not known" in found.message
    assert "logs:FilterLogEvents" in found.next_step
    assert "of 256 MB x86_64 is" in advice(make_analysis(hidden, known))["environments-unknown"].message
    assert "environments-unknown" not in advice(make_analysis(known))
    # One cold start is one environment, and another advisory's business.
    single = make_measurement(durations=[100.0, 101.0, 99.0], environment=None)
    assert advice(make_analysis(single)).keys() & {"one-environment", "environments-unknown"} == {"one-environment"}


def test_throttling_is_counted() -> None:
    found = advice(make_analysis(sized(512, 100), throttles=3))["throttled"]
    assert "3 invocations" in found.message


def test_starting_longer_than_running_is_said() -> None:
    measurement = sized(512, 30)
    assert "initializes for 200 ms at 512 MB x86_64" in advice(make_analysis(measurement))["mostly-init"].message
    seldom, often = (advice(make_analysis(measurement, usage=Usage(cold_share=share))) for share in (0.01, 0.9))
    assert "mostly-init" not in seldom
    assert "mostly-init" in often
    assert "mostly-init" not in advice(make_analysis(sized(512, 100)))


def test_more_environments_are_asked_for_where_they_are_few() -> None:
    few = advice(make_analysis(sized(512, 100, spread=0.2)))["too-few-samples"]
    assert few.next_step.endswith("--environments 10")
    # Lanes of 50 and lanes of 150: more of the same invocations would never tell.
    apart = make_measurement(durations=[50.0, 150.0] * 12, lanes=12)
    assert "environments differ" in advice(make_analysis(apart))["too-few-samples"].next_step


def test_noise_is_told_from_environments_first() -> None:
    values = list(np.random.default_rng(5).lognormal(4, 0.4, 12))
    once = make_measurement(durations=values, lanes=12)
    # Three from each of twelve, and as many cold ones as there were.
    expected = "measure with --invocations 48 --environments 12"
    assert advice(make_analysis(once))["too-few-samples"].next_step == expected


@pytest.mark.long
@pytest.mark.parametrize(("between", "within"), [(0.0, 0.3), (0.1, 0.02), (0.06, 0.2)])
def test_what_is_asked_for_is_enough(between: float, within: float) -> None:
    generator = np.random.default_rng(9)

    def measure(count: int, lanes: int) -> Measurement:
        luck = generator.lognormal(0, between, lanes)[np.arange(count) % lanes]
        return make_measurement(durations=list(100 * luck * generator.lognormal(0, within, count)), lanes=lanes)

    (first,) = observed(measure(40, 8))
    needed = samples_needed(first)
    assert needed is not None
    widths = []
    for _ in range(20):
        (again,) = observed(measure(needed.warm, needed.lanes))
        duration = again.profile.duration
        assert duration is not None
        assert duration.interval is not None
        widths.append((duration.interval[1] - duration.interval[0]) / 2 / duration.mean)
    assert 0.02 < float(np.median(widths)) < 0.075


def test_a_busy_machine_is_said_to_be() -> None:
    calm = make_measurement(memory_mb=512, durations=[100.0] * 40, lanes=4)
    disturbed = make_invocation(memory_mb=512, duration_ms=130.0, waited_ms=30.0)
    some = replace(calm, invocations=Invocations.of([*calm.invocations, *[disturbed] * 3]))
    many = replace(calm, invocations=Invocations.of([*calm.invocations, *[disturbed] * 10]))
    assert "disturbed" not in advice(make_analysis(some))
    found = advice(make_analysis(many))["disturbed"]
    assert f"10 of {len(many.invocations)} invocations had to wait for a CPU" in found.message
    profile = make_analysis(many).profiles[0]
    assert profile.duration is not None
    assert profile.duration.mean == pytest.approx(100)
