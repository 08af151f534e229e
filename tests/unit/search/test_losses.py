"""What invocations that fail add to the cost of those that succeed."""

import pytest
from factories import make_invocation

from powertune.model import Architecture, Configuration, Invocations, Status
from powertune.search.adaptive.losses import Losses


def size(memory_mb: int) -> Configuration:
    return Configuration(memory_mb=memory_mb, architecture=Architecture.X86_64)


def invocations(succeeded: int, failed: int, *, billed_ms: int | None = 100) -> Invocations:
    first = make_invocation(duration_ms=100.0, init_ms=200.0)
    warm = [make_invocation(duration_ms=100.0) for _ in range(succeeded - 1)]
    errors = [make_invocation(status=Status.ERROR, duration_ms=None, billed_ms=billed_ms) for _ in range(failed)]
    return Invocations.of([first, *warm, *errors])


def test_without_failures_nothing_is_lost() -> None:
    losses = Losses.of({size(128): invocations(10, 0)})
    assert losses.at(size(128)) == losses.at(size(256)) == 0.0


def test_of_many_invocations_it_is_what_the_failures_cost_for_each_that_succeeds() -> None:
    losses = Losses.of({size(128): invocations(9_000, 1_000), size(256): invocations(10_000, 0)})
    assert losses.at(size(128)) == pytest.approx(1 / 9, rel=0.01)
    assert losses.at(size(256)) == pytest.approx(0.0, abs=0.001)


def test_a_failure_that_takes_half_as_long_costs_half_as_much() -> None:
    whole, half = (
        Losses.of({size(128): invocations(100, 10, billed_ms=billed)}).at(size(128)) for billed in (100, 50)
    )
    assert half == pytest.approx(whole / 2)


def test_one_without_a_report_counts_as_a_warm_one() -> None:
    known, unknown = (
        Losses.of({size(128): invocations(100, 10, billed_ms=billed)}).at(size(128)) for billed in (100, None)
    )
    assert unknown == pytest.approx(known)


def test_few_invocations_of_a_size_say_less_than_those_of_all() -> None:
    losses = Losses.of({size(128): invocations(3, 1), size(256): invocations(60, 0)})
    assert losses.at(size(256)) < losses.at(size(512)) < losses.at(size(128)) < 0.1


def test_nothing_is_known_without_a_warm_invocation() -> None:
    assert Losses.of({size(128): invocations(1, 3)}).at(size(128)) == 0.0
    assert Losses.of({}).at(size(128)) == 0.0
