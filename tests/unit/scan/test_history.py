"""From one scan to the next: new, fixed, changed, and what only was not looked for."""

from dataclasses import replace

import pytest
from scanned import NOW, PLACE
from scans import CHINA, DENIED, RULES, WEEK_S, earlier_scan, full_scan, function_line, make_test_scan, scan_finding

from powertune.scan.coverage import Gap
from powertune.scan.finding import CostPart, MonthlySaving, Severity
from powertune.scan.history import ChangedFinding, ScanChanges, TrendPoint, changes_between, trend_of
from powertune.scan.scan import CostedPlace, Scan, SuppressedFinding

FOUND = scan_finding()
BEFORE = make_test_scan(FOUND, scanned_at=NOW - WEEK_S)
SINCE = NOW - WEEK_S


def test_a_planted_change_is_exactly_what_is_reported() -> None:
    now, before = full_scan(), earlier_scan()

    assert changes_between(before, now) == ScanChanges(
        since=NOW - WEEK_S,
        new=(now.findings[3], now.findings[4]),
        fixed=(before.findings[3], before.findings[4]),
        changed=(ChangedFinding(before=before.findings[0], after=now.findings[0]),),
        appeared=(now.functions[1],),
        vanished=(before.functions[-1],),
    )


def test_nothing_has_changed() -> None:
    assert changes_between(BEFORE, make_test_scan(FOUND)) == ScanChanges(since=SINCE)


@pytest.mark.parametrize(
    ("saving", "changed"),
    [
        ((11.0, 6.0, 12.0), False),  # 10 %, and $1
        ((11.01, 6.0, 12.0), True),
        ((8.9, 6.0, 12.0), True),
        (None, True),
    ],
)
def test_a_saving_changes_by_more_than_a_tenth_and_a_dollar(
    saving: tuple[float, float, float] | None, changed: bool
) -> None:
    after = scan_finding(saving=saving)
    expected = (ChangedFinding(before=FOUND, after=after),) if changed else ()
    assert changes_between(BEFORE, make_test_scan(after)) == ScanChanges(since=SINCE, changed=expected)


def test_a_small_saving_may_double() -> None:
    before = make_test_scan(scan_finding(saving=(0.5, 0.5, 0.5)), scanned_at=SINCE)
    assert changes_between(before, make_test_scan(scan_finding(saving=(1.5, 1.5, 1.5)))).changed == ()


def test_another_severity_is_a_change() -> None:
    after = replace(FOUND, severity=Severity.HIGH)
    assert changes_between(BEFORE, make_test_scan(after)).changed == (ChangedFinding(before=FOUND, after=after),)


def test_a_finding_that_is_gone_is_fixed() -> None:
    assert changes_between(BEFORE, make_test_scan()) == ScanChanges(since=SINCE, fixed=(FOUND,))


#: Scans that did not look for FOUND, whose rule needs usage and memory.
BLIND: dict[str, Scan] = {
    "the place was not read": make_test_scan(functions=(), places=(CostedPlace(place=CHINA),)),
    "the place was denied": make_test_scan(functions=(), gaps=(Gap(place=PLACE, what="", reason="denied"),)),
    "no inventory": make_test_scan(functions=(), gaps=(Gap(place=PLACE, what="inventory", reason="denied"),)),
    "no memory": make_test_scan(gaps=(Gap(place=PLACE, what="memory", reason="not enrolled"),)),
    "no memory of it": make_test_scan(
        gaps=(Gap(place=PLACE, what="memory", reason="not enrolled", subjects=("orders",)),)
    ),
    "no usage of it": make_test_scan(
        gaps=(Gap(place=PLACE, what="usage", reason="none", subjects=(FOUND.subject,)),)
    ),
    "no such rule": make_test_scan(rules=RULES[1:]),
    "a shorter window": make_test_scan(days=7.0),
}


@pytest.mark.parametrize("case", BLIND)
def test_a_finding_that_was_not_looked_for_is_not_fixed(case: str) -> None:
    assert changes_between(BEFORE, BLIND[case]) == ScanChanges(since=SINCE, unseen=(FOUND,))


@pytest.mark.parametrize(
    "gap",
    [
        Gap(place=PLACE, what="log groups", reason="denied"),
        Gap(place=PLACE, what="memory", reason="none", subjects=("another",)),
        Gap(place=DENIED, what="", reason="denied"),
    ],
    ids=["of no need", "of another function", "of another place"],
)
def test_a_gap_elsewhere_hides_nothing(gap: Gap) -> None:
    assert changes_between(BEFORE, make_test_scan(gaps=(gap,))) == ScanChanges(since=SINCE, fixed=(FOUND,))


def test_a_suppressed_finding_is_neither_fixed_nor_new_until_that_ends() -> None:
    suppressed = make_test_scan(suppressed=(SuppressedFinding(finding=FOUND, reason="known"),))

    assert changes_between(BEFORE, suppressed) == ScanChanges(since=NOW - WEEK_S)
    assert changes_between(suppressed, BEFORE).new == (FOUND,)


def test_a_rule_may_find_two_things_about_a_subject() -> None:
    more = scan_finding(saving=(2.0, 2.0, 2.0), part=CostPart.PROVISIONED)
    both = make_test_scan(FOUND, more)

    assert changes_between(BEFORE, both).new == (more,)
    assert changes_between(both, make_test_scan(FOUND)).fixed == (more,)


def test_functions_of_a_place_that_was_not_listed_have_neither_come_nor_gone() -> None:
    denied = BLIND["no inventory"]

    assert changes_between(BEFORE, denied).vanished == ()
    assert changes_between(denied, BEFORE).appeared == ()
    assert changes_between(BEFORE, make_test_scan(functions=())).vanished == (function_line(),)


def test_the_trend_is_in_the_order_of_time_for_each_currency() -> None:
    points = trend_of((full_scan(), earlier_scan()))

    assert [(point.scanned_at, point.currency) for point in points] == [
        (NOW - WEEK_S, "USD"),
        (NOW - WEEK_S, "CNY"),
        (NOW, "USD"),
        (NOW, "CNY"),
    ]
    assert points[2] == TrendPoint(
        scanned_at=NOW,
        currency="USD",
        functions=4,
        findings=5,
        due=84.0,
        saving=MonthlySaving(expected=26.0, low=7.5, high=34.5),
    )
