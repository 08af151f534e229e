"""Which functions to tune now: those that never were, and those that are not any more what was tuned."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from powertune.model import Configuration
from powertune.scan.evidence import Compute, FunctionEvidence
from powertune.scan.tuning import recent_days_follow
from powertune.units import format_ms, plural

_DAY_S = 86_400
#: By which share the median duration in production has to differ from what is expected, beyond the noise.
MOVED_SHARE = 0.2
#: How long a function is left alone after a run, whatever has changed: some are deployed several times a day.
REST_S = 7 * _DAY_S
#: A run without an answer is made again after this time: its event may have been fixed, or its budget raised.
AGAIN_S = 28 * _DAY_S


class DueReason(StrEnum):
    """Why a function is due."""

    NEVER_TUNED = "never tuned"
    CODE_CHANGED = "its code has changed"
    SIZE_CHANGED = "its configuration has changed"
    DURATION_MOVED = "its duration has changed"
    NO_ANSWER = "its last run had no answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredMedian:
    """The median warm duration of a configuration; `noise` is half the width of its 95 % interval, as a share."""

    configuration: Configuration
    p50_ms: float
    noise: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TunedBefore:
    """The newest run of a function.

    `current` is the configuration that the function had, `recommended` what the run recommended; None where it had no
    answer. `production_p50_ms` is the median in production at that time; None where that is not known.
    """

    run_id: str
    measured_at: float
    code_sha256: str
    current: Configuration
    recommended: Configuration | None
    medians: tuple[MeasuredMedian, ...]
    production_p50_ms: float | None = None

    def median(self, configuration: Configuration) -> MeasuredMedian | None:
        """What was measured of a configuration."""
        return next((each for each in self.medians if each.configuration == configuration), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class DueFunction:
    """A function to tune. `detail` says in words what has changed.

    `expected` is what a scan expects that another configuration saves in 30 days, 0 where it expects nothing.
    """

    arn: str
    reason: DueReason
    detail: str
    expected: float = 0.0


def why_due(known: FunctionEvidence, before: TunedBefore | None, now: float) -> tuple[DueReason, str] | None:
    """Why a function is to be tuned, and that in words with figures; None where it is not.

    The median in production is expected to be what it was when the function was tuned, times the ratio that the run
    has measured between the configuration of that time and the present one. Where it was not kept, it is expected to
    be what the run measured. It has moved if it differs by more than `MOVED_SHARE` beyond the noise of these
    measurements, on days that are certainly later than the run and the last change.
    """
    function = known.function
    if before is None:
        return DueReason.NEVER_TUNED, str(DueReason.NEVER_TUNED)
    if now - before.measured_at < REST_S:
        return None
    if function.code_sha256 and before.code_sha256 and function.code_sha256 != before.code_sha256:
        return DueReason.CODE_CHANGED, str(DueReason.CODE_CHANGED)
    if function.current not in (before.current, before.recommended):
        return DueReason.SIZE_CHANGED, f"it has {function.current} now, and had {before.current}"
    if before.recommended is None:
        again = now - before.measured_at >= AGAIN_S
        return (DueReason.NO_ANSWER, str(DueReason.NO_ANSWER)) if again else None
    return _moved(known, before, now)


def why_not_due(known: FunctionEvidence, before: TunedBefore | None, now: float) -> str:
    """In words, why a function that is not on the agenda is left alone."""
    usage = known.usage
    if known.function.compute is not Compute.ON_DEMAND:
        return "it does not run on demand"
    if usage is None:
        return "its usage is unknown"
    if not usage.invocations:
        return "nobody invoked it"
    if before is None:
        return "never tuned, but the scan expects no saving"
    age_s = max(0.0, now - before.measured_at)
    tuned = f"tuned {plural(round(age_s / _DAY_S), 'day')} ago" if age_s >= _DAY_S / 2 else "tuned today"
    if age_s < REST_S:
        return f"{tuned}, and left alone for {REST_S // _DAY_S} days"
    if before.recommended is None:
        return f"{tuned} without an answer, and left alone for {AGAIN_S // _DAY_S} days"
    return f"{tuned}, and nothing has changed"


def _moved(known: FunctionEvidence, before: TunedBefore, now: float) -> tuple[DueReason, str] | None:
    usage, here = known.usage, before.median(known.function.current)
    if usage is None or usage.recent_p50_ms is None or usage.recent_p50_ms <= 0 or here is None or here.p50_ms <= 0:
        return None
    if not recent_days_follow(known, usage, before.measured_at, now):
        return None
    expected_ms, noise = here.p50_ms, here.noise
    there = before.median(before.current)
    if before.production_p50_ms is not None and there is not None and there.p50_ms > 0:
        expected_ms = before.production_p50_ms * here.p50_ms / there.p50_ms
        noise = 0.0 if here is there else here.noise + there.noise
    distance = abs(math.log(usage.recent_p50_ms / expected_ms)) if expected_ms > 0 else 0.0
    if distance <= math.log1p(MOVED_SHARE) + math.log1p(noise):
        return None
    words = f"its median duration is {format_ms(usage.recent_p50_ms)}, and {format_ms(expected_ms)} is expected"
    return DueReason.DURATION_MOVED, words


def matches(name: str, arn: str, patterns: Iterable[str]) -> bool:
    """Whether a pattern, with `*` and `?`, matches the name or the ARN of a function."""
    return any(fnmatchcase(text, pattern) for pattern in patterns for text in (name, arn))


def can_be_tuned(known: FunctionEvidence) -> bool:
    """Whether it is a function that runs on demand and is invoked: no other has anything to save by its size."""
    usage = known.usage
    return known.function.compute is Compute.ON_DEMAND and usage is not None and usage.invocations > 0


def agenda(due: Iterable[DueFunction]) -> tuple[DueFunction, ...]:
    """The functions in the order in which to tune them: the largest expected saving first, then by ARN.

    A function that never was tuned is worth a run only if a scan expects a saving.
    """
    worth = [each for each in due if each.expected > 0 or each.reason is not DueReason.NEVER_TUNED]
    return tuple(sorted(worth, key=lambda each: (-each.expected, each.arn)))
