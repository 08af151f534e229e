"""The steps of a scheduled scan on the fakes: which places, what is in each, one scan of all, and what fails."""

import json

import pytest
from fake_buckets import ACCOUNT
from scan_places import NOW, account, full_account, scan
from scan_workers import ACCOUNTS_KEY, ARTIFACTS, SETTINGS, SUPPRESSIONS_KEY, ScheduledExecution

from powertune import __version__
from powertune.config.accounts import ScanAccount
from powertune.engine.scanning.accounts_document import read_scan_accounts, write_scan_accounts
from powertune.engine.scanning.place_questions import needs_of
from powertune.engine.scanning.suppressions_document import write_scan_suppressions
from powertune.errors import AccessDenied, UsageError
from powertune.scan.concluding import ScanOccasion, conclude
from powertune.scan.rule_table import RULES
from powertune.scan.scan import Scan
from powertune.scan.scan_document import dump_scan, parse_scan
from powertune.scan.suppressions import Suppression

TWO, THREE = "222222222222", "333333333333"
SCAN = "scans/scan-20270115T080000Z"


def kept(execution: ScheduledExecution, key: str = f"{SCAN}.json") -> Scan:
    return parse_scan(execution.objects[key])


def gaps(found: Scan) -> list[tuple[str, str, str]]:
    return [(str(gap.place), gap.what, gap.reason.partition(":")[0]) for gap in found.gaps]


def with_accounts(execution: ScheduledExecution, *accounts: ScanAccount) -> ScheduledExecution:
    execution.s3.buckets[ARTIFACTS][ACCOUNTS_KEY] = write_scan_accounts(accounts)
    return execution


def test_the_own_account_is_scanned_kept_and_told() -> None:
    execution = ScheduledExecution(full_account())
    output = execution.run()
    found = kept(execution)
    assert [(each.place.account_id, each.place.region) for each in found.places] == [(ACCOUNT, "us-east-1")]
    assert {line.name for line in found.functions} == {"busy", "idle", "throttled"}
    assert (found.gaps, found.scanned_at, found.days) == ((), NOW, 14)
    assert output["results"] == f"s3://results/{SCAN}.json"
    assert output["page"] == f"s3://results/{SCAN}.html"
    assert b"busy" in execution.objects[f"{SCAN}.html"]
    assert (output["functions"], output["findings"]) == (3, len(found.findings))
    assert (output["new"], output["fixed"], output["gaps"]) == (None, None, 0)
    assert "This is the first scan" in output["message"]
    # No role is assumed, and no organization is asked.
    assert {name for sent in execution.sent.values() for name, _ in sent} & {
        *("sts.assume_role", "organizations.list_accounts"),
    } == set()


def test_what_workers_find_is_what_is_found_from_here() -> None:
    """Through documents in S3 and two workers, it is the scan that one process makes."""
    execution = ScheduledExecution(full_account())
    execution.run()
    here = scan(full_account(), *needs_of(RULES), max_spend_usd=0.25, per_function_calls=500)
    occasion = ScanOccasion(now=NOW, days=14, tool_version=__version__)
    assert kept(execution) == parse_scan(dump_scan(conclude((here,), occasion)))


def test_an_account_that_lets_nobody_in_and_a_worker_that_dies_are_gaps() -> None:
    execution = ScheduledExecution(account("orders"), dies=(THREE,))
    others = (ScanAccount(account_id=each) for each in (TWO, THREE))
    with_accounts(execution, ScanAccount(account_id=ACCOUNT, name="own"), *others)
    execution.doors.closed.add(TWO)
    output = execution.run(accountsKey=ACCOUNTS_KEY)
    found = kept(execution)
    assert [str(each.place) for each in found.places] == [
        f"own ({ACCOUNT}) us-east-1",
        f"{TWO} us-east-1",
        f"{THREE} us-east-1",
    ]
    assert gaps(found)[-2:] == [
        (f"{TWO} us-east-1", "", "cannot assume arn"),
        (f"{THREE} us-east-1", "", "its worker failed"),
    ]
    assert found.gaps[-2].action == "sts:AssumeRole"
    assert found.gaps[-1].reason == "its worker failed: Runtime.ExitError: exit status 1"
    assert [line.name for line in found.functions] == ["orders"]
    assert "its worker failed: Runtime.ExitError: exit status 1" in output["message"]
    assert output["subject"].endswith("not everything was read")


@pytest.mark.parametrize("manifest", [None, "nowhere", "damaged"])
def test_why_a_worker_has_failed_need_not_be_known(manifest: str | None) -> None:
    execution = with_accounts(
        ScheduledExecution(account("orders"), dies=(TWO,)),
        *(ScanAccount(account_id=each) for each in (ACCOUNT, TWO)),
    )
    execution.objects["damaged"] = b'{"ResultFiles": {"FAILED": [{}]}}'
    settings = {"accountsKey": ACCOUNTS_KEY}
    found = execution.take("targets", {"execution": execution.arn, "settings": {**SETTINGS, **settings}})
    execution.go_through(found)
    execution.take("reduce", {"scan": found["scan"], "manifest": manifest})
    assert kept(execution).gaps[-1].reason == "its worker has left nothing"


def test_where_nothing_can_be_read_there_is_no_scan() -> None:
    execution = with_accounts(
        ScheduledExecution(account()), ScanAccount(account_id=TWO), ScanAccount(account_id=THREE)
    )
    execution.doors.closed |= {TWO, THREE}
    with pytest.raises(AccessDenied, match=f"{TWO} us-east-1: cannot assume .*, and 1 more place could not be read"):
        execution.run(accountsKey=ACCOUNTS_KEY)
    assert [key for key in execution.objects if key.startswith("scans/")] == []


def test_the_organization_is_scanned_by_the_role_that_is_named() -> None:
    execution = ScheduledExecution(account())
    execution.organizations.accounts = [
        {"Id": ACCOUNT, "Name": "own", "State": "ACTIVE"},
        {"Id": TWO, "Name": "two", "State": "ACTIVE"},
        {"Id": THREE, "Name": "three", "State": "SUSPENDED"},
    ]
    execution.run(organization="true", regions="us-east-1,eu-west-1", role="audit/scan", externalId="secret")
    found = kept(execution)
    assert [str(each.place) for each in found.places] == [
        *(f"own ({ACCOUNT}) {region}" for region in ("us-east-1", "eu-west-1")),
        *(f"two ({TWO}) {region}" for region in ("us-east-1", "eu-west-1")),
    ]
    assert gaps(found)[0] == (f"three ({THREE}) *", "", "the account is suspended")
    assumed = [kwargs for name, kwargs in execution.sent["place"] if name == "sts.assume_role"]
    assert {(each["RoleArn"], each["ExternalId"]) for each in assumed} == {
        (f"arn:aws:iam::{TWO}:role/audit/scan", "secret"),
    }


def test_an_account_of_a_file_keeps_its_own_roles_and_external_id() -> None:
    execution = with_accounts(
        ScheduledExecution(account("orders")),
        ScanAccount(account_id=TWO, roles=("hub", "spoke"), external_id="its own", regions=("eu-west-1",)),
    )
    execution.run(accountsKey=ACCOUNTS_KEY, externalId="usual")
    assumed = [kwargs for name, kwargs in execution.sent["place"] if name == "sts.assume_role"]
    assert [(each["RoleArn"].rpartition("/")[2], each["ExternalId"]) for each in assumed] == [
        *(("hub", "its own"), ("spoke", "its own")),
    ]
    # What a state hands on names no secret: an execution's history is for many to read.
    places = json.loads(execution.objects[next(key for key in execution.objects if key.endswith("places.json"))])
    assert places == [{"account_id": TWO, "region": "eu-west-1", "account_name": ""}]


def test_what_may_be_spent_is_shared_by_all_places() -> None:
    execution = ScheduledExecution(account("orders"))
    found = execution.take(
        "targets",
        {"execution": execution.arn, "settings": {**SETTINGS, "regions": "us-east-1,eu-west-1", "maxSpend": "3"}},
    )
    assert found == {
        "scan": found["scan"],
        "places": 2,
        "placesKey": f"scan-runs/{found['scan']}/places.json",
        "resultsPrefix": f"scan-runs/{found['scan']}/map",
        "sideBySide": 40,
    }
    assert json.loads(execution.objects[f"scan-runs/{found['scan']}/errand.json"])["max_spend_usd"] == 1.5


def test_a_step_that_is_taken_twice_does_nothing_twice() -> None:
    execution = ScheduledExecution(account("orders"))
    found = execution.take("targets", {"execution": execution.arn, "settings": SETTINGS})
    manifest = execution.go_through(found)
    asked = len([name for name, _ in execution.sent["place"] if name == "lambda.list_functions"])
    execution.go_through(found)
    assert len([name for name, _ in execution.sent["place"] if name == "lambda.list_functions"]) == asked
    event = {"scan": found["scan"], "manifest": manifest}
    assert execution.take("reduce", event) == execution.take("reduce", event)
    assert sorted(key for key in execution.objects if key.startswith("scans/")) == [f"{SCAN}.html", f"{SCAN}.json"]


def test_a_place_that_could_not_be_entered_is_tried_again() -> None:
    execution = with_accounts(ScheduledExecution(account("orders")), ScanAccount(account_id=TWO))
    execution.doors.closed.add(TWO)
    found = execution.take(
        "targets", {"execution": execution.arn, "settings": {**SETTINGS, "accountsKey": ACCOUNTS_KEY}}
    )
    execution.go_through(found)
    execution.doors.closed.clear()
    execution.take("reduce", {"scan": found["scan"], "manifest": execution.go_through(found)})
    assert [line.name for line in kept(execution).functions] == ["orders"]


def test_the_next_scan_tells_what_is_new() -> None:
    execution = ScheduledExecution(account("orders"))
    execution.run()
    execution.clock.sleep(7 * 86_400)
    execution.fake.add("orders-copy", memory_mb=512)
    execution.arn = f"{execution.arn}-later"
    output = execution.run()
    assert output["results"] == "s3://results/scans/scan-20270122T080000Z.json"
    assert (output["findings"], output["new"], output["fixed"]) == (2, 1, 0)
    assert "Functions created: 1\n  orders-copy (123456789012 us-east-1)" in output["message"]


def test_what_is_suppressed_is_kept_and_not_told() -> None:
    execution = ScheduledExecution(account("orders"))
    (finding,) = _findings(execution)
    execution = ScheduledExecution(account("orders"))
    suppression = Suppression(rule=finding, function="*", reason="known")
    execution.s3.buckets[ARTIFACTS][SUPPRESSIONS_KEY] = write_scan_suppressions([suppression])
    output = execution.run(suppressionsKey=SUPPRESSIONS_KEY)
    assert output["findings"] == 0
    assert [(each.finding.rule, each.reason) for each in kept(execution).suppressed] == [(finding, "known")]


def _findings(execution: ScheduledExecution) -> list[str]:
    execution.run()
    return [each.rule for each in kept(execution).findings]


def test_regions_that_are_none_are_refused() -> None:
    with pytest.raises(UsageError, match="'mars' is not a region"):
        ScheduledExecution(account()).run(regions="mars")


def test_accounts_are_read_back_as_they_were_written() -> None:
    accounts = (
        ScanAccount(account_id=TWO, name="two", regions=("all",), roles=("a", "b"), external_id="x"),
        ScanAccount(account_id=THREE),
    )
    assert read_scan_accounts(write_scan_accounts(accounts)) == accounts
    with pytest.raises(UsageError, match="list of accounts"):
        read_scan_accounts(b'{"schema": "powertune/scan-accounts/1"}')
