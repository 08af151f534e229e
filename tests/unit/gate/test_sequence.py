"""How many more samples: the plan of looks, and where it ends."""

from typing import Any

import pytest
from gates import alone, gated, judged, make_case
from hypothesis import given
from hypothesis import strategies as st

from powertune.errors import UsageError
from powertune.gate.model import GateVerdict, Look
from powertune.gate.sequence import (
    MOST_ENVIRONMENTS,
    GateLimits,
    Samples,
    Spent,
    first_samples,
    measured_sides,
    next_samples,
    plan_looks,
    why_no_more,
)

OPEN = make_case(gated(104.0, environments=5, between=0.1), gated(environments=5, between=0.1, seed=2))


def asked(look: Look, limits: GateLimits | None = None, **more: Any) -> Samples | None:
    judgement = judged(OPEN, look=look)
    assert judgement.verdict is GateVerdict.INCONCLUSIVE
    spent = more.get("spent", Spent(invocations=210, cost=0.0002))
    return next_samples(judgement, [OPEN], spent, limits or GateLimits())


def test_environments_double_up_to_the_default_limit() -> None:
    plan = plan_looks(GateLimits(), sides=2)
    assert plan.environments == (5, 10, 20, 40, 80)
    assert [plan.samples(number).environments for number in range(1, 6)] == [5, 5, 10, 20, 40]
    assert first_samples(GateLimits(), sides=2) == plan.samples(1)
    assert plan.samples(1).invocations == 5 * 21


@pytest.mark.parametrize(
    ("most", "sides", "environments"),
    [
        (3360, 2, (5, 10, 20, 40, 80)),
        (3360, 1, (5, 10, 20, 40, 80, 160)),
        (1000, 2, (5, 10, 23)),
        (1300, 2, (5, 10, 20, 30)),
        (500, 2, (5, 11)),
        (168, 2, (4,)),
        (84, 2, (2,)),
        (100_000, 1, (5, 10, 20, 40, 80, 160, 320, 640, 1000)),
    ],
)
def test_a_limit_on_invocations_makes_the_plan(most: int, sides: int, environments: tuple[int, ...]) -> None:
    assert plan_looks(GateLimits(max_invocations=most), sides=sides).environments == environments


def test_few_invocations_make_environments_shorter_and_fewer_still_are_refused() -> None:
    plan = plan_looks(GateLimits(max_invocations=40), sides=2)
    assert (plan.environments, plan.warm_invocations) == ((2,), 9)
    with pytest.raises(UsageError, match=r"max-invocations 19 is too few: 2 configurations .* take 20 at least"):
        plan_looks(GateLimits(max_invocations=19), sides=2)


@given(most=st.integers(20, 200_000), sides=st.integers(1, 40))
def test_a_plan_never_exceeds_its_limit(most: int, sides: int) -> None:
    try:
        plan = plan_looks(GateLimits(max_invocations=most), sides=sides)
    except UsageError:
        assert most < sides * 10
        return
    samples = [plan.samples(number) for number in range(1, len(plan.environments) + 1)]
    assert sides * sum(each.invocations for each in samples) <= most
    assert all(each.environments > 0 for each in samples)
    assert [each.look.is_last for each in samples] == [False] * (len(samples) - 1) + [True]


def test_an_open_gate_asks_for_the_next_look() -> None:
    plan = plan_looks(GateLimits(), sides=2)
    assert asked(Look(number=1, of=5)) == plan.samples(2)
    assert asked(Look(number=4, of=5)) == plan.samples(5)
    assert asked(Look(number=5, of=5)) is None


def test_what_is_decided_asks_for_nothing() -> None:
    for candidate in (gated(), gated(200.0)):
        case = make_case(candidate)
        judgement = judged(case, look=Look(number=1, of=5))
        assert judgement.verdict is not GateVerdict.INCONCLUSIVE
        assert next_samples(judgement, [case], Spent(invocations=210, cost=0.1), GateLimits()) is None
        assert why_no_more(judgement, [case], Spent(invocations=210, cost=0.1), GateLimits()) is None


def test_what_the_next_look_would_cost_has_to_fit() -> None:
    look, spent = Look(number=1, of=5), Spent(invocations=210, cost=0.21)
    assert asked(look, GateLimits(max_spend=0.43), spent=spent) is not None
    assert asked(look, GateLimits(max_spend=0.41), spent=spent) is None
    judgement = judged(OPEN, look=look)
    assert why_no_more(judgement, [OPEN], spent, GateLimits(max_spend=0.41)) == "the next look would exceed max-spend"
    assert why_no_more(judgement, [OPEN], spent, GateLimits(max_spend=0.43)) is None


def test_after_the_last_look_it_is_said_why_no_more_is_measured() -> None:
    judgement = judged(OPEN, look=Look(number=5, of=5))
    said = why_no_more(judgement, [OPEN], Spent(invocations=3360, cost=0.1), GateLimits())
    assert said == "all 3,360 planned invocations were made (max-invocations)"


def test_a_baseline_of_its_own_is_not_measured_again() -> None:
    assert measured_sides([make_case(), alone()]) == 3
    assert plan_looks(GateLimits(), sides=measured_sides([alone()])).environments[-1] == MOST_ENVIRONMENTS
