"""Exact tests of counts, against figures from the literature and against sums of all cases."""

from fractions import Fraction
from math import comb, fsum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertune.analysis.exact_tests import at_most, larger_share, share_above, upper_limit

COUNTS = st.integers(0, 40)


def test_the_lady_tasting_tea() -> None:
    # R. A. Fisher, The Design of Experiments (1935), chapter 2: 1 of 70, and 17 of 70.
    assert larger_share(4, 4, 0, 4) == pytest.approx(1 / 70)
    assert larger_share(3, 4, 1, 4) == pytest.approx(17 / 70)


def test_one_failure_proves_nothing() -> None:
    assert larger_share(1, 100, 0, 900) == pytest.approx(0.1)
    assert larger_share(0, 100, 0, 900) == 1.0
    assert larger_share(5, 100, 0, 900) < 1e-4


def test_no_failure_in_a_hundred_is_up_to_three_percent() -> None:
    assert upper_limit(0, 100) == pytest.approx(1 - 0.05**0.01)
    assert upper_limit(100, 100) == 1.0
    assert upper_limit(0, 0) == 1.0


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_fishers_test_is_the_sum_of_all_cases_at_least_as_extreme(
    hits: int, more: int, other_hits: int, other_more: int
) -> None:
    total, other = hits + more, other_hits + other_more
    both = hits + other_hits
    cases = sum(comb(total, k) * comb(other, both - k) for k in range(hits, min(both, total) + 1))
    exact = Fraction(cases, comb(total + other, both))
    assert larger_share(hits, total, other_hits, other) == pytest.approx(float(exact))


@given(COUNTS, COUNTS, st.integers(0, 20))
def test_the_binomial_test_is_the_sum_of_all_cases_at_least_as_extreme(hits: int, more: int, twentieths: int) -> None:
    total, share = hits + more, Fraction(twentieths, 20)
    exact = sum(comb(total, k) * share**k * (1 - share) ** (total - k) for k in range(hits, total + 1))
    assert share_above(hits, total, float(share)) == pytest.approx(float(exact))


@given(st.integers(0, 50), st.integers(1, 50), st.sampled_from([0.8, 0.95, 0.99]))
def test_what_is_at_the_limit_is_just_as_likely_as_the_level_says(hits: int, more: int, level: float) -> None:
    total = hits + more
    limit = upper_limit(hits, total, level)
    assert hits / total < limit < 1
    assert 1 - share_above(hits + 1, total, limit) == pytest.approx(1 - level)


def test_millions_of_invocations_are_no_trouble() -> None:
    assert larger_share(10_000, 1_000_000, 87_000, 9_000_000) < 0.001
    assert larger_share(10_000, 1_000_000, 90_000, 9_000_000) == pytest.approx(0.5, abs=0.01)
    assert share_above(50_000, 1_000_000, 0.05) == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(("hits", "total"), [(2, 1), (-1, 5)])
def test_more_hits_than_there_are_is_a_mistake(hits: int, total: int) -> None:
    with pytest.raises(ValueError, match="is no share"):
        larger_share(hits, total, 0, 10)
    with pytest.raises(ValueError, match="is no share"):
        share_above(hits, total, 0.5)
    with pytest.raises(ValueError, match="is no share"):
        upper_limit(hits, total)


def test_binomial_probabilities_are_exact() -> None:
    for trials, p in ((10, 0.3), (59, 0.05), (200, 0.9)):
        exact = [comb(trials, k) * p**k * (1 - p) ** (trials - k) for k in range(trials + 1)]
        for k in range(trials + 1):
            assert at_most(k, trials, p) == pytest.approx(fsum(exact[: k + 1]), rel=1e-9)
    assert at_most(-1, 10, 0.5) == 0
    assert at_most(10, 10, 0.5) == 1
    assert at_most(3, 10, 0.0) == 1
    assert at_most(3, 10, 1.0) == 0
    assert at_most(50, 10**6, 0.5) == 0
