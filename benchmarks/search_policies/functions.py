"""Functions to judge a search on: what is known of them, and how they answer invocations."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from benchmarks.search_policies.landscape import Landscape
from powertune.model import Architecture, Configuration, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What one invocation did, without its init phase."""

    duration_ms: float
    max_memory_used_mb: int
    status: Status = Status.OK


#: An execution environment: it serves one invocation per call.
Environment = Callable[[], Ran]
#: Starts an environment of a configuration.
Starts = Callable[[Configuration], Environment]


class Function(Protocol):
    """A function whose truth is known."""

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str:
        """What it is, for people."""
        ...

    @property
    def landscapes(self) -> Mapping[Architecture, Landscape]:
        """The truth of each architecture that the function was measured on."""
        ...

    def init_ms(self, architecture: Architecture, /) -> float:
        """What the first invocation of an environment is billed in addition."""
        ...

    def starts(self, generator: np.random.Generator) -> Starts:
        """Environments, with the luck and the noise that the generator gives them."""
        ...


def common_range(function: Function, architectures: Sequence[Architecture]) -> tuple[int, int]:
    """The smallest and the largest size that were tried on all these architectures, in MB."""
    known = [function.landscapes[each] for each in architectures]
    return max(int(each.sizes[0]) for each in known), min(int(each.sizes[-1]) for each in known)
