"""Functions that nobody invokes: found, unless they are new, replicated, or the window is short."""

from dataclasses import replace

import pytest
from scanned import DAY_S, NOW, PLACE, known, log_group, place_evidence, scanned_function

from powertune.model import Architecture
from powertune.scan.evidence import FunctionUsage, MonthlyCost, Provisioned, PublishedVersion
from powertune.scan.finding import Confidence, MonthlySaving
from powertune.scan.rules import provisioned_idle
from powertune.scan.rules.idle_function import RULE

IDLE = FunctionUsage(days=14)
COST = MonthlyCost(compute=0.0, requests=0.0, provisioned=10.0, log_storage=0.5)
GROUP = log_group(stored_bytes=2**30)
VERSION = PublishedVersion(
    number="1",
    memory_mb=1024,
    architecture=Architecture.ARM64,
    code_size_bytes=1_000_000,
    code_sha256="sha",
    modified_at=0.0,
)


def test_costs_what_is_charged_although_nobody_invokes_it() -> None:
    (found,) = RULE.check(
        place_evidence(known(usage=IDLE, cost=COST, triggers=("an event rule",)), log_groups={GROUP.name: GROUP})
    )

    assert found.saving == MonthlySaving(expected=10.5, low=10.0, high=10.5)
    assert found.confidence is Confidence.HIGH
    assert [fact.text for fact in found.facts] == [
        "no invocation in 14 days",
        "last changed 100 days ago",
        "it can be invoked by an event rule",
    ]
    assert found.next_step == (
        "ask its owner, then keep its code elsewhere and delete it with `aws lambda delete-function "
        "--function-name arn:aws:lambda:us-east-1:123456789012:function:orders --region us-east-1`, "
        "and its logs, unless they have to be kept, with `aws logs delete-log-group "
        "--log-group-name /aws/lambda/orders --region us-east-1`"
    )


def test_leaves_provisioned_concurrency_to_the_rule_that_reports_it() -> None:
    idle = Provisioned(
        qualifier="live",
        requested=10,
        memory_mb=1024,
        architecture=Architecture.ARM64,
        utilization=0.0,
        peak_utilization=0.0,
        invocations=0,
        spilled=0,
    )
    new = replace(idle, qualifier="new", requested=5, observed_days=2.0)
    # 25,920,000 GB-seconds at 3.3334 per million, and half of that, which is too new to be reported.
    cost = replace(COST, provisioned=86.401728 + 43.200864)
    evidence = place_evidence(known(usage=IDLE, cost=cost, provisioned=(idle, new)), log_groups={GROUP.name: GROUP})
    (found,) = RULE.check(evidence)

    assert found.saving is not None
    assert found.saving.low == pytest.approx(43.200864)
    assert found.saving.expected == found.saving.high == pytest.approx(43.200864 + 0.5)
    assert found.facts[-1].text == "what its provisioned concurrency costs is in a finding of its own"
    (other,) = provisioned_idle.RULE.check(evidence)
    assert other.saving is not None
    assert other.saving.expected == pytest.approx(86.401728)


@pytest.mark.parametrize("shared", [True, False], ids=["shared logs", "logs not read"])
def test_logs_that_the_next_step_keeps_are_not_saved(shared: bool) -> None:
    functions = [known(usage=IDLE, cost=COST)]
    functions += [known(scanned_function("b", log_group=GROUP.name))] if shared else []
    (found,) = RULE.check(place_evidence(*functions, log_groups={GROUP.name: GROUP} if shared else None))
    assert found.saving == MonthlySaving.exactly(10.0)
    assert "delete-log-group" not in found.next_step


def test_is_not_certain_if_provisioned_concurrency_has_no_price() -> None:
    (found,) = RULE.check(place_evidence(known(usage=IDLE, cost=replace(COST, unpriced=("provisioned",)))))
    assert found.confidence is Confidence.LOW
    assert found.facts[-1].text == (
        "what provisioned concurrency it has, or what that costs, is not known, and is not in the saving"
    )


@pytest.mark.parametrize(
    ("triggers", "text"),
    [
        (None, "its triggers were not looked at"),
        (
            (),
            "no trigger was found on the function itself; its aliases, and callers with a role, were not looked at",
        ),
    ],
)
def test_says_how_much_is_known_of_who_invokes_it(triggers: tuple[str, ...] | None, text: str) -> None:
    (found,) = RULE.check(place_evidence(known(usage=IDLE, triggers=triggers)))
    assert found.facts[2].text == text


def test_with_versions_in_the_region_of_the_edge_it_has_to_be_known_that_it_is_not_there() -> None:
    unknown = known(scanned_function(versions=(VERSION,)), usage=IDLE)
    assert not list(RULE.check(place_evidence(unknown)))
    assert list(RULE.check(place_evidence(replace(unknown, triggers=()))))
    elsewhere = replace(PLACE, region="eu-central-1")
    assert list(RULE.check(place_evidence(known(scanned_function(versions=(VERSION,), place=elsewhere), usage=IDLE))))


@pytest.mark.parametrize(
    "other",
    [
        known(),
        known(usage=None),
        known(usage=FunctionUsage(days=14, throttles=1)),
        known(usage=IDLE, edge=True),
        known(scanned_function(modified_at=NOW - 29 * DAY_S), usage=IDLE),
    ],
    ids=["in use", "unknown", "throttled", "edge", "new"],
)
def test_is_not_said_of_a_function_that_may_be_in_use(other: object) -> None:
    assert not list(RULE.check(place_evidence(other)))  # type: ignore[arg-type]


def test_needs_a_window_of_two_weeks() -> None:
    assert not list(RULE.check(place_evidence(known(usage=IDLE), days=7)))
