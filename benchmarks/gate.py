"""How often a gate fails a build that is not worse, and passes one that is: simulated gates with a known truth.

    python benchmarks/gate.py [--gates 2000] [--suites 100] [--seed 1] [--quick] [--format markdown]

Each gate compares a candidate with its baseline, measured side by side, by the code that ships (`judge` and
`next_samples`) at its default options: at most 5 % slower, at most 5 % more expensive. It starts with five
environments of each side and doubles them while it is inconclusive. For each noise and each true change of the
duration, it prints in how many gates the build passes, fails and stays inconclusive, how many invocations that took
(of both sides, cold starts included; the mean) and what they cost at 100 ms and 512 MB (us-east-1, x86_64).

`noise` is the coefficient of variation of invocations within an environment, `lanes` that between environments, which
is the same luck for all invocations of one. Both are lognormal, as in answers.py. `outliers`: one invocation in a
hundred takes three times as long. `drift`: a slow stream of luck that both sides share, as a busy hour has, of 5 %.

Beside it, what others would say of all samples that a gate may take: the ratio of the means above 1.10 (the default
of several peers); and a Mann-Whitney test of single invocations, two-sided at 5 %, with the ratio of the medians
above 1.05 (as benchdiff does). Both know no third answer.

The method was chosen by looking at seed 1. Figures in the documentation are those of another seed.
"""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from powertune.gate.judging import judge
from powertune.gate.model import Case, GatedRun, GateVerdict, Look
from powertune.gate.rules import Rules
from powertune.gate.sequence import GateLimits, LookPlan, Spent, next_samples, plan_looks
from powertune.model import (
    INVOCATION_FIELDS,
    Architecture,
    Configuration,
    Design,
    FunctionState,
    GridDesign,
    Invocations,
    Measurement,
    Status,
    TuningRun,
)
from powertune.prices import PriceTable
from powertune.quantiles import NORMAL

SIZE = Configuration(memory_mb=512, architecture=Architecture.X86_64)
MEAN_MS, INIT_MS, INIT_NOISE = 100.0, 250.0, 0.15
FUNCTION = FunctionState(
    name="simulated",
    arn="arn:aws:lambda:us-east-1:123456789012:function:simulated",
    region="us-east-1",
    qualifier=None,
    runtime="python3.13",
    memory_mb=SIZE.memory_mb,
    architecture=SIZE.architecture,
    timeout_s=900,
)
PRICES = PriceTable.bundled()
NOISES = (0.03, 0.08, 0.18)
CHANGES = (-0.10, 0.0, 0.02, 0.05, 0.07, 0.10, 0.20, 0.30)
SUITE = 20
LIMITS = GateLimits()
PLAN: LookPlan = plan_looks(LIMITS, sides=2)
#: How much a drift varies, and how many invocations in a row share its luck.
DRIFT, STEPS = 0.05, 4
Durations = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Coefficients of variation within and between environments, the true change, and what else is unusual."""

    within: float
    between: float
    change: float
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many gates ended how, what they took on average, and what peers say of the same samples."""

    gates: int
    passed: int
    failed: int
    invocations: float
    cost: float
    peers: tuple[int, int]
    """In how many gates a threshold of 10 %, and a Mann-Whitney test, fail the build."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """All invocations of a side, of shape (environments, 1 + warm): the first of each row starts the environment."""

    durations: Durations
    init: Durations

    def billed(self, environments: int) -> NDArray[np.int64]:
        """Billed durations in ms, of the same shape: the first of each row with its init phase."""
        whole = self.durations[:environments].copy()
        whole[:, 0] += self.init[:environments]
        return np.ceil(whole).astype(np.int64)

    def run(self, environments: int) -> TuningRun:
        """The run of the first environments, one after the other."""
        rows = self.durations[:environments]
        count, each = rows.size, rows.shape[1]
        init: list[float | None] = [None] * count
        init[::each] = self.init[:environments].tolist()
        columns: dict[str, Any] = {
            **{name: [None] * count for name in INVOCATION_FIELDS},
            "started_at": [0.0] * count,
            "status": [Status.OK] * count,
            "payload": [0] * count,
            "max_memory_used_mb": [100] * count,
            "duration_ms": rows.ravel().tolist(),
            "billed_ms": self.billed(environments).ravel().tolist(),
            "init_ms": init,
            "lane": np.repeat(np.arange(environments), each).tolist(),
            "environment": [name for name in _NAMES[:environments] for _ in range(each)],
        }
        return replace(_RUN, measurements=(Measurement(configuration=SIZE, invocations=Invocations(columns)),))


_NAMES = [f"environment-{number}" for number in range(PLAN.environments[-1])]
_RUN = TuningRun(
    run_id="simulated",
    tool_version="0",
    started_at=0.0,
    finished_at=0.0,
    engine="direct",
    function=FUNCTION,
    design=Design(
        search=GridDesign(configurations=(SIZE,), invocations=PLAN.warm_invocations), lanes=4, concurrency=4, seed=1
    ),
    measurements=(),
)


def tally(cell: Cell, *, gates: int, seed: int, functions: int = 1) -> Tally:
    """Simulate gates of one function, and count.

    Args:
        functions: how many the suite has that it is a part of.
    """
    generator = np.random.default_rng([seed, *_key(cell), functions])
    rules = Rules(functions=functions)
    verdicts: Counter[GateVerdict] = Counter()
    invocations, cost, peers = 0, 0.0, np.zeros(2, dtype=int)
    for _ in range(gates):
        sides = draw(cell, generator)
        verdict, spent = gate(sides, rules)
        verdicts[verdict] += 1
        invocations, cost = invocations + spent.invocations, cost + spent.cost
        warm = [side.durations[:, 1:] for side in sides]
        peers += (warm[0].mean() > 1.1 * warm[1].mean(), _mann_whitney(warm[0].ravel(), warm[1].ravel()))
    return Tally(
        gates=gates,
        passed=verdicts[GateVerdict.PASSED],
        failed=verdicts[GateVerdict.FAILED],
        invocations=invocations / gates,
        cost=cost / gates,
        peers=(int(peers[0]), int(peers[1])),
    )


def gate(sides: Sequence[Side], rules: Rules) -> tuple[GateVerdict, Spent]:
    """One gate, look by look."""
    look, number = Look(number=1, of=len(PLAN.environments)), PLAN.environments[0]
    while True:
        runs = [side.run(number) for side in sides]
        candidate, baseline = (GatedRun(run=run, label=label) for run, label in zip(runs, "ab", strict=True))
        case = Case(candidate=candidate, configuration=SIZE, baseline=baseline, side_by_side=True)
        judgement = judge([case], rules, PRICES, look)
        spent = _spent(sides, number)
        samples = next_samples(judgement, [case], spent, LIMITS)
        if samples is None:
            return judgement.verdict, spent
        look, number = samples.look, number + samples.environments


def _spent(sides: Sequence[Side], environments: int) -> Spent:
    prices = PRICES.region(FUNCTION.region)
    billed = [side.billed(environments) for side in sides]
    count, total = sum(each.size for each in billed), int(sum(each.sum() for each in billed))
    return Spent(invocations=count, cost=prices.rate_per_ms(SIZE) * total + prices.request * count)


def draw(cell: Cell, generator: np.random.Generator) -> tuple[Side, Side]:
    """All that a gate may measure: candidate and baseline."""
    shape = (PLAN.environments[-1], 1 + PLAN.warm_invocations)
    drift = np.ones(shape)
    if cell.kind == "drift":
        # Both sides run through the same hours: environment by environment, and within one in steps.
        steps = -(-shape[1] // STEPS)
        drift = np.repeat(_factors(generator, DRIFT, (shape[0], steps)), STEPS, axis=1)[:, : shape[1]]
    sides = []
    for factor in (1 + cell.change, 1.0):
        luck = _factors(generator, cell.between, (shape[0], 1))
        noise = _factors(generator, cell.within, shape)
        if cell.kind == "outliers":
            noise = noise * np.where(generator.random(shape) < 0.01, 3.0, 1.0)
        init = INIT_MS * _factors(generator, INIT_NOISE, (shape[0], 1))[:, 0]
        sides.append(Side(durations=MEAN_MS * factor * luck * noise * drift, init=init))
    return sides[0], sides[1]


def _factors(generator: np.random.Generator, variation: float, shape: tuple[int, int]) -> Durations:
    """Lognormal factors of mean 1 and the given coefficient of variation."""
    sigma = np.sqrt(np.log1p(variation**2))
    return generator.lognormal(-(sigma**2) / 2, sigma, shape)


def _mann_whitney(candidate: Durations, baseline: Durations) -> bool:
    """Whether ranks differ at 5 % (normal approximation with the correction for ties), and medians by 5 %."""
    if np.median(candidate) <= 1.05 * np.median(baseline):
        return False
    both = np.concatenate((candidate, baseline))
    _, inverse, counts = np.unique(both, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks = ((last - counts + 1 + last) / 2)[inverse]
    n, m = candidate.size, baseline.size
    u = ranks[:n].sum() - n * (n + 1) / 2
    ties = (counts.astype(float) ** 3 - counts).sum() / ((n + m) * (n + m - 1))
    z = (u - n * m / 2) / np.sqrt(n * m / 12 * (n + m + 1 - ties))
    return bool(2 * NORMAL.cdf(-abs(z)) < 0.05)


def _key(cell: Cell) -> tuple[int, ...]:
    return (round(1000 * cell.within), round(1000 * cell.between), round(1000 * (1 + cell.change)), len(cell.kind))


def _cells() -> Iterator[Cell]:
    for within, between in (*((noise, 0.03) for noise in NOISES), (0.08, 0.10)):
        for change in CHANGES:
            yield Cell(within=within, between=between, change=change)
    for kind in ("outliers", "drift"):
        for change in (0.0, 0.05, 0.10):
            yield Cell(within=0.08, between=0.03, change=change, kind=kind)


def suites(cell: Cell, *, count: int, seed: int) -> float:
    """In which share of the suites of unchanged functions at least one fails."""
    alarms = sum(
        tally(cell, gates=SUITE, seed=seed + 1_000 * number, functions=SUITE).failed > 0 for number in range(count)
    )
    return alarms / count


HEADERS = (
    *("noise", "lanes", "true change", "passed", "failed", "inconclusive", "invocations", "price"),
    *("10 % threshold fails", "Mann-Whitney fails"),
)


def row(cell: Cell, found: Tally) -> tuple[str, ...]:
    """A line of the table."""
    shares = (found.passed, found.failed, found.gates - found.passed - found.failed)
    name = f"{cell.within:.0%}{', ' + cell.kind if cell.kind else ''}".replace("%", " %")
    return (
        name,
        f"{100 * cell.between:.0f} %",
        f"{100 * cell.change:+.0f} %" if cell.change else "0 %",
        *(f"{100 * share / found.gates:.1f} %" for share in shares),
        f"{found.invocations:,.0f}",
        f"${found.cost:.4f}",
        *(f"{100 * share / found.gates:.1f} %" for share in found.peers),
    )


def _lines(rows: Iterable[Sequence[str]], format_: str) -> Iterator[str]:
    if format_ == "markdown":
        yield f"| {' | '.join(HEADERS)} |"
        yield f"|---|{'---:|' * (len(HEADERS) - 1)}"
        yield from (f"| {' | '.join(each)} |" for each in rows)
        return
    for each in chain((HEADERS,), rows):
        yield "  ".join(cell.rjust(max(len(header), 8)) for cell, header in zip(each, HEADERS, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gates", type=int, default=2000, help="gates per cell")
    parser.add_argument("--suites", type=int, default=100, help="suites of 20 functions per noise")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="a tenth of the gates and suites")
    parser.add_argument("--format", choices=("text", "markdown"), default="text")
    options = parser.parse_args()
    gates, count = (number // 10 if options.quick else number for number in (options.gates, options.suites))
    cells = list(_cells())
    unchanged = [Cell(within=within, between=0.03, change=0.0) for within in NOISES]
    # numpy's own threads would compete with the processes.
    os.environ["OMP_NUM_THREADS"] = "1"
    with ProcessPoolExecutor() as pool:
        found = pool.map(partial(tally, gates=gates, seed=options.seed), cells)
        print(f"{gates:,} gates of each, seed {options.seed}\n")
        for line in _lines((row(*each) for each in zip(cells, found, strict=True)), options.format):
            print(line, flush=True)
        print(f"\n{count:,} suites of {SUITE} unchanged functions, of which at least one fails:")
        for cell, share in zip(
            unchanged, pool.map(partial(suites, count=count, seed=options.seed), unchanged), strict=True
        ):
            print(f"noise {cell.within:.0%}, lanes {cell.between:.0%}: {share:.1%}", flush=True)


if __name__ == "__main__":
    main()
