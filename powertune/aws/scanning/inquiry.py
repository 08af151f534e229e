"""One reading of a place: its connection, its budgets, and the gaps that questions without an answer leave."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from powertune.aws.actions import ACTIONS
from powertune.aws.client import Aws
from powertune.aws.error_translation import code_of
from powertune.aws.scanning.effort_meter import EffortMeter
from powertune.errors import AccessDenied, IdentityError, NotFound, PowertuneError, Unavailable, UsageError
from powertune.scan.coverage import Gap
from powertune.scan.evidence import AccountRegion, ScannedFunction
from powertune.scan.request import ScanRequest

R = TypeVar("R")

#: After this many refusals in a row, an action is not allowed for any function.
_MOST_REFUSALS = 3

_OPT_IN = (
    "Compute Optimizer is not enabled for the account: `aws compute-optimizer update-enrollment-status --status "
    "Active` does it, and recommendations come within a day"
)


@dataclass(slots=True)
class Inquiry:
    """What the readers of one place share. Used by one thread.

    `calls_left` is how many control-plane calls may still be spent on single functions.
    """

    aws: Aws
    place: AccountRegion
    request: ScanRequest
    calls_left: int
    meter: EffortMeter
    gaps: list[Gap] = field(default_factory=list)

    @classmethod
    def begin(cls, aws: Aws, place: AccountRegion, request: ScanRequest) -> "Inquiry":
        """An inquiry that counts its calls."""
        meter = EffortMeter.priced(request.prices)
        return cls(
            aws=replace(aws, counted=meter.count),
            place=place,
            request=request,
            calls_left=request.per_function_calls,
            meter=meter,
        )

    def ask(
        self,
        what: str,
        question: Callable[[], R],
        subjects: Sequence[str] = (),
        *,
        unless: tuple[type[PowertuneError], ...] = (),
    ) -> R | None:
        """The answer; None leaves a gap.

        Args:
            what: the need that is asked for.
            subjects: the functions or log groups that the question is about, if not about all.
            unless: errors after which the question is asked in another way, and which are raised.

        Raises:
            IdentityError: nothing else would be answered either.
        """
        try:
            return question()
        except PowertuneError as error:
            if isinstance(error, (IdentityError, *unless)):
                raise
            self.note(what, why(error), subjects, action=self.denied_action(error))
            return None

    def note(self, what: str, reason: str, subjects: Sequence[str] = (), *, action: str = "") -> None:
        """Leave a gap; those that differ only in their subjects become one."""
        for number, gap in enumerate(self.gaps):
            if (gap.what, gap.reason, gap.action) == (what, reason, action) and gap.subjects and subjects:
                known = dict.fromkeys((*gap.subjects, *subjects))
                self.gaps[number] = replace(gap, subjects=tuple(known))
                return
        self.gaps.append(Gap(place=self.place, what=what, reason=reason, subjects=tuple(subjects), action=action))

    def denied_action(self, error: PowertuneError) -> str:
        """The IAM action that is missing; empty where that is not why the last call failed."""
        if not isinstance(error, AccessDenied) or _not_opted_in(error):
            return ""
        return ACTIONS[self.meter.last].name

    def each(
        self,
        what: str,
        functions: Sequence[ScannedFunction],
        question: Callable[[ScannedFunction], R],
        *,
        calls: int | Callable[[ScannedFunction], int] = 1,
        keep: int = 0,
    ) -> dict[str, R]:
        """Ask about single functions, in this order, as long as the limit of calls allows.

        An outage ends it, and so do a few refusals in a row: the next function would only wait as long for no answer.

        Args:
            calls: how many calls the question takes at most, of each function where they differ.
            keep: how many calls to leave to questions that come later.

        Returns:
            The answers by the names of the functions.
        """
        answers: dict[str, R] = {}
        refusals = 0
        for number, function in enumerate(functions):
            rest = [each.name for each in functions[number:]]
            needed = calls if isinstance(calls, int) else calls(function)
            if needed > self.calls_left - keep:
                limit = self.request.per_function_calls - keep
                self.note(what, f"not asked: {limit} calls about single functions are the limit", rest)
                break
            self.calls_left -= needed
            try:
                answers[function.name] = question(function)
                refusals = 0
            except AccessDenied as error:
                refusals += 1
                action = self.denied_action(error)
                last = refusals == _MOST_REFUSALS
                self.note(what, f"not allowed to call {action}", rest if last else rest[:1], action=action)
                if last:
                    break
            except Unavailable as error:
                self.note(what, error.message, rest)
                break
            except (NotFound, UsageError) as error:
                self.note(what, error.message, rest[:1])
        return answers


def why(error: PowertuneError) -> str:
    """Why a question was not answered, in a line."""
    if _not_opted_in(error):
        return _OPT_IN
    return error.message


def _not_opted_in(error: PowertuneError) -> bool:
    return isinstance(error.__cause__, Exception) and code_of(error.__cause__) == "OptInRequiredException"
