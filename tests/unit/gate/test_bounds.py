"""Bounds: against exact values that others have published, and how often they hold."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertune.analysis.comparison import log_mean
from powertune.analysis.environments import Environments
from powertune.analysis.estimates import Estimate
from powertune.gate.bounds import (
    decide,
    effective,
    growth_of_log,
    growth_of_share,
    log_bounds,
    quantile_bounds,
    share_bounds,
)
from powertune.gate.confidence import Tails
from powertune.gate.model import GateVerdict

FIVE = Tails(low=0.05, high=0.05)


@pytest.mark.parametrize(
    ("bounds", "limit", "strict", "verdict"),
    [
        ((1.0, 2.0), 3.0, False, GateVerdict.PASSED),
        ((1.0, 2.0), 0.5, False, GateVerdict.FAILED),
        ((1.0, 2.0), 1.5, False, GateVerdict.INCONCLUSIVE),
        ((1.0, 2.0), 2.0, False, GateVerdict.PASSED),
        ((1.0, 2.0), 2.0, True, GateVerdict.INCONCLUSIVE),
        ((1.0, 2.0), 1.0, False, GateVerdict.INCONCLUSIVE),
        ((1.0, 2.0), 1.0, True, GateVerdict.FAILED),
        ((1.0, 1.0), 1.0, True, GateVerdict.FAILED),
        ((1.0, 1.0), 1.0, False, GateVerdict.PASSED),
        ((1.0, None), 3.0, False, GateVerdict.INCONCLUSIVE),
        ((1.0, None), 0.5, False, GateVerdict.FAILED),
        (None, 1.0, False, GateVerdict.INCONCLUSIVE),
    ],
)
def test_all_of_the_interval_decides(
    bounds: tuple[float, float | None] | None, limit: float, strict: bool, verdict: GateVerdict
) -> None:
    assert decide(bounds, limit, strict=strict) is verdict


def test_shares_have_the_bounds_of_clopper_and_pearson() -> None:
    two_sided = Tails(low=0.025, high=0.025)
    # The textbook case of three in ten, and the rule of three.
    assert share_bounds(3, 10, two_sided) == pytest.approx((0.06674, 0.65245), abs=1e-5)
    assert share_bounds(0, 10, FIVE) == pytest.approx((0.0, 1 - 0.05 ** (1 / 10)))
    assert share_bounds(10, 10, FIVE) == pytest.approx((0.05 ** (1 / 10), 1.0))


def test_a_percentile_takes_as_many_values_as_the_binomial_says() -> None:
    # 0.95^58 > 5 % >= 0.95^59.
    for n, known in ((58, False), (59, True)):
        low, high = quantile_bounds(np.arange(1.0, n + 1), None, 0.95, FIVE)
        assert (high is not None) is known
        assert low < n
    assert quantile_bounds(np.arange(1.0, 60.0), None, 0.95, FIVE)[1] == 59


def test_a_median_has_the_order_statistics_of_the_tables() -> None:
    # Hahn & Meeker, table A.15: of 20 values, the 6th and the 15th bound the median at 95.9 %.
    bounds = quantile_bounds(np.arange(1.0, 21.0), None, 0.5, Tails(low=0.025, high=0.025))
    assert bounds == (6.0, 15.0)


def test_one_value_bounds_nothing() -> None:
    assert quantile_bounds(np.array([5.0]), None, 0.95, FIVE) == (0.0, None)


def test_values_of_one_environment_count_for_less() -> None:
    generator = np.random.default_rng(1)
    labels = np.repeat(np.arange(20), 20)
    luck = np.exp(0.2 * generator.normal(size=20))[labels]
    values = luck * np.exp(0.02 * generator.normal(size=400))
    known = Environments.known(labels.tolist())
    ordered = np.sort(values)
    assert effective(ordered, values, None, 0.95, 0.05) == 400
    assert effective(ordered, values, known, 0.95, 0.05) < 60
    unknown = Environments.unknown(labels, 20)
    assert 20 < effective(ordered, values, unknown, 0.95, 0.05) < 150
    independent = generator.normal(size=400)
    assert effective(np.sort(independent), independent, known, 0.95, 0.05) > 150


@pytest.mark.parametrize("quantile", [0.5, 0.95])
@pytest.mark.parametrize("between", [0.0, 0.05])
def test_percentiles_hold_as_often_as_they_say(quantile: float, between: float) -> None:
    generator = np.random.default_rng(5)
    labels = np.repeat(np.arange(16), 20)
    known = Environments.known(labels.tolist())
    spread = math.hypot(between, 0.08)
    truth = float(np.exp(spread * {0.5: 0.0, 0.95: 1.6448536}[quantile]))
    below = above = unknown = 0
    for _ in range(600):
        luck = np.exp(between * generator.normal(size=16))[labels]
        low, high = quantile_bounds(luck * np.exp(0.08 * generator.normal(size=320)), known, quantile, FIVE)
        below += low > truth
        above += high is not None and high < truth
        unknown += high is None
    assert below <= 0.08 * 600
    assert above <= 0.08 * 600
    assert unknown <= 0.2 * 600


def test_an_end_that_is_beyond_reason_bounds_nothing() -> None:
    log = Estimate(mean=0.0, variance=1.0, freedom=1.0)
    assert log_bounds(log, Tails(low=1e-5, high=1e-5)) == (0.0, None)
    assert log_bounds(Estimate(mean=0.0, variance=None), FIVE) is None
    assert log_bounds(None, FIVE) is None
    assert log_bounds(Estimate(mean=math.inf, variance=1.0), FIVE) is None


@given(
    values=st.lists(st.floats(1.0, 1e4), min_size=2, max_size=30),
    low=st.floats(1e-6, 0.4),
    high=st.floats(1e-6, 0.4),
)
def test_an_end_that_may_err_less_is_further_away(values: list[float], low: float, high: float) -> None:
    log = log_mean(values)
    assert log is not None
    wide, narrow = (log_bounds(log, Tails(low=low * f, high=high * f)) for f in (0.5, 1.0))
    assert wide is not None
    assert narrow is not None
    assert wide[0] <= narrow[0] <= math.exp(log.mean) * (1 + 1e-9)
    assert narrow[1] is None or wide[1] is None or wide[1] >= narrow[1]


def test_growth_takes_the_root_of_the_number() -> None:
    log = Estimate(mean=0.0, variance=0.01**2)
    bounds = log_bounds(log, FIVE)
    assert bounds is not None
    assert bounds[1] is not None
    reach = math.log(bounds[1])
    assert growth_of_log(log, bounds, math.exp(reach / 2)) == pytest.approx(4.0)
    assert growth_of_log(log, bounds, math.exp(-reach / 2)) == pytest.approx(4.0, rel=0.1)
    assert growth_of_log(log, bounds, 1.0) == math.inf
    assert growth_of_log(log, bounds, 0.0) == 0.0
    assert growth_of_log(log, (0.5, None), 2.0) == math.inf


def test_growth_of_a_share_is_enough_and_not_much_more() -> None:
    growth = growth_of_share(0, 20, 0.05, FIVE)
    assert 59 <= 20 * growth < 59 * 1.3
    assert growth_of_share(5, 100, 0.05, FIVE) == math.inf
    assert growth_of_share(0, 100, 0.0, FIVE) == math.inf
