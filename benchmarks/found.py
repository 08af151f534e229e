"""Whether the adaptive search finds what a dense grid finds on the same machine, and how much less it costs.

    python benchmarks/found.py [FOLDER ...] [--invocations 12] [--repeats 10]

Each folder, all of examples/ by default, is tuned on the embedded AWS by `powertune run` without `--memory`, for the
strategies cost and tolerance; then a grid of 14 sizes measures the whole range that was searched. The true cost of a
choice is what the grid says of it: the mean billed duration of warm invocations, and between two sizes of the grid
interpolated, not measured, on a straight line in log duration over log size. Regret is that cost over the grid's
lowest one, minus 1: the lowest of 14 noisy means is too low rather than too high, which is to the search's
disadvantage. Under tolerance, a regret of up to 5 % is what was asked for. Wall time is that of the whole command.

Then the default search is repeated, with another seed each time: which sizes it recommends, and how many invocations
it makes. `equal` says whether each run calls what the others recommend as good: the same size, or one that it cannot
tell from its own in cost.

Run it on an otherwise idle machine: other processes take CPU from the large sizes first, and from one run more than
from the other. The load before each folder is printed for that reason. The exit status is 1 if the regret under cost
exceeds 10 % for a folder.
"""

import argparse
import math
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from powertune.analysis import Analysis, ProfileStatus, analyze
from powertune.model import Configuration, Exploration, Goal, Strategy
from powertune.prices import PriceTable
from powertune.results import load

EXAMPLES = Path(__file__).parents[1] / "examples"
FOLDERS = tuple(EXAMPLES / name for name in ("cpu_bound", "io_bound", "mixed"))
STRATEGIES = (Strategy.COST, Strategy.TOLERANCE)
SIZES = 14
INVOCATIONS = 12
BOUND = 0.10
PRICES = PriceTable.bundled()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """A run that was made, judged, and the wall time of its command."""

    analysis: Analysis
    wall_s: float

    @property
    def choice(self) -> Configuration:
        """What looks best, whether or not it is proven to be better than the current configuration."""
        assert self.analysis.candidate is not None, self.analysis.explanation
        return self.analysis.candidate

    @property
    def answer(self) -> Configuration:
        """What it recommends."""
        assert self.analysis.recommendation is not None, self.analysis.explanation
        return self.analysis.recommendation.configuration

    def calls_equal(self, other: Configuration) -> bool:
        """Whether its curve cannot tell the cost of another configuration from that of its answer."""
        found = self.analysis.searched
        assert found is not None
        means = {
            band.configuration: band.log_ms for band in (*found.conclusion.curve, found.conclusion.current) if band
        }
        if other == self.answer:
            return True
        if other not in means or self.answer not in means:
            return False
        ratio = means[other] - means[self.answer] + math.log(other.memory_mb / self.answer.memory_mb)
        return abs(float(ratio.mean())) < 2 * float(ratio.std())

    @property
    def invocations(self) -> int:
        """All of them, cold starts included."""
        return sum(len(measurement.invocations) for measurement in self.analysis.run.measurements)

    @property
    def spent(self) -> float:
        """USD."""
        assert self.analysis.spent is not None
        return self.analysis.spent


def tune(folder: Path, strategy: Strategy, *options: str) -> Tuned:
    """Run the command, and read what it saved."""
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "run.json"
        command = [sys.executable, "-m", "powertune", "run", str(folder), "--yes", "--quiet", "--save", str(path)]
        started = time.perf_counter()
        subprocess.run([*command, "--strategy", strategy, *options], stdout=subprocess.DEVNULL, check=True)
        wall_s = time.perf_counter() - started
        return Tuned(analysis=analyze(load(path), PRICES, Goal(strategy=strategy)), wall_s=wall_s)


def sizes_of(search: Tuned) -> tuple[int, ...]:
    """The range that was searched, its ends included, in steps of one factor."""
    exploration = search.analysis.run.design.search
    assert isinstance(exploration, Exploration)
    return tuple(round(mb) for mb in np.geomspace(exploration.smallest_mb, exploration.largest_mb, SIZES).tolist())


class Yardstick:
    """What a grid says that sizes cost, in USD per warm invocation."""

    def __init__(self, grid: Tuned) -> None:
        self._billed = {
            p.configuration: p.billed_ms_mean
            for p in grid.analysis.profiles
            if p.status is ProfileStatus.OK and p.billed_ms_mean is not None
        }
        self._prices = PRICES.region(grid.analysis.function.region)

    def cost(self, configuration: Configuration) -> float:
        """Interpolated between two sizes of the grid; infinite below the smallest one that works."""
        sizes = [math.log(known.memory_mb) for known in self._billed]
        billed = [math.log(ms) for ms in self._billed.values()]
        log_ms = np.interp(math.log(configuration.memory_mb), sizes, billed, left=math.inf)
        return self._prices.invocation_cost(configuration, math.exp(log_ms))

    @property
    def optimum(self) -> Configuration:
        """The cheapest size of the grid; on straight lines between them none is cheaper."""
        return min(self._billed, key=self.cost)

    def regret(self, configuration: Configuration) -> float:
        """By how much it is more expensive than the optimum, as a share."""
        return self.cost(configuration) / self.cost(self.optimum) - 1


def compare(folder: Path, invocations: int) -> float:
    """Print the table of one folder; returns the regret under cost."""
    load_before = os.getloadavg()[0]
    searches = {f"search, {strategy}": tune(folder, strategy) for strategy in STRATEGIES}
    found = searches[f"search, {Strategy.COST}"]
    sizes = ",".join(map(str, sizes_of(found)))
    grid = tune(folder, Strategy.COST, "--memory", sizes, "--invocations", str(invocations))
    yardstick = Yardstick(grid)
    chosen = {name: (search, search.choice) for name, search in searches.items()}
    print(f"\n{folder.name}: {sizes} MB; load before {load_before:.1f} on {os.cpu_count()} cores")
    print("                     size MB  USD per million  regret  invocations  USD spent  of grid's  wall s")
    for name, (run, choice) in {**chosen, f"grid of {SIZES} sizes": (grid, yardstick.optimum)}.items():
        cost, regret = 1e6 * yardstick.cost(choice), yardstick.regret(choice)
        print(
            f"  {name:18} {choice.memory_mb:7,}  {cost:15.3f}  {regret:6.1%}  {run.invocations:11}  "
            f"{run.spent:9.6f}  {run.spent / grid.spent:9.1%}  {run.wall_s:6.1f}"
        )
    return yardstick.regret(found.choice)


def repeat(folder: Path, repeats: int) -> None:
    """Print what the default search recommends, time and again."""
    runs = [tune(folder, Strategy.TOLERANCE, "--seed", str(seed)) for seed in range(1, repeats + 1)]
    answers = Counter(run.answer.memory_mb for run in runs)
    equal = sum(all(run.calls_equal(other.answer) for other in runs) for run in runs)
    sizes = ", ".join(f"{memory_mb:,} MB ({count})" for memory_mb, count in sorted(answers.items()))
    counts = sorted(run.invocations for run in runs)
    print(f"  {repeats} default searches: {sizes}; equal in {equal}; {counts[0]} to {counts[-1]} invocations")


def main() -> int:
    """Compare in every folder; the exit status says whether all regrets are within the bound."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path, default=FOLDERS, metavar="FOLDER")
    parser.add_argument("--invocations", type=int, default=INVOCATIONS, help="of each size of the grid (default 12)")
    parser.add_argument("--repeats", type=int, default=10, help="of the default search (default 10)")
    options = parser.parse_args()
    if absent := [str(folder) for folder in options.folders if not folder.is_dir()]:
        parser.error(f"no folder {absent[0]!r}")
    regrets = []
    for folder in options.folders:
        regrets.append(compare(folder, options.invocations))
        repeat(folder, options.repeats)
    worst = max(regrets)
    print(f"\nworst regret under cost {worst:.1%} (bound {BOUND:.0%})")
    return int(worst > BOUND)


if __name__ == "__main__":
    sys.exit(main())
