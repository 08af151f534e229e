"""The answer of a search: the configuration to use, how certain that is, and an estimate of all others."""

from dataclasses import dataclass

from powertune.model import Configuration, Leader


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """The ratio of two means, with its 95 % interval."""

    value: float
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the search would recommend now: the measured configuration that is expected to meet the goal best.

    `cost_interval` is the 95 % interval of its mean cost, in currency per warm invocation. `p_best` is the
    probability that no other measured configuration is better, and `loss` how much worse than the optimum it is
    expected to be, as a share. `equivalent` are the measured configurations that may be as good, at 95 %. The ratios
    compare it with the current configuration; they are None if there is none to compare with.
    """

    configuration: Configuration
    cost_interval: tuple[float, float]
    p_best: float
    loss: float
    equivalent: tuple[Configuration, ...] = ()
    cost_ratio: Ratio | None = None
    duration_ratio: Ratio | None = None

    @property
    def memory_mb(self) -> int:
        """Its memory size."""
        return self.configuration.memory_mb

    @property
    def leader(self) -> Leader:
        """What is recorded of it during the search."""
        return Leader(configuration=self.configuration, cost=self.cost_interval, loss=self.loss)


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """The estimated mean duration of a configuration with its 95 % band: billed ms, or ms if the goal is speed.

    The ratios compare it with the current configuration, as those of an answer do.
    """

    configuration: Configuration
    low_ms: float
    middle_ms: float
    high_ms: float
    cost_ratio: float | None = None
    duration_ratio: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """What the measurements so far say: the answer, and a band for everything that is considered, in order."""

    answer: Answer
    curve: tuple[Band, ...]
