"""What a canary is rolled back for: simulated traffic, seeded, with the default options."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from fakes import FakeClock

from powertune.aws.version_metrics import VersionMetrics
from powertune.engine.applying.canary import (
    EMBEDDED,
    ON_AWS,
    CanaryJudgement,
    CanaryLook,
    CanaryVerdict,
    Tail,
    judge,
    watch,
)
from powertune.engine.applying.model import Canary

CANARY = Canary(share=0.1)
LEVEL = 0.05 / 30


@dataclass(frozen=True)
class Behavior:
    """How a version behaves: invocations a minute, the share that fails, and the median duration in ms."""

    per_minute: float
    failing: float = 0.0
    median_ms: float = 100.0


class Traffic:
    """The invocations of two versions from a moment on, as CloudWatch would show them."""

    def __init__(self, rng: np.random.Generator, start: float, new: Behavior, before: Behavior) -> None:
        self._at: dict[str, np.ndarray] = {}
        self._ms: dict[str, np.ndarray] = {}
        self._failed: dict[str, np.ndarray] = {}
        for version, behavior in (("2", new), ("1", before)):
            count = rng.poisson(15 * behavior.per_minute)
            self._at[version] = start + 900 * rng.random(count)
            self._ms[version] = behavior.median_ms * np.exp(rng.normal(0, 0.4, count))
            self._failed[version] = rng.random(count) < behavior.failing

    def of(self, versions: tuple[str, str], start: float, end: float) -> tuple[VersionMetrics, ...]:
        return tuple(self._metrics(version, start, end) for version in versions)

    def slower_than(self, limit_ms: float, versions: Sequence[str], start: float, end: float) -> tuple[int, ...]:
        return tuple(int((self._durations(v, start, end) > limit_ms).sum()) for v in versions)

    def _durations(self, version: str, start: float, end: float) -> np.ndarray:
        return self._ms[version][(self._at[version] >= start) & (self._at[version] < end)]

    def _metrics(self, version: str, start: float, end: float) -> VersionMetrics:
        durations = self._durations(version, start, end)
        failed = self._failed[version][(self._at[version] >= start) & (self._at[version] < end)]
        p95 = float(np.percentile(durations, 95)) if durations.size else None
        return VersionMetrics(version=version, invocations=durations.size, errors=int(failed.sum()), p95_ms=p95)


def watched(seed: int, new: Behavior, before: Behavior) -> tuple[CanaryJudgement, int]:
    """The judgement, and after how many looks."""
    clock, looks = FakeClock(), list[CanaryLook]()
    traffic = Traffic(np.random.default_rng(seed), clock(), new, before)
    judgement = watch(
        traffic,
        ("2", "1"),
        CANARY,
        replace(ON_AWS, timeout_s=3.0),
        clock=clock,
        sleep=clock.sleep,
        seen=looks.append,
    )
    return judgement, len(looks)


def verdicts(count: int, new: Behavior, before: Behavior) -> list[CanaryVerdict]:
    return [watched(seed, new, before)[0].verdict for seed in range(count)]


@pytest.mark.long
def test_a_canary_that_is_no_worse_is_rarely_rolled_back() -> None:
    same = verdicts(200, Behavior(60, failing=0.01), Behavior(540, failing=0.01))
    assert same.count(CanaryVerdict.HEALTHY) >= 190


@pytest.mark.long
def test_a_canary_that_is_slower_by_less_than_is_tolerated_stays() -> None:
    slower = verdicts(100, Behavior(60, median_ms=105.0), Behavior(540))
    assert slower.count(CanaryVerdict.HEALTHY) >= 95


@pytest.mark.long
@pytest.mark.parametrize(
    ("new", "verdict"),
    [(Behavior(60, failing=0.06), CanaryVerdict.ERRORS), (Behavior(60, median_ms=150.0), CanaryVerdict.SLOWER)],
)
def test_a_canary_that_is_worse_is_rolled_back(new: Behavior, verdict: CanaryVerdict) -> None:
    worse = verdicts(100, new, Behavior(540, failing=0.01))
    assert worse.count(verdict) >= 95
    assert CanaryVerdict.HEALTHY not in worse


def test_a_canary_that_always_fails_is_rolled_back_at_the_first_look_that_shows_it() -> None:
    judgement, looks = watched(1, Behavior(60, failing=1.0), Behavior(540))
    assert (judgement.verdict, looks) == (CanaryVerdict.ERRORS, 1)


def test_a_version_that_has_always_failed_is_no_reason_to_blame_the_canary() -> None:
    assert watched(1, Behavior(60, failing=1.0), Behavior(540, failing=1.0))[0].verdict is CanaryVerdict.HEALTHY


def version(number: str, invocations: int, errors: int = 0) -> VersionMetrics:
    return VersionMetrics(version=number, invocations=invocations, errors=errors, p95_ms=120.0)


@pytest.mark.parametrize(("errors", "rolled_back"), [(1, False), (2, False), (5, True)])
def test_one_error_is_not_enough(errors: int, rolled_back: bool) -> None:
    look = CanaryLook(new=version("2", 100, errors), before=version("1", 900))
    found = judge(look, CANARY, level=LEVEL, final=False)
    assert (found is not None) == rolled_back


def test_errors_that_are_shown_before_their_invocations_are_no_mistake() -> None:
    look = CanaryLook(new=version("2", 3, 5), before=version("1", 900))
    found = judge(look, CANARY, level=LEVEL, final=False)
    assert found is not None
    assert found.why.startswith("5 of 5 invocations of version 2 failed")


def test_what_is_healthy_comes_with_its_limits() -> None:
    tail = Tail(limit_ms=132.0, new=(16, 400), before=(150, 3600))
    look = CanaryLook(new=version("2", 400), before=version("1", 3600, 4), tail=tail)
    found = judge(look, CANARY, level=LEVEL, final=True)
    assert found == CanaryJudgement(
        verdict=CanaryVerdict.HEALTHY,
        why="0 of 400 invocations of version 2 failed, at most 0.75 % at 95 %, and 4 of 3,600 of version 1; p95 is "
        "120 ms, and was 120 ms",
    )


def test_without_durations_a_canary_is_not_called_healthy() -> None:
    look = CanaryLook(new=version("2", 400), before=version("1", 3600))
    assert judge(look, CANARY, level=LEVEL, final=False) is None
    assert judge(look, CANARY, level=LEVEL, final=True) == CanaryJudgement(
        verdict=CanaryVerdict.TOO_FEW, why="CloudWatch has no durations of versions 1 and 2 to compare"
    )


def test_a_tail_that_is_longer_is_said_with_its_figures() -> None:
    tail = Tail(limit_ms=132.0, new=(60, 400), before=(150, 3600))
    look = CanaryLook(new=version("2", 400), before=version("1", 3600), tail=tail)
    found = judge(look, CANARY, level=LEVEL, final=False)
    assert found == CanaryJudgement(
        verdict=CanaryVerdict.SLOWER,
        why="60 of 400 invocations of version 2 took longer than 132 ms, and 150 of 3,600 of version 1: its p95 is "
        "more than 10 % longer",
    )


def test_the_error_rate_is_shared_by_all_looks() -> None:
    assert replace(ON_AWS, timeout_s=30.0).looks(600.0) == 14
    assert EMBEDDED.looks(10.0) == 10
