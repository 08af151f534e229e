"""How a design stands in documents: in results files, and in plans."""

from dataclasses import dataclass, fields
from typing import Any

from powertune.model import Configuration, Design, Exploration, Goal, GridDesign, PayloadShare, Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignDocument:
    """A design in a file. Both kinds of search have all keys, so that readers need not tell them apart."""

    configurations: tuple[Configuration, ...]
    invocations: int
    lanes: int
    concurrency: int
    seed: int
    search: str = "grid"
    telemetry: str = "auto"
    payloads: tuple[PayloadShare, ...] = ()
    sleep_ms: int = 0
    max_spend: float | None = None
    pre_processor: str | None = None
    post_processor: str | None = None
    isolate: bool = False
    goal: Goal | None = None
    usage: Usage | None = None
    prices_as_of: str | None = None
    allowed_errors: tuple[str, ...] = ()
    only_cold_starts: bool = False
    exploration: Exploration | None = None

    @classmethod
    def of(cls, design: Design) -> "DesignDocument":
        """The design as it is written."""
        match design.search:
            case GridDesign(configurations=configurations, invocations=invocations):
                name, explored = "grid", None
            case Exploration() as explored:
                name, configurations, invocations = explored.policy, (), explored.most
        return cls(
            configurations=configurations,
            invocations=invocations,
            search=name,
            goal=design.goal,
            exploration=explored,
            **_common(design),
        )

    def design(self) -> Design:
        """The design that was written."""
        grid = GridDesign(configurations=self.configurations, invocations=self.invocations, goal=self.goal)
        return Design(search=self.exploration or grid, **_common(self))


def _common(noun: Design | DesignDocument) -> dict[str, Any]:
    """What is called the same in both."""
    return {f.name: getattr(noun, f.name) for f in fields(Design) if f.name != "search"}
