"""A gate that has been judged, with what a report of it tells beside: what was compared, and what that took."""

from dataclasses import dataclass
from enum import StrEnum

from powertune.errors import GateFailed, GateInconclusive, PowertuneError
from powertune.gate.model import Check, GateVerdict, Judgement, Level
from powertune.units import plural


class OnInconclusive(StrEnum):
    """What becomes of a build whose gate is inconclusive."""

    PASS = "pass"  # noqa: S105 - what a build does
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class GateEffort:
    """What the invocations of both sides were that a gate rests on, and what they cost.

    `environments` is None where the logs did not tell all of them, `cost` where no invocation had a report.
    `measured`: they were made for this gate, and not read from results files.
    """

    invocations: int
    environments: int | None
    cost: float | None
    currency: str
    measured: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """A judged gate. `candidate` and `baseline` are what a person calls them.

    `judged_at` is in seconds since the epoch. `stopped` says why no more samples were taken of a gate that is
    inconclusive.
    """

    judgement: Judgement
    candidate: str
    baseline: str | None
    effort: GateEffort
    tool_version: str
    judged_at: float
    side_by_side: bool = False
    on_inconclusive: OnInconclusive = OnInconclusive.FAIL
    stopped: str | None = None

    @property
    def failure(self) -> PowertuneError | None:
        """The error to end with: exit code 10 or 8; None for a build that passes."""
        verdict = self.judgement.verdict
        if verdict is GateVerdict.FAILED:
            return GateFailed(self.headline, hint=self._way_out)
        if verdict is GateVerdict.INCONCLUSIVE and self.on_inconclusive is OnInconclusive.FAIL:
            return GateInconclusive(self.headline, hint=self._remedy)
        return None

    @property
    def headline(self) -> str:
        """What becomes of the build, in a sentence."""
        verdict = self.judgement.verdict
        if verdict is GateVerdict.PASSED:
            warnings = sum(check.verdict is GateVerdict.FAILED for check in self.judgement.checks)
            warned = f", {plural(warnings, 'warning')}" if warnings else ""
            return f"the gate passed: {plural(len(self.judgement.checks), 'check')}{warned}"
        found = tuple(
            check for check in self.judgement.checks if check.verdict is verdict and check.level is Level.ERROR
        )
        what = "failed" if verdict is GateVerdict.FAILED else "is inconclusive"
        more = f", and {plural(len(found) - 1, 'more check')}" if len(found) > 1 else ""
        return f"the gate {what}: {check_sentence(found[0])}{more}"

    @property
    def _way_out(self) -> str:
        errors = [check for check in self.judgement.checks if check.metric == "errors"]
        if any(check.verdict is GateVerdict.FAILED and check.level is Level.ERROR for check in errors):
            return "look at the function's log, its payload and its timeout"
        return "if the change is intended, raise the budget or --max-regression"

    @property
    def _remedy(self) -> str:
        open_checks = [
            c for c in self.judgement.checks if c.verdict is GateVerdict.INCONCLUSIVE and c.level is Level.ERROR
        ]
        needed = [check.invocations_to_decide for check in open_checks]
        known = [each for each in needed if each is not None]
        if len(known) < len(needed):
            return "raise --max-invocations, or loosen what is that close to its limit"
        return (
            f"about {rounded(max(known)):,} more invocations of each side would decide it: raise --max-invocations, "
            "or say with --on-inconclusive what becomes of such a build"
        )


def check_sentence(check: Check) -> str:
    """`orders 512 MB arm64: duration 30 % slower [27 %, 33 %]; at most 5 % slower is allowed`."""
    return f"{check.function} {check.configuration}: {check.metric} {check.reason}"


def rounded(count: int) -> int:
    """Two digits of an estimated number."""
    return count if count < 100 else round(count, 2 - len(str(count)))
