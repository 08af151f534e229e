from dataclasses import replace
from typing import Any

import pytest

from powertune.config import RunOptions
from powertune.errors import FunctionRefused
from powertune.model import Architecture, FunctionState
from powertune.plan import Plan, make_plan
from powertune.prices import PriceTable

PRICES = PriceTable.bundled().region("us-east-1")
STATE = FunctionState(
    name="fn",
    arn="arn:aws:lambda:us-east-1:123456789012:function:fn",
    region="us-east-1",
    qualifier=None,
    runtime="python3.13",
    memory_mb=512,
    architecture=Architecture.ARM64,
    timeout_s=10,
)


def plan(
    state: FunctionState = STATE, *, account: int = 1000, average_ms: float | None = None, **options: Any
) -> Plan:
    return make_plan(
        RunOptions(**options), state, PRICES, run_id="r", account_concurrency=account, average_ms=average_ms
    )


def sizes(made: Plan) -> list[int]:
    return [c.memory_mb for c in made.design.configurations]


def test_the_sizes_asked_for_or_the_usual_ones_with_the_current_one() -> None:
    assert sizes(plan(memory=(300, 700))) == [300, 700]
    assert sizes(plan()) == [128, 256, 512, 1024, 1769, 3008]
    assert sizes(plan(replace(STATE, memory_mb=640))) == [128, 256, 512, 640, 1024, 1769, 3008]
    assert {c.architecture for c in plan().design.configurations} == {Architecture.ARM64}


@pytest.mark.parametrize(
    ("account", "reserved", "concurrency", "lanes", "advised"),
    [
        (1000, None, 32, 4, False),
        (10, None, 10, 4, False),
        (6, None, 6, 4, True),
        (2, None, 2, 2, True),
        (1000, 3, 3, 3, True),
        (5, 100, 32, 4, False),
    ],
)
def test_concurrency_is_bounded_by_the_account_or_the_functions_own(
    account: int, reserved: int | None, concurrency: int, lanes: int, advised: bool
) -> None:
    made = plan(replace(STATE, reserved_concurrency=reserved), account=account)
    assert (made.design.concurrency, made.design.lanes) == (concurrency, lanes)
    assert [a.code for a in made.advisories] == (["concurrency-bound"] if advised else [])


def test_fewer_invocations_than_lanes() -> None:
    assert plan(invocations=2).design.lanes == 2


@pytest.mark.parametrize(("account", "reserved"), [(1000, 0), (0, None)])
def test_a_function_that_cannot_be_invoked(account: int, reserved: int | None) -> None:
    with pytest.raises(FunctionRefused, match="concurrency of 0"):
        plan(replace(STATE, reserved_concurrency=reserved), account=account)


def test_the_worst_case_is_every_invocation_at_its_timeout() -> None:
    made = plan(memory=(1024,), invocations=6, lanes=4)
    each = PRICES.invocation_cost(made.design.configurations[0], 10_000)
    assert made.estimate.invocations == 10
    assert made.estimate.worst_usd == pytest.approx(10 * each)
    assert made.estimate.typical_usd is None
    assert made.worst_cost(made.design.configurations[0]) > each


def test_what_is_usual_follows_from_the_average_and_is_never_worse_than_the_worst() -> None:
    made = plan(memory=(256, 512, 1024), average_ms=100.0)
    assert made.estimate.typical_usd is not None
    assert 0 < made.estimate.typical_usd < made.estimate.worst_usd
    assert made.estimate.typical_s == pytest.approx(9 + 0.2 * 24 / 4)
    slow = plan(memory=(128,), average_ms=9_000.0)
    assert slow.estimate.typical_usd == pytest.approx(slow.estimate.worst_usd)


def test_snapshots_are_paid_for_three_hours_where_they_are_paid_for() -> None:
    python = plan(replace(STATE, snapstart=True), memory=(1024,), average_ms=1.0)
    java = plan(replace(STATE, snapstart=True, runtime="java21"), memory=(1024,), average_ms=1.0)
    assert python.estimate.typical_usd is not None
    assert java.estimate.typical_usd is not None
    assert PRICES.snapstart_cache is not None
    assert python.estimate.typical_usd - java.estimate.typical_usd == pytest.approx(3 * 3600 * PRICES.snapstart_cache)
