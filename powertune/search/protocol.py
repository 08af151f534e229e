"""The interface of a search policy: it proposes the next batch, or stops."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from powertune.model import Batch, Configuration, Leader, Measurement
from powertune.search.answer import Conclusion


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Nothing more to measure: `reason` is for machines, `why` for people. `leader` is the best answer, if any."""

    reason: str
    why: str | None = None
    leader: Leader | None = None


class Search(Protocol):
    """Proposes the next batch from what was measured so far. The same measurements give the same proposal."""

    def propose(self, measured: Mapping[Configuration, Measurement]) -> Batch | Stop:
        """The next batch, with at least one trial and each configuration once, or the reason to stop."""
        ...


class Explorer(Search, Protocol):
    """A search that chooses from a range of sizes, and so has an answer of its own."""

    def conclude(self, measured: Mapping[Configuration, Measurement]) -> Conclusion | None:
        """The answer at this moment; None where nothing that was measured can be the answer."""
        ...
