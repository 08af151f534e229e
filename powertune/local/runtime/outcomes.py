"""How a phase of an environment ends, in Lambda's words: what the caller is answered, and what the log calls it."""

import json
import signal
from dataclasses import dataclass

from powertune.local.containment.contention import Snapshot
from powertune.local.runtime.runtime_api import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a phase of an environment ended.

    `payload` is what the caller is answered, and `counters` are the kernel's at the moment of the answer.
    """

    duration_ms: float
    payload: bytes = b""
    status: str = "success"
    error_type: str | None = None
    crashed: bool = False
    counters: Snapshot | None = None

    @property
    def ok(self) -> bool:
        """Whether it ended well."""
        return self.status == "success"


def answered(answer: Answer, duration_ms: float, counters: Snapshot | None = None) -> Ended:
    """The runtime posted a response or an error."""
    error_type = None if answer.error_type is None else _name_of(answer)
    return Ended(
        duration_ms=duration_ms,
        payload=answer.payload,
        status="success" if error_type is None else "error",
        error_type=error_type,
        counters=counters,
    )


def exited(duration_ms: float, request_id: str, code: int, *, out_of_memory: bool) -> Ended:
    """The runtime ended before it answered; `code` is as `subprocess` has it, negative for a signal."""
    kind = "Runtime.OutOfMemory" if out_of_memory else "Runtime.ExitError"
    payload = _error(kind, f"RequestId: {request_id} Error: {describe_exit(code)}")
    return Ended(duration_ms=duration_ms, payload=payload, status="error", error_type=kind, crashed=True)


def no_entrypoint(request_id: str, reason: Exception) -> Ended:
    """There is nothing to start, or it cannot be started."""
    kind = "Runtime.InvalidEntrypoint"
    payload = _error(kind, f"RequestId: {request_id} Error: {reason}")
    return Ended(duration_ms=0.0, payload=payload, status="error", error_type=kind)


def init_failed(duration_ms: float, payload: bytes, error_type: str) -> Ended:
    """The runtime posted an init error."""
    return Ended(duration_ms=duration_ms, payload=payload, status="error", error_type=error_type, crashed=True)


def init_timed_out(duration_ms: float) -> Ended:
    """The runtime did not ask for an event in time; whether that is the caller's concern depends on the phase."""
    return Ended(duration_ms=duration_ms, status="timeout", error_type="Sandbox.Timedout")


def timed_out(duration_ms: float, request_id: str, timeout_s: int) -> Ended:
    """The function took longer than it may."""
    return Ended(
        duration_ms=duration_ms,
        payload=timeout_payload(request_id, timeout_s),
        status="timeout",
        error_type="Sandbox.Timedout",
        crashed=True,
    )


def timeout_payload(request_id: str, timeout_s: int) -> bytes:
    """What the caller is told of a timeout."""
    message = f"RequestId: {request_id} Error: Task timed out after {timeout_s:.2f} seconds"
    return _error("Sandbox.Timedout", message)


def describe_exit(code: int) -> str:
    """Lambda's words for how a runtime ended."""
    if code == 0:
        return "Runtime exited without providing a reason"
    if code > 0:
        return f"Runtime exited with error: exit status {code}"
    names = {signal.SIGKILL: "killed", signal.SIGSEGV: "segmentation fault", signal.SIGABRT: "aborted"}
    number = signal.Signals(-code)
    return f"Runtime exited with error: signal: {names.get(number, signal.strsignal(number) or number.name).lower()}"


def _name_of(answer: Answer) -> str | None:
    """The error's own type; clients send `Unhandled` in the header."""
    try:
        return str(json.loads(answer.payload)["errorType"])
    except (ValueError, KeyError, TypeError):
        return answer.error_type


def _error(kind: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()
