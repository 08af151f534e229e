from dataclasses import replace
from typing import Any

import pytest
from runs import make_fake, plan_for

from powertune.engine.execution_bill import execution_bill
from powertune.model import Exploration
from powertune.plan import Plan
from powertune.prices import PriceTable

PRICES = PriceTable.bundled().region("us-east-1")


def plan(*, typical_s: float | None = 60.0, **options: Any) -> Plan:
    made = plan_for(make_fake(), **options)
    return replace(made, estimate=replace(made.estimate, typical_s=typical_s, publishing_s=10.0))


def test_the_states_of_a_grid_are_counted_one_by_one() -> None:
    # Prepare, 3 x What is next?, 2 x (Publish, Measure, Record), 3 turns, Restore, Analyze, choice, Tuned.
    assert execution_bill(plan(), PRICES).transitions == 1 + 3 + 6 + 3 + 4
    # One size is one batch with one turn.
    assert execution_bill(plan(memory=(128,)), PRICES).transitions == 1 + 2 + 3 + 1 + 4


def test_workers_are_paid_while_they_publish_and_wait() -> None:
    bill = execution_bill(plan(), PRICES)
    # Ten workers with an overhead of 3 s, 10 s of publishing, and two sizes side by side for 50 s; at half a GB.
    assert bill.worker_gb_seconds == pytest.approx(0.5 * (3 * 10 + 10 + 2 * 50))
    assert bill.cost is not None
    assert 0.001 < bill.cost < 0.01
    assert bill.measuring


def test_what_is_not_known_is_not_in_it() -> None:
    bill = execution_bill(plan(typical_s=None), PRICES)
    assert not bill.measuring
    assert bill.worker_gb_seconds == pytest.approx(0.5 * (3 * 10 + 10))
    assert execution_bill(plan(), replace(PRICES, state_transition=None)).cost is None


def test_workers_that_run_out_of_time_are_followed_by_others() -> None:
    short, long = execution_bill(plan(), PRICES), execution_bill(plan(typical_s=10.0 + 840 * 5), PRICES)
    assert long.transitions - short.transitions == 10


def test_workers_look_every_five_seconds_whether_the_run_goes_on() -> None:
    short, longer = execution_bill(plan(), PRICES), execution_bill(plan(typical_s=110.0), PRICES)
    assert longer.s3_requests - short.s3_requests == 2 * 50 / 5


def test_a_function_that_step_functions_invokes_takes_two_states_for_each_invocation() -> None:
    made = plan()
    long = replace(made, function=replace(made.function, timeout_s=900))
    bill = execution_bill(long, PRICES)
    # Besides, a state more for each of 3 turns, and a choice after each of 2 batches.
    assert bill.transitions == execution_bill(made, PRICES).transitions + 3 + 2 + 2 * made.estimate.invocations
    assert bill.worker_gb_seconds < execution_bill(made, PRICES).worker_gb_seconds


def test_another_currency_leaves_requests_to_s3_out() -> None:
    china = replace(PRICES, currency="CNY")
    here, there = execution_bill(plan(), PRICES), execution_bill(plan(), china)
    assert here.cost is not None
    assert there.cost is not None
    assert there.cost < here.cost


SEARCH: dict[str, Any] = {"memory": None, "invocations": None, "environments": None}


def search(monthly: float | None, **options: Any) -> Plan:
    """A search for a function with this many invocations per month; None if that is not known."""
    made = plan(**SEARCH, **options)
    asked = made.design.search
    assert isinstance(asked, Exploration)
    return replace(made, design=replace(made.design, search=replace(asked, invocations_per_month=monthly)))


def test_a_search_is_a_range_from_a_usual_number_of_batches_to_the_most_there_can_be() -> None:
    bill = execution_bill(search(None), PRICES)
    # Four batches, with five sizes in the first and one in each other: 6 + 4 x 4 + 8.
    assert bill.transitions == 30
    # 60 batches of three invocations may explore, which are 90 of two; and 24 more: 6 + 4 x 114 + 118.
    assert bill.most is not None
    assert bill.most.transitions - 580 == floor_of_more_workers(bill.most.worker_gb_seconds, batches=114, turns=118)
    assert bill.cost is not None
    assert bill.most.cost is not None
    assert 0.0005 < bill.cost < bill.most.cost < 0.1
    assert bill.most.most is None


def floor_of_more_workers(gb_seconds: float, *, batches: int, turns: int) -> int:
    """How many workers go on where another has run out of time: each waits for 840 s, and takes 3 s."""
    rest_s = gb_seconds / 0.5 - 3 * (3 + 2 * batches + turns) - 10
    return int(rest_s // 843)


def test_a_search_that_traffic_pays_for_takes_more_batches() -> None:
    bill = execution_bill(search(1e6), PRICES)
    # As was seen: 154 transitions in 29 batches. Here 25, with five sizes in the first: 6 + 4 x 25 + 29.
    assert bill.transitions == 135
    assert bill.most is not None
    assert bill.most.transitions > 6 + 4 * 424 + 426  # the most that was seen in simulations
    assert execution_bill(search(10.0), PRICES).transitions == 30


def test_a_budget_bounds_what_a_search_may_wait_for() -> None:
    made = search(None)
    cheap = replace(made, estimate=replace(made.estimate, typical_usd=made.max_spend / 2))
    bill, free = execution_bill(cheap, PRICES), execution_bill(made, PRICES)
    assert bill.most is not None
    assert free.most is not None
    assert bill.transitions == free.transitions
    # Twice what is usual, 50 s over five sizes side by side: 500 s, without a worker that goes on.
    assert bill.most.transitions == 6 + 4 * 114 + 118
    assert bill.most.worker_gb_seconds == pytest.approx(0.5 * (3 * (3 + 2 * 114 + 118) + 10 + 500))
    assert free.most.worker_gb_seconds > bill.most.worker_gb_seconds


def test_a_fixed_list_is_no_range() -> None:
    assert execution_bill(plan(), PRICES).most is None
