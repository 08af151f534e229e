"""How much durations vary."""

import math

import numpy as np
import pytest
from factories import make_measurement
from hypothesis import given
from hypothesis import strategies as st

from powertune.search.adaptive.noise import (
    LANE_NOISE,
    NOISE,
    Noise,
    has_jumps,
)
from powertune.search.adaptive.samples import Sample


def sample(durations: list[float], **more: object) -> Sample:
    found = Sample.of(make_measurement(durations=durations, **more), "duration_ms", (1.0,))  # type: ignore[arg-type]
    assert found is not None
    return found


def drawn(sigma: float, count: int = 2000, seed: int = 1) -> list[float]:
    values: list[float] = np.random.default_rng(seed).lognormal(3.0, sigma, count).tolist()
    return values


def noise_of(found: Sample, *, jumps: bool = False) -> Noise:
    return Noise.of([found], jumps=jumps)


def test_without_repetitions_the_prior_is_all_there_is() -> None:
    noise = noise_of(sample([10.0]), jumps=False)
    assert noise.within == NOISE**2
    assert noise.between == pytest.approx(LANE_NOISE**2)


@pytest.mark.parametrize("sigma", [0.01, 0.1, 0.3])
def test_many_invocations_show_the_noise_whatever_was_expected(sigma: float) -> None:
    noise = noise_of(sample(drawn(sigma)), jumps=False)
    assert math.sqrt(noise.within) == pytest.approx(sigma, rel=0.1)


def test_a_few_wild_values_are_outliers_and_many_are_jumps() -> None:
    assert not has_jumps([sample([10.0] * 40 + [50.0] * 2)])
    assert has_jumps([sample([10.0] * 30 + [50.0] * 10)])
    # Samples of different sizes are compared with their own median only.
    assert not has_jumps([sample([10.0] * 20), sample([50.0] * 20, memory_mb=128)])


def test_jumps_are_noise_in_full() -> None:
    # The mean is 20: 30 are half of it, and 10 are 2.5 times as long.
    noise = noise_of(sample([10.0] * 30 + [50.0] * 10), jumps=True)
    assert noise.within == pytest.approx((30 * 0.5**2 + 10 * 1.5**2) / 39)


def test_environments_that_differ_add_to_the_noise() -> None:
    apart = sample([10.0, 14.0] * 10, lanes=2)
    assert noise_of(apart, jumps=False).between > LANE_NOISE**2


@given(st.lists(st.floats(0.1, 1e5), min_size=1, max_size=12), st.integers(1, 4), st.booleans())
def test_noise_is_a_variance_for_any_durations(durations: list[float], lanes: int, jumps: bool) -> None:
    noise = noise_of(sample(durations, lanes=lanes), jumps=jumps)
    assert noise.within >= 0
    assert noise.between > 0
