"""How a run chooses what to measure: from a grid or by a search; and each batch that a search has chosen."""

from dataclasses import dataclass

from powertune.model.function import Architecture, Configuration
from powertune.model.goal import Goal

ANY_GOAL = Goal()


@dataclass(frozen=True, slots=True, kw_only=True)
class GridDesign:
    """Every one of `configurations` is measured, with `invocations` warm invocations each.

    `goal` is what the run was for; None in a results file from before that was kept.
    """

    configurations: tuple[Configuration, ...]
    invocations: int
    goal: Goal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A number of further invocations of one configuration, over `lanes` lanes; None: over all lanes of the run."""

    configuration: Configuration
    invocations: int
    lanes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Leader:
    """The best answer at one moment.

    `cost` is the 95 % interval of its mean cost, per warm invocation, in the region's currency. `loss` is how much
    worse it is expected to be than the best of all sizes in what the goal wants to be low, as a share.
    """

    configuration: Configuration
    cost: tuple[float, float]
    loss: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Trials that were chosen together, why, and what the best answer was at that moment.

    `why` is None where the design says it all, as with a grid: such batches are not recorded. The last batch of a
    search has no trials, and says why it stopped.
    """

    trials: tuple[Trial, ...]
    why: str | None = None
    leader: Leader | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """A mean warm duration (ms) that was known before the run, and where from: all of one origin may be off alike."""

    origin: str
    configuration: Configuration
    duration_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Exploration:
    """What a search looks for, and where: with the measurements, all that it needs to go on.

    `policy` is the name of the search in `powertune.search.policies`.
    `precision` is the share by which the answer may be worse than the best size; None: as long as it is worth
    its price, where `invocations_per_month` is known, else a default. `lanes` is over how many environments
    finalists are measured; None: as needed, at most `most_lanes`. `weights` are the shares of the payloads, and
    `batch` is how many warm invocations a size gets at a time, enough to send each; `most` how many it gets at most.
    `current` is measured to compare the answer with, None where that is not wanted. `memory_used_mb` is the most that
    the function is known to have used. `publishing_s` is about how long it takes to publish a size, in seconds, and
    `publishing_batch_s` what comes on top once for all sizes that are published together; 0 where nobody waits.
    """

    smallest_mb: int
    largest_mb: int
    architectures: tuple[Architecture, ...]
    goal: Goal = ANY_GOAL
    precision: float | None = None
    invocations_per_month: float | None = None
    lanes: int | None = None
    most_lanes: int = 16
    weights: tuple[float, ...] = (1.0,)
    batch: int = 2
    most: int = 400
    current: Configuration | None = None
    memory_used_mb: int | None = None
    hints: tuple[Hint, ...] = ()
    policy: str = "adaptive"
    publishing_s: float = 0.0
    publishing_batch_s: float = 0.0
