"""Which configuration to measure next, and when to stop: pure, and told everything that it knows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from powertune.model import Batch, Configuration, Leader, Measurement


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Nothing more to measure: the reason for machines, and why for people, with the best answer if there is one."""

    reason: str
    why: str | None = None
    leader: Leader | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """A mean over another, with its 95 % interval."""

    value: float
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the search would recommend now: the measured configuration that is expected to meet the goal best.

    `cost_interval` holds its mean cost with 95 %, in currency per warm invocation; `p_best` is the probability that
    no other configuration that was measured is better; `loss` how much worse it is expected to be than the best of
    all sizes, as a share; `equivalent` are the measured configurations that may be as good, at 95 %. The ratios are
    those of its cost and duration to the current configuration's; None where that is not in question.
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
        """What is recorded of it while the search goes on."""
        return Leader(configuration=self.configuration, cost=self.cost_interval, loss=self.loss)


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """What is believed of the mean duration (billed ms, but for speed) at a configuration: the middle, and 95 %."""

    configuration: Configuration
    low_ms: float
    middle_ms: float
    high_ms: float


class Search(Protocol):
    """Proposes the next batch from what was measured so far. Same observations, same proposal."""

    def propose(self, measured: Mapping[Configuration, Measurement]) -> Batch | Stop:
        """The next batch, with at least one trial and each configuration once, or the reason to stop."""
        ...
