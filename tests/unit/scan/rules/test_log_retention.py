"""Log groups that keep everything: once each, whoever writes to them, unless a policy decides."""

from dataclasses import replace

import pytest
from scanned import DAY_S, NOW, known, place_evidence, scanned_function

from powertune.scan.evidence import FunctionLogGroup, MonthlyCost
from powertune.scan.finding import CostPart, MonthlySaving, Severity
from powertune.scan.rules.log_retention import RULE

NAME = "/aws/lambda/orders"
GROUP = FunctionLogGroup(
    name=NAME,
    stored_bytes=10 * 2**30,
    retention_days=None,
    created_at=NOW - 300 * DAY_S,
    ingested_bytes=7 * 2**30,
)


def cost(log_storage: float) -> MonthlyCost:
    """A function that costs nothing but the storage of its logs."""
    return MonthlyCost(compute=0.0, requests=0.0, log_storage=log_storage)


def test_costs_what_is_stored_now_and_grows() -> None:
    (found,) = RULE.check(place_evidence(known(cost=cost(0.3)), log_groups={NAME: GROUP}))

    assert found.saving is not None
    # Nine tenths are older than 30 days, if it was written to evenly for 300.
    assert found.saving.expected == pytest.approx(0.27)
    assert (found.saving.low, found.saving.high) == (0.0, 0.3)
    assert (found.subject, found.name, found.rule, found.part) == (NAME, NAME, "log-retention", CostPart.LOG_STORAGE)
    assert found.severity is Severity.LOW
    assert found.summary == "its logs never expire, and take 10.00 GB"
    assert [fact.text for fact in found.facts] == [
        "10.00 GB are stored, and nothing expires",
        "written by orders",
        "15.00 GB a month are written to it, before they are compressed",
    ]
    assert found.next_step == (
        "if no log has to be kept for longer than 30 days, "
        f"`aws logs put-retention-policy --log-group-name {NAME} --retention-in-days 30 --region us-east-1`: "
        "it deletes older ones for good"
    )


def test_a_shared_log_group_is_reported_once() -> None:
    functions = [scanned_function(name, log_group="/shared") for name in ("a", "b", "c", "d", "e")]
    evidence = place_evidence(
        *(known(function, cost=cost(0.25)) for function in functions),
        log_groups={"/shared": replace(GROUP, name="/shared"), "/unknown": replace(GROUP, name="/unknown")},
    )
    (found,) = RULE.check(evidence)

    assert found.saving is not None
    assert found.saving.high == 1.25
    assert found.saving.expected == pytest.approx(1.25 * 0.9)
    assert found.facts[1].text == "written by a, b, c and 2 more"


@pytest.mark.parametrize("unknown", [None, replace(cost(0.0), unpriced=("log_storage",))], ids=["cost", "part"])
def test_nothing_is_added_up_if_a_part_is_missing(unknown: MonthlyCost | None) -> None:
    functions = [scanned_function(name, log_group="/shared") for name in ("a", "b")]
    evidence = place_evidence(
        known(functions[0], cost=cost(0.25)),
        known(functions[1], cost=unknown),
        log_groups={"/shared": replace(GROUP, name="/shared")},
    )
    assert [found.saving for found in RULE.check(evidence)] == [None]


@pytest.mark.parametrize("age_days", [None, 0, 20])
def test_what_is_younger_than_the_retention_may_all_stay(age_days: int | None) -> None:
    created_at = 0.0 if age_days is None else NOW - age_days * DAY_S
    group = replace(GROUP, created_at=created_at)
    (found,) = RULE.check(place_evidence(known(cost=cost(0.3)), log_groups={NAME: group}))
    assert found.saving == MonthlySaving(expected=0.0, low=0.0, high=0.3)


@pytest.mark.parametrize(
    ("stored_gb", "ingested_gb", "severity"),
    [(0.9, None, Severity.INFO), (0.9, 0.4, Severity.INFO), (0.9, 0.5, Severity.LOW), (1.0, None, Severity.LOW)],
)
def test_small_ones_are_only_worth_a_note(stored_gb: float, ingested_gb: float | None, severity: Severity) -> None:
    ingested = None if ingested_gb is None else int(ingested_gb * 2**30)
    group = replace(GROUP, stored_bytes=int(stored_gb * 2**30), ingested_bytes=ingested)
    (found,) = RULE.check(place_evidence(known(), log_groups={NAME: group}))
    assert found.severity is severity


#: 0.01 GB, and what is written in 14 days if that comes to 0.01 GB in 30 days.
LEAST_STORED, LEAST_WRITTEN = 10_737_418.24, 5_010_795.18


@pytest.mark.parametrize(
    ("stored", "written", "reported"),
    [
        (int(LEAST_STORED), int(LEAST_WRITTEN), False),
        (int(LEAST_STORED), None, False),
        (int(LEAST_STORED) + 1, None, True),
        (int(LEAST_STORED), int(LEAST_WRITTEN) + 1, True),
    ],
)
def test_tiny_ones_are_left_out(stored: int, written: int | None, reported: bool) -> None:
    group = replace(GROUP, stored_bytes=stored, ingested_bytes=written)
    assert bool(list(RULE.check(place_evidence(known(), log_groups={NAME: group})))) is reported


def test_less_than_a_hundredth_of_a_gb_is_not_nothing() -> None:
    (found,) = RULE.check(place_evidence(known(), log_groups={NAME: replace(GROUP, stored_bytes=1)}))
    assert found.summary == "its logs never expire, and take <0.01 GB"
    assert found.facts[0].text == "<0.01 GB are stored, and nothing expires"
    (found,) = RULE.check(place_evidence(known(), log_groups={NAME: replace(GROUP, ingested_bytes=1)}))
    assert found.facts[2].text == "<0.01 GB a month are written to it, before they are compressed"


@pytest.mark.parametrize(
    "group",
    [
        replace(GROUP, retention_days=14),
        replace(GROUP, retention_policy="organization-default"),
        replace(GROUP, log_class="DELIVERY"),
        replace(GROUP, stored_bytes=0, ingested_bytes=None),
    ],
    ids=["retention", "policy", "delivery", "empty"],
)
def test_is_not_said_otherwise(group: FunctionLogGroup) -> None:
    assert not list(RULE.check(place_evidence(known(), log_groups={NAME: group})))


def test_is_not_said_without_log_groups() -> None:
    assert not list(RULE.check(place_evidence(known())))
