from dataclasses import replace
from typing import Any

import pytest
from factories import make_function

from powertune.config import RunOptions
from powertune.errors import FunctionRefused, UsageError
from powertune.model import (
    Architecture,
    Exploration,
    FunctionRef,
    FunctionState,
    Goal,
    Limit,
    Payload,
    Statistic,
    Workload,
)
from powertune.plan import Plan, PriorKnowledge, make_plan
from powertune.prices import PriceTable

PRICES = PriceTable.bundled().region("us-east-1")
STATE = make_function(name="fn", timeout_s=10, architecture=Architecture.ARM64)


def plan(
    state: FunctionState = STATE, *, account: int = 1000, average_ms: float | None = None, **options: Any
) -> Plan:
    return make_plan(
        RunOptions(**options),
        state,
        PRICES,
        PriorKnowledge(account_concurrency=account, average_ms=average_ms),
        run_id="r",
    )


def sizes(made: Plan) -> list[int]:
    return [c.memory_mb for c in made.design.configurations]


def test_the_sizes_asked_for_or_the_usual_ones_with_the_current_one() -> None:
    assert sizes(plan(memory=(300, 700))) == [300, 700]
    assert sizes(plan(search="grid")) == [128, 256, 512, 1024, 1769, 3008]
    assert sizes(plan(replace(STATE, memory_mb=640), search="grid")) == [128, 256, 512, 640, 1024, 1769, 3008]
    assert {c.architecture for c in plan(search="grid").design.configurations} == {Architecture.ARM64}


@pytest.mark.parametrize(
    ("account", "reserved", "concurrency", "lanes", "advised"),
    [
        (1000, None, 32, 4, False),
        (17, None, 8, 4, False),
        (10, None, 5, 4, True),
        (6, None, 3, 3, True),
        (2, None, 1, 1, True),
        (1, None, 1, 1, True),
        (1000, 3, 1, 1, True),
        (5, 100, 32, 4, False),
    ],
)
def test_concurrency_is_a_part_of_what_the_account_or_the_function_has(
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


def test_what_has_no_price_is_not_measured() -> None:
    china = PriceTable.bundled().region("cn-north-1")
    state = replace(STATE, provisioned_concurrency=1)
    with pytest.raises(UsageError, match="no arm64 price of provisioned concurrency"):
        make_plan(RunOptions(), state, china, PriorKnowledge(account_concurrency=1000, average_ms=None), run_id="r")
    assert plan(state).function.provisioned_concurrency == 1


def test_the_worst_case_is_every_invocation_at_its_timeout() -> None:
    made = plan(memory=(1024,), invocations=6, environments=4)
    each = PRICES.invocation_cost(made.design.configurations[0], 20_000)
    assert made.worst_cost(made.design.configurations[0]) == pytest.approx(each)
    assert made.estimate.invocations == 10
    assert made.estimate.worst_usd == pytest.approx((2 * 6 + 4) * each)
    assert made.estimate.typical_usd is None


def test_what_is_usual_follows_from_the_average_and_is_never_worse_than_the_worst() -> None:
    made = plan(memory=(256, 512, 1024), average_ms=100.0)
    assert made.estimate.typical_usd is not None
    assert 0 < made.estimate.typical_usd < made.estimate.worst_usd
    assert made.estimate.typical_s == pytest.approx(18 + 0.2 * 24 / 4)
    slow = plan(memory=(128,), average_ms=9_000.0)
    assert slow.estimate.typical_usd is not None
    assert made.estimate.typical_usd < slow.estimate.typical_usd < slow.estimate.worst_usd


def test_a_budget_that_may_not_pay_for_one_invocation_is_refused_beforehand() -> None:
    with pytest.raises(UsageError, match="may not pay for one invocation") as caught:
        plan(memory=(1024, 2048), max_spend=0.0001)
    assert caught.value.hint
    assert plan(memory=(1024, 2048), max_spend=0.01).max_spend == 0.01
    with pytest.raises(UsageError, match=r"^--max-spend 0\.00001 may not pay"):
        plan(memory=(1024,), max_spend=0.00001)
    with pytest.raises(UsageError, match="may not pay"):
        plan(replace(STATE, snapstart=True), memory=(1024,), max_spend=0.01)


def test_the_design_says_what_it_takes_to_do_it_again() -> None:
    workload = Workload(payloads=(Payload(body=b"1", weight=3), Payload(body=b"2")))
    design = plan(workload=workload, sleep_ms=5, pre_processor=FunctionRef.parse("make:prod")).design
    assert [share.weight for share in design.payloads] == [3, 1]
    assert design.payloads[0].sha256 == "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"
    assert (design.sleep_ms, design.max_spend, design.pre_processor) == (5, 1.0, "make:prod")


def test_snapshots_are_paid_for_three_hours_where_they_are_paid_for() -> None:
    python = plan(replace(STATE, snapstart=True), memory=(1024,), average_ms=1.0)
    java = plan(replace(STATE, snapstart=True, runtime="java21"), memory=(1024,), average_ms=1.0)
    assert python.estimate.typical_usd is not None
    assert java.estimate.typical_usd is not None
    assert PRICES.snapstart_cache is not None
    assert python.estimate.typical_usd - java.estimate.typical_usd == pytest.approx(3 * 3600 * PRICES.snapstart_cache)


def configurations(made: Plan) -> list[tuple[int, str]]:
    return [(c.memory_mb, str(c.architecture)) for c in made.design.configurations]


def test_architectures_are_the_functions_own_unless_asked_for() -> None:
    both = plan(memory=(128, 256), architectures=(Architecture.X86_64, Architecture.ARM64))
    assert configurations(both) == [(128, "arm64"), (128, "x86_64"), (256, "arm64"), (256, "x86_64")]
    assert (both.copies, both.touches_original) == ((Architecture.X86_64,), True)
    other = plan(memory=(128,), architectures=(Architecture.X86_64,))
    assert (other.copies, other.touches_original) == ((Architecture.X86_64,), False)
    own = plan(memory=(128,), architectures=(Architecture.ARM64,))
    assert (own.copies, own.touches_original, configurations(own)) == ((), True, [(128, "arm64")])


def test_isolated_everything_is_measured_on_copies() -> None:
    one = plan(memory=(128,), isolate=True)
    assert (one.copies, one.touches_original, one.design.isolate) == ((Architecture.ARM64,), False, True)
    two = plan(memory=(128,), isolate=True, architectures=tuple(Architecture))
    assert (two.copies, two.touches_original) == ((Architecture.ARM64, Architecture.X86_64), False)
    slow, quick = (plan(memory=(128,), isolate=isolate, average_ms=10.0).estimate for isolate in (True, False))
    assert slow.typical_s == pytest.approx((quick.typical_s or 0) + 10)


def test_the_embedded_aws_measures_its_own_architecture_only() -> None:
    embedded = replace(STATE, platform="cgroup v2")
    with pytest.raises(FunctionRefused, match="this machine's own processor, arm64, so x86_64 cannot") as caught:
        plan(embedded, architectures=tuple(Architecture))
    assert caught.value.hint
    assert plan(embedded, architectures=(Architecture.ARM64,), isolate=True).copies == (Architecture.ARM64,)


def test_images_are_those_of_the_architecture_that_the_function_does_not_have() -> None:
    made = plan(image_uri_arm64="own", image_uri_x86_64="other")
    assert made.image_uri(Architecture.X86_64) == "other"
    assert made.image_uri(Architecture.ARM64) is None


def explored(**options: Any) -> Exploration:
    search = plan(**options).design.search
    assert isinstance(search, Exploration)
    return search


def test_a_precision_is_said_to_take_more_invocations_and_may_have_them() -> None:
    wanted = (None, 0.05, 0.03)
    counts = [plan(precision=each).estimate.invocations for each in wanted]
    assert counts[0] < counts[1] < counts[2] / 1.5
    limits = [explored(precision=each) for each in wanted]
    assert (limits[0].most, limits[0].most_lanes) == (400, 16)
    assert limits[2].most > limits[1].most == 400
    assert limits[2].most_lanes > limits[1].most_lanes == 16
    # What a person says holds.
    assert explored(precision=0.03, invocations=50).most == 50


def test_a_limit_on_a_percentile_is_said_to_take_more_invocations() -> None:
    goals = [Goal(max_duration=Limit(statistic=each, at_most_ms=300)) for each in Statistic]
    mean, p50, p95, p99 = (plan(goal=goal).estimate.invocations for goal in goals)
    assert mean <= p50 < p95 < p99 < mean + 110


@pytest.mark.parametrize(
    ("changes", "options", "waits"),
    [
        ({}, {"isolate": False}, (4.0, 2.0)),
        ({}, {"isolate": True}, (4.0, 0.0)),
        ({"vpc": True}, {"isolate": False}, (40.0, 20.0)),
        ({"snapstart": True}, {"isolate": True}, (4.0, 150.0)),
        ({"platform": "powertune"}, {}, (0.0, 0.0)),
    ],
)
def test_the_search_knows_how_long_publishing_takes(
    changes: dict[str, Any], options: dict[str, Any], waits: tuple[float, float]
) -> None:
    search = plan(replace(STATE, **changes), **options).design.search
    assert isinstance(search, Exploration)
    assert (search.publishing_s, search.publishing_batch_s) == pytest.approx(waits)
