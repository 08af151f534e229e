"""What invocations that fail add to the cost of those that succeed."""

import math

import pytest
from factories import make_invocation

from powertune.failure_costs import FailureCosts
from powertune.model import Architecture, Configuration, Invocations, Measurement, Status


def size(memory_mb: int) -> Configuration:
    return Configuration(memory_mb=memory_mb, architecture=Architecture.X86_64)


def invocations(succeeded: int, failed: int, *, billed_ms: int | None = 100) -> Invocations:
    first = make_invocation(duration_ms=100.0, init_ms=200.0)
    warm = [make_invocation(duration_ms=100.0) for _ in range(succeeded - 1)]
    errors = [make_invocation(status=Status.ERROR, duration_ms=None, billed_ms=billed_ms) for _ in range(failed)]
    return Invocations.of([first, *warm, *errors])


def costs_of(invocations: dict[Configuration, Invocations]) -> FailureCosts:
    return FailureCosts.of(Measurement(configuration=c, invocations=of) for c, of in invocations.items())


def test_without_failures_nothing_is_lost() -> None:
    costs = costs_of({size(128): invocations(10, 0)})
    assert costs.at(size(128)).share == costs.at(size(256)).share == 0.0


def test_of_many_invocations_it_is_what_the_failures_cost_for_each_that_succeeds() -> None:
    costs = costs_of({size(128): invocations(9_000, 1_000), size(256): invocations(10_000, 0)})
    assert costs.at(size(128)).share == pytest.approx(1 / 9, rel=0.01)
    assert costs.at(size(256)).share == pytest.approx(0.0, abs=0.001)


def test_a_failure_that_takes_half_as_long_costs_half_as_much() -> None:
    whole, half = (
        costs_of({size(128): invocations(100, 10, billed_ms=billed)}).at(size(128)).share for billed in (100, 50)
    )
    assert half == pytest.approx(whole / 2)


def test_one_without_a_report_counts_as_a_warm_one() -> None:
    known, unknown = (
        costs_of({size(128): invocations(100, 10, billed_ms=billed)}).at(size(128)).share for billed in (100, None)
    )
    assert unknown == pytest.approx(known)


def test_few_invocations_of_a_size_say_less_than_those_of_all() -> None:
    costs = costs_of({size(128): invocations(3, 1), size(256): invocations(60, 0)})
    assert costs.at(size(256)).share < costs.at(size(512)).share < costs.at(size(128)).share < 0.1


def test_nothing_is_known_without_a_warm_invocation() -> None:
    assert costs_of({size(128): invocations(1, 3)}).at(size(128)).share == 0.0
    assert costs_of({}).at(size(128)).share == 0.0


def test_the_fewer_invocations_the_less_it_is_known() -> None:
    """Of many, the deviation is that of a Poisson count."""
    few, many = (costs_of({size(128): invocations(10 * n, n)}).at(size(128)) for n in (4, 400))
    assert few.deviation > many.deviation == pytest.approx(math.sqrt(400) / 4_000, rel=0.02)


def test_none_among_some_that_fail_elsewhere_is_not_known_to_be_none() -> None:
    """Four of 100 beside none of 100 may be chance: an exact test says p = 0.12."""
    costs = costs_of({size(128): invocations(100, 4), size(256): invocations(100, 0)})
    some, none = costs.at(size(128)), costs.at(size(256))
    assert none.deviation > 0
    assert some.share - none.share < 1.96 * math.hypot(some.deviation, none.deviation)


def test_where_it_does_not_work_nothing_is_lost() -> None:
    costs = costs_of({size(128): invocations(5, 5), size(256): invocations(60, 0)})
    assert costs.at(size(128)).share == costs.at(size(512)).share == 0.0


def test_how_many_fail_is_known_as_well_as_what_they_cost() -> None:
    costs = costs_of(
        {size(128): invocations(9_000, 1_000), size(256): invocations(3, 1), size(512): invocations(40, 0)}
    )
    assert costs.at(size(128)).rate == pytest.approx(0.1, abs=0.001)
    assert costs.at(size(512)).rate < costs.at(size(1024)).rate < costs.at(size(256)).rate < 0.15
    assert costs_of({size(128): invocations(10, 0)}).at(size(128)).rate == 0.0
