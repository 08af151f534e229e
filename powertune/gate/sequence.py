"""How many more samples to take while a gate is open: the looks, planned before the first of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from powertune.errors import UsageError
from powertune.gate.model import Case, GateVerdict, Judgement, Look
from powertune.units import plural

#: How many environments of each side the first look has, and the last one unless a limit is given. In these many cold
#: starts, a 95th percentile of the init phase can be told at the level of the last look, which takes 72.
FIRST_ENVIRONMENTS, MOST_ENVIRONMENTS = 5, 80
#: Warm invocations of each environment, after the one that starts it.
WARM_INVOCATIONS = 20
#: With less, a gate tells nothing.
LEAST_ENVIRONMENTS, LEAST_WARM = 2, 4
#: The default quota of concurrent executions in a region: more environments would be throttled.
LARGEST_ENVIRONMENTS = 1_000
#: A last look that has at most this much more than the one before tells little more, and costs errors.
_WORTH_A_LOOK = 1.4


@dataclass(frozen=True, slots=True, kw_only=True)
class GateLimits:
    """What a gate may take at most, over all its configurations and both sides.

    `max_invocations` counts cold starts as well; None is as many as `MOST_ENVIRONMENTS` of each side take.
    `max_spend` is in the currency of the region.
    """

    max_invocations: int | None = None
    max_spend: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What a gate has taken so far, over all its configurations and both sides."""

    invocations: int
    cost: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """What to measure next of each configuration of each side, and which look it is for.

    `environments` new ones, each of which is started by one invocation that is not counted as warm, and then serves
    `warm_invocations`.
    """

    environments: int
    warm_invocations: int
    look: Look

    @property
    def invocations(self) -> int:
        """Of one configuration of one side, those that start environments included."""
        return self.environments * (1 + self.warm_invocations)


@dataclass(frozen=True, slots=True, kw_only=True)
class LookPlan:
    """How many environments each look has in all, of each configuration of each side; ascending."""

    environments: tuple[int, ...]
    warm_invocations: int

    def samples(self, number: int) -> Samples:
        """What look `number`, from 1, takes beyond the look before it."""
        before = self.environments[number - 2] if number > 1 else 0
        return Samples(
            environments=self.environments[number - 1] - before,
            warm_invocations=self.warm_invocations,
            look=Look(number=number, of=len(self.environments)),
        )


def plan_looks(limits: GateLimits, *, sides: int) -> LookPlan:
    """The looks that fit into the limit on invocations: environments double from look to look.

    The plan is known before the first look, as the looks share the errors that a gate may make. What is left between
    the last doubling and the limit becomes a last look of its own if it is worth one, else part of the one before it.

    Args:
        sides: how many configurations are measured, those of the baseline included.

    Raises:
        UsageError: the limit is less than two environments of each take.
    """
    most, warm = MOST_ENVIRONMENTS, WARM_INVOCATIONS
    if limits.max_invocations is not None:
        each = limits.max_invocations // sides
        warm = min(warm, each // LEAST_ENVIRONMENTS - 1)
        if warm < LEAST_WARM:
            least = sides * LEAST_ENVIRONMENTS * (1 + LEAST_WARM)
            raise UsageError(
                f"max-invocations {limits.max_invocations} is too few: {plural(sides, 'configuration')} to measure, "
                f"those of the baseline included, take {least} at least",
                hint=f"allow more, or leave it out for {sides * MOST_ENVIRONMENTS * (1 + WARM_INVOCATIONS):,}",
            )
        most = min(LARGEST_ENVIRONMENTS, each // (1 + warm))
    looks = [min(FIRST_ENVIRONMENTS, most)]
    while looks[-1] * 2 <= most:
        looks.append(looks[-1] * 2)
    if most >= looks[-1] * _WORTH_A_LOOK:
        looks.append(most)
    looks[-1] = most
    return LookPlan(environments=tuple(looks), warm_invocations=warm)


def first_samples(limits: GateLimits, *, sides: int) -> Samples:
    """What to measure before the first look.

    Raises:
        UsageError: as `plan_looks`.
    """
    return plan_looks(limits, sides=sides).samples(1)


def next_samples(judgement: Judgement, cases: Sequence[Case], spent: Spent, limits: GateLimits) -> Samples | None:
    """What to measure before the next look; None where the gate is decided, or a limit is reached (`why_no_more`)."""
    if not judgement.is_open:
        return None
    plan = plan_looks(limits, sides=measured_sides(cases))
    if judgement.look.number >= len(plan.environments):
        return None
    samples = plan.samples(judgement.look.number + 1)
    return samples if _affordable(samples, cases, spent, limits) else None


def why_no_more(judgement: Judgement, cases: Sequence[Case], spent: Spent, limits: GateLimits) -> str | None:
    """Why no more samples are taken of a gate that is inconclusive; None where more are, or it is decided."""
    if judgement.verdict is not GateVerdict.INCONCLUSIVE or next_samples(judgement, cases, spent, limits) is not None:
        return None
    if judgement.is_open:
        return "the next look would exceed max-spend"
    return f"all {plural(spent.invocations, 'planned invocation')} were made (max-invocations)"


def measured_sides(cases: Sequence[Case]) -> int:
    """How many configurations are measured: also those of a baseline that is measured side by side."""
    return sum(2 if case.side_by_side and case.baseline is not None else 1 for case in cases)


def _affordable(samples: Samples, cases: Sequence[Case], spent: Spent, limits: GateLimits) -> bool:
    if limits.max_spend is None or not spent.invocations:
        return True
    more = samples.invocations * measured_sides(cases) * spent.cost / spent.invocations
    return spent.cost + more <= limits.max_spend
