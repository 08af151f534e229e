"""All rules on a whole account: costs are filled in, and what saves most comes first."""

import re
from collections.abc import Iterator

import pytest
from scanned import DAY_S, busy, known, place_evidence, scanned_function

from powertune.model import Architecture
from powertune.scan.evidence import EvidenceSource, FunctionEvidence, FunctionUsage, PlaceEvidence
from powertune.scan.finding import Confidence, CostPart, Finding, MonthlySaving, Severity
from powertune.scan.judging import judge, with_costs
from powertune.scan.money import monthly_costs
from powertune.scan.rule import ScanRule
from powertune.scan.rule_table import RULES

ONE = MonthlySaving.exactly(1.0)


def rule_that_finds(*savings: MonthlySaving | None, severity: Severity = Severity.LOW) -> ScanRule:
    def check(evidence: PlaceEvidence) -> Iterator[Finding]:
        for saving in savings:
            yield rule.finding(evidence.functions[0], summary="s", facts=(), next_step="n", saving=saving)

    rule = ScanRule(id=f"of-{severity}", title="t", severity=severity, needs=(), check=check, page="")
    return rule


def test_costs_are_filled_in() -> None:
    evidence = place_evidence(known(), known(usage=None))
    costed = with_costs(evidence)
    assert tuple(each.cost for each in costed.functions) == monthly_costs(evidence)
    assert [each.function for each in costed.functions] == [each.function for each in evidence.functions]
    assert evidence.functions[0].cost is None


def test_what_saves_most_comes_first_and_what_costs_more_last() -> None:
    one, ten, more = (MonthlySaving.exactly(amount) for amount in (1.0, 10.0, -1.0))
    low, high = rule_that_finds(one, ten, None, more), rule_that_finds(None, one, severity=Severity.HIGH)
    found = judge(place_evidence(known()), (low, high))
    assert [(each.severity.value, each.saving) for each in found] == [
        ("low", ten),
        ("high", one),
        ("low", one),
        ("high", None),
        ("low", None),
        ("low", more),
    ]


def test_what_matters_most_comes_first_where_people_see_the_same_amount() -> None:
    more, less, cent = (MonthlySaving.exactly(amount) for amount in (10.0000001, 10.0, 10.01))
    low, high = rule_that_finds(more, cent), rule_that_finds(less, severity=Severity.HIGH)
    found = judge(place_evidence(known()), (low, high))
    assert [(each.severity.value, each.saving) for each in found] == [("low", cent), ("high", less), ("low", more)]


#: Midnights: the window of 14 days ends before now.
END = 20_833 * DAY_S
START = END - 14 * DAY_S


def on_x86(*, changed_at: float, first_at: float | None = None) -> FunctionEvidence:
    """A function that could be cheaper on arm64, and whose usage begins at `first_at`."""
    function = scanned_function(architecture=Architecture.X86_64, modified_at=changed_at)
    return known(function, usage=busy(first_at=first_at))


def test_what_was_changed_in_the_window_is_an_estimate_and_says_so() -> None:
    (found,) = judge(place_evidence(on_x86(changed_at=END - 3 * DAY_S)))
    # NOW is 2027-01-15 08:00 UTC.
    assert (found.facts[-1].source, found.facts[-1].text) == (
        EvidenceSource.CONFIGURATION,
        "changed on 2027-01-12, so its cost is an estimate",
    )


@pytest.mark.parametrize(
    ("changed_at", "first_at", "said"),
    [
        (START, None, False),
        (START + 1, None, True),
        (START + 1, START, True),
        (START + 3 * DAY_S, START + 2 * DAY_S, False),
        (START + 3 * DAY_S + 1, START + 2 * DAY_S, True),
        (END + 60, START, True),
    ],
    ids=["before", "in it", "on its first day", "created", "after its first day", "today"],
)
def test_only_changes_after_the_first_invocation_count(changed_at: float, first_at: float | None, said: bool) -> None:
    (found,) = judge(place_evidence(on_x86(changed_at=changed_at, first_at=first_at)))
    assert any(fact.text.startswith("changed on ") for fact in found.facts) is said


@pytest.mark.parametrize(
    ("confidence", "part", "saving", "expected"),
    [
        (Confidence.HIGH, CostPart.ON_DEMAND, ONE, Confidence.MEDIUM),
        (Confidence.MEDIUM, CostPart.EPHEMERAL_STORAGE, ONE, Confidence.LOW),
        (Confidence.LOW, CostPart.ON_DEMAND, ONE, Confidence.LOW),
        (Confidence.HIGH, CostPart.LOG_STORAGE, ONE, Confidence.HIGH),
        (Confidence.HIGH, CostPart.ON_DEMAND, None, Confidence.HIGH),
    ],
    ids=["high", "medium", "low", "does not depend on its size", "no saving"],
)
def test_an_estimate_is_less_confident(
    confidence: Confidence, part: CostPart, saving: MonthlySaving | None, expected: Confidence
) -> None:
    def check(evidence: PlaceEvidence) -> Iterator[Finding]:
        (function,) = evidence.functions
        yield rule.finding(function, summary="s", facts=(), next_step="n", saving=saving, confidence=confidence)

    rule = ScanRule(id="r", title="t", severity=Severity.LOW, needs=(), check=check, page="", part=part)
    (found,) = judge(place_evidence(known(scanned_function(modified_at=END - DAY_S))), (rule,))
    assert found.confidence is expected


def test_a_function_as_it_should_be_has_no_finding() -> None:
    assert judge(place_evidence(known())) == ()


def test_all_rules_look_at_the_costs_that_were_computed() -> None:
    function = known(scanned_function("1st", architecture=Architecture.X86_64))
    (found,) = judge(place_evidence(function))
    assert found.rule == "arm64-candidate"
    # 100,500 s of 1 GB in 14 days, with the rounding, for $0.0000033333 more per GB-second.
    assert found.saving is not None
    assert found.saving.expected == pytest.approx(100_500 * 30 / 14 * 0.0000033333, abs=1e-9)


@pytest.mark.parametrize("usage", [None, FunctionUsage(days=14)], ids=["unknown", "idle"])
def test_rules_cope_with_nothing_known(usage: FunctionUsage | None) -> None:
    evidence = place_evidence(known(scanned_function("0", memory_mb=3008), usage=usage), prices=None)
    assert all(found.saving is None for found in judge(evidence))


def test_rules_are_in_order_and_have_pages() -> None:
    ids = [rule.id for rule in RULES]
    assert ids == sorted(set(ids))
    for rule in RULES:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.id)
        assert rule.check.__module__.endswith(f".{rule.id.replace('-', '_')}")
        assert rule.page.strip()
