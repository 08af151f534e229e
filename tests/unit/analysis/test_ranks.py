"""How a configuration stands: against the current one, and whether it is proven to be the cheapest or the fastest."""

import numpy as np
import pytest
from factories import make_analysis, make_configuration, make_measurement, make_prices

from powertune.analysis import Analysis
from powertune.analysis.model import Profile, Rank
from powertune.model import Measurement

PRICES = make_prices(request=0.0)


def sized(memory_mb: int, mean: float, spread: float) -> Measurement:
    noise = np.random.default_rng(memory_mb).lognormal(0, spread, 40)
    return make_measurement(memory_mb=memory_mb, durations=list(mean * noise / noise.mean()), lanes=4)


def profile(analysis: Analysis, memory_mb: int) -> Profile:
    found = analysis.profile(make_configuration(memory_mb))
    assert found is not None
    return found


@pytest.mark.parametrize(("spread", "rank"), [(0.001, Rank.ALONE), (0.3, Rank.TIED)])
def test_the_lowest_mean_is_alone_only_if_that_is_proven(spread: float, rank: Rank) -> None:
    analysis = make_analysis(sized(512, 100, spread), sized(1024, 95, spread), prices=PRICES)
    fast, cheap = profile(analysis, 1024), profile(analysis, 512)
    assert (fast.fastest, cheap.fastest) == (rank, None)
    # 1,024 MB costs 1.9 times as much, which no noise explains.
    assert (cheap.cheapest, fast.cheapest) == (Rank.ALONE, None)


def test_equal_means_share_the_rank() -> None:
    same = [100.0, 101.0, 102.0]
    analysis = make_analysis(
        make_measurement(memory_mb=512, durations=same), make_measurement(memory_mb=1024, durations=same)
    )
    assert profile(analysis, 512).fastest is Rank.TIED
    assert profile(analysis, 1024).fastest is Rank.TIED


def test_ratios_are_those_of_the_recommendation() -> None:
    analysis = make_analysis(sized(512, 800, 0.05), sized(1024, 380, 0.05), prices=PRICES)
    recommendation, chosen = analysis.recommendation, profile(analysis, 1024)
    assert recommendation is not None
    assert recommendation.configuration == chosen.configuration
    assert recommendation.cost_ratio is not None
    assert recommendation.cost_ratio.ratio == pytest.approx(chosen.cost_ratio, rel=0.01)
    assert recommendation.duration_ratio is not None
    assert recommendation.duration_ratio.ratio == pytest.approx(chosen.duration_ratio, rel=0.01)
    now = profile(analysis, 512)
    assert (now.cost_ratio, now.duration_ratio) == (1.0, 1.0)


def test_without_a_working_current_size_there_is_no_ratio() -> None:
    analysis = make_analysis(sized(1024, 380, 0.05), prices=PRICES)
    assert profile(analysis, 1024).cost_ratio is None
    assert profile(analysis, 1024).duration_ratio is None
