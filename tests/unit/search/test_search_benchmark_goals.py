"""What a pick loses, by each goal, and what the figures over many picks say."""

import math
from collections.abc import Sequence

import numpy as np
import pytest

from benchmarks.search_policies import Pick
from benchmarks.search_policies.curves import Curve
from benchmarks.search_policies.goals import FAILURE_LOSS, X86_64, Aim, Assignment, Verdict, Yardstick
from benchmarks.search_policies.sampler import Sampler
from benchmarks.search_policies.scores import Outcome, judge, score
from benchmarks.search_policies.simulation import Conditions, CurveFunction
from benchmarks.search_policies.tables import table
from powertune.model import Architecture, Configuration, Statistic, Strategy

QUIET = Conditions(noise=0.0, lane_noise=0.0, outliers=0.0)
ARM64 = Architecture.ARM64


def size(memory_mb: int, architecture: Architecture = X86_64) -> Configuration:
    return Configuration(memory_mb=memory_mb, architecture=architecture)


def function(
    points: dict[int, float], *, arm64: dict[int, float] | None = None, infeasible: tuple[int, ...] = ()
) -> CurveFunction:
    curves = {
        architecture: Curve(id="f", source="s", points=tuple(each.items()), infeasible=infeasible)
        for architecture, each in ((X86_64, points), (ARM64, arm64))
        if each is not None
    }
    return CurveFunction(curves=curves, conditions=QUIET)


#: Constant GB-seconds up to 1000 MB, and no faster beyond. Durations are so long that a request costs nothing.
SCALES = function(
    {**{memory_mb: 1e9 / memory_mb for memory_mb in (*range(100, 1000, 10), 999)}, 1000: 1e6, 2000: 1e6}
)


def test_the_default_goal_wants_the_fastest_within_the_tolerance() -> None:
    yardstick = Yardstick(SCALES, Aim.TOLERANCE)
    assert yardstick.goal.tolerance == 0.05
    # From 1000 to 1050 MB the duration is the same.
    assert yardstick.best == size(1000)
    best, dear, slow = (yardstick.judge(size(memory_mb)) for memory_mb in (1000, 1100, 800))
    assert (best.good, best.excess) == (True, 0)
    assert best.loss == pytest.approx(0, abs=1e-6)
    assert [dear.excess, dear.slowness] == pytest.approx([1.1 / 1.05 - 1, 0], abs=0.001)
    assert [slow.excess, slow.slowness] == pytest.approx([0, 0.25], abs=0.001)
    assert dear.loss == pytest.approx(dear.excess + dear.slowness)
    goods = [mb for mb in (900, 915, 1000, 1065, 1075) if yardstick.judge(size(mb)).good]
    assert goods == [915, 1000, 1065]


def test_cost_speed_and_balance_are_regrets_of_what_they_want_to_be_low() -> None:
    cost, speed, balanced = (Yardstick(SCALES, aim) for aim in (Aim.COST, Aim.SPEED, Aim.BALANCED))
    assert [each.goal.strategy for each in (cost, speed, balanced)] == [
        Strategy.COST,
        Strategy.SPEED,
        Strategy.BALANCED,
    ]
    assert cost.judge(size(2000)).loss == pytest.approx(1.0, rel=0.01)
    assert speed.judge(size(500)).loss == pytest.approx(1.0, rel=1e-4)
    assert speed.judge(size(2000)).loss == pytest.approx(0.0)
    assert balanced.best.memory_mb in (999, 1000)
    assert balanced.judge(size(2000)).loss == pytest.approx(math.sqrt(2) - 1, rel=0.01)
    assert (cost.judge(size(2000)).good, cost.judge(size(2000)).missed) == (None, None)


def test_a_limit_on_p95_lies_between_what_is_cheapest_and_what_is_fastest() -> None:
    rising = function({100: 4e6, 1000: 1e6})
    yardstick = Yardstick(rising, Aim.P95)
    limit = yardstick.goal.max_duration
    assert limit is not None
    assert limit.statistic is Statistic.P95
    assert limit.at_most_ms == pytest.approx(2e6)
    durations = rising.landscapes[X86_64].durations
    first = 100 + int(np.argmax(durations <= 2e6))
    assert yardstick.best == size(first)
    assert yardstick.judge(size(first)) == Verdict(loss=0, excess=0, slowness=0, missed=False)
    dear, slow = yardstick.judge(size(1000)), yardstick.judge(size(100))
    assert (dear.missed, slow.missed, slow.loss) == (False, True, 0)
    assert dear.loss > 0.3
    # By less than 3 %, a limit is not missed.
    nearly = 100 + int(np.argmax(durations <= 2.05e6))
    assert (nearly < first, yardstick.judge(size(nearly)).missed) == (True, False)
    flat = Yardstick(function({100: 1e6, 1000: 1e6}), Aim.P95)
    assert flat.limit_ms == pytest.approx(1.1e6)
    assert flat.best == size(100)


@pytest.mark.parametrize("aim", Aim)
def test_a_pick_that_fails_loses_ten_times_over_for_every_goal(aim: Aim) -> None:
    yardstick = Yardstick(function({500: 1e6, 1000: 5e5}, infeasible=(200,)), aim)
    for pick in (None, size(200), size(499)):
        assert yardstick.judge(pick).loss == FAILURE_LOSS
    assert yardstick.judge(size(500)).loss < 1.2
    assert not yardstick.is_best(size(200), [size(500)])
    assert yardstick.is_best(size(500), [size(200), size(500)])


def test_two_architectures_have_one_best() -> None:
    both = function({100: 1e6, 1000: 5e5}, arm64={100: 1e6, 1000: 1e5})
    assert Yardstick(both, Aim.COST).best == size(100)
    yardstick = Yardstick(both, Aim.COST, (X86_64, ARM64))
    assert yardstick.best == size(100, ARM64)
    assert yardstick.judge(size(100)).loss == pytest.approx(0.25, rel=1e-3)
    # All within 5 % of the cheapest is on arm64.
    assert Yardstick(both, Aim.TOLERANCE, (X86_64, ARM64)).best.architecture is ARM64


def test_the_best_of_the_measured_is_by_the_loss_that_the_search_minimizes() -> None:
    yardstick = Yardstick(SCALES, Aim.TOLERANCE)
    # 0.1 % beyond the tolerance, at the same speed, is a little worse; much slower is worse than that.
    assert yardstick.is_best(size(1049), [size(1051), size(500)])
    assert not yardstick.is_best(size(1055), [size(1049)])
    assert yardstick.is_best(size(1055), [size(500)])
    limited = Yardstick(function({100: 4e6, 1000: 1e6}), Aim.P95)
    assert not limited.is_best(size(100), [limited.best])


class Claims:
    def __init__(self, pick: Pick) -> None:
        self._pick = pick

    def takes(self, assignment: Assignment, /) -> bool:
        return True

    def run(self, sampler: Sampler, assignment: Assignment) -> Pick:
        sampler.invoke(size(128))
        sampler.invoke(size(1024))
        return self._pick


CLIFF = function({512: 900.0, 1024: 300.0, 3008: 280.0}, infeasible=(128, 256))


@pytest.mark.parametrize(
    ("pick", "fails", "covered", "was_best"),
    [
        (Pick(configuration=size(1024), cost_interval=(0.0, 1.0), p_best=0.9), False, True, True),
        (Pick(configuration=size(3008), cost_interval=(0.0, 1e-9), p_best=0.4), False, False, False),
        (Pick(configuration=size(128), cost_interval=(0.0, 1.0), p_best=0.4), True, False, False),
        (Pick(configuration=None, p_best=0.0), True, None, False),
        (Pick(configuration=size(1024)), False, None, None),
    ],
)
def test_claims_are_checked(pick: Pick, fails: bool, covered: bool | None, was_best: bool | None) -> None:
    yardstick = Yardstick(CLIFF, Aim.COST)
    assignment = Assignment(aim=Aim.COST, goal=yardstick.goal, traffic=1e6, current=size(512))
    outcome = judge(Claims(pick), CLIFF, yardstick, assignment, seed=1, repeat=0)
    assert outcome.verdict == yardstick.judge(pick.configuration)
    assert (outcome.verdict.loss == FAILURE_LOSS) is fails
    assert (outcome.covered, outcome.was_best) == (covered, was_best)
    assert (outcome.invocations, outcome.sizes) == (2, 2)
    assert (outcome.changed, outcome.harmed) == (True, pick.configuration != size(1024))
    assert math.isfinite(outcome.year_usd or math.inf)


def make_outcome(loss: float, memory_mb: int = 128, **more: bool | float | None) -> Outcome:
    return Outcome(
        configuration=size(memory_mb),
        verdict=Verdict(loss=loss, excess=loss, slowness=0.0),
        invocations=10,
        sizes=2,
        exploration=20.0,
        **more,  # type: ignore[arg-type]
    )


def test_scores_are_over_all_runs_of_all_functions() -> None:
    outcomes = [
        make_outcome(loss, covered=loss < 1, p_best=0.75, was_best=i % 2 == 0, exhausted=i == 0)
        for i, loss in enumerate((0.0, 0.04, 0.08, FAILURE_LOSS))
    ]
    scores = score({"a": outcomes[:1], "b": outcomes[1:]})
    assert scores.runs == 4
    assert scores.mean_loss == pytest.approx(2.53)
    assert scores.median_loss == pytest.approx(0.06)
    assert (scores.within_5, scores.within_10, scores.failures) == (0.5, 0.75, 0.25)
    assert (scores.coverage, scores.p_best, scores.was_best, scores.exhausted) == (0.75, 0.75, 0.5, 0.25)
    assert scores.miscalibration == pytest.approx(0.25)
    assert (scores.good, scores.missed, scores.sizes_in_ten, scores.agreeing) == (None, None, None, None)


@pytest.mark.parametrize(
    ("ten", "sizes", "agrees"),
    [
        ([(0.0, 128)] * 8 + [(0.04, 256), (0.04, 512)], 3, True),
        ([(0.0, 128)] * 7 + [(0.0, 256), (0.0, 512), (0.0, 640)], 4, False),
        ([(0.0, 128)] * 9 + [(0.06, 256)], 2, False),
        # Only the first ten count.
        ([(0.0, 128)] * 10 + [(0.5, 3008)], 1, True),
    ],
)
def test_searches_of_one_function_agree_on_few_sizes_and_one_loss(
    ten: Sequence[tuple[float, int]], sizes: int, agrees: bool
) -> None:
    scores = score({"f": [make_outcome(loss, memory_mb) for loss, memory_mb in ten], "g": [make_outcome(0.0)]})
    assert (scores.sizes_in_ten, scores.agreeing) == (sizes, float(agrees))


def test_a_table_has_the_columns_of_its_goal_and_of_what_was_asked() -> None:
    plain = score({"f": [make_outcome(0.04)]})
    asked = score({"f": [make_outcome(0.04, year_usd=1234.5, changed=True, harmed=False)]})
    heading, line = table(Aim.TOLERANCE, {"powertune": plain}).splitlines()
    assert heading.startswith("policy        good picks  excess cost  slowness  fails")
    assert line.split()[:4] == ["powertune", "-", "4.0%", "0.0%"]
    assert "limit missed" in table(Aim.P95, {"powertune": plain})
    assert "loss: mean" in table(Aim.COST, {"powertune": plain})
    more = table(Aim.COST, {"powertune": asked}).splitlines()
    assert more[0].split()[-4:] == ["year", "$", "changes", "harms"]
    assert more[1].split()[-3:] == ["1,234.50", "100%", "0%"]
