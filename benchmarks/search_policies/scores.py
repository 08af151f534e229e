"""How good picks were: one outcome per run, and figures over many."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from benchmarks.search_policies import Policy
from benchmarks.search_policies.functions import Function
from benchmarks.search_policies.goals import FAILURE_LOSS, Assignment, Verdict, Yardstick
from benchmarks.search_policies.sampler import Sampler
from powertune.model import Configuration

_BINS = 10
_MONTHS = 12
#: Searches of one function agree if so many end in at most so many sizes, and within so much of one loss.
ALIKE_SEARCHES, ALIKE_SIZES, ALIKE_LOSS = 10, 3, 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One run of one policy. None where the policy states nothing, or nothing was asked.

    `exploration` is all that was paid, cold starts and failures included, in units of one invocation at the cheapest
    size. `year_usd` is what a year's invocations cost more than at the cheapest size, and what was paid to find out.
    `harmed` says whether the pick is worse than the current configuration.
    """

    configuration: Configuration | None
    verdict: Verdict
    invocations: int
    sizes: int
    exploration: float
    covered: bool | None = None
    p_best: float | None = None
    was_best: bool | None = None
    exhausted: bool | None = None
    year_usd: float | None = None
    changed: bool | None = None
    harmed: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Figures over many runs: shares and losses as fractions, exploration in invocations at the cheapest size.

    `coverage` is the share of stated cost intervals that hold the true mean; `p_best` the mean stated probability of
    being the best, `was_best` how often that was so, and `miscalibration` the mean distance of the two in bins of
    a tenth, weighted by runs. `sizes_in_ten` is in how many sizes ten searches of one function end on average, and
    `agreeing` the share of functions of which they end in at most three, and within 5 % of one loss; None if there
    are fewer than ten runs.
    """

    runs: int
    mean_loss: float
    median_loss: float
    p90_loss: float
    within_5: float
    within_10: float
    failures: float
    good: float | None
    missed: float | None
    excess: float
    slowness: float
    invocations: float
    sizes: float
    exploration: float
    p90_exploration: float
    exhausted: float | None
    coverage: float | None
    p_best: float | None
    was_best: float | None
    miscalibration: float | None
    sizes_in_ten: float | None
    agreeing: float | None
    year_usd: float | None
    changed: float | None
    harmed: float | None

    def document(self) -> dict[str, float | None]:
        """As JSON takes it."""
        return asdict(self)


def judge(
    policy: Policy, function: Function, yardstick: Yardstick, assignment: Assignment, *, seed: int, repeat: int
) -> Outcome:
    """Let a policy run once on a function."""
    sampler = Sampler(function, assignment.architectures, seed, repeat)
    pick = policy.run(sampler, assignment)
    found, current = pick.configuration, assignment.current
    verdict = yardstick.judge(found)
    cost = math.inf if found is None else yardstick.cost(found)
    covered = was_best = year_usd = None
    if pick.cost_interval is not None:
        covered = pick.cost_interval[0] <= cost <= pick.cost_interval[1]
    if pick.p_best is not None:
        was_best = found is not None and math.isfinite(cost) and yardstick.is_best(found, sampler.configurations)
    if assignment.traffic is not None:
        more = min(cost / yardstick.cheapest_usd - 1, FAILURE_LOSS) * yardstick.cheapest_usd
        year_usd = _MONTHS * assignment.traffic * more + sampler.spent_usd
    return Outcome(
        configuration=found,
        verdict=verdict,
        invocations=sampler.invocations,
        sizes=len(sampler.configurations),
        exploration=sampler.spent_usd / yardstick.cheapest_usd,
        covered=covered,
        p_best=pick.p_best,
        was_best=was_best,
        exhausted=pick.exhausted,
        year_usd=year_usd,
        changed=None if current is None else found != current,
        harmed=None if current is None else found is None or not yardstick.is_best(found, [current]),
    )


def score(by_function: Mapping[str, Sequence[Outcome]]) -> Scores:
    """The figures of one or more runs of each of one or more functions."""
    outcomes = [outcome for of in by_function.values() for outcome in of]
    losses = np.array([outcome.verdict.loss for outcome in outcomes])
    explorations = np.array([outcome.exploration for outcome in outcomes])
    stated = [(o.p_best, o.was_best) for o in outcomes if o.p_best is not None and o.was_best is not None]
    tens = [of[:ALIKE_SEARCHES] for of in by_function.values() if len(of) >= ALIKE_SEARCHES]
    return Scores(
        runs=len(outcomes),
        mean_loss=float(losses.mean()),
        median_loss=float(np.median(losses)),
        p90_loss=float(np.quantile(losses, 0.9)),
        within_5=float((losses <= 0.05).mean()),
        within_10=float((losses <= 0.10).mean()),
        failures=float((losses == FAILURE_LOSS).mean()),
        good=_mean(outcome.verdict.good for outcome in outcomes),
        missed=_mean(outcome.verdict.missed for outcome in outcomes),
        excess=float(np.mean([outcome.verdict.excess for outcome in outcomes])),
        slowness=float(np.mean([outcome.verdict.slowness for outcome in outcomes])),
        invocations=float(np.mean([outcome.invocations for outcome in outcomes])),
        sizes=float(np.mean([outcome.sizes for outcome in outcomes])),
        exploration=float(explorations.mean()),
        p90_exploration=float(np.quantile(explorations, 0.9)),
        exhausted=_mean(outcome.exhausted for outcome in outcomes),
        coverage=_mean(outcome.covered for outcome in outcomes),
        p_best=_mean(p for p, _ in stated),
        was_best=_mean(best for _, best in stated),
        miscalibration=_miscalibration(stated) if stated else None,
        sizes_in_ten=_mean(len({outcome.configuration for outcome in ten}) for ten in tens),
        agreeing=_mean(map(_agree, tens)),
        year_usd=_mean(outcome.year_usd for outcome in outcomes),
        changed=_mean(outcome.changed for outcome in outcomes),
        harmed=_mean(outcome.harmed for outcome in outcomes),
    )


def _mean(values: Iterable[float | None]) -> float | None:
    """Of those that are known."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _agree(ten: Sequence[Outcome]) -> bool:
    """Whether searches of one function end alike."""
    losses = np.array([outcome.verdict.loss for outcome in ten])
    sizes = {outcome.configuration for outcome in ten}
    return len(sizes) <= ALIKE_SIZES and bool((abs(losses - np.median(losses)) <= ALIKE_LOSS).all())


def _miscalibration(stated: Sequence[tuple[float, bool]]) -> float:
    said = np.array([p for p, _ in stated])
    was = np.array([best for _, best in stated], dtype=np.float64)
    bins = np.minimum((said * _BINS).astype(int), _BINS - 1)
    gaps = [abs((said - was)[bins == i].sum()) for i in range(_BINS)]
    return float(sum(gaps) / len(stated))
