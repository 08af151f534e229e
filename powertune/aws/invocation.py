"""One synchronous invocation, executed exactly once, and what Lambda said of it."""

import base64
import binascii
import json
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from powertune.aws.client import Aws
from powertune.aws.error_translation import (
    aws_errors,
    code_of,
    is_network,
    is_throttled,
    raise_translated,
    status_of,
)
from powertune.aws.logs.report_line import ReportLine, parse_report
from powertune.aws.retry import retry, signed
from powertune.model import Invocation, Status

#: What did not execute is sent again, for up to about four minutes.
_ATTEMPTS = 20
#: Answers that mean "not yet", given before anything is executed.
_NOT_READY = frozenset(
    {
        "CodeArtifactUserPendingException",
        "EC2ThrottledException",
        "ENINotReadyException",
        "ResourceConflictException",
        "ResourceNotReadyException",
        "SnapStartNotReadyException",
    }
)
#: How often other credentials may be tried.
_RENEWALS = 2
_NOT_SEEN = "ResourceNotFoundException"
#: How often Lambda may answer that it does not know a function or alias: what is new is not seen everywhere at once.
_NOT_SEEN_YET = 8
#: Longer answers, in bytes, are not parsed in search of an error.
_LARGEST_ERROR = 10_000
#: How much of a failing function's own words to keep.
_WORDS = 500
_UNNAMED = frozenset({"ServiceException", "InternalServerException"})
_OUT_OF_MEMORY = "Runtime.OutOfMemory"
_TIMED_OUT = ("Sandbox.Timedout", "Sandbox.Timeout")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What comes back from an invocation: our record of it, and the function's own output, None if it was lost."""

    invocation: Invocation
    output: bytes | None


def invoke_once(
    aws: Aws,
    *,
    function: str,
    qualifier: str | None,
    payload: bytes,
    tail: bool = True,
    lane: int = 0,
    started_at: float = 0.0,
    throttled: Callable[[], None] = lambda: None,
) -> Sent:
    """Invoke and wait for the answer. Only throttling is tried again: nothing was executed then.

    An answer that never came is a missing sample: the function may have run.

    Args:
        tail: ask for the last 4 KB of the log with the answer.
        throttled: called each time that Lambda throttles.

    Raises:
        AccessDenied, IdentityError, NotFound, Unavailable, UsageError: AWS refused, or kept throttling.
    """
    more: dict[str, Any] = {"Qualifier": qualifier} if qualifier else {}
    client = aws.clients.invoke
    log_type: Literal["None", "Tail"] = "Tail" if tail else "None"

    def send() -> Mapping[str, Any]:
        return client.invoke(FunctionName=function, Payload=payload, LogType=log_type, **more)

    def judge(error: Exception, attempt: int, _: float) -> None:
        if not _not_executed(error) or attempt >= _last_attempt(error):
            raise error
        if is_throttled(error):
            throttled()

    try:
        answer = retry(lambda: signed(aws.identity, send, most=_RENEWALS), judge, aws.backoff, errors=aws_errors())
    except aws_errors() as error:
        if _may_have_executed(error):
            return Sent(invocation=_lost(error, lane, started_at), output=None)
        raise_translated(error, "lambda.invoke")
    output = _read(answer)
    return Sent(invocation=_invocation(answer, output or b"", lane, started_at), output=output)


def with_report(invocation: Invocation, report: ReportLine, environment: str | None = None) -> Invocation:
    """The invocation with what a report says of it, and with the environment that wrote it, if that is known."""
    answered = Status.OK if invocation.status is Status.MISSING else invocation.status
    return replace(
        invocation,
        duration_ms=report.duration_ms,
        billed_ms=report.billed_ms,
        init_ms=report.init_ms,
        restore_ms=report.restore_ms,
        max_memory_used_mb=report.max_memory_used_mb,
        memory_mb=report.memory_mb,
        status=answered if report.outcome is Status.OK else report.outcome,
        error_type=report.error_type or invocation.error_type,
        trace_id=report.trace_id,
        environment=environment or invocation.environment,
    )


def with_allowed(invocation: Invocation, allowed: Collection[str], answered: str | None = None) -> Invocation:
    """The invocation, as a normal sample where it ended with an error that is allowed; it keeps the error's type.

    Running out of memory and timing out are allowed only by their own names, whatever the function made of them.

    Args:
        answered: the type of the error that came with the answer, of which a report does not know.
    """
    match invocation.status:
        case Status.OUT_OF_MEMORY:
            named = _OUT_OF_MEMORY in allowed
        case Status.TIMEOUT:
            named = not set(_TIMED_OUT).isdisjoint(allowed)
        case Status.ERROR | Status.CRASH:
            named = invocation.error_type in allowed or answered in allowed
        case _:
            return invocation
    if not named:
        return invocation
    # Without a report it is a sample that is missing, and that a report in the log group can still make whole.
    return replace(invocation, status=Status.MISSING if invocation.duration_ms is None else Status.OK)


def only_of_size(invocation: Invocation, memory_mb: int) -> Invocation:
    """The invocation, unless its report is of another size: then it says nothing of this one."""
    if invocation.memory_mb in (None, memory_mb):
        return invocation
    return Invocation(
        started_at=invocation.started_at,
        duration_ms=None,
        billed_ms=None,
        status=Status.MISSING,
        error_type=f"MemorySize{invocation.memory_mb}",
        executed_version=invocation.executed_version,
        lane=invocation.lane,
    )


def _read(answer: Mapping[str, Any]) -> bytes | None:
    """The function's output. The report came in a header: it stays even when the connection breaks in the body."""
    try:
        return bytes(answer["Payload"].read())
    except aws_errors():
        return None


def _invocation(answer: Mapping[str, Any], output: bytes, lane: int, started_at: float) -> Invocation:
    request_id = answer["ResponseMetadata"].get("RequestId")
    status, kind = failure_of(output) if "FunctionError" in answer else (Status.MISSING, None)
    bare = Invocation(
        started_at=started_at,
        duration_ms=None,
        billed_ms=None,
        status=status,
        error_type=kind,
        request_id=request_id,
        executed_version=answer.get("ExecutedVersion"),
        lane=lane,
    )
    bare = replace(bare, waited_ms=_waited_ms(answer["ResponseMetadata"]))
    report = parse_report(_decode(answer.get("LogResult", "")), request_id)
    return bare if report is None else with_report(bare, report)


def _waited_ms(metadata: Mapping[str, Any]) -> float | None:
    """How long other programs kept the function from a processor, as the embedded AWS tells."""
    try:
        waited = float(metadata["HTTPHeaders"]["x-powertune-waited-ms"])
    except (KeyError, ValueError):
        return None
    return waited if math.isfinite(waited) and waited > 0 else None


def _lost(error: Exception, lane: int, started_at: float) -> Invocation:
    return Invocation(
        started_at=started_at,
        duration_ms=None,
        billed_ms=None,
        status=Status.MISSING,
        error_type=code_of(error),
        lane=lane,
    )


def _not_executed(error: Exception) -> bool:
    """Whether Lambda certainly did not run the function, so that it may be asked again."""
    from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError

    return (
        is_throttled(error)
        or code_of(error) in _NOT_READY
        or code_of(error) == _NOT_SEEN
        or isinstance(error, EndpointConnectionError | ConnectTimeoutError)
    )


def _last_attempt(error: Exception) -> int:
    return (_NOT_SEEN_YET if code_of(error) == _NOT_SEEN else _ATTEMPTS) - 1


def _may_have_executed(error: Exception) -> bool:
    """Whether the function may have run although no answer came. A named 5xx says what keeps it from running."""
    unnamed = code_of(error) in _UNNAMED or not code_of(error).endswith("Exception")
    return not _not_executed(error) and (is_network(error) or (status_of(error) >= 500 and unnamed))


def failure_of(output: bytes) -> tuple[Status, str | None]:
    """What a function's error says of itself: how it ended, and the error's type. A report, if any, knows more."""
    kind = error_type(output)
    if kind == _OUT_OF_MEMORY:
        return Status.OUT_OF_MEMORY, kind
    if kind in _TIMED_OUT or (kind is None and b"Task timed out after" in output):
        return Status.TIMEOUT, kind
    crashed = kind is not None and kind.startswith(("Runtime.", "Extension."))
    return Status.CRASH if crashed else Status.ERROR, kind


def own_words(output: bytes) -> str:
    """What a failing function says, for a person: its error's type and message, or the beginning of what it sent."""
    try:
        document = json.loads(output)
        return f"{document['errorType']}: {document['errorMessage']}"[:_WORDS]
    except (ValueError, KeyError, TypeError, RecursionError):
        return output[:_WORDS].decode("utf-8", errors="replace")


def error_status(output: bytes) -> int | None:
    """The HTTP status of an answer for API Gateway or a function URL that reports an error; None for any other."""
    if len(output) > _LARGEST_ERROR:
        return None
    try:
        document = json.loads(output)
        status = int(document["statusCode"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
    return status if 400 <= status <= 599 else None


def error_type(output: bytes) -> str | None:
    """The type of the error in what a failing function answers; None where there is none."""
    try:
        document = json.loads(output)
    except (ValueError, RecursionError):
        return None
    kind = document.get("errorType") if isinstance(document, dict) else None
    return kind[:128] if isinstance(kind, str) else None


def _decode(log_result: str) -> str:
    try:
        return base64.b64decode(log_result).decode("utf-8", errors="replace")
    except (ValueError, binascii.Error):
        return ""
