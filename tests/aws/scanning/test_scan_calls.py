"""A scan calls what its policy allows, and nothing that changes anything."""

import pytest
from fakes import FakeClock, fake_aws, report_text
from scan_places import NOW, PLACE, account, gaps, invoke, known, scan
from scanned import DAY_S

from powertune.aws.actions import ACTIONS, SCAN_METHODS
from powertune.aws.scanning.place import read_place
from powertune.scan.evidence import Tuned
from powertune.scan.request import ScanRequest
from powertune.scan.rule import Need


def test_everything_that_a_scan_calls_is_in_its_policy_and_nothing_else_is() -> None:
    fake = account("busy", "idle", "throttled")
    fake.publish_user_version("busy", alias="prod")
    invoke(fake, "busy", ms=100_000.0)
    fake.cloudwatch.series["Throttles", "Sum", "throttled"] = [9.0]
    fake.kept_ready = [
        {
            "FunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:busy:prod",
            "RequestedProvisionedConcurrentExecutions": 1,
            "LastModified": "2026-01-01T00:00:00+0000",
        }
    ]
    fake.logs.groups["/aws/lambda/busy"] = {"storedBytes": len(report_text("00000001"))}

    scanned = scan(fake, *Need)

    assert scanned.gaps == ()
    assert set(fake.operations) == set(SCAN_METHODS)
    assert dict(scanned.effort.calls) == {each: fake.operations.count(each) for each in SCAN_METHODS}


@pytest.mark.parametrize("method", SCAN_METHODS)
def test_nothing_in_the_policy_changes_anything(method: str) -> None:
    action = ACTIONS[method]
    verbs = [name.partition(":")[2] for name in (action.name, *action.also)]
    # A query of logs is started, and leaves nothing behind but its answer.
    assert all(verb.startswith(("Get", "List", "Describe")) or verb == "StartQuery" for verb in verbs)


def test_nothing_is_asked_that_no_rule_needs() -> None:
    fake = account("fn")
    scan(fake)
    assert fake.operations == ["lambda.list_functions"]


def test_an_empty_account_is_asked_for_its_functions_only() -> None:
    fake = account()
    scanned = scan(fake, *Need)
    assert fake.operations == ["lambda.list_functions"]
    assert gaps(scanned) == []
    assert scanned.evidence.functions == ()


def test_earlier_runs_go_with_their_function() -> None:
    tuned = Tuned(run_id="1", measured_at=NOW - DAY_S, recommended=None)
    scanned = scan(account("fn", "other"), tuned={"arn:aws:lambda:us-east-1:123456789012:function:fn": tuned})
    assert {name: each.tuned for name, each in known(scanned).items()} == {"fn": tuned, "other": None}


def test_control_plane_calls_wait_for_their_turn() -> None:
    """The limiter lets five through in a second, after as many as in two seconds at once."""
    fake = account(*(f"fn-{number:03}" for number in range(1_000)))
    clock = FakeClock(NOW)
    request = ScanRequest(days=14, now=NOW, needs=frozenset())
    read_place(fake_aws(fake, clock=clock, rate=5.0), PLACE, request)
    # 20 pages: 10 at once, and 10 more at 5 a second.
    assert fake.operations == ["lambda.list_functions"] * 20
    assert sum(clock.slept) == pytest.approx(2.0)
