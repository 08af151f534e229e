"""The account that the benchmark of scans makes up: AWS's pages, AWS's quotas, and a scan that reads all of it."""

import pytest
from botocore.exceptions import ClientError

from benchmarks.scan import request
from benchmarks.scan_account import BenchAccount
from benchmarks.scan_population import NOW
from powertune.aws.scanning.place import read_place
from powertune.scan.evidence import AccountRegion

PLACE = AccountRegion(account_id="123456789012", region="us-east-1")


def test_a_scan_reads_the_whole_account_in_pages_of_aws() -> None:
    account = BenchAccount(count=60)

    scanned = read_place(account.aws(), PLACE, request(NOW.timestamp()))

    calls = dict(scanned.effort.calls)
    assert [len(scanned.evidence.functions), account.configurations] == [60, 70]
    assert [calls["lambda.list_functions"], calls["logs.describe_log_groups"]] == [2, 2]
    assert all(known.usage is not None for known in scanned.evidence.functions)
    assert scanned.evidence.log_groups is not None
    assert len(scanned.evidence.log_groups) == 60
    # Nobody asks faster than 5 times a second, after a first burst.
    assert account.throttled == 0
    assert account.most_per_second <= 15


def test_the_sixteenth_call_in_a_second_is_refused() -> None:
    account = BenchAccount(count=1)
    control = account.aws().clients.control
    for _ in range(15):
        control.list_functions()
        account.clock.now = NOW.timestamp()
    with pytest.raises(ClientError, match="TooManyRequestsException"):
        control.list_functions()
    assert account.throttled == 1
    account.clock.sleep(1)
    assert len(control.list_functions()["Functions"]) == 1
