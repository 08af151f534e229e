"""A scan calls what its policy allows, and nothing that changes anything."""

import itertools
from typing import Any

import pytest
from fakes import FakeClock, client_error, fake_aws
from scan_places import NOW, PLACE, account, full_account, gaps, known, scan
from scanned import DAY_S

from powertune.aws.actions import ACTIONS, SCAN_METHODS
from powertune.aws.scanning.place import read_place
from powertune.scan.evidence import Tuned
from powertune.scan.request import ScanRequest
from powertune.scan.rule import Need


def test_everything_that_a_scan_calls_is_in_its_policy_and_nothing_else_is() -> None:
    fake = full_account()

    scanned = scan(fake, *Need)

    assert scanned.gaps == ()
    assert set(fake.operations) == set(SCAN_METHODS)
    assert dict(scanned.effort.calls) == {each: fake.operations.count(each) for each in SCAN_METHODS}


def test_throttling_throughout_changes_nothing_but_the_number_of_calls() -> None:
    fake = full_account()
    calm = scan(full_account(), *Need)
    count = itertools.count()

    def throttle(name: str, kwargs: dict[str, Any]) -> None:
        if next(count) % 3:
            raise client_error("ThrottlingException", "Rate exceeded", 400)

    fake.on_call = throttle
    throttled = scan(fake, *Need)
    assert throttled.evidence == calm.evidence
    assert known(calm)["busy"].memory is not None
    assert throttled.gaps == ()
    assert [name for name, _ in throttled.effort.calls] == [name for name, _ in calm.effort.calls]
    # The first attempt goes through, and of each call after it every third one.
    asked = sum(number for _, number in calm.effort.calls)
    assert sum(number for _, number in throttled.effort.calls) == 3 * asked - 2


@pytest.mark.parametrize("denied", sorted({*SCAN_METHODS} - {"lambda.list_functions"}))
def test_one_denied_action_is_named_and_loses_nothing_else(denied: str) -> None:
    fake = full_account()
    method = denied.partition(".")[2]

    def deny(name: str, kwargs: dict[str, Any]) -> None:
        if name == method:
            raise client_error("AccessDeniedException", "no", 403)

    fake.on_call = deny
    scanned = scan(fake, *Need)
    assert sorted(known(scanned)) == ["busy", "idle", "throttled"]
    assert {gap.action for gap in scanned.gaps} - {""} == {ACTIONS[denied].name}
    # Who is asked about depends on how functions are used: without metrics, nobody is idle, throttled or worth it.
    if denied != "cloudwatch.get_metric_data":
        assert known(scanned)["busy"].usage is not None


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
