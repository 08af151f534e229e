"""What Step Functions says of an invocation that it has made itself. The report is still to be looked up."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from powertune.aws.invocation import failure_of
from powertune.errors import Unavailable
from powertune.model import Invocation, Status

#: The function has run, or may have, and Step Functions cannot tell what came of it.
_UNTOLD = (
    *(
        "States.DataLimitExceeded",
        "States.Timeout",
        "Lambda.AWSLambdaException",
        "Lambda.ClientExecutionTimeoutException",
    ),
    *("Lambda.SdkClientException", "Lambda.ServiceException"),
)
#: A function that has ended without an error type of its own, as at its timeout.
_UNNAMED = "Lambda.Unknown"


def invocations_of(answers: Sequence[Mapping[str, Any]], lanes: int) -> tuple[Invocation, ...]:
    """The invocations that answers are about; what did not execute is no invocation.

    Args:
        answers: each with `payload`, and what `invocation_of` takes.

    Raises:
        Unavailable: Lambda executed none of them.
    """
    made, refused = list[Invocation](), list[Unavailable]()
    for index, answer in enumerate(answers):
        try:
            made.append(invocation_of(answer, lane=index % lanes, payload=answer["payload"]))
        except Unavailable as error:
            refused.append(error)
    if refused and not made:
        raise refused[0]
    return tuple(made)


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
