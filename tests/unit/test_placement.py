"""Where a run measures, what it takes of the account, and what the plan says of that."""

import json
from dataclasses import replace
from typing import Any

import pytest
from factories import make_function
from hypothesis import given
from hypothesis import strategies as st

from powertune.cli.tables.plan import plan_text
from powertune.config import RunOptions
from powertune.errors import FunctionRefused
from powertune.model import Architecture, FunctionState, Production
from powertune.plan import Plan, PriorKnowledge, make_plan
from powertune.prices import PriceTable
from powertune.report.plan_report import render_plan_json

PRICES = PriceTable.bundled().region("us-east-1")
STATE = make_function(name="fn", timeout_s=10)
QUEUE = "event source mapping of arn:aws:sqs:us-east-1:123456789012:orders"
USED = Production(latest_used_by=(QUEUE, "42 invocations in the last 14 days"))
UNASKED = Production(unanswered=("policy (access denied)",))
BLIND = Production(unanswered=("invocations (access denied)",), invocations_unknown=True)
ARM, X86 = Architecture.ARM64, Architecture.X86_64


def plan(production: Production = USED, state: FunctionState = STATE, *, account: int = 1000, **options: Any) -> Plan:
    return make_plan(
        RunOptions(**{"memory": (128, 256), **options}),
        state,
        PRICES,
        PriorKnowledge(account_concurrency=account, average_ms=100.0, production=production),
        run_id="abcd1234",
    )


def codes(made: Plan) -> list[str]:
    return [advisory.code for advisory in made.advisories]


def test_where_latest_is_in_use_a_copy_is_measured_and_the_plan_says_why() -> None:
    made = plan(USED)
    assert (made.design.isolate, made.copies, made.touches_original) == (True, (X86,), False)
    assert codes(made) == []
    text = plan_text(made)
    assert f"  where        on a temporary copy, as $LATEST is in use: {QUEUE}; 42 invocations in the" in text
    assert "  changes      nothing on fn itself; a temporary copy of it for x86_64 (deleted)" in text
    assert "  noticed      callers of fn notice nothing" in text


def test_where_nobody_uses_latest_the_function_itself_is_measured_and_the_plan_says_what_is_noticed() -> None:
    made = plan(Production())
    assert (made.design.isolate, made.copies, made.touches_original) == (False, (), True)
    text = plan_text(made)
    assert "  where        in place, as nothing was found that uses $LATEST" in text
    assert "  noticed      callers of $LATEST get a trial size while it is published" in text
    assert "alarms" in text


def test_a_person_decides_otherwise() -> None:
    in_place = plan(USED, isolate=False)
    assert (in_place.design.isolate, in_place.touches_original) == (False, True)
    (advisory,) = in_place.advisories
    assert advisory.code == "latest-in-use"
    assert QUEUE in advisory.message
    assert "--in-place" in advisory.next_step
    assert "  where        in place, as asked" in plan_text(in_place)
    isolated = plan(Production(), isolate=True)
    assert (isolated.design.isolate, isolated.placement.asked, codes(isolated)) == (True, True, [])


def test_what_could_not_be_asked_is_said_and_decides_only_if_nothing_shows_the_invocations() -> None:
    made = plan(UNASKED)
    assert made.design.isolate is False
    (advisory,) = made.advisories
    assert advisory.code == "latest-use-unknown"
    assert "policy (access denied)" in advisory.message
    assert "powertune iam run" in advisory.next_step
    blind = plan(BLIND)
    assert blind.design.isolate is True
    assert "as it is not known whether $LATEST is in use" in plan_text(blind)
    assert codes(blind) == ["latest-use-unknown"]
    assert codes(plan(BLIND, isolate=False)) == []


def test_in_place_with_both_architectures_still_makes_a_copy_for_the_other_one() -> None:
    both = plan(USED, isolate=False, architectures=tuple(Architecture))
    assert (both.copies, both.touches_original) == ((ARM,), True)
    assert plan(USED, architectures=tuple(Architecture)).copies == (ARM, X86)
    other = plan(USED, architectures=(ARM,))
    assert (other.copies, other.touches_original, codes(other)) == ((ARM,), False, [])
    assert "on a temporary copy, as another architecture takes a copy" in plan_text(other)
    placement = json.loads(render_plan_json(other))["placement"]
    assert (placement["isolate"], placement["used_by"]) == (True, list(USED.latest_used_by))
    assert codes(plan(BLIND, architectures=(ARM,))) == []


def test_the_embedded_aws_has_no_production() -> None:
    made = plan(BLIND, replace(STATE, platform="cgroup v2"), account=10)
    assert (made.touches_original, made.design.concurrency, codes(made)) == (True, 10, [])
    assert "noticed" not in plan_text(made)


def test_the_plan_as_json_has_the_decision_and_the_concurrency() -> None:
    document = json.loads(render_plan_json(plan(USED)))
    assert document["placement"] == {
        "isolate": True,
        "asked": False,
        "used_by": list(USED.latest_used_by),
        "unanswered": [],
        "settled_by": None,
        "why": f"as $LATEST is in use: {'; '.join(USED.latest_used_by)}",
        "touches_original": False,
    }
    assert document["concurrency"] == {"concurrency": 32, "limit": 1000, "in_use": 0, "reserved": False}
    assert len(document["others_notice"]) == 1


@pytest.mark.parametrize(
    ("account", "peak", "taken"),
    [
        (10, 0, 5),
        (10, 6, 2),
        (10, 9, 1),
        (100, 0, 50),
        (100, 40, 30),
        (1000, 0, 100),
        (1000, 940, 30),
        (10_000, 2000, 800),
        (10_000, 9995, 2),
    ],
)
def test_a_run_takes_half_of_the_little_or_a_tenth_of_the_much_that_production_leaves(
    account: int, peak: int, taken: int
) -> None:
    production = Production(unreserved_peak=peak, function_peak=account)
    assert plan(production, account=account, concurrency=5000).design.concurrency == taken


@given(st.integers(1, 20_000), st.integers(1, 20_000), st.integers(2, 10_000))
def test_a_run_leaves_production_what_it_has_used_and_never_takes_less_of_more(
    limit: int, more: int, wanted: int
) -> None:
    def taken(account: int, in_use: int) -> int:
        return plan(Production(unreserved_peak=in_use), account=account, concurrency=wanted).design.concurrency

    assert 1 <= taken(limit + more, more) <= max(1, limit // 2)
    assert taken(limit, 0) <= taken(limit + more, 0) <= wanted


def test_reserved_concurrency_is_shared_with_production_in_place_and_not_used_by_copies() -> None:
    state = replace(STATE, reserved_concurrency=20)
    busy = Production(function_peak=12, unreserved_peak=900)
    made = plan(busy, state)
    assert (made.design.concurrency, made.share.reserved, made.share.limit) == (4, True, 20)
    (advisory,) = made.advisories
    assert advisory.code == "concurrency-bound"
    assert "the function's reserved concurrency is 20, of which up to 12 were in use" in advisory.message
    assert advisory.next_step.startswith("raise its reserved concurrency, or measure on a copy with --isolate")
    isolated = plan(busy, state, isolate=True)
    assert (isolated.design.concurrency, isolated.share.reserved) == (32, False)
    both = plan(replace(busy, unreserved_peak=998), state, architectures=tuple(Architecture))
    assert (both.design.concurrency, both.share.reserved) == (1, False)
    assert plan(busy, replace(state, reserved_concurrency=0), isolate=True).design.concurrency == 32


def test_little_unreserved_concurrency_names_the_quota_of_the_account() -> None:
    made = plan(Production(unreserved_peak=4), account=10)
    (advisory,) = made.advisories
    assert "the account's unreserved concurrency is 10, of which up to 4 were in use" in advisory.message
    assert "at most 3 invocations of this run run at a time" in advisory.message
    assert "`Concurrent executions` (Service Quotas, L-B99A9384)" in advisory.next_step
    assert "at most 3 at a time, of the account's unreserved concurrency of 10 (others used up to 4" in plan_text(
        made
    )


def test_a_run_is_refused_where_nothing_is_left_unless_one_at_a_time_is_asked_for() -> None:
    full = Production(unreserved_peak=10, function_peak=5)
    with pytest.raises(FunctionRefused, match=r"no concurrency left: .* 10 of the account's unreserved 10") as caught:
        plan(full, account=10)
    assert "--concurrency 1" in (caught.value.hint or "")
    assert plan(full, account=10, concurrency=1).design.concurrency == 1
    with pytest.raises(FunctionRefused, match="5 of its reserved 5") as caught:
        plan(full, replace(STATE, reserved_concurrency=5))
    assert "--isolate" in (caught.value.hint or "")


def test_concurrency_in_use_that_is_not_known_is_said() -> None:
    made = plan(replace(BLIND, unreserved_peak=None, function_peak=None), isolate=False)
    assert codes(made) == ["concurrency-in-use-unknown"]
    assert "how much others use is not known" in plan_text(made)


MIB = 1024 * 1024


def test_versions_that_do_not_fit_into_the_code_storage_are_refused_before_the_first_change() -> None:
    room = Production(code_size_bytes=40 * MIB, code_free_bytes=100 * MIB)
    assert codes(plan(room)) == []
    with pytest.raises(FunctionRefused, match="3 versions of fn take 125,829,120 bytes of code storage") as caught:
        plan(room, memory=(128, 256, 512))
    assert "L-2ACBD22F" in (caught.value.hint or "")
    with pytest.raises(FunctionRefused, match="2 versions"):
        plan(room, isolate=True)  # the copy itself is one more
    assert codes(plan(replace(room, code_size_bytes=0), memory=(128, 256, 512))) == []
    assert codes(plan(replace(room, code_free_bytes=None), memory=(128, 256, 512))) == []


def test_a_search_that_may_not_fit_into_the_code_storage_is_advised_of_that() -> None:
    room = Production(code_size_bytes=40 * MIB, code_free_bytes=100 * MIB)
    assert codes(plan(room, memory=None)) == ["code-storage-low"]
    with pytest.raises(FunctionRefused, match="has 0 left"):
        plan(replace(room, code_free_bytes=-5), memory=None)


@pytest.mark.parametrize(
    ("kind", "options", "least_s", "most_s"),
    [
        ({}, {}, 8, 16),
        ({"vpc": True}, {}, 100, 140),
        ({"snapstart": True, "runtime": "java21"}, {}, 120, 200),
        ({"snapstart": True, "runtime": "java21"}, {"memory": tuple(range(128, 768, 128))}, 130, 250),
        ({"vpc": True}, {"isolate": True}, 160, 220),
        ({"platform": "cgroup v2"}, {}, 0, 3),
    ],
)
def test_the_time_depends_on_what_kind_of_function_it_is(
    kind: dict[str, Any], options: dict[str, Any], least_s: float, most_s: float
) -> None:
    took = plan(Production(), replace(STATE, **kind), **options).estimate
    assert least_s <= took.publishing_s <= most_s
    assert took.typical_s is not None
    assert took.typical_s > took.publishing_s
