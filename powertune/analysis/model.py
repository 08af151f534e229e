"""The nouns of judgement: a judged configuration, the recommendation, what a search says."""

from dataclasses import dataclass
from enum import StrEnum

from powertune.analysis.comparison import Comparison
from powertune.analysis.estimates import Interval
from powertune.analysis.summary import Summary
from powertune.model import Configuration, Population, Strategy
from powertune.search import Answer, Conclusion


class ProfileStatus(StrEnum):
    """Whether a configuration can be judged."""

    OK = "ok"
    INFEASIBLE = "infeasible"
    UNMEASURED = "unmeasured"


class Rank(StrEnum):
    """What it is worth to have the lowest mean."""

    ALONE = "alone"
    """Every other configuration is proven to be higher."""
    TIED = "tied"
    """Some configuration cannot be told apart from it."""


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
class ColdStarts:
    """The invocations of a configuration that began with an init or restore phase.

    `init` summarizes that phase, `duration` the Duration that was reported with it, both in ms; `billed_ms_mean` is
    what such an invocation is billed for, phase included; `cost` what it costs, in the region's currency.
    """

    init: Summary
    duration: Summary
    billed_ms_mean: float
    cost: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What an invocation costs on average, in the region's currency, with the 95 % interval of that mean.

    `mean` is what decides: warm and cold starts in the proportion of the traffic (`Billing.cold_share`), and the
    part of what is paid by the month. `warm` is what a warm invocation costs by itself, on demand; or a cold start,
    in a run of nothing else.
    """

    mean: float
    interval: Interval | None
    warm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One configuration judged. Durations in ms.

    Duration and billed duration are those of the population it is `judged_by`: warm invocations; or cold starts,
    phase included, in a run of nothing else. `environments` is how many execution environments served these,
    None where that is not known of each of them. None where there was nothing to take them from.
    `reason` says why the status is not ok. `unmet` are the constraints of the goal that the configuration does not
    meet, as sentences without a subject. `ruled_out` says why a search does not consider a configuration that works;
    such a one is no contender for anything. `pareto`: it is on the front of those that meet them (of all, where none
    does); `dominated_by` is one that keeps it off the front (see `pareto.dominators`), None for all others.

    `cheapest` and `fastest` are set where it has the lowest mean of those that work. `cost_ratio` and
    `duration_ratio` compare its means with those of the current configuration; None where that is not known.

    The means, their intervals and all that follows from them are those of the samples; or, in a search, those of the
    curve that it believes in, which rests on the samples of all sizes.
    """

    configuration: Configuration
    status: ProfileStatus
    reason: str | None = None
    counts: Counts = Counts()
    environments: int | None = None
    duration: Summary | None = None
    billed_ms_mean: float | None = None
    cold: ColdStarts | None = None
    max_memory_used_mb: int | None = None
    cost: Cost | None = None
    unmet: tuple[str, ...] = ()
    ruled_out: str | None = None
    pareto: bool = False
    dominated_by: Configuration | None = None
    cheapest: Rank | None = None
    fastest: Rank | None = None
    cost_ratio: float | None = None
    duration_ratio: float | None = None
    judged_by: Population = Population.WARM

    @property
    def judged(self) -> int:
        """How many invocations it is judged by."""
        return 0 if self.duration is None else self.duration.n


@dataclass(frozen=True, slots=True, kw_only=True)
class Billing:
    """On what the costs rest, and where that is known from.

    `cold_share` is the share of invocations that start cold, None where it is not known: then costs are those of warm
    invocations. `invocations_per_month` is None where the traffic is not known; `savings_plan` is a share of the
    price of duration. The sources are phrases such as `from CloudWatch`.
    """

    cold_share: float | None
    cold_source: str
    invocations_per_month: float | None
    traffic_source: str
    savings_plan: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """What a change from the current configuration saves in 30 days, in the region's currency; negative if it costs.

    `payback_days`: after how many days it has paid for the measuring, taking the least that the interval holds; None
    where a saving is not proven. The interval holds although the configuration was picked by the same data.
    """

    per_month: float
    interval: Interval | None
    payback_days: float | None

    @property
    def per_year(self) -> float:
        """The same in 365 days."""
        return self.per_month * 365 / 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """What a change saves, in currency or in ms; negative if it costs. The interval is that of `Saving`."""

    value: float
    interval: Interval | None

    @property
    def is_proven(self) -> bool:
        """Whether there is a difference at all."""
        return self.interval is not None and not self.interval[0] <= 0 <= self.interval[1]


NOTHING = Amount(value=0.0, interval=(0.0, 0.0))
"""What staying with the current configuration saves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """More warm invocations, over two configurations together, and what they would cost."""

    invocations: int
    cost: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A change from the current configuration that is not proven to help.

    The ratios compare with the current configuration. `decision` is what would prove a difference as large as the one
    that was seen; None where the two are nearly alike, too little is known, or a difference is proven that the goal
    does not ask for.
    """

    configuration: Configuration
    cost_ratio: Comparison
    duration_ratio: Comparison
    decision: Effort | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Distinction:
    """What would tell the recommended configuration from one that it cannot be told apart from."""

    configuration: Configuration
    effort: Effort


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """The configuration to use, and why.

    `best` has the lowest mean of what the strategy asks for, or is what a search expects to meet the goal best;
    `equivalent` are the configurations whose difference to it, in what the strategy asks for, cannot be told from
    noise, without the recommended one. The ratios compare with the current configuration, at 95 % for all that might
    have been recommended; None when that is not known. `saved_per_million` (currency, in a million invocations),
    `saved_ms` (in one) and `saving` are None where that is not known, the last one also where the traffic is not.
    `distinction` is what would tell it from the equivalent configuration that takes least for it; None where there is
    none, or it is too much alike.

    Where no change is proven to help, it is the current configuration, and `unproven` is the change that looks best.
    Where one is, but not to the best candidate, that change is the `rival`.
    `too_short`: it is the current one, as invocations are too short for any advice.
    """

    configuration: Configuration
    strategy: Strategy
    best: Configuration
    equivalent: tuple[Configuration, ...]
    cost_ratio: Comparison | None
    duration_ratio: Comparison | None
    saving: Saving | None
    saved_per_million: Amount | None
    saved_ms: Amount | None
    reasons: tuple[str, ...]
    distinction: Distinction | None = None
    unproven: Move | None = None
    rival: Move | None = None
    too_short: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """What an adaptive search knows: its answers, the curve that it believes in, and how precise it was to be.

    `another_goal`: the run was made to answer another question than it is asked now.
    """

    conclusion: Conclusion
    precision: float
    another_goal: bool

    @property
    def answer(self) -> Answer:
        """The best that was measured."""
        return self.conclusion.answer

    def answer_for(self, configuration: Configuration) -> Answer | None:
        """What is known of a configuration as an answer; None if it cannot be one."""
        return next((a for a in self.conclusion.answers if a.configuration == configuration), None)
