"""Samples: warm invocations by payload and environment."""

import pytest
from factories import make_configuration, make_invocation, make_measurement

from powertune.model import Measurement, Status
from powertune.search.adaptive.samples import WINSOR, Sample


def sample(*args: object, **more: object) -> Sample:
    found = Sample.of(make_measurement(**more), "duration_ms", (1.0,))  # type: ignore[arg-type]
    assert found is not None
    return found


def test_cold_starts_are_left_out() -> None:
    found = sample(durations=[10.0, 20.0], cold=3)
    assert found.count == 2
    assert found.mean == 15.0


def test_payloads_are_weighted_by_their_shares() -> None:
    warm = [
        make_invocation(duration_ms=ms, payload=payload, environment="lane-0")
        for ms, payload in ((10.0, 0), (20.0, 0), (100.0, 1))
    ]
    measurement = make_measurement(others=warm)
    found = Sample.of(measurement, "duration_ms", (3.0, 1.0))
    assert found is not None
    assert [group.tolist() for group in found.groups] == [[10.0, 20.0], [100.0]]
    assert found.mean == pytest.approx((3 * 15 + 100) / 4)
    # A payload that was not sent yet may be any.
    assert Sample.of(measurement, "duration_ms", (1.0, 1.0, 1.0)) is None


def test_a_configuration_that_does_not_work_has_no_sample() -> None:
    failures = [make_invocation(status=Status.TIMEOUT)] * 3
    refused = Measurement(configuration=make_configuration(), unmeasured="not allowed")
    for measurement in (make_measurement(), make_measurement(others=failures, cold=0), refused):
        assert Sample.of(measurement, "duration_ms", (1.0,)) is None


def test_outliers_are_cut_down_to_a_multiple_of_the_median() -> None:
    found = sample(durations=[10.0, 10.0, 10.0, 100.0]).without_outliers()
    assert found.groups[0].tolist() == [10.0, 10.0, 10.0, 10.0 * WINSOR]
    # Of two, neither is known to be the outlier.
    assert sample(durations=[10.0, 100.0]).without_outliers().mean == 55.0


def test_a_duration_of_zero_has_a_logarithm() -> None:
    assert sample(durations=[0.0, 0.0]).mean > 0
