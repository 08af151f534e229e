from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import pytest
from factories import make_configuration, make_function, make_invocation, make_measurement, make_run
from hypothesis import given
from hypothesis import strategies as st
from strategies import invocations, workloads

from powertune.errors import UsageError
from powertune.model import (
    Architecture,
    FunctionRef,
    Invocation,
    Invocations,
    Measurement,
    Payload,
    Population,
    Status,
    Workload,
)

NAMES = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
QUALIFIERS = st.none() | st.just("$LATEST") | st.from_regex(r"[A-Za-z0-9_-]{1,128}", fullmatch=True)
ACCOUNTS = st.from_regex(r"[0-9]{12}", fullmatch=True)
PARTITIONS = st.sampled_from(["aws", "aws-cn", "aws-us-gov"])
REGIONS = st.sampled_from(["us-east-1", "cn-north-1", "us-gov-west-1", "ap-southeast-7"])


@given(name=NAMES, qualifier=QUALIFIERS, account=ACCOUNTS, partition=PARTITIONS, region=REGIONS)
def test_every_way_to_name_a_function_is_understood(
    name: str, qualifier: str | None, account: str, partition: str, region: str
) -> None:
    tail = "" if qualifier is None else f":{qualifier}"
    partial = f"{account}:function:{name}"
    full = f"arn:{partition}:lambda:{region}:{partial}"
    assert FunctionRef.parse(name + tail) == FunctionRef(name=name, qualifier=qualifier)
    assert FunctionRef.parse(partial + tail) == FunctionRef(name=name, qualifier=qualifier, account_id=account)
    assert FunctionRef.parse(full + tail) == FunctionRef(
        name=name, qualifier=qualifier, account_id=account, region=region, partition=partition
    )
    for text in (name, partial, full):
        assert FunctionRef.parse(text + tail).unqualified == text


@given(st.text(max_size=40))
def test_any_other_text_is_a_usage_error(text: str) -> None:
    with suppress(UsageError):
        assert text.startswith(FunctionRef.parse(text).name)


@pytest.mark.parametrize("text", ["", "app.py", "a:b:c", "arn:aws:lambda:us-east-1:1:function:f", "f:", "f\n"])
def test_what_is_no_function_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not the name or ARN") as caught:
        FunctionRef.parse(text)
    assert caught.value.hint


@given(workload=workloads, count=st.integers(0, 80))
def test_every_prefix_of_a_workload_is_in_proportion(workload: Workload, count: int) -> None:
    # Bodies may repeat, so each payload gets one of its own.
    payloads = tuple(
        Payload(body=str(index).encode(), weight=payload.weight) for index, payload in enumerate(workload.payloads)
    )
    total = sum(payload.weight for payload in payloads)
    bodies = Workload(payloads=payloads).first(count)
    assert len(bodies) == count
    for payload in payloads:
        expected = count * payload.weight / total
        # Smooth weighted round-robin: never a whole turn of all payloads away.
        assert abs(bodies.count(int(payload.body)) - expected) <= max(1, len(payloads) - 1)


@given(workload=workloads, count=st.integers(0, 40), more=st.integers(0, 20))
def test_a_longer_workload_begins_as_the_shorter(workload: Workload, count: int, more: int) -> None:
    assert workload.first(count + more)[:count] == workload.first(count)


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
            elif first or place in broken:
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


def test_a_run_finds_its_measurement_and_a_function_its_configuration() -> None:
    run = make_run(measurements=[make_measurement(memory_mb=128), make_measurement(memory_mb=256)])
    assert run.measurement(make_configuration(256)) is run.measurements[1]
    assert run.measurement(make_configuration(512)) is None
    assert make_function(memory_mb=1024).current == make_configuration(1024)
    assert str(make_configuration(128, Architecture.ARM64)) == "128 MB arm64"
    assert make_configuration(128) < make_configuration(256)
