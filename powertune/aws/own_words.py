"""What the function itself says of its errors, kept once for each kind: most of a run's failures are alike."""

from threading import Lock

from powertune.aws.invocation import Sent, error_status, own_words
from powertune.model import Advisory, Configuration


class OwnWords:
    """Advisories that quote the function. May be told by several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kinds: set[str] = set()
        self._advisories: list[Advisory] = []

    @property
    def advisories(self) -> tuple[Advisory, ...]:
        """What the function has said, in order."""
        with self._lock:
            return tuple(self._advisories)

    def failed(self, configuration: Configuration, sent: Sent) -> None:
        """An invocation has failed."""
        advisory = Advisory(
            code="function-error",
            message=f"the function failed at {configuration}: {own_words(sent.output or b'')}",
            next_step="look at the function's log; fix the function, its payload, or this memory size",
        )
        self._keep(sent.invocation.error_type or str(sent.invocation.status), advisory)

    def answered(self, configuration: Configuration, sent: Sent) -> None:
        """An invocation has succeeded; its answer may say all the same that the request was wrong."""
        status = error_status(sent.output or b"")
        if status is None:
            return
        advisory = Advisory(
            code="error-answer",
            message=f"the function answered with HTTP status {status} at {configuration}: "
            f"{own_words(sent.output or b'')}",
            next_step="give an event with --payload that the function answers as usual, unless you want to tune "
            "how it rejects events",
        )
        self._keep(f"status {status}", advisory)

    def _keep(self, kind: str, advisory: Advisory) -> None:
        with self._lock:
            if kind not in self._kinds:
                self._kinds.add(kind)
                self._advisories.append(advisory)
