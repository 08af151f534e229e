"""How good picks were: one outcome per run, and figures over many."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from benchmarks.search_policies import Policy
from benchmarks.search_policies.simulation import Bill, Conditions, Sampler
from benchmarks.search_policies.truth import Truth

#: What a pick counts at which the function fails, or none at all.
FAILURE_REGRET = 10.0
_BINS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One run of one policy. None where the policy states nothing."""

    memory_mb: int | None
    regret: float
    invocations: int
    sizes: int
    exploration: float
    covered: bool | None = None
    p_best: float | None = None
    was_best: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Figures over many runs: shares and regrets as fractions, exploration in invocations at the optimum.

    `coverage` is the share of stated cost intervals that hold the true mean; `p_best` the mean stated probability of
    being the best, `was_best` how often that was so, and `miscalibration` the mean distance of the two in bins of
    a tenth, weighted by runs.
    """

    runs: int
    mean_regret: float
    median_regret: float
    p90_regret: float
    within_5: float
    within_10: float
    failures: float
    invocations: float
    sizes: float
    exploration: float
    median_exploration: float
    coverage: float | None
    p_best: float | None
    was_best: float | None
    miscalibration: float | None

    def document(self) -> dict[str, float | None]:
        """As JSON takes it."""
        return asdict(self)


def judge(policy: Policy, truth: Truth, conditions: Conditions, bill: Bill, *, seed: int, repeat: int) -> Outcome:
    """Let a policy run once on a curve."""
    sampler = Sampler(truth, conditions, seed, repeat)
    pick = policy.run(sampler)
    size = pick.memory_mb
    cost = math.inf if size is None else truth.cost(size)
    covered = was_best = None
    if pick.cost_interval is not None and size is not None:
        covered = pick.cost_interval[0] <= bill.expected(truth, size) <= pick.cost_interval[1]
    if pick.p_best is not None:
        was_best = math.isfinite(cost) and cost <= min(truth.cost(other) for other in sampler.sizes)
    return Outcome(
        memory_mb=size,
        regret=FAILURE_REGRET if math.isinf(cost) else cost / truth.optimum_cost - 1,
        invocations=sampler.invocations,
        sizes=len(sampler.sizes),
        exploration=sampler.exploration,
        covered=covered,
        p_best=pick.p_best,
        was_best=was_best,
    )


def score(outcomes: Sequence[Outcome]) -> Scores:
    """The figures of one or more runs."""
    regrets = np.array([outcome.regret for outcome in outcomes])
    explorations = np.array([outcome.exploration for outcome in outcomes])
    covered = [outcome.covered for outcome in outcomes if outcome.covered is not None]
    stated = [(o.p_best, o.was_best) for o in outcomes if o.p_best is not None and o.was_best is not None]
    return Scores(
        runs=len(outcomes),
        mean_regret=float(regrets.mean()),
        median_regret=float(np.median(regrets)),
        p90_regret=float(np.quantile(regrets, 0.9)),
        within_5=float((regrets <= 0.05).mean()),
        within_10=float((regrets <= 0.10).mean()),
        failures=float((regrets == FAILURE_REGRET).mean()),
        invocations=float(np.mean([outcome.invocations for outcome in outcomes])),
        sizes=float(np.mean([outcome.sizes for outcome in outcomes])),
        exploration=float(explorations.mean()),
        median_exploration=float(np.median(explorations)),
        coverage=float(np.mean(covered)) if covered else None,
        p_best=float(np.mean([p for p, _ in stated])) if stated else None,
        was_best=float(np.mean([best for _, best in stated])) if stated else None,
        miscalibration=_miscalibration(stated) if stated else None,
    )


def _miscalibration(stated: Sequence[tuple[float, bool]]) -> float:
    said = np.array([p for p, _ in stated])
    was = np.array([best for _, best in stated], dtype=np.float64)
    bins = np.minimum((said * _BINS).astype(int), _BINS - 1)
    gaps = [abs((said - was)[bins == i].sum()) for i in range(_BINS)]
    return float(sum(gaps) / len(stated))
