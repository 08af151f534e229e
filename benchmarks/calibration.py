"""How often the stated intervals hold: simulated runs with a known truth, judged by the analysis that ships.

    python benchmarks/calibration.py [--cases 2000] [--seed 1]

For each kind of noise it prints how many of the 95 % intervals (of a mean duration, and of a mean cost) hold the
true mean; how often two configurations that are truly the same are declared different; and the same for a whole run
of six configurations whose cost is truly the same: how often any of the pairs is declared different, and how often a
change from the first of them is said to change the cost, although the one to change to was picked by the same data.
All noise is lognormal. A lane effect is the same for all invocations of one execution environment; 3 % is what was
measured on Lambda between environments of one size.
"""

import argparse
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from powertune.analysis import Difference, analyze
from powertune.analysis.comparison import compare, log_mean
from powertune.analysis.estimates import Estimate, estimate_mean
from powertune.analysis.recommendation import family_level
from powertune.analysis.summary import summarize
from powertune.model import (
    Architecture,
    Configuration,
    Design,
    FunctionState,
    Goal,
    Invocation,
    Invocations,
    Measurement,
    Strategy,
    TuningRun,
)
from powertune.prices import ArchitecturePrices, RegionPrices

INVOCATIONS = 20
SIZES = tuple(Configuration(memory_mb=128 * 2**power, architecture=Architecture.X86_64) for power in range(6))
#: Without a price per request, half the duration at twice the memory costs the same.
PRICES = RegionPrices(
    region="us-east-1",
    currency="USD",
    request=0.0,
    architectures=((Architecture.X86_64, ArchitecturePrices(gb_second=((None, 1e-5),), ephemeral_gb_second=0.0)),),
)
FUNCTION = FunctionState(
    name="simulated",
    arn="arn:aws:lambda:us-east-1:123456789012:function:simulated",
    region="us-east-1",
    qualifier=None,
    runtime="python3.13",
    memory_mb=SIZES[0].memory_mb,
    architecture=Architecture.X86_64,
    timeout_s=900,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """Coefficients of variation, within an execution environment and between environments, and how many there are."""

    within: float
    between: float
    lanes: int

    def draw(self, generator: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Durations of mean 100 ms, and their lanes."""
        lanes = np.arange(INVOCATIONS) % self.lanes
        luck = _factor(generator, self.between, self.lanes)[lanes]
        return 100 * luck * _factor(generator, self.within, INVOCATIONS), lanes


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
    false_change: float


def calibrate(noise: Noise, *, cases: int, seed: int) -> Figures:
    """Simulate so many cases and count."""
    generator = np.random.default_rng(seed)
    held = paid = pairs = runs = changes = 0
    for case in range(cases):
        durations, lanes = noise.draw(generator)
        held += _holds(summarize(durations, seed=(seed, case), lanes=lanes).interval, 100.0)
        # Billed in whole milliseconds of a function ten times as long, so that rounding is part of the picture.
        paid += _holds(estimate_mean(np.ceil(10 * durations), lanes).interval(), 1000.5)
        samples = [noise.draw(generator) for _ in SIZES]
        logs = [log_mean(*sample) for sample in samples]
        pairs += _differ(logs[0], logs[1], level=0.95)
        level = family_level(len(SIZES))
        runs += any(_differ(a, b, level=level) for i, a in enumerate(logs) for b in logs[:i])
        changes += _claims_a_change(samples)
    return Figures(
        duration=held / cases,
        cost=paid / cases,
        false_pair=pairs / cases,
        false_run=runs / cases,
        false_change=changes / cases,
    )


def _holds(interval: tuple[float, float] | None, truth: float) -> bool:
    assert interval is not None
    return interval[0] <= truth <= interval[1]


def _differ(candidate: Estimate | None, baseline: Estimate | None, *, level: float) -> bool:
    return compare(candidate, baseline, level=level).verdict in (Difference.LOWER, Difference.HIGHER)


def _claims_a_change(samples: list[tuple[NDArray[np.float64], NDArray[np.int64]]]) -> bool:
    """Whether the analysis of six sizes that cost the same says that the recommended one costs something else."""
    measurements = tuple(
        Measurement(configuration=size, invocations=_invocations(durations * 1e6 / size.memory_mb, lanes))
        for size, (durations, lanes) in zip(SIZES, samples, strict=True)
    )
    run = TuningRun(
        run_id="simulated",
        tool_version="0",
        started_at=0.0,
        finished_at=0.0,
        engine="direct",
        function=FUNCTION,
        design=Design(configurations=SIZES, invocations=INVOCATIONS, lanes=1, concurrency=1, seed=1),
        measurements=measurements,
    )
    recommendation = analyze(run, PRICES, Goal(strategy=Strategy.COST)).recommendation
    assert recommendation is not None
    assert recommendation.cost_ratio is not None
    return recommendation.cost_ratio.verdict in (Difference.LOWER, Difference.HIGHER)


def _invocations(durations: NDArray[np.float64], lanes: NDArray[np.int64]) -> Invocations:
    cold = [
        Invocation(started_at=0.0, duration_ms=1.0, billed_ms=2, init_ms=1.0, lane=lane)
        for lane in set(lanes.tolist())
    ]
    warm = (
        Invocation(started_at=0.0, duration_ms=duration, billed_ms=int(np.ceil(duration)), lane=lane)
        for duration, lane in zip(durations.tolist(), lanes.tolist(), strict=True)
    )
    return Invocations.of((*cold, *warm))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(f"{options.cases} cases each, {INVOCATIONS} invocations per configuration, intervals of 95 %")
    print("noise  lanes  lane effect  duration holds  cost holds  twins differ  any of 6 differs  change claimed")
    for lanes, between in ((4, 0.0), (4, 0.03), (10, 0.0), (10, 0.03), (1, 0.0)):
        for within in (0.03, 0.08, 0.18):
            noise = Noise(within=within, between=between, lanes=lanes)
            figures = calibrate(noise, cases=options.cases, seed=options.seed)
            print(
                f"{within:5.0%}  {lanes:5}  {between:11.0%}  {figures.duration:14.1%}  {figures.cost:10.1%}  "
                f"{figures.false_pair:12.1%}  {figures.false_run:16.1%}  {figures.false_change:14.1%}"
            )


if __name__ == "__main__":
    main()
