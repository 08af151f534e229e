"""Log groups: listed together where they can be, and what was written to them."""

from typing import Any

from fakes import client_error
from scan_places import account, gaps, invoke, scan

from powertune.scan.evidence import FunctionLogGroup
from powertune.scan.rule import Need


def test_groups_of_functions_are_kept_with_what_was_written_to_them() -> None:
    fake = account("fn", "idle", "silent")
    invoke(fake, "fn")
    fake.logs.groups = {
        "/aws/lambda/fn": {"storedBytes": 5_000, "creationTime": 1_700_000_000_000},
        "/aws/lambda/idle": {
            "storedBytes": 7,
            "retentionInDays": 30,
            "retentionPolicyName": "organization",
            "logGroupClass": "INFREQUENT_ACCESS",
        },
        "/aws/lambda/of-a-deleted-function": {"storedBytes": 1},
    }
    fake.cloudwatch.series["IncomingBytes", "Sum", "/aws/lambda/fn"] = [100.0, None, 200.0]

    scanned = scan(fake, Need.LOG_GROUPS, Need.USAGE)

    assert scanned.evidence.log_groups == {
        "/aws/lambda/fn": FunctionLogGroup(
            name="/aws/lambda/fn",
            stored_bytes=5_000,
            retention_days=None,
            created_at=1_700_000_000.0,
            ingested_bytes=300,
        ),
        "/aws/lambda/idle": FunctionLogGroup(
            name="/aws/lambda/idle",
            stored_bytes=7,
            retention_days=30,
            retention_policy="organization",
            log_class="INFREQUENT_ACCESS",
            ingested_bytes=0,
        ),
    }
    assert scanned.gaps == ()
    asked = [len(each["MetricDataQueries"]) for each in fake.arguments if "MetricDataQueries" in each]
    # Nine queries for each of three functions, and what was written to one group.
    assert asked == [27, 1]


def test_fifty_groups_are_one_call_and_a_custom_group_is_one_more_whoever_shares_it() -> None:
    fake = account(*(f"fn-{number:02}" for number in range(101)))
    for name in ("first", "second"):
        fake.add(name, LoggingConfig={"LogGroup": "/shared"})
    fake.logs.groups = {f"/aws/lambda/fn-{number:02}": {} for number in range(101)}
    fake.logs.groups |= {"/shared": {"storedBytes": 9}, "/shared-by-others": {}}
    scanned = scan(fake, Need.LOG_GROUPS)
    assert scanned.evidence.log_groups is not None
    assert len(scanned.evidence.log_groups) == 102
    assert scanned.evidence.log_groups["/shared"].stored_bytes == 9
    assert fake.operations.count("logs.describe_log_groups") == 3 + 1


def test_a_group_that_only_begins_like_it_is_another_one() -> None:
    fake = account()
    fake.add("fn", LoggingConfig={"LogGroup": "/shared"})
    fake.logs.groups = {"/shared-by-others": {}}
    assert scan(fake, Need.LOG_GROUPS).evidence.log_groups == {}


def test_groups_that_may_not_be_listed_are_unknown() -> None:
    fake = account("fn")

    def deny(name: str, kwargs: dict[str, Any]) -> None:
        if name == "describe_log_groups":
            raise client_error("AccessDeniedException", "no", 400)

    fake.on_call = deny
    scanned = scan(fake, Need.LOG_GROUPS)
    assert scanned.evidence.log_groups is None
    reason = "not allowed to call logs:DescribeLogGroups: no"
    assert gaps(scanned) == [("log groups", reason, (), "logs:DescribeLogGroups")]
