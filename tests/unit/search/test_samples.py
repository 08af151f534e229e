"""Samples: warm invocations by payload and environment."""

import numpy as np
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


def test_the_longer_one_of_a_pair_is_cut_down_as_far_as_it_is_likely_to_be_an_outlier() -> None:
    usual, doubtful, outlying = (sample(durations=[100.0, 100.0 * factor]) for factor in (1.05, 1.4, 2.2))
    quiet = 0.08**2
    settled = [each.without_lies(quiet) for each in (usual, doubtful, outlying)]
    assert settled[0].mean == pytest.approx(usual.mean, rel=0.001)
    assert 100 < settled[1].mean < doubtful.mean
    assert settled[2].mean == pytest.approx(100, rel=0.01)
    # Where it may be either, the mean is least known; a pair with an outlier tells as much as one invocation.
    assert settled[1].doubt > settled[2].doubt > settled[0].doubt >= 0
    # What is far for a quiet function is near for a noisy one.
    assert outlying.without_lies(0.4**2).mean == pytest.approx(outlying.mean, rel=0.1)
    of_three = sample(durations=[100.0, 100.0, 220.0]).without_lies(quiet)
    assert (of_three.mean, of_three.doubt) == (140.0, 0.0)


def test_however_far_a_pair_is_apart_the_longer_one_is_an_outlier() -> None:
    apart = sample(durations=[0.2, 900_000.0]).without_lies(0.08**2)
    assert 0.2 <= apart.mean < 900_000
    assert np.isfinite(apart.doubt)


def test_a_duration_of_zero_has_a_logarithm() -> None:
    assert sample(durations=[0.0, 0.0]).mean > 0


def test_a_rare_payload_that_takes_long_has_most_of_the_error() -> None:
    generator = np.random.default_rng(1)
    payloads = np.array(([0] * 9 + [1]) * 2)
    true = np.where(payloads == 0, 10.0, 300.0)

    def made() -> Sample:
        values = true * generator.normal(1, 0.05, payloads.size)
        measurement = make_measurement(
            others=[make_invocation(duration_ms=ms, payload=int(p)) for ms, p in zip(values, payloads, strict=True)]
        )
        sample = Sample.of(measurement, "duration_ms", (9.0, 1.0))
        assert sample is not None
        return sample

    samples = [made() for _ in range(400)]
    spread = np.std([sample.mean for sample in samples]) / 39
    assert samples[0].effective_count == pytest.approx((0.05 / spread) ** 2, rel=0.25)
    assert samples[0].effective_count < 4 < samples[0].count
