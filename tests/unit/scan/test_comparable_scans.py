"""Which scans make the history of one, and how an estimate stands beside a bill."""

from dataclasses import replace

from scans import CHINA, WEEK_S, full_scan, make_test_scan

from powertune.scan.evidence import MonthlyCost
from powertune.scan.history import comparable
from powertune.scan.reconciling import estimates_of
from powertune.scan.scan import CostedPlace


def test_scans_of_other_places_are_no_history() -> None:
    scan = make_test_scan()
    before = replace(scan, scanned_at=scan.scanned_at - WEEK_S)
    wider = replace(before, places=(*scan.places, CostedPlace(place=CHINA, currency="CNY")))
    assert comparable(scan, (before, wider)) == (before,)


def test_estimates_leave_logs_out_as_the_bill_of_lambda_does() -> None:
    scan = full_scan()
    line = next(each for each in scan.functions if each.place == CHINA)
    assert isinstance(line.cost, MonthlyCost)
    # 20 for GB-seconds, 4 for requests, 1 for INIT; 5 for logs are not Lambda's.
    assert estimates_of(scan)[CHINA.account_id, CHINA.region] == (25.0, "CNY")
