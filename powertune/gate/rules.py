"""What a gate judges by: budgets, tolerances, how often it may err, and the traffic that money is about."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from powertune.gate.confidence import DEFAULT_ERRORS, Errors
from powertune.gate.gated_metrics import METRICS
from powertune.gate.model import Level, Tolerances
from powertune.model import Architecture, Configuration, Usage

#: By how much each metric may be worse than the baseline's, unless a person says otherwise.
DEFAULT_MOST: Mapping[str, float] = {
    "duration": 0.05,
    "cost": 0.05,
    "init": 0.10,
    "max_memory": 0.05,
    "package_size": 0.05,
}
DEFAULT_TOLERANCES = Tolerances(most=DEFAULT_MOST, min_effect={})


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetScope:
    """What a budget is for: functions whose name matches a pattern, an architecture, a memory size; None is any."""

    function: str | None = None
    architecture: Architecture | None = None
    memory_mb: int | None = None

    def holds_for(self, function: str, configuration: Configuration) -> bool:
        """Whether the budget is for this configuration of this function."""
        return (
            (self.function is None or fnmatchcase(function, self.function))
            and self.architecture in (None, configuration.architecture)
            and self.memory_mb in (None, configuration.memory_mb)
        )


EVERYWHERE = BudgetScope()


@dataclass(frozen=True, slots=True, kw_only=True)
class GateBudget:
    """A limit on a metric of the candidate, such as `p(95)<300ms`.

    `aggregation` is `avg`, `med`, `min`, `max`, `p` (with `quantile`, as 0.95) or empty for a metric that is a single
    figure. `limit` is in the unit of the metric; `of_memory_size` says that it is a share of the memory size instead.
    `strict`: the figure has to be below the limit (`<`), and not just at most it (`<=`). `text` is how a person wrote
    it, and `currency` the one that they named.
    """

    text: str
    metric: str
    aggregation: str
    limit: float
    strict: bool
    level: Level = Level.ERROR
    quantile: float | None = None
    of_memory_size: bool = False
    currency: str | None = None
    scope: BudgetScope = EVERYWHERE

    @property
    def is_sampled(self) -> bool:
        """Whether samples tell with an error whether it is met.

        The least and the largest of a sample are taken as they were seen, because no number of samples bounds what
        else there is; and so are errors where none is allowed.
        """
        if METRICS[self.metric].strict or self.aggregation in ("min", "max"):
            return False
        return self.metric != "errors" or self.limit > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a gate judges by.

    `functions` is how many functions the whole suite has, which share its error rate; None where the cases are all of
    it. Give it where functions of a suite are gated one by one, by jobs of their own.
    """

    budgets: tuple[GateBudget, ...] = ()
    tolerances: Tolerances = DEFAULT_TOLERANCES
    errors: Errors = DEFAULT_ERRORS
    usage: Usage = field(default_factory=Usage)
    functions: int | None = None
