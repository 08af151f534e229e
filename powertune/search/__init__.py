"""Which configuration to measure next, and when to stop: pure, and told everything that it knows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from powertune.model import Configuration, Measurement


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """So many more invocations of one configuration."""

    configuration: Configuration
    invocations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Nothing more to measure, and why."""

    reason: str


class Search(Protocol):
    """Proposes the next batch from what was measured so far. Same observations, same proposal."""

    def propose(self, measured: Mapping[Configuration, Measurement]) -> tuple[Trial, ...] | Stop:
        """The trials of the next batch (one lane's turn each, at most), or the reason to stop."""
        ...
