"""Several functions that were tuned together, ranked by what they save; and what was planned for them."""

from dataclasses import dataclass
from enum import StrEnum

from powertune.analysis import Analysis, Recommendation
from powertune.errors import Bug, FunctionFailed, Interrupted, NotRestored, PowertuneError
from powertune.model import Advisory, FunctionState
from powertune.plan import Plan


class FunctionStatus(StrEnum):
    """What became of a function, in the order in which functions are ranked."""

    CHANGE = "change"
    STAY = "stay"
    INCONCLUSIVE = "inconclusive"
    FAILED = "failed"
    NOT_RESTORED = "not-restored"
    INTERRUPTED = "interrupted"
    NOT_BEGUN = "not-begun"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedFunction:
    """A function that could not be planned: how it was named, and why."""

    target: str
    error: PowertuneError


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionPlans:
    """The plans of all functions, and those that have none.

    `max_spend` is what all of them may spend, in `currency`, and `at_once` how many may be measured at a time.
    `advisories` are about all of them.
    """

    plans: tuple[Plan, ...]
    refusals: tuple[RefusedFunction, ...]
    max_spend: float
    currency: str
    at_once: int
    advisories: tuple[Advisory, ...] = ()

    @property
    def typical_s(self) -> float | None:
        """What all runs take, one after another, in seconds; None where that is not known of each."""
        times = [plan.estimate.typical_s for plan in self.plans]
        known = [seconds for seconds in times if seconds is not None]
        return sum(known) if known and len(known) == len(times) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionResult:
    """What became of one function.

    `target` is how it was named. `function` is None where it could not be planned, `analysis` where nothing was
    measured. `failed` is why its run did not come to its end. `file` holds what was measured. `begun` is false where
    the function was planned and nothing was asked of it any more.
    """

    target: str
    function: FunctionState | None = None
    analysis: Analysis | None = None
    failed: PowertuneError | None = None
    file: str | None = None
    begun: bool = True

    @property
    def error(self) -> PowertuneError | None:
        """Why there is no answer; None if there is one."""
        if self.failed is not None or self.analysis is None:
            return self.failed
        return self.analysis.failure

    @property
    def status(self) -> FunctionStatus:
        """What became of it."""
        error, answer = self.error, self.answer
        if answer is not None and self.analysis is not None:
            stays = answer.configuration == self.analysis.current
            return FunctionStatus.STAY if stays else FunctionStatus.CHANGE
        if not self.begun:
            return FunctionStatus.NOT_BEGUN
        if isinstance(error, NotRestored):
            return FunctionStatus.NOT_RESTORED
        if isinstance(error, Interrupted):
            return FunctionStatus.INTERRUPTED
        if self.failed is None and not isinstance(error, FunctionFailed):
            return FunctionStatus.INCONCLUSIVE
        return FunctionStatus.FAILED

    @property
    def answer(self) -> Recommendation | None:
        """The configuration to use; None if there is no answer, as of a run that did not come to its end."""
        return None if self.failed is not None or self.analysis is None else self.analysis.recommendation

    @property
    def saving(self) -> float | None:
        """What the answer saves in 30 days, in the currency; None if that is not known. Staying saves nothing."""
        if self.status is FunctionStatus.STAY:
            return 0.0
        saving = None if self.answer is None else self.answer.saving
        return None if saving is None else saving.per_month


_RANKS = {status: rank for rank, status in enumerate(FunctionStatus)}


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionResults:
    """What became of all functions, in the order in which they were named.

    `spent` is what was spent of `max_spend`, in `currency`. Times are in seconds since the epoch. `interrupted` says
    whether a signal ended it.
    """

    results: tuple[FunctionResult, ...]
    max_spend: float
    spent: float
    currency: str
    started_at: float
    finished_at: float
    tool_version: str
    interrupted: bool = False

    @property
    def ranked(self) -> tuple[FunctionResult, ...]:
        """The largest expected saving first; then those whose traffic is not known; then those without an answer."""
        return tuple(sorted(self.results, key=_rank))

    @property
    def saving(self) -> float:
        """What all changes together save in 30 days, as far as that is known."""
        return sum(each.saving or 0.0 for each in self.results)

    @property
    def unanswered(self) -> tuple[FunctionResult, ...]:
        """The functions without an answer."""
        return tuple(each for each in self.results if each.error is not None)

    @property
    def failure(self) -> PowertuneError | None:
        """The error to end with; None if all functions have an answer.

        A function that is not restored beats everything, then a bug, then an interruption; else it is the first
        function's.
        """
        errors = [each.error for each in self.results if each.error is not None]
        kinds: tuple[type[PowertuneError], ...] = (NotRestored, Bug, Interrupted, PowertuneError)
        worst = next((kind for kind in kinds if any(isinstance(error, kind) for error in errors)), None)
        return None if worst is None else next(error for error in errors if isinstance(error, worst))


def _rank(result: FunctionResult) -> tuple[int, float]:
    saving = result.saving
    if result.answer is not None:
        return (0, -saving) if saving is not None else (1, 0.0)
    return 2 + _RANKS[result.status], 0.0
