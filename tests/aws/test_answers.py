"""What Step Functions says of invocations that it has made itself."""

import json
from typing import Any

import pytest

from powertune.aws.answers import invocations_of
from powertune.errors import Unavailable
from powertune.model import Status

STARTED = "2026-01-02T03:04:05.678Z"


def answer(error: str | None = None, cause: str = "", **more: Any) -> dict[str, Any]:
    told = {"error": error, "cause": cause} if error else {"requestId": "r", "version": "7"}
    return {"startedAt": STARTED, "payload": 0, **told, **more}


def test_an_answer_has_no_report_yet() -> None:
    (made,) = invocations_of([answer(payload=3)], lanes=2)
    assert (made.status, made.duration_ms, made.billed_ms) == (Status.MISSING, None, None)
    assert (made.request_id, made.executed_version, made.payload) == ("r", "7", 3)
    assert made.started_at == pytest.approx(1767323045.678)


@pytest.mark.parametrize(
    ("error", "cause", "status", "kind"),
    [
        (
            "KeyError",
            json.dumps({"errorType": "KeyError", "errorMessage": "x" * 900})[:400],
            Status.ERROR,
            "KeyError",
        ),
        ("Runtime.OutOfMemory", "{", Status.OUT_OF_MEMORY, "Runtime.OutOfMemory"),
        ("Runtime.ExitError", "{", Status.CRASH, "Runtime.ExitError"),
        ("Sandbox.Timedout", "{", Status.TIMEOUT, "Sandbox.Timedout"),
        ("Lambda.Unknown", "... Task timed out after 900.00 seconds", Status.TIMEOUT, None),
        ("States.Timeout", "", Status.MISSING, "States.Timeout"),
        ("Lambda.SdkClientException", "read timed out", Status.MISSING, "Lambda.SdkClientException"),
    ],
)
def test_how_an_invocation_has_failed(error: str, cause: str, status: Status, kind: str | None) -> None:
    (made,) = invocations_of([answer(error, cause)], lanes=1)
    assert (made.status, made.error_type) == (status, kind)


def test_what_did_not_execute_takes_nothing_of_what_did() -> None:
    made = invocations_of([answer(), answer("Lambda.TooManyRequestsException"), answer()], lanes=2)
    assert [each.lane for each in made] == [0, 0]


def test_nothing_executed_is_a_failure() -> None:
    with pytest.raises(Unavailable, match="TooManyRequestsException: slow down"):
        invocations_of([answer("Lambda.TooManyRequestsException", "slow down")], lanes=1)
