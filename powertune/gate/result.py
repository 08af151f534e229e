"""A gate that has been judged, with what a report of it tells beside: what was compared, and what that took."""

from dataclasses import dataclass
from enum import StrEnum

from powertune.errors import GateFailed, GateInconclusive, PowertuneError
from powertune.gate.model import GateVerdict, Judgement


class OnInconclusive(StrEnum):
    """What becomes of a build whose gate is inconclusive."""

    PASS = "pass"  # noqa: S105 - what a build does
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class GateEffort:
    """What judging took, of both sides: nothing, where results files were judged.

    `cost` is None where no invocation had a report.
    """

    invocations: int
    environments: int
    cost: float | None
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """A judged gate. `candidate` and `baseline` are what a person calls them; `judged_at` is in seconds since the
    epoch.

    `stopped` says why no more samples were taken of a gate that is inconclusive.
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
            return GateFailed("...")
        if verdict is GateVerdict.INCONCLUSIVE and self.on_inconclusive is OnInconclusive.FAIL:
            return GateInconclusive("...")
        return None
