"""How many more samples to take while a gate is open: the looks, planned before the first of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from powertune.gate.model import Case, Judgement, Look

#: How many environments of each side the first look has, and the last one unless a limit is given.
FIRST_ENVIRONMENTS, MOST_ENVIRONMENTS = 4, 32
#: Warm invocations of each environment, after the one that starts it.
WARM_INVOCATIONS = 20


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
        raise NotImplementedError


def plan_looks(limits: GateLimits, *, sides: int) -> LookPlan:
    """The looks that fit into the limits.

    Args:
        sides: how many configurations are measured, those of the baseline included.

    Raises:
        UsageError: the limit on invocations is less than two environments of each take.
    """
    raise NotImplementedError


def next_samples(judgement: Judgement, cases: Sequence[Case], spent: Spent, limits: GateLimits) -> Samples | None:
    """What to measure before the next look; None where the gate is decided, or a limit is reached (`why_no_more`)."""
    raise NotImplementedError


def why_no_more(judgement: Judgement, cases: Sequence[Case], spent: Spent, limits: GateLimits) -> str | None:
    """Why no more samples are taken of a gate that is inconclusive; None where more are, or it is decided."""
    raise NotImplementedError
