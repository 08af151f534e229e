"""The nouns of a gate: what is compared, what each check says, and what becomes of the build."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from powertune.model import Configuration, TuningRun


class Level(StrEnum):
    """What a check that fails does to the build."""

    ERROR = "error"
    WARN = "warn"


class GateVerdict(StrEnum):
    """What a check says, and what becomes of the build."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    """The samples neither prove that it passes nor that it fails."""


class CheckKind(StrEnum):
    """What a check compares with."""

    BUDGET = "budget"
    REGRESSION = "regression"


@dataclass(frozen=True, slots=True, kw_only=True)
class GatedRun:
    """A run that is judged, or judged by. `label` is what a person calls it, such as `main@1a2b3c4` or `orders:prod`.

    `package_bytes` is the size of the deployment package, as far as it is known; None for container images.
    """

    run: TuningRun
    label: str
    package_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A configuration of a candidate, and the baseline it is compared with, if there is one.

    `side_by_side`: both were measured in one run with interleaved invocations, so that a slow minute hit both.
    """

    candidate: GatedRun
    configuration: Configuration
    baseline: GatedRun | None = None
    side_by_side: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Which of at most how many looks at the samples this is, from 1: each look costs a part of the error rate."""

    number: int = 1
    of: int = 1

    @property
    def is_last(self) -> bool:
        """Whether no more samples are going to be taken."""
        return self.number >= self.of


ONLY_LOOK = Look()
"""The look at results files, to which nothing is added."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A measured quantity with its interval, in the unit of its check; a ratio candidate / baseline has no unit.

    A check fails by the lower end of the interval and passes by the upper one. Each end holds by itself, at the level
    of its decision (see `gate.confidence`), so that figure and verdict cannot contradict each other. `interval` is
    None for what is not a sample, such as the size of a package; its upper end is None where the samples do not bound
    it. `samples` is how many values the figure rests on, and `environments` how many execution environments served
    these; None where that is not known.
    """

    value: float
    interval: tuple[float, float | None] | None
    samples: int
    environments: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One budget, or one metric compared with the baseline, and what it says.

    `rule` is the budget or the tolerance as a person writes it: `p(95)<300ms`, `duration<=+5%`. `figure` is the
    candidate's and `baseline` that of the baseline, both in `unit`; `ratio` is candidate / baseline; None where there
    is none. `limit` is what the rule allows: in the unit for a budget, a share for a regression. `reason` says in a
    sentence why it failed, or what is missing. `invocations_to_decide` estimates how many more invocations of the
    candidate would decide an inconclusive check; None where no number would, or it is not known.
    """

    kind: CheckKind
    function: str
    configuration: Configuration
    metric: str
    rule: str
    unit: str
    limit: float
    level: Level
    verdict: GateVerdict
    reason: str
    figure: Figure | None = None
    baseline: Figure | None = None
    ratio: Figure | None = None
    invocations_to_decide: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthlyChange:
    """What a change costs, or saves where it is negative, per month at today's traffic, in the region's currency."""

    function: str
    configuration: Configuration
    amount: float
    interval: tuple[float, float] | None
    currency: str
    invocations_per_month: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What all checks of a gate say together.

    A check of level `warn` never fails the build. `failed` beats `inconclusive`, which beats `passed`. `notes` say
    what was not judged, and why.
    """

    checks: tuple[Check, ...]
    look: Look
    money: tuple[MonthlyChange, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> GateVerdict:
        """What becomes of the build."""
        verdicts = {check.verdict for check in self.checks if check.level is Level.ERROR}
        for verdict in (GateVerdict.FAILED, GateVerdict.INCONCLUSIVE):
            if verdict in verdicts:
                return verdict
        return GateVerdict.PASSED

    @property
    def is_open(self) -> bool:
        """Whether more samples could still change what becomes of the build."""
        return not self.look.is_last and self.verdict is GateVerdict.INCONCLUSIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerances:
    """By how much a metric may be worse than the baseline's, as a share, by the metric's name.

    `min_effect`: changes smaller than that are not told from noise on this machine, as `gate calibrate` has measured;
    the larger of the two counts. `asked` are the metrics that a person has named: what else is compared may fail a
    build, but does not keep it inconclusive.
    """

    most: Mapping[str, float]
    min_effect: Mapping[str, float]
    asked: frozenset[str] = frozenset()

    def of(self, metric: str) -> float | None:
        """By how much the metric may be worse; None if it is not compared."""
        most = self.most.get(metric)
        return None if most is None else max(most, self.min_effect.get(metric, 0.0))
