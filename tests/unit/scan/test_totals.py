"""Totals of a scan: nothing is counted twice, nothing beyond what is paid, and no currency added to another."""

from dataclasses import replace

import pytest
from scanned import PLACE
from scans import full_scan, function_line, make_test_scan, scan_finding

from powertune.scan.evidence import AccountRegion
from powertune.scan.finding import CostPart, Finding, MonthlySaving
from powertune.scan.scan import AccountFreeTier, CostedPlace, FunctionLine, Scan
from powertune.scan.totals import CurrencyTotals, savings_by_function, totals_of

IRELAND = AccountRegion(account_id=PLACE.account_id, region="eu-west-1")
BOTH = (CostedPlace(place=PLACE), CostedPlace(place=IRELAND))


def only(scan: Scan) -> CurrencyTotals:
    (totals,) = totals_of(scan)
    return totals


def saving(expected: float, low: float, high: float) -> MonthlySaving:
    return MonthlySaving(expected=expected, low=low, high=high)


def logs(amount: float, subject: str = "/aws/lambda/orders") -> Finding:
    return scan_finding(
        "log-retention",
        saving=(amount,) * 3,
        subject=subject,
        name=subject,
        part=CostPart.LOG_STORAGE,
        next_step="aws logs put-retention-policy",
    )


def test_of_rules_about_the_same_part_the_one_that_saves_most_is_counted() -> None:
    totals = only(make_test_scan(scan_finding(), scan_finding("arm64-candidate", saving=(4.0, 4.0, 40.0))))

    assert totals.saving == saving(10.0, 6.0, 12.0)
    assert [(group.name, group.findings, group.saving.expected) for group in totals.by_rule] == [
        ("Memory larger than needed", 1, 10.0),
        ("Cheaper on arm64", 1, 4.0),
    ]


def provisioned_line(provisioned: float) -> FunctionLine:
    """A function that pays this much for provisioned concurrency."""
    cost = function_line().cost
    assert cost is not None
    return function_line(cost=replace(cost, provisioned=provisioned))


def test_different_parts_add_up_and_a_log_group_belongs_to_its_function() -> None:
    scan = make_test_scan(scan_finding(), logs(1.5))

    assert only(scan).saving == saving(11.5, 7.5, 13.5)
    assert savings_by_function(scan) == {function_line().arn: saving(11.5, 7.5, 13.5)}


def test_a_function_saves_at_most_what_it_costs_at_both_ends_of_the_range() -> None:
    assert only(make_test_scan(scan_finding(saving=(50.0, 3.0, 60.0)))).saving == saving(30.0, 3.0, 30.0)
    assert only(make_test_scan(scan_finding(saving=(28.0, 20.0, 60.0)), logs(4.0))).saving == saving(30.0, 24.0, 30.0)


def test_deleting_a_function_is_not_added_to_what_else_would_save() -> None:
    deleted = scan_finding("idle-function", saving=(12.0, 12.0, 12.0), part=CostPart.WHOLE)

    assert only(make_test_scan(scan_finding(), deleted)).saving == MonthlySaving.exactly(12.0)
    assert only(make_test_scan(scan_finding(), logs(5.0), deleted)).saving == saving(15.0, 11.0, 17.0)


def test_provisioned_concurrency_is_added_to_deleting_the_function_which_leaves_it_out() -> None:
    deleted = scan_finding("idle-function", saving=(5.0, 5.0, 5.0), part=CostPart.WHOLE)
    alias = f"{function_line().arn}:live"
    provisioned = scan_finding("provisioned-idle", saving=(8.0,) * 3, subject=alias, part=CostPart.PROVISIONED)
    scan = make_test_scan(deleted, provisioned, logs(1.5), functions=(provisioned_line(12.0),))

    assert only(scan).saving == MonthlySaving.exactly(13.0)


def test_what_a_run_has_to_measure_first_is_told_apart_and_saves_nothing_at_worst() -> None:
    totals = only(make_test_scan(scan_finding(saving=(10.0, -6.0, 12.0)), logs(1.5)))

    assert totals.saving == saving(11.5, 1.5, 13.5)
    assert totals.counted == MonthlySaving.exactly(1.5)
    assert totals.to_measure == saving(10.0, 0.0, 12.0)


@pytest.mark.parametrize(
    ("next_step", "counted", "to_measure"),
    [
        ("powertune run orders", (0.0, 0.0, 0.0), (10.0, 0.0, 12.0)),
        ("build its image, then `powertune run orders`", (0.0, 0.0, 0.0), (10.0, 0.0, 12.0)),
        ("aws lambda delete-function --function-name orders", (10.0, -6.0, 12.0), (0.0, 0.0, 0.0)),
    ],
)
def test_what_the_next_step_measures_is_not_counted(
    next_step: str, counted: tuple[float, float, float], to_measure: tuple[float, float, float]
) -> None:
    totals = only(make_test_scan(scan_finding(saving=(10.0, -6.0, 12.0), next_step=next_step)))

    assert (totals.counted, totals.to_measure) == (saving(*counted), saving(*to_measure))


def test_where_a_cost_limits_both_what_is_counted_comes_first() -> None:
    """The function costs 30, and the logs of 28 are counted: 2 are left, of which a run may show none or all."""
    totals = only(make_test_scan(scan_finding(), logs(28.0)))

    assert totals.saving == saving(30.0, 30.0, 30.0)
    assert totals.counted == MonthlySaving.exactly(28.0)
    assert totals.to_measure == saving(2.0, 2.0, 2.0)


def test_where_a_bill_limits_both_what_is_counted_comes_first_in_all_regions() -> None:
    """Of 60, the free tier pays 40: 14 + 2 are counted, and of 4 + 20 that have to be measured, 4 remain."""
    lines = (function_line(), function_line("other", IRELAND))
    elsewhere = scan_finding("log-retention", lines[1], saving=(2.0,) * 3, part=CostPart.LOG_STORAGE, next_step="aws")
    first, second = scan_finding(saving=(4.0, 0.0, 4.0)), scan_finding(line=lines[1], saving=(20.0, 0.0, 20.0))
    free = (AccountFreeTier(account_id=PLACE.account_id, free_tier_usd=40.0),)

    totals = only(make_test_scan(first, logs(14.0), second, elsewhere, functions=lines, places=BOTH, free_tiers=free))

    assert totals.saving.expected == pytest.approx(20.0, rel=1e-12)
    assert totals.counted == MonthlySaving.exactly(16.0)
    assert totals.to_measure.expected == pytest.approx(4.0, rel=1e-12)


def test_functions_with_findings_are_counted_once_with_their_versions_and_logs() -> None:
    lines = (function_line(), function_line("other"), function_line("third"))
    version = scan_finding("snapstart", subject=f"{lines[1].arn}:3")
    scan = make_test_scan(scan_finding(), logs(1.0), version, logs(9.0, "/aws/lambda/gone"), functions=lines)

    assert only(scan).functions_found == 2
    assert only(make_test_scan(logs(9.0, "/aws/lambda/gone"))).functions_found == 0


def test_versions_of_a_function_add_up_within_their_rule() -> None:
    arn = function_line().arn
    first, second = (
        scan_finding("snapstart", saving=(amount,) * 3, subject=f"{arn}:{number}", part=CostPart.SNAPSTART)
        for number, amount in (("3", 1.0), ("4", 2.5))
    )

    scan = make_test_scan(first, second)

    assert savings_by_function(scan) == {arn: MonthlySaving.exactly(3.5)}
    assert [(group.key, group.name, group.findings) for group in only(scan).by_rule] == [
        ("snapstart", "snapstart", 2)
    ]


def test_provisioned_concurrency_of_several_aliases_adds_up_to_what_all_of_it_costs() -> None:
    line = provisioned_line(12.0)

    def provisioned(rule: str, alias: str, amount: float) -> Finding:
        subject = f"{line.arn}:{alias}"
        return scan_finding(rule, saving=(amount,) * 3, subject=subject, part=CostPart.PROVISIONED)

    idle, underused = provisioned("provisioned-idle", "old", 6.0), provisioned("provisioned-underused", "live", 4.5)
    scan = make_test_scan(idle, underused, functions=(line,))
    assert savings_by_function(scan) == {line.arn: MonthlySaving.exactly(10.5)}

    more = provisioned("provisioned-underused", "blue", 4.5)
    scan = make_test_scan(idle, underused, more, functions=(line,))
    assert savings_by_function(scan) == {line.arn: MonthlySaving.exactly(12.0)}

    assert line.cost is not None
    unpriced = replace(line, cost=replace(line.cost, unpriced=("provisioned",)))
    scan = make_test_scan(idle, underused, more, functions=(unpriced,))
    assert savings_by_function(scan) == {line.arn: MonthlySaving.exactly(15.0)}


def test_writing_logs_and_storing_them_are_different_parts() -> None:
    """Half of 3 for writing, and all of 2 for storing."""
    group = "/aws/lambda/orders"
    written = scan_finding("log-cost", saving=(1.5, 0.0, 3.0), subject=group, part=CostPart.LOG_INGESTION)
    assert only(make_test_scan(written, logs(2.0))).saving == saving(3.5, 2.0, 5.0)


def test_a_log_group_that_several_functions_share_or_nobody_has_stands_for_itself() -> None:
    lines = (function_line("a", log_group="/shared"), function_line("b", log_group="/shared"))

    totals = only(make_test_scan(logs(99.0, "/shared"), logs(1.0, "/aws/lambda/gone"), functions=lines))

    assert totals.saving == MonthlySaving.exactly(100.0)


def test_what_would_cost_more_and_what_is_about_no_money_saves_nothing() -> None:
    worse = scan_finding(saving=(-3.0, -5.0, 1.0))

    totals = only(make_test_scan(worse, scan_finding("timeouts", saving=None)))

    assert totals.saving == MonthlySaving.exactly(0.0)
    assert totals.findings == 2
    assert [group.findings for group in totals.by_rule] == [1, 1]


def test_the_free_tier_counts_once_for_an_account_and_what_it_pays_for_cannot_be_saved() -> None:
    lines = (function_line(), function_line("other", IRELAND))
    findings = [scan_finding(line=line, saving=(30.0, 15.0, 30.0)) for line in lines]
    free = (AccountFreeTier(account_id=PLACE.account_id, free_tier_usd=6.0),)

    totals = only(make_test_scan(*findings, functions=lines, places=BOTH, free_tiers=free))

    assert (totals.cost, totals.free_tier, totals.due) == (60.0, 6.0, 54.0)
    assert totals.saving == saving(54.0, 30.0, 54.0)
    assert [(group.key, group.saving, group.cost) for group in totals.by_region] == [
        ("eu-west-1", saving(27.0, 15.0, 27.0), 30.0),
        ("us-east-1", saving(27.0, 15.0, 27.0), 30.0),
    ]
    assert [(group.name, group.findings, group.saving) for group in totals.by_account] == [
        ("123456789012", 2, saving(54.0, 30.0, 54.0))
    ]


def test_the_free_tier_takes_off_only_what_it_covers() -> None:
    """GB-seconds, INIT and requests: 25 of 30; the logs of 5 are paid for."""
    free = (AccountFreeTier(account_id=PLACE.account_id, free_tier_usd=100.0),)

    totals = only(make_test_scan(scan_finding(), free_tiers=free))

    assert (totals.free_tier, totals.due) == (25.0, 5.0)
    assert totals.saving == MonthlySaving.exactly(5.0)


def test_the_bill_of_one_account_limits_no_other() -> None:
    other = AccountRegion(account_id="999999999999", region="us-east-1", account_name="other")
    lines = (function_line(), function_line("theirs", other))
    free = (AccountFreeTier(account_id=PLACE.account_id, free_tier_usd=25.0),)
    findings = [scan_finding(line=line) for line in lines]

    totals = only(
        make_test_scan(
            *findings, functions=lines, places=(CostedPlace(place=PLACE), CostedPlace(place=other)), free_tiers=free
        )
    )

    assert [(group.name, group.saving) for group in totals.by_account] == [
        ("other (999999999999)", saving(10.0, 6.0, 12.0)),
        ("123456789012", saving(5.0, 5.0, 5.0)),
    ]


def test_currencies_are_kept_apart_and_functions_without_prices_are_counted() -> None:
    dollars, yuan = totals_of(full_scan())

    assert (dollars.currency, dollars.functions, dollars.unpriced, dollars.findings) == ("USD", 4, 1, 5)
    assert (dollars.cost, dollars.due) == (90.0, 84.0)
    assert dollars.saving == saving(26.0, 7.5, 34.5)
    assert (dollars.counted, dollars.to_measure) == (MonthlySaving.exactly(1.5), saving(24.5, 6.0, 33.0))
    assert (dollars.functions_found, yuan.functions_found) == (2, 1)
    assert (yuan.currency, yuan.cost, yuan.saving) == ("CNY", 30.0, saving(30.0, 3.0, 30.0))
    assert [group.name for group in yuan.by_account] == ["china shop (210987654321)"]
    assert [group.key for group in dollars.by_region] == ["us-east-1", "eu-west-1"]


@pytest.mark.parametrize("group", ["by_account", "by_region"])
def test_accounts_and_regions_add_up_to_the_total(group: str) -> None:
    for totals in totals_of(full_scan()):
        parts = getattr(totals, group)
        assert sum(part.saving.expected for part in parts) == pytest.approx(totals.saving.expected, rel=1e-12)
        assert sum(part.cost for part in parts) == pytest.approx(totals.cost, rel=1e-12)


def test_without_places_there_are_no_totals() -> None:
    assert totals_of(make_test_scan(functions=(), places=())) == ()
