"""Curves that may be true, from a few measured sizes."""

import numpy as np
import pytest
from factories import make_configuration

from powertune.model import Architecture
from powertune.search.adaptive.curves import Seen, believe

SIZES = tuple(make_configuration(mb) for mb in (128, 256, 512, 1024, 1769, 3008))


def cpu_bound(memory_mb: int) -> float:
    return 200 * max(1.0, 1769 / memory_mb)


def seen(*sizes: int, variance: float = 1e-4, origin: str = "", factor: float = 1.0) -> list[Seen]:
    return [
        Seen(
            configuration=make_configuration(mb),
            log_ms=float(np.log(factor * cpu_bound(mb))),
            variance=variance,
            origin=origin,
        )
        for mb in sizes
    ]


def band(of: list[Seen], candidates: tuple = SIZES) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    drawn = believe(of, candidates).draw(400, (1, 2))
    return drawn.mean(axis=0), drawn.std(axis=0)


def test_weights_are_probabilities() -> None:
    belief = believe(seen(128, 512), SIZES)
    assert belief.weights.sum() == pytest.approx(1.0)
    assert belief.means.shape == (*belief.weights.shape, len(SIZES))


def test_a_curve_goes_through_what_was_measured_and_is_less_sure_elsewhere() -> None:
    mean, spread = band(seen(128, 512, 1769))
    truth = np.log([cpu_bound(c.memory_mb) for c in SIZES])
    assert mean == pytest.approx(truth, abs=0.25)
    assert mean[[0, 2, 4]] == pytest.approx(truth[[0, 2, 4]], abs=0.02)
    assert spread[[0, 2, 4]].max() < spread[[1, 3, 5]].min()


def test_more_noise_makes_a_wider_band() -> None:
    assert (band(seen(128, 512, 1769, variance=0.04))[1] > band(seen(128, 512, 1769))[1]).all()


def test_between_sizes_a_zigzag_leaves_more_doubt_than_a_smooth_curve() -> None:
    sizes = (128, 192, 288, 432, 648, 972, 1458, 2187)
    between = (make_configuration(530),)
    # Both are no curve of a family: the one bends slowly, the other goes up and down by the same amount.
    bends = 0.2 * np.sin(np.linspace(0, np.pi, len(sizes)))
    zigzags = 0.1 * np.array([1, -1] * (len(sizes) // 2))
    smooth, rough = (
        [
            Seen(configuration=make_configuration(mb), log_ms=float(5 + shift), variance=1e-4)
            for mb, shift in zip(sizes, shifts, strict=True)
        ]
        for shifts in (bends, zigzags)
    )
    assert band(rough, between)[1][0] > 2 * band(smooth, between)[1][0]


def test_the_other_architecture_shares_the_shape_and_not_the_factor() -> None:
    arm64 = tuple(make_configuration(c.memory_mb, Architecture.ARM64) for c in SIZES)
    both = believe(seen(128, 512, 1769), (*SIZES, *arm64)).draw(2000, (1,))
    assert both[:, 6].std() > 3 * both[:, 0].std()
    # From the smallest to a vCPU the duration falls by the same factor on both.
    fall = both[:, 6] - both[:, 10]
    assert fall.mean() == pytest.approx(np.log(1769 / 128), abs=0.2)
    assert fall.std() < 0.15


def test_earlier_data_say_more_of_the_shape_than_of_the_level() -> None:
    mean, spread = band([*seen(128, 512, 1024, 1769, 3008, origin="an earlier run", factor=3.0), *seen(512)])
    truth = np.log([cpu_bound(c.memory_mb) for c in SIZES])
    assert mean == pytest.approx(truth, abs=0.2)
    assert (spread < band(seen(512))[1]).all()


def test_the_same_seed_draws_the_same_curves() -> None:
    belief = believe(seen(128, 512), SIZES)
    assert (belief.draw(10, (3,)) == belief.draw(10, (3,))).all()
    assert (belief.draw(10, (3,)) != belief.draw(10, (4,))).any()
