"""The p95 of a sample and its limit: what they promise holds."""

import numpy as np
import pytest

from powertune.watch import sample_p95
from powertune.watch.percentile import _rank


def test_a_small_sample_has_no_p95() -> None:
    assert sample_p95([100.0] * 19) is None
    assert sample_p95([]) is None


def test_equal_values_have_no_spread() -> None:
    found = sample_p95([100.0] * 20)
    assert found is not None
    assert (found.n, found.p95) == (20, 100.0)
    assert found.upper == pytest.approx(100.0)


def test_59_values_are_the_fewest_with_a_rank() -> None:
    # 0.95^58 = 0.051, 0.95^59 = 0.0485: Conover, section 3.2.
    assert _rank(58) is None
    assert _rank(59) == 59
    assert _rank(93) == 92  # 0.95^93 + 93 x 0.05 x 0.95^92 = 0.0499
    assert _rank(92) == 92


def test_exact_ranks_and_approximate_ones_meet() -> None:
    exact, approximate = _rank(1_000), _rank(1_001)
    assert exact is not None
    assert approximate is not None
    assert abs(approximate - exact) <= 2
    assert _rank(1_000_000) is not None


def test_order_does_not_matter_and_the_limit_is_never_below_the_p95() -> None:
    values = list(range(1, 201))
    found = sample_p95([float(value) for value in values])
    assert found == sample_p95([float(value) for value in reversed(values)])
    assert found is not None
    assert found.p95 == pytest.approx(190.05)
    assert found.upper == 196.0


@pytest.mark.parametrize(("n", "sigma"), [(20, 0.1), (20, 0.4), (40, 0.2), (59, 0.2), (100, 0.4), (400, 0.2)])
def test_the_limit_holds_the_true_p95_in_95_percent_of_samples(n: int, sigma: float) -> None:
    true_p95 = float(np.exp(sigma * 1.6448536))
    generator = np.random.default_rng(15)
    samples = np.exp(sigma * generator.standard_normal((2_000, n)))
    held = sum(found.upper >= true_p95 for sample in samples if (found := sample_p95(sample.tolist())) is not None)
    # Three standard errors of a share of 95 % in 2,000 samples.
    assert held / 2_000 >= 0.95 - 3 * (0.95 * 0.05 / 2_000) ** 0.5
