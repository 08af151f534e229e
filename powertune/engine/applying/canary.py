"""Watches a canary beside the version before it, and says when there is enough to judge it by.

Both are compared in the same minutes, by exact tests (`analysis.exact_tests`). A canary is looked at many times: each
test is held at a part of the error rate (Bonferroni), so that a canary that is no worse is rolled back in at most 5 %
of all watches. Its p95 is longer if significantly more than 5 % of its invocations take longer than the p95 before,
plus what is tolerated, and significantly more than of the version before.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from powertune.analysis.exact_tests import larger_share, share_above, upper_limit
from powertune.aws.version_metrics import MINUTE_S, VersionMetrics
from powertune.engine.applying.model import ApplyPlan, Canary
from powertune.errors import Unavailable
from powertune.units import format_ms, format_share

#: How often a canary that is no worse is rolled back.
ERROR_RATE = 0.05
#: What is compared at each look: errors, and p95.
_TESTS = 2
#: The share of invocations above a 95th percentile.
_TAIL = 0.05
#: The first invocations of new environments are slow: so much of the watch is left out of p95.
_WARMING_UP = 0.2


class CanaryVerdict(StrEnum):
    """What has become of a canary."""

    HEALTHY = "healthy"
    ERRORS = "errors"
    SLOWER = "slower"
    TOO_FEW = "too few"


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryPace:
    """When to look. CloudWatch shows an invocation `lag_s` after its end at the latest, and an invocation lasts at
    most `timeout_s`; the last look is that long after the end of the watch. With `whole_minutes`, a watch begins with
    the next one: CloudWatch counts by the minute, and what was before the canary is not to be counted."""

    look_s: float
    lag_s: float
    whole_minutes: bool
    timeout_s: float = 0.0

    def looks(self, watch_s: float) -> int:
        """How many looks there are at most."""
        return math.ceil((watch_s + self.settling_s) / self.look_s)

    def takes_s(self, watch_s: float) -> float:
        """How long it takes at most until a watch has ended."""
        return watch_s + self.settling_s + (MINUTE_S if self.whole_minutes else 0)

    @property
    def settling_s(self) -> float:
        """How long it takes until what was invoked is known."""
        return self.lag_s + self.timeout_s


#: CloudWatch gets the metrics of Lambda by the minute. How late it shows them is not documented.
ON_AWS = CanaryPace(look_s=60.0, lag_s=180.0, whole_minutes=True)
#: The embedded AWS shows its metrics at once, and nobody waits on it for a whole minute.
EMBEDDED = CanaryPace(look_s=1.0, lag_s=0.0, whole_minutes=False)


def pace_of(plan: ApplyPlan) -> CanaryPace:
    """When to look at the canary of a plan."""
    return replace(ON_AWS if plan.latest.platform is None else EMBEDDED, timeout_s=float(plan.timeout_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """How many invocations took longer than a limit, and of how many: of the new version, and of the one before."""

    limit_ms: float
    new: tuple[int, int]
    before: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryLook:
    """What is known at one moment. `tail` is None as long as there is nothing to compare."""

    new: VersionMetrics
    before: VersionMetrics
    tail: Tail | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryJudgement:
    """A verdict, and the figures that it rests on as a sentence."""

    verdict: CanaryVerdict
    why: str


class Metrics(Protocol):
    """Where the figures come from, such as `AliasMetrics`."""

    def of(self, versions: tuple[str, str], start: float, end: float) -> tuple[VersionMetrics, ...]:
        """Versions in a span of time, in seconds since the epoch."""
        ...

    def slower_than(self, limit_ms: float, versions: tuple[str, str], start: float, end: float) -> tuple[int, ...]:
        """How many invocations of each took longer than this."""
        ...


def watch(
    metrics: Metrics,
    versions: tuple[str, str],
    canary: Canary,
    pace: CanaryPace,
    *,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
    seen: Callable[[CanaryLook], None],
) -> CanaryJudgement:
    """Watch until the canary is known to be worse, or its time is over and its last invocations are known.

    Args:
        versions: the new one, and the one before.
        clock: seconds since the epoch.
        seen: told each look; may raise, to end the watch.

    Raises:
        AccessDenied, Unavailable: CloudWatch does not say.
    """
    began = math.ceil(clock() / MINUTE_S) * MINUTE_S if pace.whole_minutes else clock()
    over = began + canary.watch_s
    level = ERROR_RATE / (_TESTS * pace.looks(canary.watch_s))
    sleep(max(0.0, began - clock()))
    while True:
        sleep(max(0.0, min(pace.look_s, over + pace.settling_s - clock())))
        last = clock() >= over + pace.settling_s
        try:
            look = _look(metrics, versions, canary, began, min(clock(), over))
            seen(look)
        except Unavailable:
            if last:
                raise
        else:
            judgement = judge(look, canary, level=level, final=last)
            if judgement is not None:
                return judgement


def _look(metrics: Metrics, versions: tuple[str, str], canary: Canary, began: float, end: float) -> CanaryLook:
    new, before = metrics.of(versions, began, end)
    warm = began + _WARMING_UP * canary.watch_s
    if end <= warm:
        return CanaryLook(new=new, before=before)
    warm_new, warm_before = metrics.of(versions, warm, end)
    if warm_before.p95_ms is None or not warm_new.invocations:
        return CanaryLook(new=new, before=before)
    limit_ms = warm_before.p95_ms * (1 + canary.max_p95_increase)
    slow_new, slow_before = metrics.slower_than(limit_ms, versions, warm, end)
    tail = Tail(
        limit_ms=limit_ms,
        new=(slow_new, max(slow_new, warm_new.invocations)),
        before=(slow_before, max(slow_before, warm_before.invocations)),
    )
    return CanaryLook(new=new, before=before, tail=tail)


def judge(look: CanaryLook, canary: Canary, *, level: float, final: bool) -> CanaryJudgement | None:
    """What one look says; None if it is too early for that.

    Args:
        level: the error rate of each test.
        final: whether no more is going to be known.
    """
    new, before = look.new, look.before
    failed, failed_before = (new.errors, _total(new)), (before.errors, _total(before))
    chance = larger_share(*failed, *failed_before)
    if chance < level:
        return CanaryJudgement(
            verdict=CanaryVerdict.ERRORS,
            why=f"{_of(failed)} invocations of version {new.version} failed, and {_of(failed_before)} of version "
            f"{before.version}; by chance, that happens with a probability of {chance:.1g}",
        )
    if look.tail is not None and _is_slower(look.tail, level):
        return CanaryJudgement(
            verdict=CanaryVerdict.SLOWER,
            why=f"{_of(look.tail.new)} invocations of version {new.version} took longer than "
            f"{format_ms(look.tail.limit_ms)}, and {_of(look.tail.before)} of version {before.version}: its p95 is "
            f"more than {format_share(canary.max_p95_increase)} longer",
        )
    if not final:
        return None
    for each in (new, before):
        if each.invocations < canary.min_invocations:
            return CanaryJudgement(
                verdict=CanaryVerdict.TOO_FEW,
                why=f"version {each.version} had {each.invocations:,} invocations, and it takes "
                f"{canary.min_invocations:,} to tell",
            )
    if look.tail is None:
        return CanaryJudgement(
            verdict=CanaryVerdict.TOO_FEW,
            why=f"CloudWatch has no durations of versions {before.version} and {new.version} to compare",
        )
    most = upper_limit(*failed)
    p95 = "" if new.p95_ms is None or before.p95_ms is None else _p95(new.p95_ms, before.p95_ms)
    return CanaryJudgement(
        verdict=CanaryVerdict.HEALTHY,
        why=f"{_of(failed)} invocations of version {new.version} failed, at most {format_share(most)} at 95 %, and "
        f"{_of(failed_before)} of version {before.version}{p95}",
    )


def _is_slower(tail: Tail, level: float) -> bool:
    return share_above(*tail.new, _TAIL) < level and larger_share(*tail.new, *tail.before) < level


def _p95(new_ms: float, before_ms: float) -> str:
    return f"; p95 is {format_ms(new_ms)}, and was {format_ms(before_ms)}"


def _total(metrics: VersionMetrics) -> int:
    """Metrics of the last minutes arrive one by one, an error perhaps before its invocation."""
    return max(metrics.invocations, metrics.errors)


def _of(share: tuple[int, int]) -> str:
    return f"{share[0]:,} of {share[1]:,}"
