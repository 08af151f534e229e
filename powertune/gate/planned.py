"""A check that is planned, before it is known how many there are: they share the errors that a gate may make."""

from collections.abc import Callable
from dataclasses import dataclass

from powertune.gate.confidence import Tails
from powertune.gate.model import Case, Check, Look
from powertune.gate.observing import ObservedSide


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedCase:
    """A case with what both sides tell, and the look at which it is judged."""

    case: Case
    candidate: ObservedSide
    baseline: ObservedSide | None
    look: Look

    @property
    def function(self) -> str:
        """The name of the candidate's function."""
        return self.case.candidate.run.function.name

    def __str__(self) -> str:
        return f"{self.function} {self.case.configuration}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCheck:
    """A check of a function. `sampled`: it may err, and so shares the errors that the function's checks may make."""

    function: str
    sampled: bool
    answer: Callable[[Tails], Check]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckPlan:
    """What is checked of a case, and what is not, with the reasons."""

    checks: tuple[PlannedCheck, ...]
    notes: tuple[str, ...] = ()
