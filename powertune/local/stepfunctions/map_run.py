"""A Map Run: the child executions of one Distributed Map, how many at a time, and how many of them may fail."""

import datetime
import threading
import uuid
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from powertune.local.stepfunctions.execution import LiveExecution

MOST_THREADS = 250
"""Children at a time on this machine. AWS runs up to 10,000."""

_ENDED = {"SUCCEEDED": "succeeded", "FAILED": "failed", "TIMED_OUT": "timedOut", "ABORTED": "aborted"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """How much may fail: a number of items, a percentage of them, or neither, which tolerates nothing."""

    count: int | None = None
    percentage: float | None = None

    def __post_init__(self) -> None:
        if (self.count or 0) < 0 or not 0 <= (self.percentage or 0) <= 100:
            raise ValueError("ToleratedFailureCount must not be negative, ToleratedFailurePercentage be 0 to 100")

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> "Tolerance":
        """Read the evaluated fields of a Map state.

        Raises:
            ValueError: they are no numbers, or out of range.
        """
        count, percentage = fields.get("ToleratedFailureCount"), fields.get("ToleratedFailurePercentage")
        return cls(
            count=None if count is None else int(count),
            percentage=None if percentage is None else float(percentage),
        )

    def exceeded(self, failed: int, total: int) -> bool:
        """Whether the Map Run fails."""
        if self.count is None and self.percentage is None:
            return failed > 0
        if self.count is not None and failed > self.count:
            return True
        return self.percentage is not None and failed * 100 > self.percentage * total


@dataclass(frozen=True, slots=True)
class Pending:
    """A child that was never started."""

    input: str
    status: str = "PENDING"
    output: None = None

    @property
    def record(self) -> dict[str, Any]:
        """What ResultWriter says of it."""
        return {"Input": self.input, "InputDetails": {"Included": True}, "Status": self.status}


class MapRun:
    """Runs child executions, and counts."""

    def __init__(self, parent: LiveExecution, label: str | None, max_concurrency: int, tolerance: Tolerance) -> None:
        self.execution_arn = parent.execution_arn
        name = label or str(uuid.uuid4())
        self.machine_arn = f"{parent.order.machine_arn}/{name}"
        self.arn = f"{parent.order.machine_arn.replace(':stateMachine:', ':mapRun:')}/{name}:{uuid.uuid4()}"
        self.max_concurrency, self.tolerance = max_concurrency, tolerance
        self.status = "RUNNING"
        self.start_date = _now()
        self.stop_date: datetime.datetime | None = None
        self.children: list[LiveExecution] = []
        self.results_written = False
        self._lock = threading.RLock()
        self._done = threading.Event()
        self._waiting: deque[tuple[str, int]] = deque()
        self._items: dict[str, int] = {}
        self._total_items = 0
        self._total = 0
        self._running = 0
        self._failed_items = 0
        self._make: Callable[[str], LiveExecution] | None = None

    def run(self, inputs: Sequence[tuple[str, int]], make: Callable[[str], LiveExecution]) -> bool:
        """Run a child for each input; returns whether no more failed than is tolerated.

        Args:
            inputs: JSON, and how many items it holds.
            make: a child execution that is not started yet.
        """
        with self._lock:
            self._waiting.extend(inputs)
            self._make = make
            self._total, self._total_items = len(inputs), sum(items for _, items in inputs)
        self._launch()
        if inputs:
            self._done.wait()
        return not self._exceeded()

    def update(self, max_concurrency: int | None, count: int | None, percentage: float | None) -> None:
        """UpdateMapRun: the new limits hold from now on."""
        with self._lock:
            if max_concurrency is not None:
                self.max_concurrency = max_concurrency
            old = self.tolerance
            self.tolerance = Tolerance(
                count=old.count if count is None else count,
                percentage=old.percentage if percentage is None else percentage,
            )
        self._launch()

    def finish(self, status: str) -> None:
        """It has ended. Children that still run are aborted."""
        with self._lock:
            self.status, self.stop_date = status, _now()
            running = [child for child in self.children if child.status == "RUNNING"]
        for child in running:
            child.stop(None, None)

    def abort(self) -> None:
        """The execution that it belongs to has ended."""
        if self.status == "RUNNING":
            self.finish("ABORTED")
        self._done.set()

    @property
    def pending(self) -> list[Pending]:
        """The children that were not started."""
        with self._lock:
            return [Pending(given) for given, _ in self._waiting]

    @property
    def execution_counts(self) -> dict[str, int]:
        """How many children are in which state."""
        with self._lock:
            found = Counter(child.status for child in self.children)
            return self._counts({name: found[name] for name in _ENDED}, found["RUNNING"], self._total)

    @property
    def item_counts(self) -> dict[str, int]:
        """How many items are in children of which state."""
        with self._lock:
            found: Counter[str] = Counter()
            for child in self.children:
                found[child.status] += self._items[child.execution_arn]
            return self._counts({name: found[name] for name in _ENDED}, found["RUNNING"], self._total_items)

    def _counts(self, ended: Mapping[str, int], running: int, total: int) -> dict[str, int]:
        counts = {_ENDED[status]: number for status, number in ended.items()}
        pending = total - running - sum(counts.values())
        written = total - pending - running if self.results_written else 0
        return {**counts, "running": running, "pending": pending, "total": total, "resultsWritten": written}

    def _exceeded(self) -> bool:
        return self.tolerance.exceeded(self._failed_items, self._total_items)

    def _launch(self) -> None:
        with self._lock:
            while (child := self._next()) is not None:
                threading.Thread(target=self._work, args=(child,), name="map-run", daemon=True).start()

    def _next(self) -> LiveExecution | None:
        """The next child, if there is room for one."""
        with self._lock:
            limit = min(self.max_concurrency or MOST_THREADS, MOST_THREADS)
            if self.status != "RUNNING" or not self._waiting or self._running >= limit or self._make is None:
                return None
            given, items = self._waiting.popleft()
            child = self._make(given)
            self.children.append(child)
            self._items[child.execution_arn] = items
            self._running += 1
            return child

    def _work(self, child: LiveExecution) -> None:
        following: LiveExecution | None = child
        while following is not None:
            following.run()
            following.ended.wait()
            with self._lock:
                self._running -= 1
                if following.status != "SUCCEEDED":
                    self._failed_items += self._items[following.execution_arn]
                if self._exceeded() or not (self._waiting or self._running):
                    self._done.set()
                    return
                following = self._next()


def _now() -> datetime.datetime:
    return datetime.datetime.now(tz=datetime.UTC)
