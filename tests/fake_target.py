"""A scripted `measure.Target`, and an observer that keeps what it is told."""

import itertools
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from powertune.errors import MemorySizeRefused
from powertune.measure import Publishing
from powertune.model import Advisory, Batch, Configuration, Invocation, Status, TuningRun


class FakeTarget:
    """A `measure.Target` whose invocations are told beforehand, by size and turn."""

    def __init__(
        self,
        behaviour: Callable[[int, int], Invocation] | None = None,
        *,
        limit_mb: int = 10_240,
        recoverable: Mapping[str, Invocation] | None = None,
        environment_of: Callable[[Invocation], str | None] = lambda invocation: None,
    ) -> None:
        self.events: list[str] = []
        self.behaviour = behaviour or (lambda memory_mb, turn: invocation(100_000 / memory_mb, memory_mb=memory_mb))
        self.limit_mb = limit_mb
        self.recoverable = recoverable or {}
        self.environment_of = environment_of
        self.asked_after_undo: bool | None = None
        self.throttles = 0
        self.advisories: tuple[Advisory, ...] = ()
        self._turns: dict[int, itertools.count[int]] = {}
        self._lock = threading.Lock()

    def _log(self, event: str) -> None:
        with self._lock:
            self.events.append(event)

    def open(self) -> None:
        self._log("open")

    def publish(self, configurations: Sequence[Configuration], publishing: Publishing) -> None:
        for configuration in configurations:
            publishing.waiting(configuration, "publishing")
            if configuration.memory_mb > self.limit_mb:
                refused = MemorySizeRefused(f"at most {self.limit_mb} MB", limit_mb=self.limit_mb)
                publishing.refused(configuration, refused)
                continue
            self._log(f"publish {configuration.memory_mb}")
            publishing.ready(configuration)
        self._log("rest")

    def invoke(self, configuration: Configuration, payload: bytes, lane: int) -> Invocation:
        with self._lock:
            turn = next(self._turns.setdefault(configuration.memory_mb, itertools.count()))
        result = self.behaviour(configuration.memory_mb, turn)
        self._log(f"invoke {configuration.memory_mb} {payload.decode()}")
        values = {name: getattr(result, name) for name in result.__dataclass_fields__}
        return Invocation(**{**values, "lane": lane})

    def recover(
        self, invocations: Mapping[Configuration, Sequence[Invocation]], *, patient: bool
    ) -> Mapping[str, Invocation]:
        count = sum(map(len, invocations.values()))
        self._log(f"recover {count}{' patiently' if patient else ''}")
        return self.recoverable

    def reports_are_lost(self, invocations: Mapping[Configuration, Sequence[Invocation]]) -> bool:
        self._log(f"lost {sum(map(len, invocations.values()))}")
        return True

    def environments(self, invocations: Mapping[Configuration, Sequence[Invocation]]) -> Mapping[str, str]:
        self.asked_after_undo = self.events[-1:] == ["undo"]
        known = [(i.request_id, self.environment_of(i)) for each in invocations.values() for i in each]
        return {request_id: name for request_id, name in known if request_id is not None and name is not None}

    def undo(self) -> None:
        self._log("undo")


def invocation(duration_ms: float | None, *, memory_mb: int = 128, **fields: Any) -> Invocation:
    """An invocation that went well, unless the fields say otherwise."""
    return Invocation(
        **{
            "started_at": 0.0,
            "duration_ms": duration_ms,
            "billed_ms": None if duration_ms is None else max(1, int(duration_ms + 0.999)),
            "memory_mb": memory_mb,
            "status": Status.OK,
            "request_id": str(uuid.uuid4()),
            **fields,
        }
    )


@dataclass
class RecordingObserver:
    """A `measure.Observer` that keeps what it was told."""

    runs: list[TuningRun] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    waits: list[str] = field(default_factory=list)
    spent: float = 0.0

    def chosen(self, batch: Batch) -> None:
        self.events.append(f"chosen {batch.why}")

    def waiting(self, configuration: Configuration, what: str) -> None:
        self.waits.append(f"{configuration.memory_mb} {what}")

    def published(self, configuration: Configuration) -> None:
        self.events.append(f"published {configuration.memory_mb}")

    def unmeasured(self, configuration: Configuration, reason: str) -> None:
        self.events.append(f"unmeasured {configuration.memory_mb} {reason}")

    def invoked(self, configuration: Configuration, invocation: Invocation, spent: float) -> None:
        self.spent = spent

    def saved(self, run: TuningRun) -> None:
        self.runs.append(run)

    def restoring(self) -> None:
        self.events.append("restoring")

    def restored(self) -> None:
        self.events.append("restored")
