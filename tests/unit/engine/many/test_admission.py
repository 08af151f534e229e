"""Which functions may be measured at the same time."""

from dataclasses import replace
from typing import Any

import pytest
from factories import make_function
from runs import make_fake, plan_for

from powertune.config import RunOptions
from powertune.engine.many.admission import FunctionAdmission, FunctionDemand, demand_of
from powertune.model import Production
from powertune.plan import Plan, PriorKnowledge, make_plan
from powertune.prices import PriceTable


def demand(name: str = "fn", **changes: Any) -> FunctionDemand:
    base = FunctionDemand(
        function=name, pool="1 us-east-1", concurrency=32, room=100, alone=False, need=0.01, comfort=0.02, cap=1.0
    )
    return replace(base, **changes)


def begun(*demands: FunctionDemand, most: int = 10) -> list[bool]:
    """Which of them begin, one after another."""
    admission, found = FunctionAdmission(demands, most=most), []
    for number in range(len(demands)):
        found.append(admission.admits(number))
        if found[-1]:
            admission.begin(number)
    return found


def test_as_many_as_the_account_has_the_concurrency_for() -> None:
    assert begun(*(demand(str(n)) for n in range(4))) == [True, True, True, False]
    assert begun(*(demand(str(n)) for n in range(4)), most=2) == [True, True, False, False]


def test_one_begins_however_little_there_is() -> None:
    assert begun(demand("a", concurrency=5, room=5), demand("b", concurrency=5, room=5)) == [True, False]


def test_regions_and_reserved_concurrency_are_pools_of_their_own() -> None:
    here, there = demand("a", room=32), demand("b", room=32, pool="1 eu-west-1")
    reserved = demand("c", pool=None, room=None)
    assert begun(here, there, reserved, demand("d", room=32)) == [True, True, True, False]


def test_the_least_that_a_run_knows_of_the_account_counts() -> None:
    assert begun(demand("a", room=100), demand("b", room=40)) == [True, False]
    # A function with reserved concurrency that is measured on copies does not know it at all.
    copied = demand("c", room=None)
    assert begun(copied, demand("d", room=100)) == [True, True]
    assert begun(copied, replace(copied, function="d")) == [True, False]


def test_a_function_has_one_lock_whichever_alias_is_named() -> None:
    assert begun(demand("fn"), demand("fn"), demand("other")) == [True, False, True]


def test_on_this_machine_one_at_a_time() -> None:
    alone = demand("a", alone=True)
    assert begun(alone, demand("b")) == [True, False]
    assert begun(demand("b"), alone) == [True, False]


def test_what_has_ended_makes_room() -> None:
    admission = FunctionAdmission([demand("a", room=32), demand("b", room=32)], most=2)
    assert admission.idle
    admission.begin(0)
    assert (admission.admits(1), admission.free, admission.idle) == (False, 1, False)
    admission.end(0)
    assert admission.admits(1)


def plan_of(known: PriorKnowledge, **function: Any) -> Plan:
    options = RunOptions(memory=(128, 1024), invocations=4)
    state = make_function(arn="arn:aws:lambda:us-east-1:123456789012:function:fn", **function)
    return make_plan(options, state, PriceTable.bundled().region("us-east-1"), known, run_id="abcd1234")


def test_a_plan_demands_what_it_takes_of_its_account() -> None:
    found = demand_of(plan_for(make_fake()))
    assert found.pool == "123456789012 us-east-1"
    assert (found.concurrency, found.alone, found.cap) == (32, False, 1.0)
    quiet = PriorKnowledge(account_concurrency=1000, average_ms=None, production=Production(unreserved_peak=200))
    assert demand_of(plan_of(quiet)).room == 80
    reserved = demand_of(plan_of(quiet, reserved_concurrency=20))
    assert (reserved.pool, reserved.room, reserved.concurrency) == (None, None, 10)
    assert demand_of(plan_of(quiet, platform="cgroup v1")).alone


@pytest.mark.parametrize(("average_ms", "more"), [(None, False), (60_000.0, True)])
def test_a_function_needs_an_invocation_and_what_it_usually_takes(average_ms: float | None, more: bool) -> None:
    plan = plan_of(PriorKnowledge(account_concurrency=1000, average_ms=average_ms), timeout_s=60)
    costs = [plan.worst_cost(each) for each in plan.design.configurations]
    found = demand_of(plan)
    assert (found.need > min(costs)) is more
    assert found.need <= plan.max_spend
    # With its comfort, it can invoke every size.
    assert found.comfort == pytest.approx(max(found.need, *costs))


def test_a_size_that_the_budget_cannot_pay_for_is_no_comfort() -> None:
    known = PriorKnowledge(account_concurrency=1000, average_ms=None)
    plan = replace(plan_of(known, timeout_s=900), max_spend=0.01)
    assert demand_of(plan).comfort == 0.01
