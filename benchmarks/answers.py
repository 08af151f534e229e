"""How often a run recommends a change that does not help, and how often it takes one that does.

    python benchmarks/answers.py [--cases 2000] [--searches 100] [--seed 1]

Each case is a simulated run whose true means are known, judged by the analysis that ships. In half of the cases no
change gains anything, in the other half one gains 20 %. It prints in how many of the former a change is recommended
that does not help (goal: at most 2.5 %), and in how many of the latter one that does (goal: at least 95 %).

A grid measures six sizes, of which the current one is the smallest: 20 warm invocations of each in four
environments, which the logs name. Without a gain, all sizes cost the same with the goal cost, and are nearly of one
size and equally fast with the default goal. With one, a size costs 20 % less, at the same price per ms.

A search measures what it likes, of the functions of `search_policies/answered.py`. Without a gain, the current size
is what the goal wants. With one, what it wants saves 20 % of the duration at no higher cost, or else of the cost. A
change helps if it lowers the cost; or with the default goal, the duration at a cost that the goal bears for that.
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
from benchmarks.search_policies.answered import WORKS, recommended
from benchmarks.search_policies.simulation import Conditions
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


def share_of_searches(cell: Cell, *, cases: int, seed: int) -> tuple[float, float]:
    """In which share of the searches a wrong change is recommended, or, where there is a gain, a right one is.

    And how many invocations a search takes (the median).
    """
    goal, conditions = Goal(strategy=cell.strategy), Conditions(noise=cell.within, lane_noise=cell.between)
    counts, invocations = 0, []
    for case in range(cases):
        work = WORKS[case % len(WORKS)]
        current = work.worse_mb(goal) if cell.gain else work.best_mb(goal)
        chosen, made = recommended(work, current, goal, conditions, seed=seed + case)
        counts += chosen != current and work.gains(current, chosen, goal) is cell.gain
        invocations.append(made)
    return counts / cases, float(np.median(invocations))


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
    parser.add_argument("--cases", type=int, default=2000, help="grids per cell")
    parser.add_argument("--searches", type=int, default=100, help="searches per cell")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    cells = list(_cells())
    with ProcessPoolExecutor() as pool:
        print(f"{options.cases} grids of each\n{_HEAD}")
        shares = list(pool.map(partial(share_of_changes, cases=options.cases, seed=options.seed), cells))
        for cell, none, taken in zip(cells[::2], shares[::2], shares[1::2], strict=True):
            print(_line(cell, none, taken), flush=True)
        print(f"\n{options.searches} searches of each\n{_HEAD}  invocations (median)")
        searches = list(pool.map(partial(share_of_searches, cases=options.searches, seed=options.seed), cells))
        for cell, (none, most), (taken, more) in zip(cells[::2], searches[::2], searches[1::2], strict=True):
            print(f"{_line(cell, none, taken)}  {most:9.0f}, {more:.0f}")


_HEAD = "goal       noise  between  changed without a gain  gain of 20 % taken"


def _line(cell: Cell, none: float, taken: float) -> str:
    return f"{cell.strategy:9}  {cell.within:5.0%}  {cell.between:7.0%}  {none:22.1%}  {taken:18.1%}"


if __name__ == "__main__":
    main()
