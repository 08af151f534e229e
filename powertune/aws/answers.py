"""What Step Functions says of an invocation that it has made itself. The report is still to be looked up."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from powertune.aws.invocation import failure_of
from powertune.errors import Unavailable
from powertune.model import Invocation, Status

#: The function has run, or may have, and Step Functions cannot tell what came of it.
_UNTOLD = ("States.DataLimitExceeded", "States.Timeout")
#: A function that has ended without an error type of its own, as at its timeout.
_UNNAMED = "Lambda.Unknown"


def invocation_of(answer: Mapping[str, Any], *, lane: int, payload: int) -> Invocation:
    """The invocation that an answer is about.

    Args:
        answer: `startedAt` as an ISO time; `requestId` and `version` where the function has answered; else the
            `error` and its `cause`, as Step Functions names them.

    Raises:
        Unavailable: Lambda did not invoke the function, however often it was asked.
    """
    error, cause = answer.get("error"), str(answer.get("cause") or "")
    status, kind = Status.MISSING, None
    if error is not None and error not in _UNTOLD:
        if error.startswith(("Lambda.", "States.")) and error != _UNNAMED:
            raise Unavailable(
                f"Step Functions could not invoke the function: {error}: {cause}", hint="run again later"
            )
        status, kind = failure_of(cause.encode() if error == _UNNAMED else json.dumps({"errorType": error}).encode())
    return Invocation(
        started_at=datetime.fromisoformat(answer["startedAt"]).timestamp(),
        duration_ms=None,
        billed_ms=None,
        status=status,
        error_type=error if error in _UNTOLD else kind,
        request_id=answer.get("requestId"),
        executed_version=answer.get("version"),
        lane=lane,
        payload=payload,
    )
