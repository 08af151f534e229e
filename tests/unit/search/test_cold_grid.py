from dataclasses import replace
from typing import Any

import pytest
from factories import make_function
from fakes import FakeTarget, RecordingObserver, invocation

from powertune import documents, results
from powertune.config import RunOptions
from powertune.errors import FunctionRefused, UsageError
from powertune.measure import measure
from powertune.model import Configuration, Invocation, Measurement, Payload, Population, Workload
from powertune.plan import Plan, PriorKnowledge, make_plan
from powertune.plan_document import parse_plan, plan_document
from powertune.prices import PriceTable
from powertune.search import Stop
from powertune.search.cold_grid import ColdGrid

PRICES = PriceTable.bundled().region("us-east-1")
STATE = make_function(name="fn", timeout_s=3)
SMALL, LARGE = (Configuration(memory_mb=mb, architecture=STATE.architecture) for mb in (128, 1024))


def make(*, account: int = 1000, **options: Any) -> Plan:
    return make_plan(
        RunOptions(**{"memory": (128, 1024), "only_cold_starts": True, **options}),
        STATE,
        PRICES,
        PriorKnowledge(account_concurrency=account, average_ms=80.0),
        run_id="abcd1234",
    )


def cold(memory_mb: int, turn: int) -> Invocation:
    return invocation(100.0 + turn, memory_mb=memory_mb, init_ms=200.0)


def test_each_size_is_one_batch_with_a_lane_for_each_invocation() -> None:
    grid = ColdGrid(configurations=(SMALL, LARGE), invocations=7)
    first = grid.propose({})
    assert not isinstance(first, Stop)
    assert [(t.configuration, t.invocations, t.lanes) for t in first.trials] == [(SMALL, 7, 7)]
    second = grid.propose({SMALL: Measurement(configuration=SMALL)})
    assert not isinstance(second, Stop)
    assert [t.configuration for t in second.trials] == [LARGE]
    both = {each: Measurement(configuration=each) for each in (SMALL, LARGE)}
    assert grid.propose(both) == Stop(reason="complete")


def test_a_run_makes_each_invocation_once_in_a_lane_of_its_own() -> None:
    plan = make(invocations=9)
    assert (plan.design.lanes, plan.design.only_cold_starts) == (9, True)
    assert plan.estimate.invocations == 18
    assert plan.estimate.typical_usd is None
    run = measure(plan, FakeTarget(cold), RecordingObserver(), clock=lambda: 5.0, sleep=lambda _: None)
    assert run.stopped == "complete"
    for measurement in run.measurements:
        assert sorted(measurement.invocations.column("lane")) == list(range(9))
        assert measurement.invocations.count(Population.COLD) == 9
    assert [batch.trials[0].configuration for batch in run.batches] == [SMALL, LARGE]
    assert results.parse(results.dump(run)) == run


def test_a_plan_keeps_what_counts() -> None:
    plan = make(allowed_errors=("NotFound",))
    document = documents.write(plan_document(plan, payloads=True))
    assert parse_plan(document) == plan
    assert parse_plan(document).design.allowed_errors == ("NotFound",)


@pytest.mark.parametrize(("account", "invocations"), [(1000, 20), (20, 10), (10, 5)])
def test_without_a_number_there_are_as_many_as_fit(account: int, invocations: int) -> None:
    assert make(account=account).design.lanes == invocations
    assert make(account=account, environments=3).design.lanes == invocations


def test_more_than_fit_at_one_time_are_refused() -> None:
    with pytest.raises(UsageError, match="40 cold starts of a size take as many invocations at one time") as caught:
        make(invocations=40)
    assert "raise --concurrency" in str(caught.value.hint)
    assert make(invocations=40, concurrency=40).design.lanes == 40
    with pytest.raises(UsageError, match="2 cold starts"):
        make(account=2)
    with pytest.raises(FunctionRefused):
        make(account=0)
    heavy = Workload(payloads=(Payload(body=b"1", weight=9.0), Payload(body=b"2")))
    with pytest.raises(UsageError, match=r"10 cold starts .* this run may have 5"):
        make(account=10, workload=heavy)


def test_the_usual_sizes_without_any() -> None:
    assert len(make(memory=None).design.configurations) == 6
    assert replace(make(), design=make().design).search == ColdGrid(configurations=(SMALL, LARGE), invocations=20)
