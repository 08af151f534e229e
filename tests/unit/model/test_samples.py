"""Invocations in columns, and which population each is in."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from factories import make_configuration, make_invocation, make_measurement
from hypothesis import given
from hypothesis import strategies as st
from strategies import invocations

from powertune.model import (
    Invocation,
    Invocations,
    Measurement,
    Population,
    Status,
)


def reference_population(items: Sequence[Invocation]) -> list[Population]:
    """The rule as its docstring tells it, one invocation after the other."""
    seen: set[str | int] = set()
    broken: set[str | int] = set()
    result = []
    for item in items:
        place = item.lane if item.environment is None else item.environment
        first = place not in seen
        seen.add(place)
        if item.status is Status.OK:
            if item.init_ms is not None or item.restore_ms is not None:
                result.append(Population.COLD)
            elif first or place in broken or item.is_disturbed:
                result.append(Population.SET_ASIDE)
            else:
                result.append(Population.WARM)
            broken.discard(place)
        elif item.status is Status.MISSING:
            result.append(Population.MISSING)
        else:
            result.append(Population.FAILED)
            if item.status.broke_environment:
                # Where nobody knows which environment broke, it may be any; one without a name may be the broken one.
                broken |= {p for p in seen if item.environment is None or isinstance(p, int)} | {place}
    return result


@pytest.mark.long
@given(st.lists(invocations, max_size=30))
def test_columns_hold_what_the_invocations_held(items: list[Invocation]) -> None:
    columns = Invocations.of(items)
    assert list(columns) == items
    assert len(columns) == len(items)
    assert [columns[index] for index in range(len(items))] == items
    assert list(columns[2:5]) == items[2:5]
    assert columns == Invocations.of(items)
    assert hash(columns) == hash(Invocations.of(items))
    assert repr(columns) == f"<{len(items)} invocations>"


@pytest.mark.long
@given(st.lists(invocations, max_size=30))
def test_every_invocation_is_in_one_population(items: list[Invocation]) -> None:
    columns = Invocations.of(items)
    populations = reference_population(items)
    assert list(columns.populations) == populations
    for population in Population:
        members = [item for item, of in zip(items, populations, strict=True) if of is population]
        assert columns.count(population) == len(members)
        assert columns.select(population, "duration_ms") == tuple(item.duration_ms for item in members)
        assert columns.select(population, "lane") == tuple(item.lane for item in members)


def test_the_first_of_a_lane_and_the_first_after_a_crash_are_set_aside() -> None:
    items = Invocations.of(
        [
            make_invocation(),
            make_invocation(),
            make_invocation(lane=1, init_ms=100.0),
            make_invocation(lane=1, status=Status.CRASH),
            make_invocation(),
            make_invocation(lane=1),
            make_invocation(lane=1),
        ]
    )
    assert [population.value for population in items.populations] == [
        "set_aside",
        "warm",
        "cold",
        "failed",
        "set_aside",
        "set_aside",
        "warm",
    ]


def populations(*items: Invocation) -> list[str]:
    return [population.value for population in Invocations.of(items).populations]


def test_lanes_that_share_an_environment_warm_it_up_once() -> None:
    shared = [
        make_invocation(lane=0, environment="a", init_ms=100.0),
        make_invocation(lane=1, environment="a"),
        make_invocation(lane=2, environment="b"),
        make_invocation(lane=3, environment="b"),
    ]
    # Nobody has seen the init phase of b.
    assert populations(*shared) == ["cold", "warm", "set_aside", "warm"]
    hidden = [replace(item, environment=None) for item in shared]
    assert populations(*hidden) == ["cold", "set_aside", "set_aside", "set_aside"]


def test_an_environment_that_replaces_another_in_the_same_lane_is_set_aside_at_first() -> None:
    items = [make_invocation(environment=name) for name in ("a", "a", "b", "b", "a")]
    assert populations(*items) == ["set_aside", "warm", "set_aside", "warm", "warm"]


def test_a_crash_spoils_its_own_environment_and_what_may_be_it() -> None:
    started = [
        make_invocation(lane=0, environment="a", init_ms=100.0),
        make_invocation(lane=1, environment="b", init_ms=100.0),
        make_invocation(lane=2, init_ms=100.0),
    ]
    after = [
        make_invocation(lane=0, environment="b"),
        make_invocation(lane=1, environment="a"),
        make_invocation(lane=1, environment="a"),
        make_invocation(lane=2),
        make_invocation(lane=2),
    ]
    crash = make_invocation(lane=0, environment="a", status=Status.CRASH)
    assert populations(*started, crash, *after)[4:] == ["warm", "set_aside", "warm", "set_aside", "warm"]
    somewhere = replace(crash, environment=None)
    assert populations(*started, somewhere, *after)[4:] == ["set_aside", "set_aside", "warm", "set_aside", "warm"]


def test_a_cold_start_is_an_environment_that_was_created_if_warm_invocations_follow() -> None:
    def created(*items: Invocation) -> int:
        return Invocations.of(items).created

    cold, warm = make_invocation(init_ms=100.0), make_invocation()
    assert created(cold, warm, warm) == 1
    assert created(cold, warm, make_invocation(restore_ms=100.0), warm) == 2
    assert created(replace(cold, status=Status.ERROR), warm) == 1
    assert created(cold, replace(cold, lane=1), warm, replace(warm, lane=1)) == 2
    # Of these, there is no warm invocation, or may be none.
    assert created(cold) == created(warm, warm) == 0
    assert created(cold, warm, cold) == created(cold, cold, warm) == 1


def failing(status: Status, error: str | None, count: int) -> list[Invocation]:
    return [make_invocation(status=status, error_type=error)] * count


@pytest.mark.parametrize(
    ("others", "reason"),
    [
        (failing(Status.OUT_OF_MEMORY, "Runtime.OutOfMemory", 1), "ran out of memory in 1 of 10 invocations"),
        (failing(Status.TIMEOUT, "Sandbox.Timedout", 2), "timed out in 2 of 11 invocations"),
        (failing(Status.ERROR, "KeyError", 8), None),
        (failing(Status.ERROR, "KeyError", 9), "failed in 9 of 18 invocations (KeyError)"),
        (failing(Status.CRASH, None, 9), "failed in 9 of 18 invocations (an error)"),
        (
            failing(Status.ERROR, "Z", 5) + failing(Status.ERROR, "A", 5),
            "failed in 10 of 19 invocations (A)",
        ),
        ([], None),
    ],
)
def test_when_a_size_is_infeasible(others: list[Invocation], reason: str | None) -> None:
    assert make_measurement(durations=[100.0] * 8, others=others).infeasible == reason


def test_a_size_without_invocations_is_not_infeasible() -> None:
    assert Measurement(configuration=make_configuration()).infeasible is None
