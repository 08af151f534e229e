"""How far the limited statistic of a size is above its mean."""

import math

import numpy as np
import pytest
from factories import make_measurement

from powertune.model import Architecture, Configuration, Limit, Statistic
from powertune.search.adaptive.noise import Noise
from powertune.search.adaptive.outliers import Outliers
from powertune.search.adaptive.samples import Sample
from powertune.search.adaptive.tails import LimitedTail, LimitedTails

P95 = Limit(statistic=Statistic.P95, at_most_ms=1.0)
OUTLIERS = Outliers(log_factor=0.02, doubt=0.01)
QUIET, NOISY = (Noise(within=sigma**2, between=0.0, jumps=False) for sigma in (0.05, 0.2))


def size(memory_mb: int) -> Configuration:
    return Configuration(memory_mb=memory_mb, architecture=Architecture.X86_64)


def sample(durations: list[float]) -> Sample:
    found = Sample.of(make_measurement(durations=durations), "duration_ms", (1.0,))
    assert found is not None
    return found


def tails(
    noise: Noise, limit: Limit | None = P95, outliers: Outliers = OUTLIERS, /, **durations: list[float]
) -> LimitedTails:
    """The tails of sizes, given as mb128=[...]."""
    samples = {size(int(name.removeprefix("mb"))): sample(values) for name, values in durations.items()}
    return LimitedTails.of(samples, {c: s.without_outliers() for c, s in samples.items()}, noise, outliers, limit)


def test_without_a_limit_there_is_no_tail() -> None:
    assert tails(NOISY, None, mb128=[10.0] * 30).at(size(128)) == LimitedTail(log_factor=0.0, doubt=0.0)


def test_that_of_a_mean_is_what_outliers_add() -> None:
    limit = Limit(statistic=Statistic.MEAN, at_most_ms=1.0)
    assert tails(NOISY, limit, mb128=[10.0] * 30).at(size(128)) == LimitedTail(log_factor=0.02, doubt=0.01)


@pytest.mark.parametrize("statistic", [Statistic.P50, Statistic.P95, Statistic.P99])
def test_of_a_few_durations_it_follows_from_the_noise(statistic: Statistic) -> None:
    durations = np.random.default_rng(1).lognormal(3.0, 0.2, 200_000)
    assert statistic.share is not None
    seen = math.log(float(np.quantile(durations, statistic.share)) / float(durations.mean()))
    found = tails(NOISY, Limit(statistic=statistic, at_most_ms=1.0), mb128=[10.0, 10.0])
    for memory_mb in (128, 256):
        assert found.at(size(memory_mb)).log_factor == pytest.approx(seen, abs=0.01)


def test_of_several_payloads_it_is_that_of_all_of_them_together() -> None:
    """Nine of ten invocations take 10 ms, and one 100 ms: the p95 is that of the slow ones."""
    groups = (np.array([10.0, 10.0]), np.array([100.0, 100.0]))
    sample = Sample(
        groups=groups, weights=(0.9, 0.1), served=tuple(np.zeros(2, np.int64) for _ in groups), known=True
    )
    found = LimitedTails.of({size(128): sample}, {size(128): sample}, QUIET, OUTLIERS, P95).at(size(128))
    generator = np.random.default_rng(1)
    traffic = np.where(generator.random(200_000) < 0.1, 100.0, 10.0) * generator.lognormal(0, 0.05, 200_000)
    # Of four durations, the quantile that was seen has a little weight already.
    assert found.log_factor == pytest.approx(math.log(np.quantile(traffic, 0.95) / traffic.mean()), abs=0.05)


def test_a_size_with_fewer_durations_is_known_less() -> None:
    few, some, many = (tails(NOISY, mb128=[10.0] * count).at(size(128)).doubt for count in (2, 4, 20))
    assert few > some > many


def test_the_more_durations_there_are_the_more_it_is_that_which_was_seen() -> None:
    durations = [10.0] * 18 + [25.0] * 2
    none, few, many = (tails(QUIET, mb128=each).at(size(128)) for each in ([10.0, 10.0], durations, durations * 20))
    assert none.log_factor < few.log_factor < many.log_factor
    assert many.log_factor == pytest.approx(math.log(25 / 10.45), rel=0.05)
    assert many.doubt < few.doubt


def test_each_size_has_its_own_and_a_new_one_that_of_all() -> None:
    found = tails(QUIET, mb128=[10.0] * 100, mb256=([10.0] * 9 + [14.0]) * 10)
    assert found.at(size(128)).log_factor < found.at(size(512)).log_factor < found.at(size(256)).log_factor


def test_a_few_durations_do_not_tell() -> None:
    one, other = (tails(QUIET, mb128=each).at(size(128)) for each in ([10.0, 10.0, 25.0], [10.0, 10.0, 10.0]))
    assert one == other


def test_the_noisier_the_less_it_is_known() -> None:
    quiet, noisy = (tails(noise, mb128=[10.0, 11.0] * 20).at(size(128)).doubt for noise in (QUIET, NOISY))
    assert 0 < quiet < noisy


def test_the_doubt_is_about_that_of_a_sample_quantile() -> None:
    """Of 60 durations, and 20 that the other sizes stand for."""
    generator = np.random.default_rng(2)
    quantiles = np.quantile(generator.lognormal(0.0, 0.2, (4_000, 80)), 0.95, axis=1)
    durations = generator.lognormal(3.0, 0.2, 60).tolist()
    assert tails(NOISY, mb128=durations).at(size(128)).doubt == pytest.approx(np.log(quantiles).std(), rel=0.15)
