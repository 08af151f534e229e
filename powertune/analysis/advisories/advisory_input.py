"""What advisories are made from, and how they name configurations."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from powertune.analysis.costing import Pricing
from powertune.analysis.model import Profile, ProfileStatus, Recommendation, Searched
from powertune.analysis.profiles import Observed
from powertune.model import Architecture, Goal, TuningRun

#: How many configurations are named before the rest is counted.
_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvisoryInput:
    """A run, what was observed of it, and what was concluded."""

    run: TuningRun
    goal: Goal
    observed: tuple[Observed, ...]
    recommendation: Recommendation | None
    pricing: Pricing
    searched: Searched | None = None

    @property
    def judged(self) -> tuple[Observed, ...]:
        """The observed configurations at which the function works."""
        return tuple(o for o in self.observed if o.profile.status is ProfileStatus.OK)

    def curve(self, architecture: Architecture) -> tuple[Observed, ...]:
        """What was observed of one architecture, where the function works, by size."""
        return tuple(o for o in self.judged if o.profile.configuration.architecture is architecture)


def names(
    observed: Sequence[Observed],
    wanted: Callable[[Profile], bool],
    name: Callable[[Profile], str] = lambda profile: str(profile.configuration),
) -> str:
    """The wanted configurations in a row; empty when there are none."""
    return enumeration([name(o.profile) for o in observed if wanted(o.profile)])


def enumeration(items: Sequence[str], separator: str = ", ") -> str:
    """The items in a row; of many the first few, and how many more there are."""
    more = len(items) - _SHOWN
    # Naming one item more takes no more space than counting it.
    return separator.join(items if more <= 1 else (*items[:_SHOWN], f"and {more} more"))
