"""A run judged: all its configurations, whether there is an answer, and how a command ends without one."""

from dataclasses import dataclass
from enum import StrEnum

from powertune.analysis.budget import BudgetEnd
from powertune.analysis.model import Billing, Profile, Recommendation, Searched
from powertune.errors import FunctionFailed, Inconclusive, PowertuneError
from powertune.model import NO_REPORTS, Advisory, Configuration, FunctionState, Goal, TuningRun


class Outcome(StrEnum):
    """Whether there is an answer."""

    RECOMMENDED = "recommended"
    FAILED = "failed"
    """The function failed at every size that was measured."""
    IMPOSSIBLE = "impossible"
    """No configuration meets the constraints."""
    INCONCLUSIVE = "inconclusive"
    """No size has two usable warm invocations."""
    UNFINISHED = "unfinished"
    """A search was ended before it was sure."""


_FAILED = "look at the function's log, its payload and its timeout"
_EMPTY_EVENT = "give an event that it succeeds with, as --payload @event.json; it was invoked with {}"
_REPORT = "make sure that reports arrive, as the advisory no-reports explains, then measure again"
_START_FROM = "--start-from this run's file tells the next one where to begin"
#: What to do about a search that was ended before it was sure.
_CONTINUE = {
    NO_REPORTS: _REPORT,
    "budget": f"raise --max-spend; {_START_FROM}",
    "exhausted": "ask for less --precision, or allow more --invocations and --environments",
}
#: What to do about a run without an answer.
_MEASURE_MORE = {
    "budget": "raise --max-spend",
    NO_REPORTS: _REPORT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """A run judged. `spent` is what its invocations cost, in `currency`, those without a report taken to cost as much
    as the most expensive one with a report; None when a configuration has none.

    Profiles are ordered by configuration. There is a recommendation exactly when `outcome` is RECOMMENDED;
    otherwise `explanation` says what went wrong, and `nearest` is the configuration that comes nearest to meeting the
    constraints, if it is they that went wrong. `knee` is the point of the front beyond which more speed
    becomes expensive. `searched` is None for a grid, and where a search has no answer. `prices_as_of` is the date
    (YYYY-MM-DD) of the prices that costs are calculated with; None where it is not known. `budget` is None where
    something else ended the run.
    """

    run: TuningRun
    goal: Goal
    billing: Billing
    currency: str
    profiles: tuple[Profile, ...]
    knee: Configuration | None
    recommendation: Recommendation | None
    outcome: Outcome
    explanation: str | None
    nearest: Configuration | None
    spent: float | None
    advisories: tuple[Advisory, ...]
    searched: Searched | None = None
    prices_as_of: str | None = None
    budget: BudgetEnd | None = None

    @property
    def function(self) -> FunctionState:
        """The function that was measured."""
        return self.run.function

    @property
    def current(self) -> Configuration:
        """The configuration that the function had: the baseline."""
        return self.run.function.current

    def profile(self, configuration: Configuration) -> Profile | None:
        """The judgement of one configuration."""
        return next((profile for profile in self.profiles if profile.configuration == configuration), None)

    @property
    def candidate(self) -> Configuration | None:
        """What looks best, whether or not a change to it is recommended."""
        if self.recommendation is None:
            return None
        if self.recommendation.too_short:
            return self.recommendation.best
        move = self.recommendation.unproven or self.recommendation.rival
        return self.recommendation.configuration if move is None else move.configuration

    @property
    def failure(self) -> PowertuneError | None:
        """The error to end with (exit code 7 or 8) where there is no recommendation."""
        if self.outcome is Outcome.RECOMMENDED:
            return None
        explanation = self.explanation or ""
        if self.outcome is Outcome.FAILED:
            return FunctionFailed(explanation, hint=_EMPTY_EVENT if self.run.design.event_is_empty else _FAILED)
        if self.outcome is Outcome.IMPOSSIBLE:
            return Inconclusive(explanation, hint="relax the constraints, or measure other sizes")
        if self.budget is not None:
            start = f"; {_START_FROM}" if self.outcome is Outcome.UNFINISHED else ""
            return Inconclusive(f"{explanation}; {self.budget.explanation}", hint=self.budget.hint + start)
        if self.outcome is Outcome.UNFINISHED:
            return Inconclusive(
                explanation, hint=_CONTINUE.get(self.run.stopped, "measure again, with --start-from this file")
            )
        return Inconclusive(
            explanation, hint=_MEASURE_MORE.get(self.run.stopped, "measure again, with more --invocations")
        )
