"""How often the stated intervals hold: simulated runs with a known truth, judged by the analysis that ships.

    python benchmarks/calibration.py [--cases 2000] [--seed 1]

For each kind of noise it prints how many of the 95 % intervals (of a mean duration, and of a mean cost) hold the true
mean, and how often two configurations that are truly the same are declared different, alone and in a whole run of six
sizes of which all pairs are compared. All noise is lognormal. A lane effect is the same for all invocations of one
execution environment; 3 % is what was measured on Lambda between environments of one size.
"""

import argparse
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from powertune.analysis.comparison import Difference, compare, log_mean
from powertune.analysis.estimates import Estimate, estimate_mean
from powertune.analysis.recommendation import family_level
from powertune.analysis.summary import summarize

INVOCATIONS = 20
SIZES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """Coefficients of variation, within an execution environment and between environments, and how many there are."""

    within: float
    between: float
    lanes: int

    def draw(self, generator: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Durations of mean 100 ms, and their lanes."""
        lanes = np.arange(INVOCATIONS) % self.lanes
        return 100 * _factor(generator, self.within, INVOCATIONS) * _factor(generator, self.between, self.lanes)[
            lanes
        ], lanes


def _factor(generator: np.random.Generator, variation: float, count: int) -> NDArray[np.float64]:
    """Lognormal factors of mean 1 and the given coefficient of variation."""
    sigma = np.sqrt(np.log1p(variation**2))
    return generator.lognormal(-(sigma**2) / 2, sigma, count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Shares of all cases."""

    duration: float
    cost: float
    false_pair: float
    false_run: float


def calibrate(noise: Noise, *, cases: int, seed: int) -> Figures:
    """Simulate so many cases and count."""
    generator = np.random.default_rng(seed)
    held = paid = 0
    for case in range(cases):
        durations, lanes = noise.draw(generator)
        low, high = _known(summarize(durations, seed=(seed, case), lanes=lanes).interval)
        held += low <= 100 <= high
        # Billed in whole milliseconds of a function ten times as long, so that rounding is part of the picture.
        billed = np.ceil(10 * durations)
        low, high = _known(estimate_mean(billed, lanes).interval())
        paid += low <= 1000.5 <= high
    pairs = runs = 0
    for _ in range(cases):
        sizes = [log_mean(*noise.draw(generator)) for _ in range(SIZES)]
        pairs += _differ(sizes[0], sizes[1], level=0.95)
        level = family_level(SIZES)
        runs += any(_differ(a, b, level=level) for i, a in enumerate(sizes) for b in sizes[:i])
    return Figures(duration=held / cases, cost=paid / cases, false_pair=pairs / cases, false_run=runs / cases)


def _known(interval: tuple[float, float] | None) -> tuple[float, float]:
    assert interval is not None
    return interval


def _differ(candidate: Estimate | None, baseline: Estimate | None, *, level: float) -> bool:
    return compare(candidate, baseline, level=level).verdict in (Difference.LOWER, Difference.HIGHER)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(f"{options.cases} cases each, {INVOCATIONS} invocations per configuration; 95 % intervals")
    print("noise  lanes  lane effect  duration holds  cost holds  same pair differs  same run of 6 differs")
    for lanes in (4, 10, 1):
        for between in (0.0, 0.03) if lanes > 1 else (0.0,):
            for within in (0.03, 0.08, 0.18):
                noise = Noise(within=within, between=between, lanes=lanes)
                figures = calibrate(noise, cases=options.cases, seed=options.seed)
                print(
                    f"{within:5.0%}  {lanes:5}  {between:11.0%}  {figures.duration:14.1%}  {figures.cost:10.1%}  "
                    f"{figures.false_pair:17.1%}  {figures.false_run:21.1%}"
                )


if __name__ == "__main__":
    main()
