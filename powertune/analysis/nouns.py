"""The nouns of judgement: the goal, a judged configuration, the recommendation, the whole analysis."""

from dataclasses import dataclass
from enum import StrEnum

from powertune.analysis.comparison import Comparison
from powertune.analysis.summary import Summary
from powertune.errors import FunctionFailed, Inconclusive, PowertuneError
from powertune.model import Advisory, Configuration, FunctionState


class Strategy(StrEnum):
    """What is to be low."""

    COST = "cost"
    """The mean cost of an invocation."""
    SPEED = "speed"
    """The mean duration."""
    BALANCED = "balanced"
    """Mean cost x mean duration: a size that costs twice as much must be more than twice as fast.

    It orders as the mean of the two logarithms does. Nothing is scaled by the largest or smallest of the tested
    sizes, so adding an extreme size to a run cannot change which of the others wins.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What the recommendation is to achieve."""

    strategy: Strategy = Strategy.COST


class ProfileStatus(StrEnum):
    """Whether a configuration can be judged."""

    OK = "ok"
    INFEASIBLE = "infeasible"
    UNMEASURED = "unmeasured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many invocations of a configuration went where.

    Without a report, or with one that lacks a figure, an invocation is `missing`. `set_aside` are neither warm nor
    visibly cold (see `model.Population`).
    """

    warm: int = 0
    cold: int = 0
    set_aside: int = 0
    failed: int = 0
    missing: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One configuration judged. Durations in ms, cost in the region's currency per invocation.

    Duration, billed duration and cost are those of warm invocations; init (or restore) those of cold ones. None where
    there was nothing to take them from. `reason` says why the status is not ok. `pareto`: no other judged
    configuration is both cheaper and faster.
    """

    configuration: Configuration
    status: ProfileStatus
    reason: str | None = None
    counts: Counts = Counts()
    duration: Summary | None = None
    billed_ms_mean: float | None = None
    init_ms_mean: float | None = None
    init_ms_p95: float | None = None
    max_memory_used_mb: int | None = None
    cost: Summary | None = None
    pareto: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """The configuration to use, and why.

    `equivalent` are the configurations whose difference to the best one, in what the strategy asks for, cannot be
    told from noise. The ratios compare with the current configuration at 95 %; None when that was not measured.
    """

    configuration: Configuration
    strategy: Strategy
    equivalent: tuple[Configuration, ...]
    cost_ratio: Comparison | None
    duration_ratio: Comparison | None
    reasons: tuple[str, ...]


class Outcome(StrEnum):
    """Whether there is an answer."""

    RECOMMENDED = "recommended"
    FAILED = "failed"
    """The function failed at every size that was measured."""
    INCONCLUSIVE = "inconclusive"
    """No size has two usable warm invocations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """A run judged. `spent` is what its invocations cost, in `currency`, those without a report taken to be as dear
    as the dearest with one; None when a configuration has none.

    Profiles are ordered by configuration. There is a recommendation exactly when `outcome` is RECOMMENDED;
    otherwise `explanation` says what went wrong.
    """

    function: FunctionState
    engine: str
    currency: str
    profiles: tuple[Profile, ...]
    current: Configuration
    recommendation: Recommendation | None
    outcome: Outcome
    explanation: str | None
    spent: float | None
    advisories: tuple[Advisory, ...]

    def profile(self, configuration: Configuration) -> Profile | None:
        """The judgement of one configuration."""
        return next((profile for profile in self.profiles if profile.configuration == configuration), None)

    @property
    def failure(self) -> PowertuneError | None:
        """The error to end with (exit code 7 or 8) where there is no recommendation."""
        if self.outcome is Outcome.RECOMMENDED:
            return None
        explanation = self.explanation or ""
        if self.outcome is Outcome.FAILED:
            return FunctionFailed(explanation, hint="look at the function's log, its payload and its timeout")
        return Inconclusive(explanation, hint="measure again, with more --invocations")
