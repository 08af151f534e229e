"""How often a run recommends a change that does not help, and how often it takes one that does.

    python benchmarks/answers.py [--cases 500] [--seed 1]

Each case is a simulated grid run of six sizes whose true means are known, judged by the analysis that ships. The
current size is the smallest. In half of the cases a change gains nothing: all sizes cost the same with the goal cost,
and are nearly of one size and equally fast with the default goal. In the other half, one size costs 20 % less.

It prints in how many of the former a change is recommended (goal: at most 2.5 %), and in how many of the latter the
cheaper size is (goal: at least 95 %). Four environments, which the logs name, serve 20 warm invocations of each size.
"""

import argparse
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.calibration import FUNCTION, PRICES, Case, simulated
from powertune.analysis import analyze
from powertune.model import (
    Architecture,
    Configuration,
    Goal,
    Strategy,
    Usage,
)

CURRENT_MB, CURRENT_MS = 512, 1000.0
#: So much cheaper is the one size that is.
GAIN = 0.2
NOISES = (0.03, 0.08, 0.18)
BETWEEN = (0.02, 0.1)
#: Sizes relative to the current one. Within the tolerance of 5 %, only noise can make the larger ones look better.
FAR = (1.0, 1.25, 1.5, 2.0, 3.0, 4.0)
NEAR = (1.0, 1.01, 1.02, 1.03, 1.04, 1.05)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A strategy, the coefficients of variation within and between environments, and whether there is a gain."""

    strategy: Strategy
    within: float
    between: float
    gain: bool


def share_of_changes(cell: Cell, *, cases: int, seed: int) -> float:
    """In which share of the runs a change is recommended, or, where there is a gain, the right one is."""
    generator = np.random.default_rng(seed)
    case = Case(situation="own", within=cell.within, between=cell.between, known=True)
    function = replace(FUNCTION, memory_mb=CURRENT_MB)
    changes = 0
    for _ in range(cases):
        means = _means(cell, generator)
        analysis = analyze(
            simulated(means, case, generator, function), PRICES, Goal(strategy=cell.strategy), Usage(cold_share=0.0)
        )
        assert analysis.recommendation is not None
        chosen = analysis.recommendation.configuration
        better = min(means, key=lambda size: size.memory_mb * means[size])
        changes += chosen == better if cell.gain else chosen.memory_mb != CURRENT_MB
    return changes / cases


def _means(cell: Cell, generator: np.random.Generator) -> dict[Configuration, float]:
    """The true mean duration of each size, in ms."""
    far = cell.gain or cell.strategy is Strategy.COST
    means = {
        Configuration(memory_mb=round(CURRENT_MB * factor), architecture=Architecture.X86_64): CURRENT_MS / factor
        if far
        else CURRENT_MS
        for factor in (FAR if far else NEAR)
    }
    if cell.gain:
        lucky = list(means)[generator.integers(1, len(means))]
        means[lucky] *= 1 - GAIN
    return means


def _cells() -> Iterator[Cell]:
    for strategy in (Strategy.TOLERANCE, Strategy.COST):
        for within in NOISES:
            for between in BETWEEN:
                for gain in (False, True):
                    yield Cell(strategy=strategy, within=within, between=between, gain=gain)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    cells = list(_cells())
    print(f"{options.cases} runs each")
    print("goal       noise  between  changed without a gain  gain of 20 % taken")
    with ProcessPoolExecutor() as pool:
        shares = list(pool.map(partial(share_of_changes, cases=options.cases, seed=options.seed), cells))
    for cell, none, taken in zip(cells[::2], shares[::2], shares[1::2], strict=True):
        print(f"{cell.strategy:9}  {cell.within:5.0%}  {cell.between:7.0%}  {none:22.1%}  {taken:18.1%}")


if __name__ == "__main__":
    main()
