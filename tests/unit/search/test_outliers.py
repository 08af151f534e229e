"""By how much outliers raise a mean."""

import math

import numpy as np
import pytest
from factories import make_measurement

from powertune.search.adaptive.outliers import OUTLIERS, OUTLIERS_DOUBT, OUTLIERS_WEIGHT, Outliers
from powertune.search.adaptive.samples import Sample


def of(durations: list[float], *, jumps: bool = False) -> Outliers:
    measurement = make_measurement(durations=durations)
    raw = Sample.of(measurement, "duration_ms", (1.0,))
    assert raw is not None
    cut = raw if jumps else raw.without_outliers()
    return Outliers.of({measurement.configuration: raw}, {measurement.configuration: cut}, jumps=jumps)


def test_a_pair_hardly_changes_what_is_usual() -> None:
    found = of([10.0, 10.0])
    assert math.exp(found.log_factor) == pytest.approx((OUTLIERS_WEIGHT * OUTLIERS + 2) / (OUTLIERS_WEIGHT + 2))
    assert found.doubt == pytest.approx(OUTLIERS_DOUBT * OUTLIERS_WEIGHT / (OUTLIERS_WEIGHT + 2), rel=0.1)


def test_of_many_invocations_it_is_what_they_show() -> None:
    found = of([10.0] * 990 + [100.0] * 10)
    assert math.exp(found.log_factor) == pytest.approx(10.9 / 10.045, rel=0.01)
    # The standard error of the mean of 1,000 values, of which 1 % are 8.5 means longer.
    assert found.doubt == pytest.approx(8.5 * math.sqrt(0.01 / 1000) / 1.085, rel=0.1)


def test_outliers_that_were_seen_widen_the_doubt_and_their_absence_narrows_it() -> None:
    assert of([10.0] * 20 + [60.0]).doubt > 2 * OUTLIERS_DOUBT
    assert of([10.0] * 100).doubt < OUTLIERS_DOUBT


def test_where_long_durations_are_no_outliers_the_mean_is_as_it_was_seen() -> None:
    assert of([10.0, 30.0], jumps=True).log_factor == 0.0


def test_each_payload_has_its_weight() -> None:
    weights = (3.0, 1.0)
    sizes = (np.array([10.0] * 9 + [40.0]), np.array([100.0] * 40))
    raw = Sample(groups=sizes, weights=weights, served=tuple(np.zeros(len(s), np.int64) for s in sizes), known=True)
    cut = raw.without_outliers()
    configuration = make_measurement().configuration
    found = Outliers.of({configuration: raw}, {configuration: cut}, jumps=False)
    excess = raw.mean / cut.mean - 1
    expected = (OUTLIERS_WEIGHT * (OUTLIERS - 1) + 50 * excess) / (OUTLIERS_WEIGHT + 50)
    assert math.exp(found.log_factor) - 1 == pytest.approx(expected)
